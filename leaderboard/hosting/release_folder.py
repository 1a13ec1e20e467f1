"""Writes a release to a folder with its track and checksums, opens the track, and sends the folder to the Hub.

Hidden answers never lie in the folder: they go to the leaderboard's hidden references, as those of any track.
"""

import glob
import hashlib
import json
import os
import re
import secrets
import shlex
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from huggingface_hub import DatasetCard, HfApi
from huggingface_hub.errors import HfHubHTTPError
from yaml import YAMLError

from emer_space.files.formats import rows_of
from emer_space.files.locks import lock, open_lock
from emer_space.files.problems import SubmissionError, counted, shown
from emer_space.files.tables import NAME
from emer_space.files.writing import write_whole
from emer_space.settings import app_home
from leaderboard.errors import LeaderboardError
from leaderboard.hosting.new_track import Made, Wanted, make_track
from leaderboard.hosting.release import CARD_FILE, FACTS, SCHEMA, SUMS, TRACK, Asked, Release
from leaderboard.hosting.track_material import answers_in
from leaderboard.metrics.registry import METRICS
from leaderboard.tracks import own_folder
from leaderboard.tracks.references import REFERENCES, private_folder
from submissions.store.hub_account import endpoint
from submissions.store.hub_dataset import HubDataset

ANSWERS, BEFORE = ".answers-", ".before"
LEFT = re.compile(rf"\.[0-9a-f]{{8}}({re.escape(BEFORE)})?$")
"""How the names end of folders beside a release that only a killed process leaves there."""
GATING = "extra_gated_"
"""How the fields of a card begin that the Hub shows to people who ask for access."""
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class Written:
    """A release on disk. `references` is where hidden answers lie, None if there are none or they were left alone."""

    folder: Path
    files: tuple[str, ...]
    references: Path | None
    track: Path | None
    said: tuple[str, ...]
    next: tuple[str, ...]


def write_release(release: Release, asked: Asked, out: Path, opened: bool = False) -> Written:
    """Write a release whole to a folder, which must be new, empty or an earlier release of the project.

    With `opened`, the track is open afterwards: its files lie in `EMER_HOME/tracks`. Raises `LeaderboardError`, and
    then neither folder nor track has changed. Releases wait for each other; what a killed one left goes first.
    """
    out = out.expanduser().absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    private = private_folder(make=True)
    app_home().mkdir(parents=True, exist_ok=True)
    with open_lock(app_home() / "release.lock") as turn:
        lock(turn)
        _clear(path for path in out.parent.glob(f".{glob.escape(out.name)}.*") if LEFT.search(path.name))
        _clear(private.glob(f"{ANSWERS}*"))
        return _write(release, asked, out, opened)


def _write(release: Release, asked: Asked, out: Path, opened: bool) -> Written:
    _check_folder(release, out)
    track = asked.id or release.project
    live, target = own_folder() / f"{track}.toml", private_folder() / f"{track}.csv"
    if release.hidden and not asked.force and not live.exists():
        _check_references(release, target)
    stage = out.parent / f".{out.name}.{secrets.token_hex(4)}"
    stage.mkdir()
    try:
        for name, content in release.files.items():
            write_whole(stage / name, content)
        with tempfile.TemporaryDirectory(prefix=ANSWERS, dir=private_folder()) as answers:
            made = _track(release, asked, stage / TRACK, Path(answers))
            hidden = made.files["references"].read_bytes() if release.hidden else None
        same = live.exists() and _same(stage / TRACK, live, made.id, hidden)
        if opened and live.exists() and not same and not asked.force:
            raise LeaderboardError(
                f"The track {made.id} is open with other answers or settings; --force opens this release as its next "
                "version, and what was sent before is scored again."
            )
        paths = sorted(path for path in stage.rglob("*") if path.is_file())
        sums = "".join(f"{_sha256(path)}  {path.relative_to(stage).as_posix()}\n" for path in paths)
        write_whole(stage / SUMS, sums.encode())
        said = [*release.said]
        if opened and not same:
            made = _track(release, replace(asked, force=True), None, None)
            said += made.said
        elif opened:
            said.append(f"The track {made.id} is open with these very answers.")
        references = None if hidden is None else target
        if hidden is not None and live.exists() and not same and not opened:
            said.append(f"The track {made.id} is open with other answers, which stay; --open --force gives it these.")
            references = None
        elif hidden is not None and not opened:
            write_whole(target, hidden)
            target.chmod(0o600)
        _replace(stage, out)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    names = tuple(sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()))
    return Written(
        out, names, references, live if opened else None, tuple(said), tuple(_next(release, asked, out, opened))
    )


