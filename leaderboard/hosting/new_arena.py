"""Makes a blind comparison from a folder of clips and a file of explanations for each system.

The clips stay where they are; checked copies of them, which people will see, are made in the app's home. As in
`new_track`, everything is written aside first and read back by the code that will load it.
"""

import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from emer_space.files.clips import named_clips
from emer_space.files.problems import counted, shown
from emer_space.files.tables import NAME
from emer_space.files.writing import csv_bytes
from emer_space.tables.load import Misfit
from leaderboard.arena.arena import ARENA, Arena, read_arena, strangers
from leaderboard.arena.clips import remove_old_copies, unusable_clips
from leaderboard.arena.outcome import judge_preferences
from leaderboard.errors import LeaderboardError
from leaderboard.hosting.track_files import TRACK_ID, made_folders, track_toml, write_all
from leaderboard.hosting.track_material import named_rows
from leaderboard.metrics.columns import REASON
from leaderboard.tracks import FOLDER, own_folder

WORDS = Path(__file__).parent / "new_arena.toml"


@dataclass(frozen=True, slots=True)
class WantedArena:
    """What an organiser wants of a blind comparison. `systems`: name → file; `accounts`: name → account on the Hub."""

    id: str
    systems: Mapping[str, Path]
    accounts: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    task: str = ""
    language: str = "en"
    votes_per_pair: int = 100
    per_person: int = 50
    results_after: int = 20
    opens: date | None = None
    closes: date | None = None
    seed: int = 0
    judge: Path | None = None
    out: Path | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class MadeArena:
    """A new blind comparison: its files, how much there is to compare, sentences for its organiser."""

    id: str
    files: Mapping[str, Path]
    clips: int
    pairs: int
    said: tuple[str, ...]
    next: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON."""
        files = {purpose: str(path) for purpose, path in self.files.items()}
        lists = {"said": list(self.said), "next": list(self.next)}
        return {"id": self.id, "files": files, "clips": self.clips, "pairs": self.pairs, **lists}


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))


def make_arena(clips: Path, wanted: WantedArena) -> MadeArena:
    """Write the files of a blind comparison after they passed every check.

    Raises `LeaderboardError`, `SubmissionError` and `InputError`.
    """
    _check_request(wanted)
    named = named_clips(clips)
    out = (wanted.out or own_folder()).expanduser().absolute()
    home = out / wanted.id
    given = {f"system {name}": path for name, path in wanted.systems.items()}
    files = {purpose: home / f"{_stem(purpose, given)}.csv" for purpose in given}
    said: list[str] = []
    contents = {purpose: _explanations(path, named, said) for purpose, path in given.items()}
    if wanted.judge:
        files["judge"] = home / "judge.preferences.csv"
        contents["judge"] = _read(wanted.judge)
    files["track"] = out / f"{wanted.id}.toml"
    table = _table(clips, wanted, files, _version(wanted, files["track"], said))
    contents["track"] = track_toml(table, wanted.id, _words()["comment"])
    with made_folders(out, home):
        with tempfile.TemporaryDirectory(prefix=".new-", dir=out) as folder:
            arena = _staged(Path(folder), wanted.id, files, contents)
            _check_clips(arena)
        write_all({files[purpose]: contents[purpose] for purpose in files}, home)
    remove_old_copies(arena)
    said += _told(arena, len(named))
    following = ("python app.py", f"python -m leaderboard arena {wanted.id}")
    return MadeArena(wanted.id, files, len(arena.clips), len(arena.pairs), tuple(said), following)


def _check_request(wanted: WantedArena) -> None:
    if not TRACK_ID.fullmatch(wanted.id):
        raise LeaderboardError(
            f"{shown(wanted.id)} cannot be a track's id; use small letters, digits and hyphens, such as my-arena."
        )
    if (FOLDER / f"{wanted.id}.toml").exists():
        raise LeaderboardError(f"{wanted.id} is a track of the project; choose another --id.")
    if len(wanted.systems) < 2:
        raise LeaderboardError("A comparison needs two systems or more; give --system NAME=FILE for each.")
    if wrong := next((name for name in wanted.accounts if name not in wanted.systems), None):
        raise LeaderboardError(f"--account names {shown(wrong)}, which is no --system.")


def _version(wanted: WantedArena, file: Path, said: list[str]) -> int:
    if not file.exists():
        return 1
    if not wanted.force:
        raise LeaderboardError(f"{file} exists; choose another --id, or replace it with --force.")
    version = int(tomllib.loads(file.read_text(encoding="utf-8")).get("version", 0)) + 1
    said.append(f"This is version {version} of {wanted.id}: earlier votes are kept, but do not count.")
    return version


def _stem(purpose: str, given: Mapping[str, Path]) -> str:
    """The name of a system's file: that of the given one, by which `prefer` calls it, unless two would share it."""
    stem = given[purpose].stem
    if sum(other.stem == stem for other in given.values()) > 1:
        stem = purpose.removeprefix("system ")
    return re.sub(r"[^\w.+-]+", "-", stem).strip("-.") or "system"


