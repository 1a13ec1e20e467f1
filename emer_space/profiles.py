"""Which model does which job: one grammar for `--profile` and `EMER_PROFILE`.

    profile := name ["," role "=" name]…        for instance `bundled` or `bundled,speech=hub`

A profile loads each model once, when it is first asked for, from any thread.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from emer_space.errors import InputError, ModelUnavailable
from emer_space.memory import bound_heaps
from emer_space.models import store
from emer_space.models.expression import ExpressionClassifier
from emer_space.models.face import FaceLandmarks
from emer_space.models.pitch import PitchTracker
from emer_space.models.sentences import SentenceEmbeddings
from emer_space.models.speech import SpeechRecogniser

log = logging.getLogger(__name__)

LOADERS: Mapping[str, Mapping[str, Callable[[], Any]]] = {
    "bundled": {
        "expression": ExpressionClassifier,
        "pitch": PitchTracker,
        "speech": SpeechRecogniser,
        "sentences": SentenceEmbeddings,
    },
}
"""Profile name → role → how to load it. A face tracker is made anew for every clip (`Profile.faces`)."""

FETCH_WAIT_S = 120
"""How long an analysis waits for models that are being fetched; after that it goes on and says what is missing."""

ROLES = ("face", *LOADERS["bundled"])


class Profile:
    """The models of one profile, by role. `choice` maps each role to the profile that supplies it."""

    def __init__(self, name: str, choice: Mapping[str, str]) -> None:
        bound_heaps()
        self.name = name
        self.choice = dict(choice)
        self._loaded: dict[str, Any] = {}
        self._fetched = threading.Event()
        self._fetched.set()
        self._locks = {role: threading.Lock() for role in ROLES}

    def get(self, role: str) -> Any:
        """The model of a role, loaded at the first call; raises `ModelUnavailable`."""
        self._fetched.wait(FETCH_WAIT_S)
        with self._locks[role]:
            if role not in self._loaded:
                self._loaded[role] = LOADERS[self.choice[role]][role]()
            return self._loaded[role]

    def faces(self, max_faces: int) -> FaceLandmarks:
        """A face tracker for one clip, to be used in a `with`; it raises `ModelUnavailable` on entering."""
        self._fetched.wait(FETCH_WAIT_S)
        return FaceLandmarks(max_faces)

    def revision(self, role: str) -> str:
        """Id and revision of a role's model, for the provenance of a result."""
        return store.bundled_models()[role].revision

    def prepare(self) -> None:
        """Fetch what is not here yet (a Space's first start), then load everything; whoever comes first waits."""
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
        """Load every model ahead, so that the first visitor need not wait; what is missing is logged."""
        for role in ROLES:
            try:
                if role == "face":
                    with self.faces(1):
                        pass
                else:
                    self.get(role)
            except ModelUnavailable as problem:
                log.warning("%s", problem)


def load_profile(text: str = "bundled") -> Profile:
    """The profile that a text names; raises `InputError` on an unknown name or role."""
    name, *overrides = [part.strip() for part in text.split(",")]
    choice = dict.fromkeys(ROLES, _known(name))
    for override in overrides:
        role, separator, source = (part.strip() for part in override.partition("="))
        if not separator or role not in ROLES:
            raise InputError(
                f"In the profile {text!r}, {override!r} is not of the form role=profile; the roles are {_list(ROLES)}."
            )
        choice[role] = _known(source)
    return Profile(",".join([name, *overrides]), choice)


def _known(name: str) -> str:
    if name not in LOADERS:
        raise InputError(f"There is no profile {name!r}; this version has {_list(LOADERS)}.")
    return name


def _list(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)
