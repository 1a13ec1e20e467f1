"""What the page tells of a language model: who wrote, how much rested on clues, and where a clip's contents go."""

from dataclasses import replace
from pathlib import Path

from clip_making import H264, make, pattern

from emer_space.cancellation import CancelToken
from emer_space.page import render
from emer_space.page.words import load_words
from emer_space.pipeline import Finished, Request, analyze
from emer_space.profiles import load_profile
from emer_space.settings import Settings

WORDS = load_words()


def test_the_notice_names_who_gets_what_before_anything_is_uploaded() -> None:
    alone, sent = render.notice(WORDS, {}), render.notice(WORDS, {"chat": "models.example", "vision": "<b>"})
    assert "this machine only" in alone and "models.example" not in alone
    assert "this machine only" not in sent and "models.example" in sent and "pictures" in sent and "&lt;b&gt;" in sent


def test_an_explanation_by_a_model_says_so_with_its_share_and_its_translation(tmp_path: Path) -> None:
    clip = make(tmp_path / "film.mp4", *pattern(1), *H264)
    request = Request("I am so angry at you!", ("text",))
    *_, last = analyze(clip, request, load_profile(), Settings(), CancelToken(), tmp_path / "work")
    assert isinstance(last, Finished)
    assert "language model" not in render.explanation(last.analysis, WORDS)
    told = replace(last.analysis.explanation, composer="chat/1 big<1>", grounded=0.75, translation="So <angry>.")
    page = render.explanation(replace(last.analysis, explanation=told), WORDS)
    assert "big&lt;1&gt;" in page and "75" in page and "So &lt;angry&gt;." in page
