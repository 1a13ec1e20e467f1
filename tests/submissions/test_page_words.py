"""What the page shows of a file: its warnings in a calm place of their own, before it is sent and on the receipt."""

from functools import partial
from typing import Any

import pytest

from emer_space.files.tables import Column
from emer_space.page.words import load_words
from leaderboard.tracks.vocabularies import open_wheels
from submissions.checks.validation import check
from submissions.page import render
from submissions.tracks import TrackRules

RULES = TrackRules("mine", "Mine", "", (Column("openset", "labels"),), knows=open_wheels().knows)
found = partial(check, name="P.csv", rules=RULES)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_warnings_stand_beside_what_was_understood(language: str) -> None:
    words = load_words(language)
    plain = render.checked(found(b"name,openset\na,happy\nb,sad\n"), words)
    assert "emer-warnings" not in plain and words("submit.checked", rows=2) in plain
    warned = render.checked(found(b'name,openset\na,"happy; sad"\nb,"calm; <i>x</i>"\n'), words)
    assert words("submit.checked", rows=2) in warned and "emer-error" not in warned
    assert "emer-good" in plain and "emer-good" not in warned, "all is not said to be well"
    assert words("submit.warnings", count=2) in warned and 'lang="en">openset, from row 2: ' in warned
    assert "happy, sad" in warned, "the preview has what was understood"
    assert "<i>" not in warned


def test_a_receipt_repeats_them_and_an_older_server_has_none() -> None:
    words = load_words("en")
    told: dict[str, Any] = {"id": "x", "again": False}
    assert "emer-warnings" not in render.receipt(told, words)
    warnings = found(b'name,openset\na,"happy; sad"\n').to_dict()["warnings"]
    assert "emer-warnings" in render.receipt({**told, "warnings": warnings}, words)
