"""Which model does which job: one grammar for `--profile` and `EMER_PROFILE`.

    profile := name ["," role "=" name]…        for instance `bundled`, `endpoint` or `bundled,chat=endpoint,speech=hub`

A name alone stands for all the roles that it supplies; what it does not supply is bundled's, or nobody's. `omni` names
the three roles of language, pictures and sound together. A profile loads each model once, when it is first asked for,
from any thread.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from emer_space.clues.posteriors import fusion_table
from emer_space.errors import InputError, ModelUnavailable, RuleError
from emer_space.models import endpoint, hub, store
from emer_space.models.expression import FaceWitness, face_table
from emer_space.models.face import FaceLandmarks
from emer_space.models.heaps import bound_heaps
from emer_space.models.hub_chat import HubChat, HubVision
from emer_space.models.hub_expression import HubExpressionClassifier
from emer_space.models.hub_speech import HubSpeechRecogniser
from emer_space.models.hub_voice import HubVoiceClassifier
from emer_space.models.pitch import PitchTracker
from emer_space.models.sentences import SentenceEmbeddings
from emer_space.models.speech import SpeechRecogniser
from emer_space.models.voice_witness import VoiceWitness
from emer_space.tables.check import check_tables

log = logging.getLogger(__name__)

Loader = Callable[[], Any]
FETCH_WAIT_S = 120
"""How long an analysis waits for models that are being fetched; after that it goes on and says what is missing."""
OMNI = "omni"
FITTED = ("expression", "voice")
"""Bundled models with weights of the project's own, which tell their revision themselves."""
NOBODY = ""
"""Who supplies a role that is not filled: without a language model, the composer explains."""


def _of_endpoint(role: str) -> Any:
    found = endpoint.endpoint_of(role)
    if found is None:
        raise ModelUnavailable(f"No model is named for {role}; {_to_set(role)}.")
    return endpoint.EndpointChat(found)


LOADERS: Mapping[str, Mapping[str, Loader]] = {
    "bundled": {
        "face": partial(FaceLandmarks, 1),
        "expression": FaceWitness,
        "pitch": PitchTracker,
        "speech": SpeechRecogniser,
        "voice": VoiceWitness,
        "sentences": SentenceEmbeddings,
    },
    "endpoint": {role: partial(_of_endpoint, role) for role in endpoint.ROLES},
    "hub": {
        "expression": HubExpressionClassifier,
        "speech": HubSpeechRecogniser,
        "voice": HubVoiceClassifier,
        "chat": HubChat,
        "vision": HubVision,
    },
}
"""Profile name → role → how to load it. A face tracker is made anew for every clip (`Profile.faces`)."""
ROLES = tuple(dict.fromkeys(role for loaders in LOADERS.values() for role in loaders))


class Profile:
    """The models of one profile, by role. `choice` maps each role to the profile that supplies it, or to `NOBODY`."""

    def __init__(self, name: str, choice: Mapping[str, str]) -> None:
        bound_heaps()
        self.name = name
        self.choice = dict(choice)
        self._loaded: dict[str, Any] = {}
        self._fetched = threading.Event()
        self._fetched.set()
        self._locks = {role: threading.Lock() for role in ROLES}
        if "hub" in self.choice.values():
            hub.on_gpu(_nothing)  # ZeroGPU starts no Space in which nothing asked for a GPU by then

    def get(self, role: str) -> Any:
        """The model of a role, loaded at the first call; raises `ModelUnavailable`."""
        if not self.has(role):
            raise ModelUnavailable(f"The profile {self.name} has no model for {role}; name one, as in {role}=endpoint.")
        self._fetched.wait(FETCH_WAIT_S)
        with self._locks[role]:
            if role not in self._loaded:
                self._loaded[role] = LOADERS[self.choice[role]][role]()
            return self._loaded[role]

    def has(self, role: str) -> bool:
        """Whether anybody supplies a role."""
        return self.choice[role] != NOBODY

    def sends(self) -> Mapping[str, str]:
        """Role → the host that gets something of each clip for it; empty where all stays on this machine."""
        found = {role: endpoint.endpoint_of(role) for role, source in self.choice.items() if source == "endpoint"}
        return {role: each.elsewhere for role, each in found.items() if each and each.elsewhere}

    def faces(self, max_faces: int) -> FaceLandmarks:
        """A face tracker for one clip, to be used in a `with`; it raises `ModelUnavailable` on entering."""
        self._fetched.wait(FETCH_WAIT_S)
        return FaceLandmarks(max_faces)

    def revision(self, role: str) -> str:
        """Id and revision of a role's model, for the provenance of a result."""
        if self.choice[role] == "bundled" and role not in FITTED:
            return store.bundled_models()[role].revision
        model = self.get(role)
        return str(model.name if self.choice[role] == "endpoint" else model.revision)

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
        """Load the bundled models ahead, so that the first visitor need not wait; what is missing is logged.

        Others may take gigabytes, or be another's: they are loaded when they are asked for.
        """
        for role in (role for role in ROLES if self.choice[role] == "bundled"):
            try:
                if role == "face":
                    with self.faces(1):
                        pass
                else:
                    self.get(role)
            except ModelUnavailable as problem:
                log.warning("%s", problem)


def load_profile(text: str = "bundled") -> Profile:
    """The profile that a text names; raises `InputError` on an unknown name or role, one that is not set up, and on
    weights (`EMER_WEIGHTS`) that are none, `RuleError` on a table of knowledge that is wrong."""
    check_tables()
    name, *overrides = [part.strip() for part in text.split(",")]
    own = LOADERS[_known(name)]
    choice = {role: name if role in own else "bundled" if role in LOADERS["bundled"] else NOBODY for role in ROLES}
    if name == "endpoint":  # the chat model is what it is for; the others are there where they are named
        choice |= {role: NOBODY for role in own if role != "chat" and endpoint.endpoint_of(role) is None}
    for override in overrides:
        role, separator, source = (part.strip() for part in override.partition("="))
        if not separator or role not in (*ROLES, OMNI):
            roles = _list((*ROLES, OMNI))
            raise InputError(
                f"In the profile {text!r}, {override!r} is not of the form role=profile; the roles are {roles}."
            )
        for each in endpoint.ROLES if role == OMNI else (role,):
            if each not in LOADERS[_known(source)]:
                raise InputError(f"The profile `{source}` has no model for `{each}`; choose another one.")
            choice[each] = source
    for role, source in choice.items():
        if source == "endpoint" and endpoint.endpoint_of(role) is None:
            raise InputError(f"The profile {text!r} asks an endpoint for {role}, and none is named; {_to_set(role)}.")
    try:
        fusion_table(), face_table()
    except (ModelUnavailable, RuleError) as problem:
        raise InputError(str(problem)) from None
    return Profile(",".join([name, *overrides]), choice)


def _nothing() -> None:
    pass


def _to_set(role: str) -> str:
    return f"set EMER_{role.upper()}_MODEL and EMER_{role.upper()}_URL (or EMER_CHAT_URL)"


def _known(name: str) -> str:
    if name not in LOADERS:
        raise InputError(f"There is no profile {name!r}; this version has {_list(LOADERS)}.")
    return name


def _list(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)
