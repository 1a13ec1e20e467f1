"""The cost of checking prediction files of many shapes: `python -m benchmarks.reading [MB]`.

CPU seconds of one core for whole files (32 MB by default), from everyday spellings to ones made to keep a server busy;
the outcome for each; and the peak memory.
"""

import csv
import io
import json
import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np

from emer_space.files.tables import Column
from leaderboard.tracks.vocabularies import open_wheels
from submissions.checks.validation import check
from submissions.tracks import TrackRules

MEGABYTE = 1_000_000
CELL = 330
"""Characters of a cell of labels, such that 100,000 rows make 32 MB."""
MOST_ROWS = 99_990
MEMORY_SHARE = 8
"""Memory is measured with files of this fraction of the size, because tracing allocations is slow."""
WORDS = ("happy", "sad", "relieved", "worried", "love/hate", "very proud", "ill at ease", "don't care", "高兴", "难过")

CELLS: dict[str, Callable[[int], str]] = {
    "quoted words": lambda size: str([WORDS[number % len(WORDS)] for number in range(size // 9)]),
    "a, a, a": lambda size: "a, " * (size // 3),
    "a;a;a": lambda size: "a;" * (size // 2),
    "other words each time": lambda size: ",".join(f"w{random.getrandbits(40):x}" for _ in range(size // 12)),
    "'a', 'a'": lambda size: "'a', " * (size // 5),
    "'a','b' with \"": lambda size: "'a',\"b\"," * (size // 8),
    "['a' 'a' 'a']": lambda size: "[" + "'a' " * (size // 4) + "]",
    "unclosed quotes": lambda size: "a, 'b" * (size // 5),
    "quotes alone": lambda size: "'" * size,
    "quotes and blanks": lambda size: "' " * (size // 2),
    "backslashes": lambda size: "'" + "\\" * (size - 1),
    "brackets": lambda size: "[" * (size // 2) + "]" * (size // 2),
    "lists in lists": lambda size: "[" + "['a', 'b'], " * (size // 12) + "]",
    "blanks": lambda size: "a" + " " * (size - 2) + "b",
    "a and b and c": lambda size: "aa and " * (size // 7),
    "happy and sad, very": lambda size: "very happy and so sad, " * (size // 23),
    "numbers": lambda size: "1. a (0.8)\n" * (size // 11),
    "percent": lambda size: "80% a: 0.5; " * (size // 12),
    "bullets": lambda size: "- a\n" * (size // 4),
    "tags": lambda size: "<answer>a</s>" * (size // 13),
    "open tags": lambda size: "<think><|" * (size // 9),
    "lead-ins": lambda size: "emotions are " * (size // 13) + ": a",
    "colons": lambda size: "answer: " * (size // 8),
    "slashes": lambda size: "a / b/c " * (size // 8),
    "Chinese": lambda size: "高兴和难过、" * (size // 6),
    "<": lambda size: "<" * size,
    "</": lambda size: "</" * (size // 2),
    "<b": lambda size: "<b " * (size // 3),
    "（a：1": lambda size: "（a：1 " * (size // 5),
    "a1and2and b2": lambda size: "a1and2and b2, " * (size // 14),
    "pairs": lambda size: "[" + "('a', 0.8), " * (size // 12) + "]",
    "objects": lambda size: '{"label": "a"}' * (size // 14),
    "weights": lambda size: "a: 0.8 " * (size // 7),
    "counted in brackets": lambda size: "[1]a " * (size // 5),
    "reasons": lambda size: "**a**: b\n" * (size // 9),
    "hyphens": lambda size: "a - b " * (size // 6),
    "Chinese boxes": lambda size: "「a」" * (size // 3),
    "a sentence": lambda size: "I cannot identify emotions in this video. " * (size // 42),
}
"""By name, a function that makes a cell of about so many characters."""


def _csv(cells: Iterator[str], size: int) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["name", "openset"])
    for number, cell in enumerate(cells):
        writer.writerow([f"s{number}", cell])
        if out.tell() > size or number == MOST_ROWS:
            break
    return out.getvalue().encode()[:size].rpartition(b"\ns")[0]


def _same(cell: Callable[[int], str], length: int) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{cell(length - 9)} {number}"  # every cell is unique


def files(size: int) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """For each shape: its name, the file's name, and a function that makes the content."""
    for name, cell in CELLS.items():
        yield f"csv, {name}", "P.csv", lambda cell=cell: _csv(_same(cell, CELL), size)  # type: ignore[misc]
    for name in ("<", "（a：1", "a1and2and b2", "weights", "counted in brackets", "reasons"):
        cell = CELLS[name]
        yield f"csv, cells of 200: {name}", "P.csv", lambda cell=cell: _csv(_same(cell, 200), size)  # type: ignore[misc]
        yield f"csv, cells of 30: {name}", "P.csv", lambda cell=cell: _csv(_same(cell, 30), size)  # type: ignore[misc]
    for name in ("<", "（a：1", "weights"):
        cell = CELLS[name]
        yield f"csv, cells of 19,990: {name}", "P.csv", lambda cell=cell: _csv(_same(cell, 19_990), size)  # type: ignore[misc]
    for name in ("a, a, a", "unclosed quotes", "quotes and blanks", "a;a;a"):
        cell = CELLS[name]
        yield f"csv, long cells: {name}", "P.csv", lambda cell=cell: _csv(_same(cell, 90_000), size)  # type: ignore[misc]
        yield (
            f"json, one huge cell: {name}",
            "P.json",
            lambda cell=cell: json.dumps(  # type: ignore[misc]
                [{"name": "s1", "openset": cell(size)}]
            ).encode(),
        )
    head = b"name,openset\n"
    yield "csv, newlines in quoted cells", "P.csv", lambda: head + (b's,"' + b"\n" * 99_000 + b'"\n') * (size // 99_000)
    yield "csv, commas in a quoted cell", "P.csv", lambda: head + b's,"' + b"," * (size - 20) + b'"\n'
    yield "csv, commas without quotes", "P.csv", lambda: head + b"s" + b"," * (size - 20) + b"\n"
    yield "csv, quotation marks", "P.csv", lambda: head + b's,"' + b'"' * (size - 20) + b'"\n'
    yield "csv, empty lines", "P.csv", lambda: head + b"\n" * size
    yield "csv, ids alone", "P.csv", lambda: head + b"".join(b"s%d,\n" % n for n in range(99_000))
    yield "csv, texts in Chinese", "P.csv", lambda: _csv(_same(lambda n: "他在笑，声音轻。" * (n // 8), CELL), size)
    yield "jsonl, lists of one letter", "P.jsonl", lambda: _lines(size, ["a"] * 60)
    yield "jsonl, lists of other words", "P.jsonl", lambda: _lines(size, [f"w{n}" for n in range(900)])
    yield "jsonl, lists of quotes", "P.jsonl", lambda: _lines(size, ["'\"["] * 60)
    yield "jsonl, cells of quotes", "P.jsonl", lambda: _lines(size, "'\"" * 150)
    yield "jsonl, JSON in cells", "P.jsonl", lambda: _lines(size, json.dumps(["a"] * 60))
    yield "jsonl, nested", "P.jsonl", lambda: b'{"a":' * (size // 5)
    yield "json, nested lists", "P.json", lambda: b"[" * size
    yield "json, a list of lists", "P.json", lambda: b"[" + b"[]," * (size // 3) + b"[]]"
    yield "json, empty objects", "P.json", lambda: b"[" + b"{}," * (size // 3) + b"{}]"
    yield (
        "json, id → labels",
        "P.json",
        lambda: json.dumps({f"s{n}": ["a"] * 50 for n in range(min(99_000, size // 260))}).encode(),
    )
    yield (
        "json, id → labels of quotes",
        "P.json",
        lambda: json.dumps({f"s{n}": "'a, " * 70 for n in range(min(99_000, size // 300))}).encode(),
    )
    for name in ("a, a, a", "unclosed quotes", "numbers"):
        cell = CELLS[name]
        yield f"npz, {name}", "P.npz", lambda cell=cell: _npz(cell, size)  # type: ignore[misc]


def _lines(size: int, value: object) -> bytes:
    line = json.dumps({"name": "s%d", "openset": value}, ensure_ascii=False).replace("%", "%%").replace("%%d", "%d")
    count = min(99_000, size // len(line.encode()))
    return b"\n".join((line % number).encode() for number in range(count))


def _npz(cell: Callable[[int], str], size: int) -> bytes:
    """An uncompressed npz, four bytes a character, so it unpacks to its own size."""
    count = size // (4 * CELL)
    cells = [f"{cell(CELL - 9)} {number}" for number in range(count)]
    out = io.BytesIO()
    np.savez(out, filenames=np.array([f"s{number}" for number in range(count)]), fileitems=np.array(cells))
    return out.getvalue()


def report(megabytes: float = 32) -> float:
    """Print a line for each shape; returns the most CPU seconds of a file."""
    rules = TrackRules("bench", "Bench", "", (Column("openset", "labels"),), knows=open_wheels().knows)
    check(b"name,openset\na,happy\n", "P.csv", rules)  # the vocabulary loads once
    size, worst = int(megabytes * MEGABYTE), 0.0
    print(f"files of {megabytes:g} MB, CPU seconds of one core (goal: under 5 for 32 MB)")
    for name, file, make in files(size):
        content = make()
        started = time.process_time()
        result = check(content, file, rules)
        seconds = time.process_time() - started
        worst = max(worst, seconds)
        outcome = "read" if result.error is None else result.error.problems[0].message
        warned = f", {len(result.warnings)} warnings" if result.warnings else ""
        rate = seconds / (len(content) / MEGABYTE)
        print(
            f"  {name:<42} {seconds:6.2f} s {rate:7.3f} s/MB  {result.rows:>6} rows: {outcome[:60]}{warned}", flush=True
        )
    print(f"the most: {worst:.2f} s")
    _memory(size // MEMORY_SHARE, rules)
    return worst


def _memory(size: int, rules: TrackRules) -> None:
    most = (0.0, "")
    for name, file, make in files(size):
        content = make()
        tracemalloc.start()
        check(content, file, rules)
        most = max(most, (tracemalloc.get_traced_memory()[1] / len(content), name))
        tracemalloc.stop()
    print(f"the most memory: {most[0]:.0f} bytes for a byte of the file ({most[1]})")


if __name__ == "__main__":
    report(float(sys.argv[1]) if len(sys.argv) > 1 else 32)