def _next(release: Release, asked: Asked, out: Path, opened: bool) -> list[str]:
    """The next commands, with what has to be set before."""
    given = {
        "--private": asked.private,
        "--decoys": asked.decoys,
        "--seed": asked.seed,
        "--group": asked.group,
        "--answers": "" if asked.answers == "public" else asked.answers,
        "--id": asked.id,
        "--metric": asked.metric,
    }
    words = [str(word) for option in given.items() if option[1] not in (0, None, "") for word in option]
    words += ["--seed", "0"] if asked.seed == 0 else []
    command = shlex.join(["python", "-m", "leaderboard", "release", release.project, "--out", str(out), *words])
    lines = [] if os.environ.get(REFERENCES) or not release.hidden else [f"export {REFERENCES}={private_folder()}"]
    return [*lines, "python app.py" if opened else f"{command} --open", f"{command} --to-hub OWNER/NAME"]


def _check_folder(release: Release, out: Path) -> None:
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists() and not _is_of(_facts_of(_read(out / FACTS) or b""), release.project):
        raise LeaderboardError(f"{out} holds something else than a release of {release.project}; name another --out.")


def _check_references(release: Release, path: Path) -> None:
    """Raise `LeaderboardError` if hidden answers would take the place of a file about other clips."""
    try:
        rows = rows_of(_read(path) or b"", path.name, [NAME.name])
        foreign = {row.text(NAME.name) for row in rows} - release.names
    except SubmissionError:
        foreign = {path.name} if path.exists() else set()
    if foreign:
        raise LeaderboardError(
            f"{path} holds answers to something else than the clips of {release.project}; choose another --id, or "
            "replace them with --force."
        )


def _track(release: Release, asked: Asked, out: Path | None, hidden: Path | None) -> Made:
    """Make the track in a folder (default: that of open tracks)."""
    answers = answers_in(release.material, METRICS.named(release.metric))
    split_of = {sample: release.splits[sample[0]] if release.hidden else "public" for sample in answers.cells}
    settings = json.loads(release.files[FACTS])
    wanted = Wanted(
        id=asked.id or release.project,
        title=settings["title"],
        metric=release.metric,
        answers="hidden" if release.hidden else "public",
        language=settings["language"],
        per_day=5,
        out=out,
        hidden=hidden,
        force=asked.force if out is None else False,
    )
    return make_track(release.material, wanted, replace(answers, splits=split_of))


def _same(staged: Path, live: Path, name: str, hidden: bytes | None) -> bool:
    """Whether an open track is the staged one, but for its version."""
    tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in (staged / f"{name}.toml", live)]
    if {**tables[0], "version": 0} != {**tables[1], "version": 0}:
        return False
    pairs = [(staged / name / file, live.parent / name / file) for file in ("manifest.csv", "references.csv")]
    if any(_read(one) != _read(other) for one, other in pairs):
        return False
    return hidden is None or _read(private_folder() / f"{name}.csv") == hidden


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _replace(stage: Path, out: Path) -> None:
    """Put the finished folder in the place of an earlier one, which is deleted.

    A process that is killed between the two renames leaves no release in place; the next one clears up after it.
    """
    before = out.with_name(f"{stage.name}{BEFORE}")
    if out.exists():
        out.rename(before)
    stage.rename(out)
    _clear([before] if before.exists() else [])


def _clear(folders: Iterable[Path]) -> None:
    """Delete folders, in which answers may lie that were withdrawn since. Raises `LeaderboardError`."""
    for folder in folders:
        try:
            shutil.rmtree(folder)
        except OSError as problem:
            raise LeaderboardError(
                f"{folder}, left of an earlier release, cannot be deleted ({problem.strerror}), and may hold answers "
                "that were withdrawn; delete it."
            ) from None


# The Hub


