"""Reads MERBench's `label.npz`: dicts of samples (`test_corpus`: id → `{"emo": "happy", "val": 1.2}`), pickled.

Unpickling can run any code, so nothing is unpickled here: the stream's instructions are read as data
(`pickletools.genops`), and the few that build texts, numbers, lists and dicts are followed. Everything else is refused.
"""

import pickletools
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from emer_space.files.formats import read_file
from emer_space.files.problems import Limits, refusal, shown
from emer_space.files.rows import Row
from emer_space.files.tables import NAME
from leaderboard.metrics.files import in_file

MARK = object()
_CONSTANTS = (
    "BINUNICODE",
    "SHORT_BINUNICODE",
    "BINUNICODE8",
    "UNICODE",
    "BININT",
    "BININT1",
    "BININT2",
    "LONG1",
    "INT",
)
_VALUES = (*_CONSTANTS, "LONG", "BINFLOAT", "FLOAT", "SHORT_BINBYTES", "BINBYTES", "SHORT_BINSTRING", "BINSTRING")
_SIMPLE: Mapping[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "MARK": lambda: MARK,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_NUMBERS = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")


@dataclass(slots=True)
class _Call:
    """Something that the stream would have called: its name, its arguments, and the state set afterwards."""

    name: str
    arguments: tuple[Any, ...] = ()
    state: Any = None


def corpus_rows(path: Path, corpus: str) -> tuple[Row, ...]:
    """The samples of a corpus in an npz: a row each, with the id as `name`. Raises `SubmissionError`."""
    samples = _corpus(path, corpus)
    rows = []
    for number, (name, values) in enumerate(samples.items(), 1):
        cells = values if isinstance(values, dict) else {"emo": values}
        texts = {str(column): str(value) for column, value in cells.items() if isinstance(value, str | int | float)}
        rows.append(Row(number, {NAME.name: str(name), **texts}))
    return tuple(rows)


def _corpus(path: Path, corpus: str) -> dict[Any, Any]:
    try:
        with zipfile.ZipFile(BytesIO(read_file(path, Limits()))) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            if corpus not in names:
                there = ", ".join(map(shown, names[:8]))
                raise in_file(path, refusal("npz", f"There is no {corpus} (there are {there})", "give another file"))
            stream = BytesIO(archive.read(f"{corpus}.npy"))
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        read(stream)
        held = _followed(stream.read())
    except (zipfile.BadZipFile, ValueError, IndexError, KeyError, AttributeError, TypeError, EOFError) as problem:
        reason = f"{corpus} cannot be read as a dict of samples ({type(problem).__name__}: {problem})"
        raise in_file(path, refusal("npz", reason, "give the answers as a csv with name and the answer")) from None
    while isinstance(held, _Call) and held.state is not None:  # an array: (version, shape, dtype, …, [it])
        held = held.state[-1]
        held = held[0] if isinstance(held, list) and len(held) == 1 else held
    if not isinstance(held, dict):
        raise in_file(path, refusal("npz", f"{corpus} is not a dict of samples", "give the answers as a csv"))
    return {name: _plain(value) for name, value in held.items()}


def _plain(value: Any) -> Any:
    """A value with numbers of NumPy as numbers."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, _Call) and value.name.endswith(" scalar") and isinstance(value.arguments[1], bytes):
        kind = str(value.arguments[0].arguments[0])
        if kind in _NUMBERS:
            return np.frombuffer(value.arguments[1], np.dtype(kind).newbyteorder("<"))[0].item()
    return value


def _followed(content: bytes) -> Any:
    """What the stream describes; calls are kept as `_Call`s and never made. Raises `ValueError` for other streams."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    argument: Any
    for opcode, argument, _ in pickletools.genops(content):
        name = opcode.name
        if name in _VALUES:
            stack.append(argument)
        elif name in _SIMPLE:
            stack.append(_SIMPLE[name]())
        elif name in _TUPLES or name == "TUPLE":
            count = _TUPLES.get(name)
            items = [stack.pop() for _ in range(count)][::-1] if count else _since_mark(stack)
            stack.append(tuple(items))
        elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            memo[len(memo) if argument is None else argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name in ("SETITEM", "SETITEMS"):
            items = _since_mark(stack) if name == "SETITEMS" else [stack.pop() for _ in range(2)][::-1]
            stack[-1].update(zip(items[::2], items[1::2], strict=True))
        elif name in ("APPEND", "APPENDS"):
            items = _since_mark(stack) if name == "APPENDS" else [stack.pop()]
            stack[-1].extend(items)
        elif name == "GLOBAL":
            stack.append(_Call(argument))
        elif name == "STACK_GLOBAL":
            last, module = stack.pop(), stack.pop()
            stack.append(_Call(f"{module} {last}"))
        elif name == "REDUCE":
            arguments, called = stack.pop(), stack.pop()
            stack.append(_Call(called.name, arguments))
        elif name == "BUILD":
            state = stack.pop()
            stack[-1].state = state
        elif name == "STOP":
            return stack.pop()
        elif name not in ("PROTO", "FRAME"):
            raise ValueError(f"it holds the instruction {name}")
    raise ValueError("it ends too early")


def _since_mark(stack: list[Any]) -> list[Any]:
    items = []
    while (item := stack.pop()) is not MARK:
        items.append(item)
    return items[::-1]
