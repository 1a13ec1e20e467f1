"""The process that the harness kills: intake, store, scorer and export as the app has them, without the page.

    python tests/kills/worker.py LIFE

LIFE is a JSON file: `tasks`, a list of a verb and what it is about; `days`, by which the clock is ahead, so that each
life makes the folders of a new month; and `kill`, or null.

Production code has no hook for this. Here, in this process alone, the calls by which it changes something outside of
itself are replaced by ones that do the same and are steps: each is told on standard output, unbuffered, before and
after. At the one that `kill` names (`step`, `side`, the how many-th `time`) this process sends itself SIGKILL. The side
is `before` or `after`; where something is written, `during`, when half of it has left the process.
"""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from leaderboard.board.board import Board
from leaderboard.board.export import export
from leaderboard.board.ranking import ranking
from leaderboard.hosting.schedule import sweep
from submissions.corrections import Opinion
from submissions.errors import Refusal
from submissions.intake import Entry
from submissions.person import LOCAL, Person
from submissions.store.records import new_id

if TYPE_CHECKING:
    from annotation.service import Annotation

SCORER = "the scoring process"
OUTSIDE = "the folder of the home"
GENERAL = (
    (r"\d{8}T\d{6}Z-[A-Z2-7]{10}", "<id>"),
    (r"\d{4}-\d\d-\d\d", "<day>"),
    (r"\d{4}-\d\d", "<month>"),
    (r"[0-9a-f]{32}", "<person>"),
    (r"[\w-]+@[\d.]+", "<track@version>"),
    (r"^export/[\w-]+(?=/|$)", "export/<track>"),
    (r"predictions\.\w+", "predictions.*"),
)
"""The parts of a path that differ between two steps of the same kind."""
LAB = "lab"
READING = {"id": "a reading", "clip": {"sha256": "ab" * 32}, "labels": [{"label": "angry"}]}


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("SIGKILL cannot be survived")


def _opened(number: int) -> Path:
    return Path(f"/proc/self/fd/{number}").readlink()


class Steps:
    """Counts the steps of the current task (`doing`), and kills the process at the chosen one."""

    def __init__(self, places: dict[str, Path], kill: dict[str, Any] | None) -> None:
        self.places, self.kill, self.doing = places, kill, "start"
        self.passed: Counter[tuple[str, str]] = Counter()

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[bool]:
        """Whether to die in the middle. There is no `after` if the step fails."""
        step = f"{self.doing}: {what}"
        self._at("before", step)
        yield self._here("during", step, self.passed["before", step])
        self._at("after", step)

    def _at(self, side: str, step: str) -> None:
        self.passed[side, step] += 1
        say(side, step)
        if self._here(side, step, self.passed[side, step]):
            die()

    def _here(self, side: str, step: str, time: int) -> bool:
        return self.kill == {"side": side, "step": step, "time": time}

    def place(self, path: Any, folder: int | None = None) -> str:
        """A path without its variable parts; empty for a path outside the home. An open file may be given by number."""
        if isinstance(path, int):
            full = _opened(path)
        else:
            full = Path(_opened(folder) if folder is not None else "", os.fsdecode(path))
        for name, base in self.places.items():
            if full.is_relative_to(base):
                told = (Path(name) / full.relative_to(base)).as_posix()
                for pattern, general in GENERAL:
                    told = re.sub(pattern, general, told)
                return told
        return ""

    def watch(self) -> None:
        """Replace the functions that change something outside this process."""
        self._watch_folders()
        self._watch_files()
        self._watch_children()

    def _watch_folders(self) -> None:
        mkdir, rename, replace, unlink, rmdir = os.mkdir, os.rename, os.replace, os.unlink, os.rmdir
        rmtree = shutil.rmtree

        def step(what: str, call: Any, path: Any, *more: Any, dir_fd: int | None = None) -> None:
            place = self.place(path, dir_fd)
            with self.step(f"{what} {place}") if place else contextlib.nullcontext():
                call(path, *more, **({} if dir_fd is None else {"dir_fd": dir_fd}))

        def move(call: Any, source: Any, target: Any) -> None:
            with self.step(f"rename {self.place(source)} to {self.place(target)}"):
                call(source, target)

        def clear(path: Any, *more: Any, **named: Any) -> None:
            with self.step(f"clear {self.place(path)}"):
                rmtree(path, *more, **named)

        os.mkdir = lambda path, mode=0o777, **named: step("make", mkdir, path, mode, **named)
        os.unlink = lambda path, **named: step("remove", unlink, path, **named)
        os.rmdir = lambda path, **named: step("remove", rmdir, path, **named)
        os.rename = lambda source, target: move(rename, source, target)
        os.replace = lambda source, target: move(replace, source, target)
        shutil.rmtree = clear  # type: ignore[assignment]

    def _watch_files(self) -> None:
        opened, fsync, stream = os.open, os.fsync, io.open

        def open_number(path: Any, flags: int, *more: Any, **named: Any) -> int:
            place = self.place(path, named.get("dir_fd")) if flags & os.O_CREAT else ""
            with self.step(f"open {place}") if place else contextlib.nullcontext():
                return opened(path, flags, *more, **named)

        def open_stream(path: Any, mode: str = "r", *more: Any, **named: Any) -> Any:
            if not set(mode) & set("wax+"):
                return stream(path, mode, *more, **named)
            place = self.place(path)
            if isinstance(path, int):
                piped = _opened(path).name.startswith("pipe:")
                place = SCORER if piped else place
                return _Written(stream(path, mode, *more, **named), self, place)
            if not place:
                return stream(path, mode, *more, **named)
            with self.step(f"open {place}"):
                return _Written(stream(path, mode, *more, **named), self, place)

        def sync(number: int) -> None:
            with self.step(f"fsync {self.place(number) or OUTSIDE}"):
                fsync(number)

        os.open, os.fsync, io.open = open_number, sync, open_stream  # type: ignore[assignment]

    def _watch_children(self) -> None:
        steps = self

        class Popen(subprocess.Popen):  # type: ignore[type-arg]
            def __init__(self, *arguments: Any, **named: Any) -> None:
                with steps.step(f"start {SCORER}"):
                    super().__init__(*arguments, **named)

        subprocess.Popen = Popen  # type: ignore[misc]


