"""What the page shows of a file: its warnings in a calm place of their own, before it is sent and on the receipt."""

import html
import re
from functools import partial
from typing import Any

import pytest

from emer_space.files.tables import Column
from emer_space.page.render import message
from emer_space.page.words import load_words
from leaderboard.tracks.vocabularies import open_wheels
from submissions.checks.validation import check
from submissions.page import render
from submissions.tracks import TrackRules

RULES = TrackRules("mine", "Mine", "", (Column("openset", "labels"),), knows=open_wheels().knows)
read = partial(check, name="P.csv", rules=RULES)
HOSTILE = "</script><img src=x onerror=alert(1)>\"' & {{ 7 * 7 }}"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_warnings_stand_beside_what_was_understood(language: str) -> None:
    words = load_words(language)
    plain = render.checked(read(b"name,openset\na,happy\nb,sad\n"), words)
    assert "emer-warnings" not in plain and words("submit.checked", rows=2) in plain
    warned = render.checked(read(b'name,openset\na,"happy; sad"\nb,"calm; <i>x</i>"\n'), words)
    assert words("submit.checked", rows=2) in warned and "emer-error" not in warned
    assert "emer-good" in plain and "emer-good" not in warned, "all is not said to be well"
    assert words("submit.warnings", count=2) in warned and 'lang="en">openset, from row 2: ' in warned
    assert "<li>happy</li><li>sad</li>" in warned, "the preview has what was understood"
    assert "<i>" not in warned
    assert words("submit.unknown_help") in warned and words("submit.unknown_help") not in plain
    assert f'<li class="emer-unknown" title="{words("submit.unknown")}">' in warned and "&lt;i&gt;" in warned


def test_a_receipt_repeats_them_and_an_older_server_has_none() -> None:
    words = load_words("en")
    answer: dict[str, Any] = {"id": "x", "again": False}
    assert "emer-warnings" not in render.receipt(answer, words)
    warnings = read(b'name,openset\na,"happy; sad"\n').to_dict()["warnings"]
    assert "emer-warnings" in render.receipt({**answer, "warnings": warnings}, words)


def test_what_strangers_write_is_no_markup() -> None:
    words = load_words("en")
    problem = {"row": 1, "column": HOSTILE, "message": HOSTILE, "hint": HOSTILE}
    track = dict.fromkeys(("title", "task", "primary", "why_not", "notice", "opens", "closes"), HOSTILE)
    track |= dict.fromkeys(("inputs_note", "cite"), HOSTILE) | {"inputs": f"https://x/{HOSTILE}", "private": True}
    track |= {"columns": [{"name": HOSTILE, "required": False}], "samples": 4, "answers": "public", "quota": None}
    track |= {"smallest_difference": 0.1, "zh": dict.fromkeys(("title", "task"), HOSTILE)}
    track |= {"scored": 3, "skipped": 1, "lacks": [{"what": "wheels", "mend": HOSTILE}]}
    texts = {"en": HOSTILE}
    example = {"references": {"a": HOSTILE}, "predictions": {"a": [HOSTILE]}, "scores": [{"title": texts, "value": 1}]}
    metric = {"name": HOSTILE, "explained": texts, "unscored": texts, "example": example, "vocabulary": "open"}
    track |= {"primary_title": texts, "metrics": [metric, metric]}
    statement = dict.fromkeys(("id", "track", "name", "incident", "reason"), HOSTILE)
    statement |= {"withdrawn": False, "hidden": False, "disqualified": False, "state": "scored", "counts": True}
    statement |= {"received": "2026-11-26T12:00:00+00:00", "rows": 4, "problems": [problem]}
    unscored = {"primary": {"name": HOSTILE, "value": None, "note": HOSTILE}, "primary_title": texts}
    statement |= {"scores": {"public": unscored}}
    pages = [
        render.problems({"problems": [problem], "more": 3, "warnings": [problem]}, words),
        render.checked(read(b"name,openset\n" + HOSTILE.replace('"', "").encode() + b",happy\n"), words),
        render.receipt({"id": HOSTILE, "again": True, "warnings": [problem]}, words),
        render.track_card(track, words),
        render.track_card(track, load_words("zh")),
        render.own([statement], words),
        render.track_card({**track, "lacks": []}, words),
        message(HOSTILE, HOSTILE, "error"),
    ]
    for page in pages:
        assert "<img" not in page and "</script" not in page and 'onerror=alert(1)>"' not in page
        assert "{{ 7 * 7 }}" in page and " 49" not in page
    assert page_state(pages[5]) == ("scored", HOSTILE)
    statement["scores"] = {"public": {"primary": {"name": "hit", "value": 0.5, "interval": None}}}
    assert "<b>0.5000</b>" in render.own([statement], words), "a stored score without an interval hides no other"


def page_state(page: str) -> tuple[str, str]:
    """The attributes that the page's tests and screens find a submission by."""
    found = re.search('data-id="(.*?)" data-state="(.*?)"', page)
    assert found
    return found[2], html.unescape(found[1])
