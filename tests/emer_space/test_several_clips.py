"""The table of several clips as a csv."""

import csv
import io
from pathlib import Path

from emer_space.page import render
from emer_space.page.examples import read_examples
from emer_space.page.several import COLUMNS, Row, as_csv
from emer_space.page.words import load_words
from emer_space.rewording import reworded

READING = next(
    example.analysis("en")
    for example in read_examples(Path(__file__).parents[2] / "examples")
    if example.name == "bitter_words"
)
ROWS = (
    Row("=cmd|' /C calc'!A0.mp4", "done", "key", READING),
    Row("＠b.mp4", "problem", problem="+1 is <b>no</b> clip", language="en"),
    Row("c.mp4", "stopped"),
)


def test_a_stranger_s_names_are_no_formulas_and_every_clip_has_its_row() -> None:
    words = load_words("zh")
    header, *rows = csv.reader(io.StringIO(as_csv(ROWS, words).decode("utf-8-sig"), newline=""))
    assert header == [words(f"several.{column}") for column in COLUMNS]
    assert [row[0][0] for row in rows] == ["'", "'", "c"] and all(len(row) == len(header) for row in rows)
    told = reworded(READING, "zh").explanation
    assert rows[0][1:5] == [told.headline, "失望 0.29", words("agreement_short.conflicting"), told.text], (
        "in one language"
    )
    assert rows[1][5].startswith("'+1") and rows[2][5] == words("several.stopped")


def test_a_stranger_s_texts_are_no_markup_in_the_table() -> None:
    shown = render.several(ROWS, 3, load_words())
    assert "<b>no" not in shown and 'data-key-of="key"' in shown and "3 of 3" in shown
