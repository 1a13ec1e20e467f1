"""Figures and texts of a result: what is drawn is where the data says, and nothing of a stranger's text is markup."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from jinja2 import UndefinedError

from emer_space.analysis import (
    Analysis,
    ClipFacts,
    Clue,
    Explanation,
    Label,
    Notice,
    Person,
    ProfileFacts,
    Provenance,
    Segment,
    Sentence,
    Series,
    Subtitle,
)
from emer_space.errors import RuleError
from emer_space.page import render
from emer_space.page.figures.timeline import CHARACTER_WIDTH, cue_name, curve_path, pack, tick_step
from emer_space.page.figures.wheel import _apart
from emer_space.page.words import load_words
from emer_space.vocabulary import load_vocabulary

WORDS = load_words()
HOSTILE = "</script></title><img src=x onerror=alert(1)>\"' & {braces} {{ 7 * 7 }} {% raw %} {# no #} ${7}"
VOID = {"img", "br", "input", "meta", "link", "hr"}


def clue(identity: str, modality: str, start: float, end: float, **more: object) -> Clue:
    return Clue(identity, modality, "some-cue", f"Statement of {identity}.", start, end, 0.8, **more)  # type: ignore[arg-type]


def analysis(**changes: object) -> Analysis:
    clues = (
        clue("v1", "visual", 0.0, 5.0, person="p1", measurements={"peak_s": 1.25}),
        clue("a1", "acoustic", 2.5, 10.0),
        clue("t1", "textual", 1.0, 2.0),
        clue("t2", "textual", 0.0, 10.0, absent=True),
    )
    sentences = (Sentence("It was seen.", ("v1",)), Sentence("It was seen and heard.", ("v1", "a1")))
    whole = Analysis(
        id="20250101T000000Z-abcdefghij",
        created="2025-01-01T00:00:00Z",
        clip=ClipFacts("0" * 64, 10.0, 640, 480, 25.0, True, True),
        modalities=("video", "audio", "text"),
        profile=ProfileFacts("bundled", {"face": "some model"}),
        people=(Person("p1", "main", 0.0, 10.0), Person("p2", "other", 0.0, 10.0)),
        subtitle=Subtitle("Some words.", "recognised", "en", None, (Segment(1.0, 2.0, "Some words."),)),
        clues=clues,
        posteriors=(),
        series=(
            Series("visual", "p1", (0.0, 5.0, 10.0), (1.0, None, -1.0), (0.0, 0.0, 0.0)),
            Series("visual", "p2", (0.0, 10.0), (0.123, 0.123), (None, None)),
        ),
        explanation=Explanation("It was seen. It was seen and heard.", "en", sentences, "composer", "consistent"),
        labels=(Label("happy", 0.84, ("v1",), ("happy",)),),
        warnings=(Notice("some-code", "Some warning."),),
        timings={"total": 1.0},
        provenance=Provenance("emer-space", "0" * 64, "1", {}),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


class Balance(HTMLParser):
    """Fails on a tag that is not closed in order; collects tags and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for _, attrs in self.tags if name in (attrs.get("class") or "").split()]


def whole_page(data: Analysis) -> str:
    tree = load_vocabulary().primary
    return (
        render.answer(data, WORDS)
        + render.timeline(data, WORDS)
        + render.explanation(data, WORDS)
        + render.transcript(data, WORDS)
        + render.verdict(data, tree.tree, tree.title, WORDS)
        + render.details(data, WORDS)
    )


def test_bars_lie_where_the_clues_are_in_time() -> None:
    bars = {
        attrs["data-clue"]: attrs["style"] for attrs in Balance(render.timeline(analysis(), WORDS)).of_class("emer-bar")
    }
    assert bars == {
        "v1": "left:0.00%;width:50.00%",
        "a1": "left:25.00%;width:75.00%",
        "t1": "left:10.00%;width:10.00%",
    }


def test_an_absence_is_said_in_its_lane_and_is_no_bar() -> None:
    page = Balance(render.timeline(analysis(), WORDS))
    assert [attrs["data-clue"] for attrs in page.of_class("emer-absence")] == ["t2"]
    assert "Statement of t2." in page.text


