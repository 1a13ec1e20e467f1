"""Who supplies which role: what adapters declare, found by being there, and what other people's packages add.

A module of this room that declares `SUPPLIES`, a tuple of `Supply`, is an adapter. Another package adds models by an
entry point of the group `emer_space.models` that names such a tuple:

    [project.entry-points."emer_space.models"]
    calm = "calm_voice:SUPPLIES"

    SUPPLIES = (Supply("calm", roles.VOICE, CalmVoice),)

The voice model is then there as `--profile calm` and, among others, as `--profile bundled,voice=calm`.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from emer_space import models
from emer_space.errors import InputError
from emer_space.models.roles import ROLES, Role

T = TypeVar("T", covariant=True)
GROUP = "emer_space.models"
DECLARED = "SUPPLIES"


def nothing() -> None:
    """Nothing to be done, or nothing to be said."""


@dataclass(frozen=True, slots=True)
class Supply(Generic[T]):
    """A role that a profile fills. `load` returns the model, or raises `ModelUnavailable` with the remedy.

    `ahead` loads it before the first visitor comes. `essential` makes the profile refuse to start where this role is
    not set up, rather than do without.
    """

    profile: str
    role: Role[T]
    load: Callable[[], T]
    ahead: bool = False
    essential: bool = False
    missing: Callable[[], str | None] = nothing
    """What has to be set before it can be used, in words that follow "set"; None where all is."""
    host: Callable[[], str | None] = nothing
    """The host to which parts of a clip go; None or empty where they stay on this machine."""
    begin: Callable[[], None] = nothing
    """Called whenever a profile is made that uses it."""


Supplied = Mapping[str, Mapping[str, Supply[Any]]]
"""Profile → role → who supplies it."""


def supplied() -> Supplied:
    """All that is supplied, by this project and by installed packages.

    Raises `InputError` naming the package whose entry point cannot be loaded, is no tuple of `Supply`, names an unknown
    role, or supplies what somebody else does.
    """
    found: dict[str, dict[str, Supply[Any]]] = {}
    whose: dict[tuple[str, str], str] = {}
    for owner, supply in (*_own(), *_others()):
        if other := whose.get((supply.profile, supply.role)):
            raise _refused(owner, f"and {other} both supply {supply.role} as the profile {supply.profile!r}")
        whose[supply.profile, supply.role] = owner
        found.setdefault(supply.profile, {})[supply.role] = supply
    return found


@cache
def _own() -> tuple[tuple[str, Supply[Any]], ...]:
    """The adapters of this room, with the name that an error gives them."""
    modules = (importlib.import_module(f"{models.__name__}.{found.name}") for found in _modules())
    return tuple(("this project", supply) for module in modules for supply in getattr(module, DECLARED, ()))


def _modules() -> Iterator[pkgutil.ModuleInfo]:
    return (found for found in pkgutil.iter_modules(models.__path__) if not found.ispkg)


def _others() -> Iterator[tuple[str, Supply[Any]]]:
    for point in sorted(entry_points(group=GROUP), key=lambda point: (_package(point), point.name)):
        owner = f"the package {_package(point)}"
        for supply in _loaded(point, owner):
            yield owner, supply


def _loaded(point: EntryPoint, owner: str) -> tuple[Supply[Any], ...]:
    try:
        declared = point.load()
    except Exception as problem:  # somebody else's module may raise anything
        reason = f"{type(problem).__name__}: {problem}"
        raise _refused(owner, f"adds models ({point.value}) that cannot be loaded ({reason})") from problem
    if not isinstance(declared, tuple) or not all(isinstance(supply, Supply) for supply in declared):
        raise _refused(owner, f"adds models ({point.value}) that are no tuple of `Supply`")
    for supply in declared:
        if supply.role not in ROLES:
            raise _refused(owner, f"supplies an unknown role {supply.role!r}; the roles are {', '.join(ROLES)}")
        if not supply.profile or not set("=, ").isdisjoint(supply.profile):
            raise _refused(owner, f"supplies a profile {supply.profile!r}, a name with a blank, a comma or '='")
    return declared


def _refused(owner: str, rest: str) -> InputError:
    sentence = f"{owner} {' '.join(rest.split())}; mend or uninstall it."
    return InputError(sentence[0].upper() + sentence[1:])


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
