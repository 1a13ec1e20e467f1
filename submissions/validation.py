"""A prediction file × the rules of a track → what was understood, or every problem with its place and remedy."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from submissions.formats import rows_of
from submissions.problems import MISSING_ID, Limits, Problem, SubmissionError, shown
from submissions.tables import Id, Table, typed
from submissions.tracks import TrackRules


@dataclass(frozen=True, slots=True)
class Check:
    """`table` is None where the file has problems, which `error` then tells; `rows` are those that could be read."""

    rows: int
    table: Table | None = None
    error: SubmissionError | None = None

    @property
    def ok(self) -> bool:
        return self.error is None

    def to_dict(self) -> dict[str, Any]:
        problems = self.error.problems if self.error else ()
        return {
            "ok": self.ok,
            "rows": self.rows,
            "problems": [problem.to_dict() for problem in problems],
            "more": self.error.more if self.error else 0,
        }


def check(content: bytes, name: str, rules: TrackRules, limits: Limits | None = None) -> Check:
    """Check a whole file at once: its format, its columns, its ids. Nothing is stored and nothing raised."""
    count = 0
    try:
        rows = rows_of(content, name, limits=limits)
        count = len(rows)
        table, findings = typed(rows, rules.columns, rules.key)
        if table.samples:
            findings.add(*_unanswered(table, rules), *_strangers(table, rules), *_missing(table, rules))
        findings.check()
    except SubmissionError as error:
        return Check(count, error=error)
    return Check(count, table)


def _unanswered(table: Table, rules: TrackRules) -> Iterator[Problem]:
    """Columns that a part of the file needs and that the file does not have."""
    held = {sample[0] for sample in table.samples}
    for part, columns in rules.needed.items():
        if part in held and not table.present.intersection(columns):
            message = f"The part {part} needs the column, and the file does not have it"
            yield Problem("missing", message, f"add {' or '.join(columns)}", column=columns[0])


def _strangers(table: Table, rules: TrackRules) -> Iterator[Problem]:
    if rules.manifest is None:
        return
    for sample in table.samples.keys() - rules.manifest:
        message = f"{_told(sample)} is no sample of this track"
        yield Problem("unknown-id", message, "correct the id, or leave the row out", table.rows[sample], _key(rules))


def _missing(table: Table, rules: TrackRules) -> Iterator[Problem]:
    """Of a track with parts, only those that the file holds must be whole."""
    if rules.manifest is None:
        return
    parts = {sample[0] for sample in table.samples} if rules.parts else None
    for sample in sorted(rules.manifest - table.samples.keys()):
        if parts is None or sample[0] in parts:
            message = f"The sample {_told(sample)} is not in the file"
            yield Problem(
                MISSING_ID, message, "add a row for it, with [] or an empty cell for no answer", column=_key(rules)
            )


def _told(sample: Id) -> str:
    return shown("/".join(sample))


def _key(rules: TrackRules) -> str:
    return rules.key[-1].name
