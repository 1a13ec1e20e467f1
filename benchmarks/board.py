"""The leaderboard with 10,000 submissions, or the start with more of them: `python -m benchmarks.board [100000]`.

Fills a home with the entries of 200 people as the store writes them, each with the report of a real scoring and random
scores. Measures the start, the table, and the cost of one more submission compared with an empty home. With a number,
so many submissions to 1,000 tracks, or to as many as a second number says: a start in a process of its own, without the
index beside the tree and with, and one more submission.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

from emer_space.page.words import load_words
from leaderboard.board.board import Board
from leaderboard.board.export import PIECES, as_csv
from leaderboard.board.ranking import ranking
from leaderboard.board.view import View, seen
from leaderboard.hosting.schedule import sweep
from submissions.intake import Entry
from submissions.person import Person
from submissions.store.ledger import REQUEST
from submissions.store.records import Record, Result, Submission, new_id

TRACK, SUBMISSIONS, PEOPLE, DAYS = "clue-practice", 10_000, 200, 30
SEED, RUNS, SENT = 0, 3, 40
LIKE = 100
"""Of how many different files the submissions are copies: checking each anew would take most of the time."""
LABELS = ("happy", "sad", "angry", "worried", "surprised", "calm", "anxious", "excited")


def predictions(board: Board, random: random.Random) -> bytes:
    """A complete file for the track, with random labels."""
    names = sorted(sample[0] for sample in board.rules(TRACK).manifest or ())
    rows = (f'{name},"{random.sample(LABELS, random.randint(1, 3))}"\n' for name in names)
    return ("name,openset\n" + "".join(rows)).encode()


def real(folder: Path) -> Result:
    """The result of a submission that was really scored."""
    board = board_of(folder)
    name = send(board, random.Random(SEED), "Nobody")
    sweep(board)
    result = board.ledger.result(name)
    assert result is not None and result.state == "scored", result
    return result


def send(board: Board, random: random.Random, name: str) -> str:
    """Submit a random file; returns its id."""
    content = predictions(board, random)
    return board.intake.submit(Person(name, name), TRACK, content, "P.csv", Entry(name)).submission.id


def board_of(home: Path) -> Board:
    """The board in a home."""
    os.environ["EMER_HOME"] = str(home)
    return Board(home)


def fill(home: Path, like: Result, random: random.Random, count: int = SUBMISSIONS, tracks: int = 1) -> None:
    """Write a month of entries to so many tracks, and the journal that lists them. Only the first track has a file."""
    board, began = board_of(home), datetime.now(UTC) - timedelta(days=DAYS + 1)
    files = [predictions(board, random) for _ in range(LIKE)]
    with (home / "journal").open("w", encoding="utf-8") as journal:
        for number in range(count):
            person, content = number // tracks % PEOPLE, files[number % LIKE]
            track = f"track-{number % tracks:04d}" if number % tracks else TRACK
            at = began + timedelta(days=DAYS * number / count)
            submission = Submission(
                id=new_id(at),
                received=at.isoformat(),
                track=track,
                person=f"person-{person:03d}",
                name=f"Team {person:03d}",
                method=f"a model of {number % 70} B",
                link="https://example.org/code",
                anonymous=person % 20 == 0,
                file="predictions.csv",
                bytes=len(content),
                rows=60,
                sha256=sha256(content).hexdigest(),
            )
            result = replace(
                like, id=submission.id, track=track, reports=_varied(like.reports, random, submission.sha256)
            )
            (home / submission.path).mkdir(parents=True)
            (home / submission.path / submission.file).write_bytes(content)
            _write(home / submission.path / REQUEST, submission)
            (home / result.path).parent.mkdir(parents=True, exist_ok=True)
            _write(home / result.path, result)
            journal.write(f"{submission.path}\n{result.path}\n")


def _varied(reports: Mapping[str, Any], random: random.Random, digest: str) -> Mapping[str, Any]:
    """The same reports with a random primary score and another file's digest."""
    varied: dict[str, Any] = json.loads(json.dumps(reports))
    for report in varied.values():
        value = random.gauss(0.6, 0.1)
        report["primary"] |= {"value": value, "interval": {"low": value - 0.05, "high": value + 0.05}}
        report["provenance"] |= {"predictions": digest}
    return varied