def test_a_lane_that_was_not_asked_for_says_so() -> None:
    page = Balance(render.timeline(analysis(clues=(), series=(), modalities=("audio",)), WORDS))
    assert page.text.count(WORDS("timeline.unread")) == 2
    assert page.text.count(WORDS("timeline.nothing")) == 1


def test_names_in_a_row_never_overlap() -> None:
    crowd = [clue(f"v{number}", "visual", 0.3 * number, 0.3 * number + 0.2) for number in range(30)]
    width = lambda one: CHARACTER_WIDTH * len(cue_name(one))  # noqa: E731
    rows = pack(crowd, 10.0)
    assert sum(map(len, rows)) == 30
    for row in rows:
        spans = sorted(
            (10 * one.end - width(one), 10 * one.end)
            if leftwards
            else (10 * one.start, max(10 * one.end, 10 * one.start + width(one)))
            for one, leftwards in row
        )
        assert all(later[0] >= earlier[1] for earlier, later in pairwise(spans))


def test_a_name_at_the_end_runs_to_the_left() -> None:
    assert pack([clue("v1", "visual", 9.0, 10.0)], 10.0)[0][0][1] is True
    assert pack([clue("v1", "visual", 1.0, 2.0)], 10.0)[0][0][1] is False


def test_a_curve_breaks_where_nothing_is_known() -> None:
    assert curve_path((0.0, 5.0, 10.0), (1.0, 0.0, -1.0), 10.0) == "M0.00 4.0L50.00 50.0L100.00 96.0"
    assert curve_path((0.0, 5.0, 10.0), (1.0, None, float("nan")), 10.0) == "M0.00 4.0h0.6"
    assert curve_path((), (), 10.0) == ""


@pytest.mark.parametrize("duration", [0.2, 1.0, 3.4, 10.0, 59.0, 180.0, 3600.0])
def test_the_axis_has_a_handful_of_marks(duration: float) -> None:
    assert duration / tick_step(duration) <= 6.5


def test_only_the_main_person_is_drawn_but_the_table_has_all() -> None:
    html = render.timeline(analysis(), WORDS)
    assert html.count('class="emer-valence"') == 1
    assert "+0.12" in html


def test_every_label_on_the_wheel_is_lit_and_named() -> None:
    vocabulary = load_vocabulary()
    tree = vocabulary.primary.tree
    paths = [path for path in vocabulary.primary.paths() if len(path) > 1][:40:8]
    labels = [Label(path[-1], 0.5, ("v1",), path) for path in paths]
    page = Balance(render.wheel(labels, tree, "Some wheel", WORDS))
    lit = {attrs["style"] for attrs in page.of_class("emer-slice") if "emer-lit" in (attrs["class"] or "")}
    assert lit and len(page.of_class("emer-callout")) == len(labels)
    for label in labels:
        assert label.label in page.text and " › ".join(label.wheel) in page.text


def test_a_label_beside_the_wheel_stands_in_the_table_alone() -> None:
    page = Balance(
        render.wheel((Label("moved", 0.3, ("v1",), ()),), load_vocabulary().primary.tree, "Some wheel", WORDS)
    )
    assert page.of_class("emer-callout") == []
    assert "moved" in page.text and WORDS("wheel.none") in page.text


def test_labels_beside_the_wheel_keep_their_distance() -> None:
    moved = _apart([-5.0, 0.0, 1.0, 120.0, 121.0], 20.0, 130.0)
    assert all(later - earlier >= 20.0 - 1e-9 for earlier, later in pairwise(moved))
    assert max(moved) <= 130.0


def test_texts_of_strangers_are_never_markup() -> None:
    data = analysis(
        subtitle=Subtitle(HOSTILE, "given", "en", HOSTILE, (Segment(0.0, 1.0, HOSTILE),), HOSTILE),
        clues=(clue("v1", "visual", 0.0, 1.0, measurements={HOSTILE: HOSTILE}),),
        labels=(Label(HOSTILE, 0.5, ("v1",), ("happy",)),),
        explanation=Explanation(HOSTILE, "en", (Sentence(HOSTILE, ("v1",)),), HOSTILE, "conflicting"),
        warnings=(Notice("some-code", HOSTILE),),
    )
    page = Balance(whole_page(data) + render.error(HOSTILE, WORDS) + render.progress({}, WORDS, HOSTILE, [HOSTILE]))
    assert not [tag for tag, _ in page.tags if tag in ("img", "script")]
    assert not [attrs for _, attrs in page.tags if any(name.startswith("on") for name in attrs)]
    assert HOSTILE in page.text