def _explanations(path: Path, clips: Mapping[str, Path], said: list[str]) -> bytes:
    """A system's file as name and reason, without the rows of other clips. Raises `SubmissionError`."""
    rows, about = named_rows(path)
    told = {row.text(NAME.name).strip(): row.text(REASON.name).strip() for row in rows}
    if not any(told.values()):
        raise LeaderboardError(f"{path.name} has no explanations; call their column {REASON.name}.")
    said += about
    if foreign := strangers(told, clips):
        said.append(
            f"{counted(len(foreign), 'row')} of {path.name} {'is' if len(foreign) == 1 else 'are'} of no clip here "
            f"and left out (the first is {shown(foreign[0])})."
        )
    kept = [{NAME.name: name, REASON.name: words} for name, words in told.items() if words and name not in foreign]
    return csv_bytes((NAME.name, REASON.name), kept)


def _table(clips: Path, wanted: WantedArena, files: Mapping[str, Path], version: int) -> dict[str, Any]:
    """The fields of the file, in order."""
    systems = [
        {
            "name": name,
            "file": f"{wanted.id}/{files[f'system {name}'].name}",
            **({"account": wanted.accounts[name]} if name in wanted.accounts else {}),
        }
        for name in wanted.systems
    ]
    dates = {name: day for name in ("opens", "closes") if (day := getattr(wanted, name))}
    return {
        "kind": ARENA,
        "title": wanted.title or wanted.id.replace("-", " ").capitalize(),
        "version": version,
        "task": wanted.task or _words()["task"][wanted.language],
        "clips": str(clips.expanduser().absolute()),
        "votes_per_pair": wanted.votes_per_pair,
        "per_person": wanted.per_person,
        "results_after": wanted.results_after,
        "seed": wanted.seed,
        **({"judge": f"{wanted.id}/{files['judge'].name}"} if wanted.judge else {}),
        **({"dates": dates} if dates else {}),
        "system": systems,
    }


def _staged(folder: Path, name: str, files: Mapping[str, Path], contents: Mapping[str, bytes]) -> Arena:
    """The comparison, read back from a folder set aside. Raises `LeaderboardError`."""
    (folder / name).mkdir()
    for purpose, path in files.items():
        (folder / name / path.name if purpose != "track" else folder / path.name).write_bytes(contents[purpose])
    try:
        arena = read_arena(folder / f"{name}.toml")
    except (Misfit, ValueError) as problem:
        raise LeaderboardError(f"{name} cannot be made: {problem}.") from None
    if arena.judge:
        judge_preferences(arena, arena.judge)
    return arena


def _check_clips(arena: Arena) -> None:
    """Make the copies that people will see. Raises `LeaderboardError` if a clip cannot be shown."""
    if wrong := list(unusable_clips(arena)):
        more = f" So it is with {counted(len(wrong) - 1, 'other clip')}." if len(wrong) > 1 else ""
        raise LeaderboardError(f"{wrong[0]}{more} Mend it, or take it out of the folder.")


def _told(arena: Arena, clips: int) -> list[str]:
    lines = [f"{counted(len(arena.clips), 'clip')}, {counted(len(arena.pairs), 'pair')} of systems."]
    if left := clips - len(arena.clips):
        lines.append(
            f"{counted(left, 'clip')} of the folder {'has' if left == 1 else 'have'} fewer than two explanations."
        )
    if not arena.results_after and arena.rules.closes is None:
        lines.append("Nobody sees results on the page until you `close` it: there is no last day, and votes show none.")
    return lines


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise LeaderboardError(f"{path} cannot be read ({problem.strerror}); check its name.") from None