def _write(path: Path, record: Record) -> None:
    path.write_text(json.dumps(record.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8")


def start(home: Path) -> dict[str, float]:
    """What a process needs to know all of a home: CPU seconds beyond the imports, megabytes at most, and a table."""
    busy = time.process_time()
    board = board_of(home)
    count = len(board.ledger.refresh().submissions)
    took = time.process_time() - busy
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    busy = time.process_time()
    board.prepare()
    ahead = time.process_time() - busy
    busy = time.process_time()
    rows = len(ranking(board, board.track(TRACK), everything=True).rows)
    table = time.process_time() - busy
    told = {"submissions": count, "start_s": took, "most_mb": most, "ahead_s": ahead, "rows": rows, "table_s": table}
    return {**told, **again(board)}


def again(board: Board) -> dict[str, float]:
    """CPU seconds of a visitor's first page of all rows after a change, and of the whole table as files."""
    from leaderboard.page.plots import plots  # what a page needs is no part of a start
    from leaderboard.page.render import badges, ranking_table

    track, words = board.track(TRACK), load_words("en")

    def page() -> None:
        found = ranking(board, track, everything=True)
        ranking_table(found, seen(found.rows, View(), badges(words)), View(), words)
        plots(found, board.clock(), words)

    found = ranking(board, track, everything=True)
    return {
        "again_s": usual(page)[1],
        **{f"{kind}_s": usual(lambda made=made: sum(map(len, made(found))))[1] for kind, made in PIECES.items()},  # type: ignore[misc]
    }


def started(home: Path) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.board", "start", str(home)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(json.loads(told.splitlines()[-1]))


def shown(about: Mapping[str, float]) -> str:
    """One line."""
    return (
        f"{about['submissions']:,} submissions: start {about['start_s']:.2f} s of the processor, at most "
        f"{about['most_mb']:.0f} MB; large tracks read ahead {about['ahead_s']:.2f} s; "
        f"table of {about['rows']:,} rows {about['table_s']:.2f} s, page and plots after "
        f"a change {about['again_s']:.2f} s, as CSV {about['csv_s']:.2f} s, as JSON {about['json_s']:.2f} s"
    )


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of a piece of work."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def usual(work: Callable[[], object]) -> tuple[float, float]:
    """The medians of several runs: wall-clock seconds, and CPU seconds, as other processes may be running."""
    runs = []
    for _ in range(RUNS):
        busy = time.process_time()
        runs.append((seconds(work), time.process_time() - busy))
    clock, processor = zip(*runs, strict=True)
    return median(clock), median(processor)


def sent(homes: Mapping[str, Board], random: random.Random) -> Mapping[str, float]:
    """The median CPU seconds of a submission in each home; the homes take turns."""
    times: dict[str, list[float]] = {name: [] for name in homes}
    for number in range(-1, SENT):  # the first one warms up
        for name, board in homes.items():
            busy = time.process_time()
            send(board, random, f"newcomer-{number}")
            if number >= 0:
                times[name].append(time.process_time() - busy)
    return {name: median(taken) for name, taken in times.items()}


def scale(count: int, tracks: int = 1000) -> None:
    """Many submissions to many tracks."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "home"
        home.mkdir()
        fill(home, real(Path(place) / "real"), random.Random(SEED), count, tracks)
        print(f"without an index: {shown(started(home))}")
        print(f"with the index (asked: 3 s, 300 MB, 0.2 s, 0.2 s, 2 s): {shown(started(home))}")
        empty = Path(place) / "empty"
        empty.mkdir()
        cost = sent({"empty": board_of(empty), "full": board_of(home)}, random.Random(SEED))
        print(
            f"one more submission: {1000 * cost['full']:.1f} ms of the processor, in an empty home "
            f"{1000 * cost['empty']:.1f} ms (asked: the same)"
        )


def main() -> None:
    if sys.argv[1:2] == ["start"]:
        print(json.dumps(start(Path(sys.argv[2]))))
        return
    if sys.argv[1:]:
        scale(*map(int, sys.argv[1:3]))
        return
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        empty, full = folder / "empty", folder / "full"
        for home in (empty, full):
            home.mkdir()
        like = real(folder / "real")
        print(f"writing {SUBMISSIONS:,} submissions: {seconds(lambda: fill(full, like, chance)):.0f} s")
        clock, processor = usual(lambda: Board(full).ledger.refresh())
        print(f"{SUBMISSIONS:,} submissions of {PEOPLE} people, all scored; seconds (of the processor):")
        print(f"  start {clock:.2f} ({processor:.2f}), asked: 5")
        board = Board(full)
        assert len(board.ledger.refresh().submissions) == SUBMISSIONS and not board.ledger.store.damaged()
        track = board.track(TRACK)
        for everything in (False, True):
            table = ranking(board, track, everything)
            steps = {
                "ranked": usual(partial(ranking, board, track, everything)),
                "framed": usual(table.frame),
                "csv": usual(partial(as_csv, table)),
            }
            parts = ", ".join(f"{name} {clock:.2f} ({processor:.2f})" for name, (clock, processor) in steps.items())
            print(
                f"  table of {len(table.rows):,} rows: {parts}; "
                f"in all {_sum(steps, 0):.2f} ({_sum(steps, 1):.2f}), asked: 1"
            )
        cost = sent({"empty": Board(empty), "full": board}, chance)
        print(
            f"  one more submission: {1000 * cost['full']:.1f} ms of the processor, "
            f"in an empty home {1000 * cost['empty']:.1f} ms: {cost['full'] / cost['empty']:.2f} times (asked: about 1)"
        )


def _sum(steps: Mapping[str, tuple[float, float]], which: int) -> float:
    return sum(times[which] for times in steps.values())


if __name__ == "__main__":
    main()
