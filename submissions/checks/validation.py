"""A prediction file × the rules of a track → what was understood, or every problem with its place and remedy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from emer_space.files.formats import rows_of
from emer_space.files.problems import MISSING_ID, Limits, Problem, SubmissionError, shown
from emer_space.files.spellings import Knows
from emer_space.files.tables import Column, Id, Table, table_of, typed
from submissions.checks.ids import likely_reason
from submissions.checks.unlikely_answers import unlikely_answers
from submissions.tracks import TrackRules


@dataclass(frozen=True, slots=True)
class Check:
    """`table` is None where the file has problems, which `error` then tells; `rows` are those that could be read.

    `warnings` do not block a file: what was not read to the letter, and what is likely not meant.
    """

    rows: int
    table: Table | None = None
    error: SubmissionError | None = None
    warnings: tuple[Problem, ...] = ()

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
            "warnings": [warning.to_dict() for warning in self.warnings],
        }


def check(content: bytes, name: str, rules: TrackRules, limits: Limits | None = None) -> Check:
    """Check a whole file at once: its format, its columns, its ids. Nothing is stored and nothing raised."""
    count = 0
    warnings: list[Problem] = []
    try:
        rows = rows_of(content, name, limits=limits, warnings=warnings)
        count = len(rows)
        table, findings = typed(rows, rules.columns, rules.key, rules.knows, limits)
        warnings += table.warnings
        if table.samples:
            findings.add(*_unanswered(table, rules), *_strangers(table, rules), *_missing(table, rules))
        findings.check()
    except SubmissionError as error:
        error.rows, error.warnings = count, tuple(warnings)
        return refused(error)
    return Check(count, table, warnings=(*warnings, *unlikely_answers(table, rules.columns, rules.knows)))


def refused(error: SubmissionError) -> Check:
    """The answer for a file that has problems, with what else was told of it."""
    return Check(error.rows, error=error, warnings=error.warnings)


def read_predictions(
    content: bytes, name: str, columns: Sequence[Column], key: Sequence[Column], knows: Knows | None = None
) -> Table:
    """The samples of a file as `check` reads them, whatever their ids are. Raises `SubmissionError`."""
    warnings: list[Problem] = []
    table = table_of(rows_of(content, name, warnings=warnings), columns, key, knows)
    return replace(table, warnings=(*warnings, *table.warnings))


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
    strangers = table.samples.keys() - rules.manifest
    reason = likely_reason(rules.manifest, table.samples.keys())[0] if strangers else ""
    likely = f" (likely {reason})" if reason else ""
    remedy = f"correct the id{likely}, or leave the row out"
    for sample in strangers:
        message = f"{_told(sample)} is no sample of this track"
        yield Problem("unknown-id", message, remedy, table.rows[sample], _key(rules))


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