class _Written:
    """A file for writing. Buffered data leaves the process at `flush` or `close`, as with any other file."""

    def __init__(self, file: Any, steps: Steps, place: str) -> None:
        self._file, self._steps, self._place, self._buffered = file, steps, place, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "_Written":
        return self

    def __exit__(self, *about: object) -> None:
        self.close()

    def write(self, data: Any) -> int:
        with self._steps.step(f"write {self._place}") as torn:
            if torn:
                self._file.write(data[: len(data) // 2])
                self._file.flush()
                die()
            self._buffered = True
            return int(self._file.write(data))

    def flush(self) -> None:
        with self._steps.step(f"flush {self._place}"):
            self._file.flush()
            self._buffered = False

    def close(self) -> None:
        with self._steps.step(f"close {self._place}") if self._buffered else contextlib.nullcontext():
            self._buffered = False
            self._file.close()


def submit(board: Board, steps: Steps, person: str, track: str, file: str, name: str) -> None:
    path = Path(file)
    receipt = board.intake.submit(_person(person), track, path.read_bytes(), path.name, Entry(name))
    with steps.step("tell the receipt"):
        made = receipt.submission
        say("receipt", made.id, made.person, made.track, made.sha256)


def withdraw(board: Board, steps: Steps, person: str, name: str) -> None:
    board.intake.withdraw(_person(person), name)
    say("withdrawn", name)


def choose(board: Board, steps: Steps, person: str, name: str) -> None:
    with contextlib.suppress(Refusal):  # it was withdrawn, unknown to whoever asks
        board.intake.choose(_person(person), name)
        say("chosen", name)


def correct(board: Board, steps: Steps, word: str) -> None:
    opinion = Opinion((word,), "", keep=True, keep_clip=True)
    _, receipt = board.corrections.send("a visitor", opinion, READING, ("a.mp4", word.encode()))
    with steps.step("tell the receipt"):
        say("corrected", receipt, word)


def retract(board: Board, steps: Steps, receipt: str) -> None:
    with contextlib.suppress(Refusal):  # it was deleted by one who was killed before telling
        board.corrections.withdraw(receipt)
    say("retracted", receipt)


def _lab(board: Board) -> "Annotation":
    """The project `lab`, which is opened if there is none."""
    from annotation.service import Annotation  # its import takes as long as the rest of a life

    service = Annotation(board.home, board.ledger, clock=board.clock)
    with contextlib.suppress(Refusal):
        service.new(LOCAL, LAB, "Lab", annotators=(4, 0))
    return service


def annotate(board: Board, steps: Steps, clip: str, person: str, word: str) -> None:
    """Save an answer about a clip, which comes into the project first."""
    from annotation.projects import load_project
    from annotation.records import Answer, Clip, Clips, Draft

    service = _lab(board)
    project, now = load_project(service.book, LAB), board.clock()
    about = {"made": now.isoformat(), "project": LAB, "person": "local", "name": "local"}
    if clip not in project.clips:
        media = board.home / "projects" / LAB / f"{clip}.mp4"
        media.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        media.write_bytes(clip.encode())
        service.book.add(Clips(new_id(now), **about, clips=(Clip(clip, file=media.name), Clip("stays", file="stays"))))
    if clip not in project.drafts:
        service.book.add(Draft(new_id(now), **about, clip=clip, answer=Answer(("calm",))))
    saved = service.save(Person(person, person, organiser=True), LAB, 1, clip, {"labels": [word]}, done=True)
    with steps.step("tell the receipt"):
        say("annotated", saved.id, clip, word)


def forget(board: Board, steps: Steps, clip: str) -> None:
    with contextlib.suppress(Refusal):  # whoever brought it was killed before it was there
        _lab(board).withdraw(LOCAL, LAB, clip, "consent")
    say("forgotten", clip)


def rescore(board: Board, steps: Steps, track: str) -> None:
    say("rescored", track, board.rescore(LOCAL, track, "the harness wants it"))


def score(board: Board, steps: Steps) -> None:
    done = sweep(board)
    say("swept", done.scored, done.refused, done.error, "busy" if done.busy else "alone", *done.waiting)


def publish(board: Board, steps: Steps) -> None:
    say("exported", len(export(board, steps.places["export"])))


def tell(board: Board, steps: Steps) -> None:
    """What a new process sees in the home."""
    ledger = board.ledger.refresh()
    told = {
        "submissions": {
            each.id: {"person": each.person, "track": each.track, "sha256": each.sha256, "baseline": each.baseline}
            for each in ledger.submissions.values()
        },
        "states": {name: ledger.state(name) for name in ledger.submissions},
        "withdrawn": [name for name in ledger.submissions if ledger.standing(name).withdrawn],
        "decisions": [[each.action, each.submission or each.track, each.version] for each in ledger.decisions()],
        "versions": {track.id: board.versions.current(track) for track in board.tracks()},
        "corrections": sorted(each.id for each in ledger.corrections()),
        "annotations": sorted(Path(path).stem for path in ledger.annotations().get(LAB, ())),
        "queue": [each.id for each, _ in board.queue()],
        "ranked": {
            track.id: [row.id for row in ranking(board, track, everything=True).rows if row.id]
            for track in board.tracks()
        },
    }
    say("told", json.dumps(told))


def _person(name: str) -> Person:
    return Person(name, name.title())


VERBS = {
    "submit": ("submit", submit),
    "withdraw": ("decide", withdraw),
    "choose": ("decide", choose),
    "rescore": ("decide", rescore),
    "correct": ("correct", correct),
    "retract": ("correct", retract),
    "annotate": ("annotate", annotate),
    "forget": ("annotate", forget),
    "score": ("score", score),
    "export": ("export", publish),
    "tell": ("tell", tell),
}
"""The verb of a task → the name for its steps, and the function that does it."""


def main(life: dict[str, Any]) -> None:
    home = Path(os.environ["EMER_HOME"])
    steps = Steps({"": home, "export": home.with_name(f"{home.name}-export")}, life["kill"])
    ahead = timedelta(days=life["days"])
    board = Board(clock=lambda: datetime.now(UTC) + ahead)
    steps.watch()
    for verb, *about in life["tasks"]:
        steps.doing, do = VERBS[verb]
        do(board, steps, *about)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
