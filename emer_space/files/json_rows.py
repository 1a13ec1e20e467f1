"""Reads rows from JSON and JSON lines; numbers keep their spelling."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from emer_space.files.decoding import LOOKED_AT, decoded
from emer_space.files.problems import Findings, Limits, Problem, refusal, shown
from emer_space.files.rows import COLUMNS, Cell, Row, too_many_rows


def json_line_rows(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    """The rows of JSON lines: one object a line, with columns or as `{id: answer}`. Raises `SubmissionError`."""
    _check_values(content, limits)
    text = decoded(content, findings)
    first = text.lstrip()[:LOOKED_AT].partition("\n")[0].rstrip()
    whole = _json(text) if first.startswith("[") or first.endswith(("{", ",")) else None
    if isinstance(whole, list | dict):
        findings.warnings.append(_other_json("one value over all its lines", ".json"))
        yield from _json_value(whole, limits, findings)
    else:
        yield from _lines_of_json(text, limits, findings)


def _lines_of_json(text: str, limits: Limits, findings: Findings) -> Iterator[Row]:
    if text.count("\n") > limits.rows:
        raise too_many_rows(limits)
    keyed = _are_keyed(text)
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            value = _json(line)
            if isinstance(value, _Wrong):
                findings.add(value.problem(number))
                continue
            lone = None
            if keyed and isinstance(value, dict) and len(value) == 1:
                value, lone = _entry(*next(iter(value.items())))
            yield from _json_row(value, number, limits, findings, lone)


def _are_keyed(text: str) -> bool:
    """Whether lines are `{id: answer}`: objects with one key, all keys different and not the name of a column."""
    first = [_json(line) for line in islice(filter(str.strip, text.split("\n")), 2)]
    keys = [next(iter(value)) for value in first if isinstance(value, dict) and len(value) == 1]
    return bool(keys) and len(set(keys)) == len(first) and not any(map(_is_column, keys))


def json_rows(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    """The rows of a JSON file: a list of objects, or an object with a key for each sample. Raises `SubmissionError`."""
    _check_values(content, limits)
    text = decoded(content, findings)
    values = _json(text)
    if not isinstance(values, _Wrong):
        yield from _json_value(values, limits, findings)
    elif isinstance(_json(text.lstrip().partition("\n")[0]), dict):
        findings.warnings.append(_other_json("one object a line", ".jsonl"))
        yield from _lines_of_json(text, limits, findings)
    else:
        findings.add(values.problem(None))


def _other_json(what: str, suffix: str) -> Problem:
    return Problem("json", f"The file holds {what}, and was read that way", f"rename it to end in {suffix}")


def _json_value(values: Any, limits: Limits, findings: Findings) -> Iterator[Row]:
    """The rows of a list of objects, or of one object that has a key for each sample."""
    if isinstance(values, list | dict) and len(values) > limits.rows:
        raise too_many_rows(limits)
    if isinstance(values, dict):
        _check_keys(values)
        if all(isinstance(value, dict) and _is_column(key) for key, value in values.items()):
            message = "The file holds an object for each column, and was read that way"
            findings.warnings.append(Problem("json", message, _A_LIST))
            values = _turned(values)
            if len(values) > limits.rows:
                raise too_many_rows(limits)
        entries = [_entry(sample, value) for sample, value in values.items()]
    elif isinstance(values, list):
        entries = [(value, None) for value in values]
    else:
        raise refusal("json", "The file does not hold a list", _A_LIST)
    for number, (value, lone) in enumerate(entries, 1):
        yield from _json_row(value, number, limits, findings, lone)


_A_LIST = 'write a list of objects, one a sample: [{"name": …, …}, …]'


def _check_keys(values: Mapping[str, Any]) -> None:
    """Refuse an object whose keys are not ids."""
    for key in values:
        if key.strip().lower() in ("name", "names", "filenames", "id"):
            remedy = f"{_A_LIST}; with pandas: table.to_json(path, orient='records')"
            raise refusal("json", "The file holds one object with a key for each column, not a list", remedy)
    lists = [
        key for key, value in values.items() if isinstance(value, list) and any(isinstance(v, dict) for v in value)
    ]
    if len(lists) == 1:
        message = f"The file holds an object with its list under {shown(lists[0])}"
        raise refusal("json", message, "write only that list")


def _is_column(key: str) -> bool:
    return key.strip().lower() in COLUMNS


def _turned(values: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """`{column: {id: answer}}` → `{id: {column: answer}}`."""
    rows: dict[str, dict[str, Any]] = {}
    for column, answers in values.items():
        for sample, answer in answers.items():
            rows.setdefault(sample, {})[column] = answer
    return rows


def _entry(sample: str, value: Any) -> tuple[Any, Any]:
    """The row and the lone answer of an entry: (row, None) for `{id: {column: …}}`, (id, answer) for `{id: answer}`."""
    if isinstance(value, dict):
        return {"name": sample, **value}, None
    return {"name": sample}, value


def _check_values(content: bytes, limits: Limits) -> None:
    """Refuse a file with too many values before any is made; commas in texts also count, which does no harm."""
    if content.count(b",") > limits.values:
        raise refusal("values", f"There are more than {limits.values:,} values", "send fewer rows")


class _RepeatedKey(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _RepeatedKey
    return value


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Why a text is not usable JSON."""

    message: str
    line: int | None = None
    hint: str = ""

    def problem(self, row: int | None) -> Problem:
        """The problem; `row` is the line number in JSON lines, None for a file with one value."""
        hint = self.hint or ("write one object a line" if row else "write a list with one object for each sample")
        return Problem("json", self.message, hint, row or self.line)


def _json(text: str) -> Any:
    """The value of a JSON text, numbers as spelt, or `_Wrong`."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_object)
    except _RepeatedKey:
        return _Wrong("An object has the same key twice", hint="keep one of them")
    except json.JSONDecodeError as problem:
        return _Wrong("This is not valid JSON", problem.lineno)
    except (ValueError, RecursionError):
        return _Wrong("This JSON is nested too deeply", hint="write one flat object for each sample")


def _json_row(value: Any, number: int, limits: Limits, findings: Findings, lone: Any = None) -> Iterator[Row]:
    if not isinstance(value, dict):
        findings.add(Problem("json", "Not an object", "write {…} with a name and its columns", number))
        return
    if len(value) > limits.columns:
        findings.add(Problem("columns", f"More than {limits.columns} columns", "keep only the required ones", number))
        return
    if lone is not None and _cell(lone) is None:
        findings.add(Problem("json", "Neither a text nor a list of texts", "write one or the other", number))
        return
    cells = {column: cell for column, content in value.items() if (cell := _cell(content)) is not None}
    odd = frozenset(column for column in value if value[column] is not None) - cells.keys()
    yield Row(number, cells, odd, _cell(lone))


def _cell(content: Any) -> Cell | None:
    """A text or a list of texts; numbers and booleans become texts. None for null and every other shape."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return tuple(content) if all(isinstance(item, str) for item in content) else None
    return None if content is None or isinstance(content, dict) else json.dumps(content)
