"""The first rows of a file as they were read, for its sender to see before it is sent."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from emer_space.files.spellings import Knows
from emer_space.files.tables import Column, Table
from submissions.checks.unlikely_answers import LONGEST_KNOWN
from submissions.tracks import TrackRules

MOST_ROWS = 10
MOST_LABELS = 12
"""The most labels of a cell that are shown."""
MOST_CHARACTERS = 160
"""The most characters of a text that are shown; of a label, as many as the longest word that is looked up."""


def preview(table: Table, rules: TrackRules) -> list[dict[str, Any]]:
    """The first rows as JSON: id, and for every column that the file has its text or its labels.

    A label is `known` if it is in the track's vocabulary; None if the track has none, or it is not installed. `more`
    counts the labels that are left out.
    """
    columns = [column for column in rules.columns if column.name in table.present]
    return [
        {
            "row": table.rows[sample],
            "id": "/".join(sample),
            "cells": [_cell(column, values.get(column.name), rules.knows) for column in columns],
        }
        for sample, values in islice(table.samples.items(), MOST_ROWS)
    ]


def _cell(column: Column, value: Any, knows: Knows | None) -> dict[str, Any]:
    if column.kind != "labels":
        return {"column": column.name, "text": _cut(str(value or ""), MOST_CHARACTERS), "labels": [], "more": 0}
    labels = value or ()
    shown = list(_labels(labels[:MOST_LABELS], knows))
    return {"column": column.name, "text": "", "labels": shown, "more": len(labels) - len(shown)}


def _labels(labels: tuple[str, ...], knows: Knows | None) -> Iterator[dict[str, Any]]:
    for label in labels:
        known = None if knows is None else len(label) <= LONGEST_KNOWN and knows(label.lower())
        yield {"label": _cut(label, LONGEST_KNOWN), "known": known}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