def send(folder: Path, name: str, token: str, force: bool = False) -> Iterator[str]:
    """Send a release to a dataset on the Hub, made if it is missing; yields what was done.

    Nothing goes but the files that the folder's checksums name. What a card there says to people who ask for access
    stays. Raises `LeaderboardError` if the checksums do not match, if the release does not say that the people in the
    clips agreed, or, without `force`, if something else lies in the dataset, and `StoreError`.
    """
    if not REPOSITORY.fullmatch(name):
        raise LeaderboardError(f"--to-hub {name!r} is not the name of a dataset; write it as OWNER/NAME.")
    files = checked_files(folder)
    facts = json.loads(files[FACTS])
    if not facts["settings"]["consent"].strip():
        raise LeaderboardError(
            f"The project {facts['project']} does not say how the people in its clips agreed to a publication; say so "
            f"with `python -m annotation change {facts['project']} --consent TEXT`, and release it again."
        )
    try:
        HfApi(endpoint=endpoint(), token=token).create_repo(name, repo_type="dataset", exist_ok=True)
    except HfHubHTTPError as problem:
        status = problem.response.status_code
        raise LeaderboardError(f"{name} cannot be created ({status}); use a token that may write to it.") from None
    dataset = HubDataset(name, token)
    there = dataset.tree()
    ours = _is_of(_facts_of(dataset.read(FACTS)) if FACTS in there else {}, facts["project"])
    if not ours and not force and (other := sorted({*there} - {".gitattributes", CARD_FILE})):
        raise LeaderboardError(
            f"{name} holds something else than a release of {facts['project']}, such as {shown(other[0])}; name "
            "another dataset, or write over it with --force."
        )
    gone = [path for path in there if SUMS in there and path not in files and path in _listed(dataset.read(SUMS))]
    gated = _gating(dataset.read(CARD_FILE), name) if CARD_FILE in there else {}
    if gated:
        files = _with_gating(files, gated)
    dataset.commit(files, f"EMER Space: {facts['title']}, {facts['date']}", deleted=gone)
    yield f"{counted(len(files), 'file')} went to {name}: {', '.join(sorted(files))}."
    yield "No clip and no hidden answer was among them."
    if gated:
        yield f"What its card says to people who ask for access stays ({', '.join(sorted(gated))})."
    if ours:
        yield (
            "The release before stays in the dataset's history, with all that it said; if consent was withdrawn, "
            f"squash the history: HfApi().super_squash_history({name!r}, repo_type='dataset')."
        )
    state = "private" if dataset.is_private() else "public"
    yield f"{name} is {state}; who may read it is set on its page on the Hub."


def _gating(card: bytes, name: str) -> dict[str, Any]:
    """The fields of a card that people see who ask for access. Raises `LeaderboardError`."""
    try:
        told = DatasetCard(card.decode()).data.to_dict()
    except (ValueError, YAMLError):
        raise LeaderboardError(f"The head of {CARD_FILE} in {name} cannot be read; mend it on the Hub first.") from None
    return {field: value for field, value in told.items() if field.startswith(GATING)}


def _with_gating(files: Mapping[str, bytes], gated: Mapping[str, Any]) -> dict[str, bytes]:
    card = DatasetCard(files[CARD_FILE].decode())
    for field, value in gated.items():
        card.data[field] = value
    content = str(card).encode()
    sums = {**_listed(files[SUMS]), CARD_FILE: hashlib.sha256(content).hexdigest()}
    lines = "".join(f"{digest}  {path}\n" for path, digest in sums.items())
    return {**files, CARD_FILE: content, SUMS: lines.encode()}


def _facts_of(content: bytes) -> dict[str, Any]:
    try:
        facts = json.loads(content)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _is_of(facts: Mapping[str, Any], project: str) -> bool:
    """Whether the facts are those of a release of the project."""
    return facts.get("schema") == SCHEMA and facts.get("project") == project


def checked_files(folder: Path) -> dict[str, bytes]:
    """The files of a release by path. Raises `LeaderboardError` if one is missing, changed or added."""
    try:
        sums = (folder / SUMS).read_bytes()
        wanted = _listed(sums)
        files = {SUMS: sums, **{name: (folder / name).read_bytes() for name in wanted}}
    except (OSError, ValueError) as problem:
        raise LeaderboardError(f"{folder} is no whole release ({problem}); make it again.") from None
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    wrong = [name for name, digest in wanted.items() if hashlib.sha256(files[name]).hexdigest() != digest]
    if odd := sorted([*wrong, *(there - files.keys())]):
        raise LeaderboardError(f"{odd[0]} in {folder} is not as it was released; make the release again.")
    return files


def _listed(sums: bytes) -> dict[str, str]:
    """File → SHA-256."""
    return {line[66:]: line[:64] for line in sums.decode().splitlines()}
