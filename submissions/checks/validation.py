"""Checks a prediction file by the rules of a track; every problem has a place and a remedy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from emer_space.files.formats import rows_of
from emer_space.files.problems import MISSING_ID, Limits, Problem, SubmissionError, shown
from emer_space.files.spellings import Knows
from emer_space.files.tables import Column, Id, Table, table_of, typed
from submissions.checks.ids import likely_reason
from submissions.checks.preview import preview
from submissions.checks.unlikely_answers import unlikely_answers
from submissions.tracks import TrackRules


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of a check. `rows` counts the rows that were read.

    If the file has problems, `table` is None and `error` holds them. `warnings` (unusual spellings, unlikely answers)
    do not block a file. `preview` are the first rows as they were read.
    """

    rows: int
    table: Table | None = None
    error: SubmissionError | None = None
    warnings: tuple[Problem, ...] = ()
    preview: Sequence[Mapping[str, Any]] = ()

    @property
    def ok(self) -> bool:
        """Whether the file has no problems."""
        return self.error is None

    def to_dict(self, preview: bool = False) -> dict[str, Any]:
        """The outcome as JSON, without the table; with the `preview` if it is asked for."""
        problems = self.error.problems if self.error else ()
        return {
            "ok": self.ok,
            "rows": self.rows,
            "problems": [problem.to_dict() for problem in problems],
            "more": self.error.more if self.error else 0,
            "warnings": [warning.to_dict() for warning in self.warnings],
            **({"preview": list(self.preview)} if preview else {}),
        }


def check(content: bytes, name: str, rules: TrackRules, limits: Limits | None = None) -> Check:
    """Check a whole file: its format, its columns, its ids. Nothing is stored, and nothing is raised."""
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
    warnings += unlikely_answers(table, rules.columns, rules.knows)
    return Check(count, table, warnings=tuple(warnings), preview=preview(table, rules))


def refused(error: SubmissionError) -> Check:
    """The outcome for a file that has problems, with its warnings."""
    return Check(error.rows, error=error, warnings=error.warnings)


def read_predictions(
    content: bytes, name: str, columns: Sequence[Column], key: Sequence[Column], knows: Knows | None = None
) -> Table:
    """The samples of a file as `check` reads them, but with any ids. Raises `SubmissionError`."""
    warnings: list[Problem] = []
    table = table_of(rows_of(content, name, warnings=warnings), columns, key, knows)
    return replace(table, warnings=(*warnings, *table.warnings))


def _unanswered(table: Table, rules: TrackRules) -> Iterator[Problem]:
    """Problems for the columns that a part in the file needs and the file lacks."""
    held = {sample[0] for sample in table.samples}
    for part, columns in rules.needed.items():
        if part in held and not table.present.intersection(columns):
            message = f"The part {part} needs this column, and the file does not have it"
            yield Problem("missing", message, f"add {' or '.join(columns)}", column=columns[0])


def _strangers(table: Table, rules: TrackRules) -> Iterator[Problem]:
    if rules.manifest is None:
        return
    strangers = table.samples.keys() - rules.manifest
    reason = likely_reason(rules.manifest, table.samples.keys())[0] if strangers else ""
    likely = f" (likely {reason})" if reason else ""
    remedy = f"correct the id{likely}, or leave the row out"
    for sample in strangers:
        message = f"{_shown(sample)} is not a sample of this track"
        yield Problem("unknown-id", message, remedy, table.rows[sample], _key(rules))


def _missing(table: Table, rules: TrackRules) -> Iterator[Problem]:
    """Problems for the missing samples. In a track with parts, only the parts in the file must be complete."""
    if rules.manifest is None:
        return
    parts = {sample[0] for sample in table.samples} if rules.parts else None
    for sample in sorted(rules.manifest - table.samples.keys()):
        if parts is None or sample[0] in parts:
            message = f"The sample {_shown(sample)} is not in the file"
            yield Problem(
                MISSING_ID, message, "add a row for it, with [] or an empty cell for no answer", column=_key(rules)
            )


def _shown(sample: Id) -> str:
    return shown("/".join(sample))


def _key(rules: TrackRules) -> str:
    return rules.key[-1].name
