"""Which model does which job: one grammar for `--profile` and `EMER_PROFILE`.

    profile := name ["," role "=" name]…        for example `bundled`, `endpoint` or `bundled,chat=endpoint,speech=hub`

The first name fills all the roles that it supplies; `bundled` fills the others where it can. `omni` stands for the
three roles of language, pictures and sound together. Suppliers are found in `models/` and in installed packages
(`models/supply.py`). A profile loads each model once, when it is first needed; any thread may ask for it.
"""

import logging
import threading
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from emer_space.errors import InputError, ModelUnavailable, RuleError
from emer_space.heaps import bound_heaps, hand_back
from emer_space.knowledge import check_tables, check_weights
from emer_space.models import store
from emer_space.models.roles import FACE, OMNI, ROLES, FaceTracker, Model, Role
from emer_space.models.supply import Supplied, Supply, supplied
from emer_space.threads import bound_threads

log = logging.getLogger(__name__)

T = TypeVar("T")
FETCH_WAIT_S = 120
"""How long an analysis waits for models to be fetched; after that it goes on and says what is missing."""
DEFAULT = "bundled"
"""The profile that fills the roles left open by others."""
OMNI_NAME = "omni"
NOBODY = ""
"""Stands for the supplier of an unfilled role. Without a language model, the composer explains."""


class Profile:
    """The models of one profile, by role. `choice` maps each role to the profile that supplies it, or to `NOBODY`."""

    def __init__(self, name: str, choice: Mapping[str, str], suppliers: Supplied) -> None:
        bound_heaps()
        bound_threads()
        self.name = name
        self.choice = {str(role): source for role, source in choice.items()}
        self._supply: dict[str, Supply[Any]] = {
            str(role): suppliers[source][role] for role, source in choice.items() if source != NOBODY
        }
        self._loaded: dict[str, Any] = {}
        self._fetched = threading.Event()
        self._fetched.set()
        self._locks = {str(role): threading.Lock() for role in ROLES}
        for supply in self._supply.values():
            supply.begin()

    def get(self, role: Role[T]) -> T:
        """The model of a role, loaded at the first call; raises `ModelUnavailable`."""
        if not self.has(role):
            raise ModelUnavailable(f"The profile {self.name} has no model for {role}; name one, as in {role}=endpoint.")
        self._fetched.wait(FETCH_WAIT_S)
        with self._locks[role]:
            if role not in self._loaded:
                self._loaded[role] = self._supply[role].load()
            model: T = self._loaded[role]
            return model

    def has(self, role: str) -> bool:
        """Whether a role is filled."""
        return self.choice[role] != NOBODY

    def apart(self, role: str) -> bool:
        """Whether the model of a role runs in another process, so that this one only waits for it."""
        return self.has(role) and self._supply[role].apart

    def sends(self) -> Mapping[str, str]:
        """Role → the host to which parts of each clip are sent; empty if everything stays on this machine."""
        hosts = {role: supply.host() for role, supply in self._supply.items()}
        return {role: host for role, host in hosts.items() if host}

    def faces(self, max_faces: int) -> AbstractContextManager[FaceTracker]:
        """A face tracker for one clip, for use in a `with` block; entering it may raise `ModelUnavailable`."""
        return self.get(FACE).tracker(max_faces)

    def revision(self, role: Role[Model]) -> str:
        """Id and revision of a role's model, for the provenance of a result."""
        return self.get(role).revision

    def prepare(self) -> None:
        """Fetch missing models (at a Space's first start), then load them; the first analysis waits for this."""
        self._fetched.clear()
        try:
            for line in store.fetch():
                log.info("%s", line)
        except ModelUnavailable as problem:
            log.warning("%s", problem)
        finally:
            self._fetched.set()
        self.warm()

    def warm(self) -> None:
        """Load the bundled models ahead, so that the first visitor need not wait; missing ones are logged.

        Other models may take gigabytes or run on another host: they are loaded when first needed.
        """
        for role in (role for role in ROLES if role in self._supply and self._supply[role].ahead):
            try:
                if role == FACE:
                    with self.faces(1):
                        pass
                else:
                    self.get(role)
            except ModelUnavailable as problem:
                log.warning("%s", problem)
        hand_back()


def load_profile(text: str = DEFAULT, tables: bool = True) -> Profile:
    """The profile that a text names, for example `bundled,chat=endpoint`.

    Raises `InputError` for an unknown name or role, a role that is not set up, an installed package whose models cannot
    be loaded, or wrong weights (`EMER_WEIGHTS`), and `RuleError` for a wrong table of knowledge. Without `tables`, they
    are left to a later call of `check_tables`.
    """
    if tables:
        check_tables()
    suppliers = supplied()
    name, *overrides = [part.strip() for part in text.split(",")]
    own = _of(name, suppliers)
    fallback = dict.fromkeys(suppliers[DEFAULT], DEFAULT)
    choice: dict[str, str] = {role: name if role in own else fallback.get(role, NOBODY) for role in ROLES}
    choice |= {role: NOBODY for role, supply in own.items() if supply.missing() and not supply.essential}
    for override in overrides:
        for role, source in _override(override, text, suppliers):
            choice[role] = source
    for role, source in choice.items():
        missing = suppliers[source][role].missing() if source != NOBODY else None
        if missing:
            raise InputError(f"The profile {text!r} takes {role} from {source}, which is not set up; set {missing}.")
    try:
        check_weights()
    except (ModelUnavailable, RuleError) as problem:
        raise InputError(str(problem)) from None
    return Profile(",".join([name, *overrides]), choice, suppliers)


def _override(override: str, text: str, suppliers: Supplied) -> Iterable[tuple[str, str]]:
    """The roles that a part `role=name` of a profile's text fills, each with its supplier."""
    role, separator, source = (part.strip() for part in override.partition("="))
    if not separator or role not in (*ROLES, OMNI_NAME):
        roles = _list((*ROLES, OMNI_NAME))
        raise InputError(
            f"In the profile {text!r}, {override!r} is not of the form role=profile; the roles are {roles}."
        )
    for wanted in OMNI if role == OMNI_NAME else (role,):
        if wanted not in _of(source, suppliers):
            raise InputError(f"The profile `{source}` has no model for `{wanted}`; choose another one.")
        yield wanted, source


def _of(name: str, suppliers: Supplied) -> Mapping[str, Supply[Any]]:
    if name not in suppliers:
        raise InputError(f"There is no profile {name!r}; this version has {_list(sorted(suppliers))}.")
    return suppliers[name]


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
