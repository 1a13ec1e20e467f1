"""Results that a browser sends back: its own come back whole, anything else ends in a sentence or harmless text."""

import copy
import json
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
import starlette.requests
from hypothesis import given, settings
from hypothesis import strategies as st
from test_figures import HOSTILE, Balance, analysis, whole_page

from emer_space.analysis import Analysis
from emer_space.errors import InputError
from emer_space.messages import in_language
from emer_space.page import render
from emer_space.page.history import GONE, History
from emer_space.page.kept import Kept, Loan
from emer_space.page.languages import Languages
from emer_space.page.returned import returned
from emer_space.page.turns import Lines
from emer_space.page.words import load_words
from emer_space.rewording import reworded

WORDS = load_words()
PLAIN = json.loads(json.dumps(analysis().to_dict()))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in inner for place in places(part, (*path, key)))]


def changed(path: tuple[Any, ...], value: Any) -> Any:
    """The plain analysis with something else in one place."""
    data: Any = copy.deepcopy(PLAIN)
    if not path:
        return value
    part = data
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return data


def test_a_result_comes_back_as_it_was() -> None:
    assert returned(PLAIN, "en") == analysis()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((), None),
        ((), []),
        ((), "emer-analysis/1"),
        (("schema",), "emer-analysis/2"),
        (("clip", "duration_s"), 1e9),
        (("clip", "duration_s"), "10"),
        (("clip",), {}),
        (("clues", 0, "start"), -1.0),
        (("clues", 0, "end"), float("nan")),
        (("clues", 0, "id"), 'v1" onclick="x'),
        (("clues", 0, "modality"), "smell"),
        (("labels", 0, "confidence"), float("inf")),
        (("labels", 0, "clues"), ["v1 v2"]),
        (("series", 0, "t"), [0.0]),
        (("explanation", "agreement"), "<b>"),
        (("language",), "xx"),
        (("subtitle", "text"), "x" * 30_000),
        (("subtitle", "text"), "\ud800"),
        (("clues",), [PLAIN["clues"][0]] * 2_000),
        (("provenance", "settings"), {"x": "y" * 950_000}),
        (("profile", "models"), {"face": ["deep"] * 3}),
        (("series", 0), {**PLAIN["series"][0], **dict.fromkeys(("t", "valence", "arousal"), [0.0] * 20_001)}),
    ],
)
def test_anything_else_ends_in_one_sentence(path: tuple[Any, ...], value: Any) -> None:
    with pytest.raises(InputError) as refusal:
        returned(changed(path, value), "en")
    assert in_language(str(refusal.value), "zh"), "the page can say it in Chinese too"


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=20),
    st.just(HOSTILE),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@settings(max_examples=60)
@given(st.sampled_from(places(PLAIN)), JUNK)
def test_what_is_read_can_be_shown_and_is_never_markup(path: tuple[Any, ...], value: Any) -> None:
    try:
        read = returned(changed(path, value), "en")
    except InputError:
        return
    page = Balance(whole_page(read) + render.comparison(read, analysis(), WORDS))
    assert "img" not in {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]


def test_a_result_with_unknown_cues_is_shown_in_its_own_language_alone() -> None:
    with pytest.raises(InputError, match="another version"):
        returned(PLAIN, "zh")


def test_a_notice_made_to_match_in_many_ways_holds_nobody_up() -> None:
    """Matched by going back and forth, one of these took minutes, and the whole app stood still."""
    notice = "The model for " + " (" * 4_000 + ") is missing; " * 800
    nested = "The model for x (" * 1_000 + ") is missing; " * 100
    rows = [{"code": "model", "message": text[:19_999]} for text in (notice, nested) * 10]
    data = changed(("warnings",), rows)
    data["clues"], data["series"], data["labels"], data["explanation"]["sentences"] = [], [], [], []
    read = returned(data, "zh")
    assert reworded(read, "zh").warnings[0].message
    assert render.answer(read, WORDS) and render.details(reworded(read, "zh"), WORDS)


def test_a_real_result_can_be_read_in_the_other_language() -> None:
    data = changed(("clues",), [])
    data["series"], data["labels"], data["explanation"]["sentences"] = [], [], []
    assert reworded(returned(data, "zh"), "zh").language == "zh"


def test_two_results_share_one_axis_and_name_their_common_words() -> None:
    short = Analysis.from_dict(changed(("clip", "duration_s"), 5.0))
    page = Balance(render.comparison(short, analysis(), WORDS))
    ends = [attrs["style"] for attrs in page.of_class("emer-side")]
    assert ends == ["--end:50.00%", "--end:100.00%"]
    axes = [attrs["data-duration"] for attrs in page.of_class("emer-lanes")]
    assert axes == ["10", "10"]
    bars = [attrs["style"] for attrs in page.of_class("emer-bar")]
    assert bars[0] == bars[len(bars) // 2], "the same clue at the same place"
    assert f"{WORDS('compare.common')} happy" in " ".join(page.text.split())
    assert "data-clue" not in {name for _, attrs in page.tags for name in attrs}


def test_a_browser_may_remember_its_own_results_and_not_those_of_a_link(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    own, lent = kept.open(analysis(), "me"), kept.open(analysis(), "me", Loan("key", "2099-01-01T00:00:00Z"))
    with gr.Blocks(analytics_enabled=False):
        history = History(Languages(), Lines(), kept)
    request = gr.Request(starlette.requests.Request({"type": "http", "headers": [], "client": ("127.0.0.1", 1)}))

    def given_for(key: object) -> tuple[str, str]:
        text, told = history._give(gr.EventData(None, {"key": key}), request)
        return text, told

    assert Analysis.from_dict(json.loads(given_for(own)[0])) == analysis()
    assert given_for(lent) == ("", "")
    for key in ("nobody-has-this", None, [own], {}):
        assert given_for(key)[0] == "" and GONE in given_for(key)[1]
