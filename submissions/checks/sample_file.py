"""A sample prediction file, made from the rules of a track."""

import csv
import io

from emer_space.files.tables import Column
from submissions.tracks import TrackRules

NO_LABELS = "[]"


def sample_csv(rules: TrackRules) -> str:
    """A CSV that can be sent as it is: the example's cells for every sample that a file must contain.

    Where the samples are not known, it has the example's row alone.
    """
    columns = [*rules.key, *(column for column in rules.columns if column.required or column.name in rules.example)]
    names = [column.name for column in columns]
    key = [column.name for column in rules.key]
    row = {column.name: rules.example.get(column.name) or _blank(column) for column in columns}
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    ids = sorted(rules.manifest or ()) or [tuple(row[name] for name in key)]
    writer.writerows({**row, **dict(zip(key, sample, strict=True))} for sample in ids)
    return out.getvalue()


def _blank(column: Column) -> str:
    """A cell that is accepted where the example has none."""
    if column.kind == "labels":
        return NO_LABELS
    if column.kind == "polarity":
        return "neutral"
    return column.choices[0] if column.choices else ""
