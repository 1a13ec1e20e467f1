"""Checks everything that a leaderboard on the Hub needs, and names a remedy for each problem."""

import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime

from httpx2 import HTTPError
from huggingface_hub import HfApi

from emer_space.errors import EmerError, InputError, ModelUnavailable
from emer_space.models.endpoint import ROLES, EndpointChat, endpoint_of
from emer_space.models.store import bundled_models, locate
from emer_space.settings import app_home
from leaderboard.board.board import Board
from leaderboard.hosting.hub_setup import PRIVATE
from leaderboard.tracks import own_folder
from leaderboard.tracks.hub_references import READ_TOKEN, fetch_tracks
from submissions.person import ORGANISERS
from submissions.store.hub_account import OWNER, TOKEN, endpoint
from submissions.store.hub_dataset import HubDataset

MOST_SKEW_S = 120
ANSWER_S = 20.0
QUESTION = [{"role": "user", "content": "Answer with one word: ready"}]


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check: whether it is `ok`, and a `sentence` with the remedy if not. A warning is no fault."""

    name: str
    ok: bool
    sentence: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{'ok' if self.ok else 'note' if self.warning else 'WRONG':<6}{self.name}: {self.sentence}"


def examine() -> list[Finding]:
    """Run all checks. A check that cannot be made because another one failed is left out."""
    return [finding for look in (_machine, _hub) for finding in look()]


def _machine() -> Iterator[Finding]:
    for program in ("ffmpeg", "ffprobe"):
        path = shutil.which(program)
        yield Finding(program, path is not None, path or "is missing; install ffmpeg (on a Space: packages.txt)")
    missing = [role for role in bundled_models() if not _is_here(role)]
    sentence = "all here" if not missing else f"{', '.join(missing)} missing; run `python -m emer_space models fetch`"
    yield Finding("models", not missing, sentence)
    yield from _language_models()
    if os.environ.get("SPACES_ZERO_GPU"):
        version = ".".join(map(str, sys.version_info[:2]))
        sentence = f"this is Python {version}, and the project needs 3.11; its default models use no GPU"
        yield Finding("ZeroGPU", sys.version_info >= (3, 11), sentence, warning=True)
    home, writable = app_home(), _writable()
    yield Finding("EMER_HOME", writable, f"{home}" if writable else f"{home} cannot be written; choose another")


def _language_models() -> Iterator[Finding]:
    """Ask every language model that the environment names for one word."""
    for role in ROLES:
        try:
            if named := endpoint_of(role):
                EndpointChat(replace(named, seconds=ANSWER_S, silent_s=ANSWER_S)).ask(QUESTION, most_tokens=8)
                yield Finding(f"model for {role}", True, f"{named.model} answers")
        except EmerError as problem:
            yield Finding(f"model for {role}", False, str(problem))


def _is_here(role: str) -> bool:
    try:
        locate(role)
    except ModelUnavailable:
        return False
    return True


def _writable() -> bool:
    try:
        app_home().mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(app_home(), os.W_OK)


def _hub() -> Iterator[Finding]:
    owner, token = os.environ.get(OWNER), os.environ.get(TOKEN)
    if not owner or not token:
        absent = OWNER if not owner else TOKEN
        yield Finding(absent, False, "is not set: state stays on this machine's disk, which a Space loses", not owner)
        return
    yield from _tokens(owner, token)
    yield from _datasets(owner, token)
    yield from _tracks()
    organisers = os.environ.get(ORGANISERS, "")
    yield Finding(ORGANISERS, bool(organisers), organisers or "is not set, so nobody can organise on the page", True)


def _tokens(owner: str, token: str) -> Iterator[Finding]:
    for name, value in {TOKEN: token, READ_TOKEN: os.environ.get(READ_TOKEN, "")}.items():
        if not value:
            yield Finding(name, False, f"is not set, so {TOKEN}, which may write, reads the references too", True)
            continue
        try:
            who = HfApi(endpoint=endpoint(), token=value).whoami()
        except (HTTPError, OSError, ValueError) as problem:  # only its type: the text might hold the token
            yield Finding(name, False, f"is not accepted ({type(problem).__name__}); create a new one")
            continue
        role = _role(who)
        if name == TOKEN:
            sentence = f"belongs to {who['name']}" if role != "read" else "may only read; create one that may write"
            yield Finding(name, role != "read", sentence)
        else:
            sentence = f"belongs to {who['name']}" if role != "write" else "may write; one that may only read is enough"
            yield Finding(name, role != "write", sentence, warning=True)


def _role(who: Mapping[str, object]) -> str:
    auth = who.get("auth")
    token = auth.get("accessToken") if isinstance(auth, dict) else None
    return str(token.get("role", "")) if isinstance(token, dict) else ""


def _datasets(owner: str, token: str) -> Iterator[Finding]:
    skew = 0.0
    for name, private in PRIVATE.items():
        dataset = HubDataset(f"{owner}/{name}", token).hasty()
        try:
            is_private = dataset.is_private()
            skew = skew or _skew(dataset)
        except EmerError as problem:
            yield Finding(dataset.name, False, f"{problem} Run `python -m leaderboard setup --owner {owner}`.")
            continue
        wanted = "private" if private else "public"
        sentence = wanted if is_private == private else f"must be {wanted}; change that in its settings"
        yield Finding(dataset.name, is_private == private, sentence)
    if abs(skew) > MOST_SKEW_S:
        yield Finding("clock", False, f"differs from the Hub's by {skew:.0f} s; set it: quotas and dates depend on it")


def _skew(dataset: HubDataset) -> float:
    return time.time() - parsedate_to_datetime(dataset.date()).timestamp()


def _tracks() -> Iterator[Finding]:
    try:
        fetch_tracks(own_folder())
        board = Board()
        hosted = [track.id for track in board.tracks() if not board.why_not(track.id)]
        wrong = board.wrong_tracks()
    except (EmerError, OSError) as problem:
        yield Finding("tracks", False, str(problem))
        return
    yield Finding("tracks", not wrong, f"scored here: {', '.join(hosted)}" if not wrong else " ".join(wrong))
    demanded = {choice.model: track.id for track in board.tracks() for choice in track.judges.values()}
    if demanded:
        yield _judge(demanded)


def _judge(demanded: Mapping[str, str]) -> Finding:
    """Whether the configured model is the one that the tracks demand. It is not asked anything."""
    try:
        endpoint = endpoint_of("chat")
    except InputError as problem:
        return Finding("judge", False, str(problem))
    named = EndpointChat(endpoint).name if endpoint else "no language model"
    others = [f"{track} wants {model}" for model, track in demanded.items() if model != named]
    sentence = (
        f"{named} is configured, but {', '.join(others)}; set EMER_CHAT_URL and EMER_CHAT_MODEL" if others else named
    )
    return Finding("judge", not others, sentence)