def test_texts_of_strangers_stay_within_their_attribute() -> None:
    data = analysis(
        clues=(clue(HOSTILE, "visual", 0.0, 1.0), clue(f"{HOSTILE}2", "acoustic", 0.0, 1.0, absent=True)),
        explanation=Explanation("", HOSTILE, (Sentence("It was seen.", (HOSTILE,)),), "composer", "conflicting"),
        labels=(Label("happy", 0.5, (HOSTILE,), ("happy",)),),
    )
    page = Balance(whole_page(data))
    ids = [attrs["data-clue"] for _, attrs in page.tags if "data-clue" in attrs]
    assert ids == [HOSTILE, f"{HOSTILE}2", HOSTILE, f"{HOSTILE}2"], "on the timeline, and among the clues"
    assert page.of_class("emer-sentence")[0]["data-clues"] == HOSTILE == page.of_class("emer-chip")[0]["data-clues"]
    assert page.of_class("emer-prose")[0]["lang"] == HOSTILE
    allowed = {"class", "style", "title", "type", "lang", "role", "tabindex", "scope", "viewbox", "d", "x", "y", "cx"}
    allowed |= {"cy", "r", "text-anchor", "vector-effect", "preserveaspectratio"}
    assert not {name for _, attrs in page.tags for name in attrs if not name.startswith(("data-", "aria-"))} - allowed


def test_a_value_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="analysis"):
        render.html("transcript", words=WORDS)
    with pytest.raises(RuleError, match=r"stage\.none"):
        render.progress({"none": 0.5}, WORDS)


def test_every_sentence_leads_to_its_clues_and_their_moment() -> None:
    page = Balance(render.explanation(analysis(), WORDS))
    led_to = [(attrs["data-clues"], attrs["data-at"]) for attrs in page.of_class("emer-sentence")]
    assert led_to == [("v1", "0"), ("v1 a1", "0")]


def test_a_clue_of_another_person_says_so() -> None:
    data = analysis(clues=(clue("v1", "visual", 0.0, 1.0, person="p1"), clue("v2", "visual", 0.0, 1.0, person="p2")))
    assert render.details(data, WORDS).count(WORDS("people.other", id="p2")) == 1


def test_figures_have_a_table_beside_them() -> None:
    tables = [tag for tag, _ in Balance(whole_page(analysis())).tags if tag == "table"]
    assert len(tables) == 3


def test_a_result_without_anything_says_so() -> None:
    empty = analysis(
        clues=(),
        labels=(),
        series=(),
        people=(),
        warnings=(),
        subtitle=Subtitle("", "none"),
        explanation=Explanation("", "en", (), "composer", "insufficient"),
    )
    text = Balance(whole_page(empty)).text
    for key in ("transcript.none", "labels.none", "explanation.none", "clues.none", "agreement.insufficient"):
        assert WORDS(key) in text


def test_a_translation_is_shown_beside_the_words() -> None:
    said = Subtitle("我很高兴", "recognised", "zh", "I am very glad.", (Segment(0.0, 1.0, "我很高兴"),))
    html = render.transcript(analysis(subtitle=said), WORDS)
    assert 'lang="zh"' in html and "我很高兴" in html and "I am very glad." in html


def test_confidence_has_a_word_for_every_number() -> None:
    values = (0.0, 0.45, 0.7, 1.0)
    assert [render.confidence(replace(clue("v1", "visual", 0, 1), confidence=value)) for value in values] == [
        "low",
        "moderate",
        "high",
        "high",
    ]


def test_progress_says_which_stages_are_under_way() -> None:
    html = render.progress({"probing": 1.0, "watching": 0.5, "listening": 0.0, "reading": None}, WORDS)
    states = re.findall(r'<li class="(emer-[a-z-]+)"', html)
    assert states == ["emer-done", "emer-under-way", "emer-under-way", "emer-to-come"]
    assert f"{WORDS('stage.watching')} · {WORDS('stage.listening')}" in html
