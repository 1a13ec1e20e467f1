"""Checks everything that a leaderboard needs, here or on the Hub, and names a remedy for each problem."""

import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from httpx2 import HTTPError
from huggingface_hub import HfApi

from emer_space.errors import EmerError, InputError, ModelUnavailable
from emer_space.files.formats import READERS
from emer_space.files.problems import counted
from emer_space.models.endpoint import ROLES, EndpointChat, endpoint_of
from emer_space.models.store import bundled_models, locate
from emer_space.settings import app_home
from leaderboard.arena.arena import arena_ids, load_arena
from leaderboard.arena.clips import unusable_clips
from leaderboard.arena.outcome import counted as counted_votes
from leaderboard.board.board import Board
from leaderboard.errors import LeaderboardError
from leaderboard.hosting.hub_setup import PRIVATE
from leaderboard.tracks import Track, own_folder, track_ids
from leaderboard.tracks.hub_references import READ_TOKEN, fetch_tracks, hub_references
from leaderboard.tracks.references import REFERENCES, check_references_are_private, read_references, reference_file
from leaderboard.tracks.rules import full_rules
from submissions.person import ORGANISERS
from submissions.store.hub_account import OWNER, TOKEN, endpoint
from submissions.store.hub_dataset import HubDataset

MOST_SKEW_S = 120
ANSWER_S = 20.0
SOON = timedelta(days=7)
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
    return [finding for look in (_machine, _hub, _tracks) for finding in look()]


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
        board.ledger.refresh()
        every = board.tracks()
        hosted = [track.id for track in every if not board.why_not(track.id)]
        wrong = board.wrong_tracks()
    except (EmerError, OSError) as problem:
        yield Finding("tracks", False, str(problem))
        return
    yield Finding("tracks", not wrong, f"scored here: {', '.join(hosted)}" if not wrong else " ".join(wrong))
    yield from _references(every)
    for track in every:
        yield _track(board, track)
    for name in arena_ids():
        yield _arena(board, name)
    demanded = {choice.model: track.id for track in every for choice in track.judges.values()}
    if demanded:
        yield _judge(demanded)


def _references(tracks: Sequence[Track]) -> Iterator[Finding]:
    """Whether the folder of hidden references is private and readable, and holds no file that belongs to no track."""
    named = os.environ.get(REFERENCES)
    hidden = {track.id for track in tracks if track.answers == "hidden"}
    if not named:
        own = sorted(hidden & set(track_ids(own_folder())))
        if not hub_references():
            yours = f" (yours: {', '.join(own)})" if own else ""
            sentence = f"is not set, so no hidden track is scored here{yours}; set it to the folder with the answers"
            yield Finding(REFERENCES, False, sentence, warning=not own)
        return
    folder = Path(named).expanduser()
    try:
        check_references_are_private()
        files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except LeaderboardError as problem:
        yield Finding(REFERENCES, False, str(problem))
        return
    except OSError as problem:
        yield Finding(REFERENCES, False, f"{folder} cannot be read ({problem.strerror}); correct its permissions")
        return
    yield Finding(REFERENCES, True, str(folder))
    if strange := [path.name for path in files if path.suffix.lower() in READERS and path.stem not in hidden]:
        sentence = f"nothing reads {', '.join(strange)}, since no hidden track has such a name; name it after its track"
        yield Finding(REFERENCES, False, sentence, warning=True)


def _arena(board: Board, name: str) -> Finding:
    """Whether a blind comparison can be voted on."""
    try:
        arena = load_arena(name, board.ledger)
        wrong = list(unusable_clips(arena))
    except EmerError as problem:
        return Finding(f"comparison {name}", False, str(problem))
    votes = len(counted_votes(arena, board.ledger.votes(name)))
    sentence = f"{len(arena.systems)} systems on {counted(len(arena.clips), 'clip')}, {counted(votes, 'vote')} so far"
    if wrong:
        left_out = f"{counted(len(wrong), 'clip')} of {len(arena.clips)} {'is' if len(wrong) == 1 else 'are'} left out"
        sentence = f"{left_out}. {wrong[0]}"
    elif arena.rules.closed(board.clock()):
        sentence += f", closed on {arena.rules.closes}"
    return Finding(f"comparison {name}", not wrong, sentence)


def _track(board: Board, track: Track) -> Finding:
    """Whether a track is scored here, and what a participant would miss. A bundled track need not be scored."""
    name = f"track {track.id}"
    try:
        full_rules(track)
        references = read_references(track, reference_file(track))
    except LeaderboardError as problem:
        return Finding(name, False, f"not scored here. {problem}", warning=track.id not in track_ids(own_folder()))
    manifest, splits = track.rules.manifest, references.splits
    if manifest is not None and (strange := references.table.samples.keys() - manifest):
        count = counted(len(strange), "answer")
        return Finding(name, False, f"{count} to samples that are not in the manifest; add their ids, or remove them")
    if not splits["public"]:
        return Finding(name, False, "no sample is public, so nobody ranks before it closes; correct the column split")
    told = ", ".join(f"{count} {split}" for split, count in splits.items() if count)
    lacking = list(_lacking(board, track, splits["private"] > 0))
    return Finding(name, not lacking, f"{told}; {'; '.join(lacking) or 'complete'}", warning=True)


def _lacking(board: Board, track: Track, private: bool) -> Iterator[str]:
    """What a participant would miss in a track that is scored here."""
    rules, now = track.rules, datetime.now(UTC)
    if not rules.inputs:
        yield "no inputs, so nobody learns from what to predict"
    if not track.cite:
        yield "nothing to cite"
    if not rules.example:
        yield "no example, so the sample file is empty"
    if rules.manifest is None:
        yield "no manifest, so nobody can check the ids before sending a file"
    if not any(entry.baseline for entry in board.ledger.of_track(track.id)) and not track.published:
        yield "neither a baseline nor a published score to compare with"
    if private and rules.closing is None:
        yield "the private samples rank after the closing, but it never closes (dates.closes)"
    if rules.closing is not None and (left := rules.closing - now) < SOON:
        yield "closed" if left.total_seconds() <= 0 else f"closes in {counted(max(1, left.days), 'day')}"


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
