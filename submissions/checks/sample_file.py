"""A sample prediction file, made from the rules of a track."""

import csv
import io

from submissions.tracks import TrackRules

NO_LABELS = "[]"


def sample_csv(rules: TrackRules) -> str:
    """A CSV with a header, the example's row, and an empty answer for every other sample that a file must contain."""
    columns = [*rules.key, *(column for column in rules.columns if column.required or column.name in rules.example)]
    names = [column.name for column in columns]
    key = [column.name for column in rules.key]
    blank = {column.name: NO_LABELS if column.kind == "labels" else "" for column in columns}
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    first = {**blank, **{name: text for name, text in rules.example.items() if name in names}}
    ids = sorted(rules.manifest or ())
    if not ids:
        writer.writerow(first)
    for number, sample in enumerate(ids):
        writer.writerow({**(blank if number else first), **dict(zip(key, sample, strict=True))})
    return out.getvalue()
