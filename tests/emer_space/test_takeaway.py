"""What is taken away from an analysis: subtitles a player accepts, a report of one page, a citation that agrees."""

import json
import re
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image
from pypdfium2 import PdfDocument
from test_figures import HOSTILE, analysis, clue

from emer_space import __version__
from emer_space.__main__ import main
from emer_space.analysis import Analysis, Label, Segment, Sentence, Subtitle
from emer_space.page.words import load_words
from emer_space.takeaway import citation, report, subtitles
from emer_space.takeaway.subtitles import COLUMNS, LINES, Cue, cues, width

WORDS = load_words()
HAN = "我真的很难过，你怎么能这样对我？"


def said(*segments: Segment, **changes: object) -> Analysis:
    text = " ".join(segment.text for segment in segments)
    return analysis(subtitle=Subtitle(text, "recognised", "en", None, segments), **changes)


def in_order(shown: list[Cue], end: float) -> None:
    assert all(0 <= cue.start < cue.end <= end for cue in shown)
    assert all(before.end <= after.start for before, after in pairwise(shown))
    assert all(0 < len(cue.lines) <= LINES for cue in shown)
    assert all(0 < width(line) <= COLUMNS for cue in shown for line in cue.lines)


# Subtitles


def test_words_keep_their_times_and_carry_the_labels_that_rest_on_that_moment() -> None:
    labels = (Label("happy", 0.84, ("v1",), ("happy",)), Label("calm", 0.2, ("a1",), (), "calm"))
    first, second = cues(
        said(Segment(1.0, 2.0, "One."), Segment(6.0, 7.5, "Two."), labels=labels, clues=(*analysis().clues[:2],)), WORDS
    )
    assert (first.start, first.end, first.lines) == (1.0, 2.0, ("[happy] One.",))
    assert (second.start, second.end, second.lines) == (6.0, 7.5, ("[calm] Two.",))


def test_a_label_has_its_name_in_the_language_of_the_explanation() -> None:
    named = said(Segment(1.0, 2.0, HAN), labels=(Label("sad", 0.8, ("v1",), ("sad",), "难过"),))
    assert "[难过] 我真的" in subtitles.srt(named, "zh").decode()


def test_where_nothing_is_said_clues_of_a_feeling_are_shown_and_the_words_are_never_hidden() -> None:
    smile = clue("v1", "visual", 0.0, 9.0, suggests={"happy": 0.8})
    still = clue("v2", "visual", 0.0, 10.0)
    shown = cues(said(Segment(4.0, 5.0, "Well."), clues=(smile, still)), WORDS)
    assert [(cue.start, cue.end) for cue in shown] == [(0.0, 4.0), (4.0, 5.0)]
    assert shown[0].lines == ("[happy] (Statement of v1)",)
    assert "v2" not in str(shown), "a still picture is not a feeling"


def test_a_clip_with_nothing_to_read_still_makes_a_file() -> None:
    nothing = said(clues=(), labels=())
    assert [cue.lines for cue in cues(nothing, WORDS)] == [(WORDS("explanation.none"),)]
    assert "证据" in subtitles.vtt(nothing, "zh").decode() or load_words("zh")("explanation.none") in (
        subtitles.vtt(nothing, "zh").decode()
    )


def test_doubtful_words_are_marked() -> None:
    doubtful = Subtitle("Well.", "recognised", "en", None, (Segment(1.0, 2.0, "Well."),), "The sound is bad.")
    assert f"{WORDS('takeaway.uncertain')} Well." in " ".join(cues(analysis(subtitle=doubtful), WORDS)[0].lines)


def test_long_words_become_several_cues_that_lose_nothing() -> None:
    for text in ("word " * 60 + "end.", HAN * 9, "unbroken" * 30):
        shown = cues(said(Segment(0.0, 10.0, text), labels=(), clues=()), WORDS)
        in_order(shown, 10.0)
        assert len(shown) > 1 and shown[-1].end == pytest.approx(10.0)
        kept = "".join(line for cue in shown for line in cue.lines)
        assert kept.replace(" ", "") == text.replace(" ", "")
    assert all(line[0] not in "，？" for line in subtitles.wrapped(HAN * 9)), "no line begins with a comma"


@given(
    some.lists(some.tuples(some.floats(-1, 12), some.floats(-1, 12), some.text(max_size=120)), max_size=6),
    some.lists(some.tuples(some.floats(0, 12), some.floats(0, 12)), max_size=6),
)
def test_whatever_the_times_and_texts_are_cues_are_in_order_and_fit(
    segments: list[tuple[float, float, str]], spans: list[tuple[float, float]]
) -> None:
    found = tuple(clue(f"v{n}", "visual", *sorted(span), valence=0.1) for n, span in enumerate(spans))
    told = said(*(Segment(max(0.0, start), end, text) for start, end, text in segments), clues=found)
    in_order(cues(told, WORDS), 10.0)


def test_text_of_a_stranger_is_never_markup_of_a_player() -> None:
    hostile = said(Segment(1.0, 2.0, "<i>a</i> {\\an8} & b --> c\n\n9\n00:00:01,000 --> 00:00:02,000"), labels=())
    body = subtitles.vtt(hostile).decode()
    assert "&lt;i&gt;a&lt;/i&gt;" in body and "&amp; b" in body
    plain = subtitles.srt(hostile).decode()
    assert not set("<{") & set(plain)
    times = re.compile(r"^\d\d:\d\d:\d\d[,.]\d{3} --> \d\d:\d\d:\d\d[,.]\d{3}$", re.MULTILINE)
    assert len(times.findall(plain)) == len(cues(hostile, WORDS)) == len(times.findall(body))
    assert all(block.split("\n")[0].isdigit() for block in plain.strip().split("\n\n"))


def test_times_are_written_as_the_formats_want_them() -> None:
    late = said(Segment(3661.2345, 3662.9996, "Late."), labels=(), clues=())
    late = replace(late, clip=replace(late.clip, duration_s=4000.0))
    assert "01:01:01,234 --> 01:01:03,000\nLate." in subtitles.srt(late).decode()
    assert subtitles.vtt(late).decode().startswith("WEBVTT\n\nNOTE\n" + WORDS("result.caveat"))


# Report


def crowded() -> Analysis:
    """More of everything than a page can hold, in Chinese, which is wider."""
    found = tuple(
        clue(f"{modality[0]}{number}", modality, number / 3, number / 3 + 6, absent=number > 18)
        for modality in ("visual", "acoustic", "textual")
        for number in range(1, 22)
    )
    curves = tuple(replace(analysis().series[0], modality=m, person=None) for m in ("visual", "acoustic", "textual"))
    whole = analysis(
        clues=found,
        series=curves,
        labels=tuple(Label("overwhelmed" * 4, 0.5, ("v1",), ("sad",), "不知所措的" * 9) for _ in range(9)),
        subtitle=Subtitle(HAN * 99, "recognised", "zh", "So sad. " * 99),
    )
    told = replace(
        whole.explanation, headline=HAN * 9, language="zh", sentences=(Sentence(HAN * 30, ("v1", "a1", "t1")),) * 20
    )
    profile = replace(whole.profile, models={f"role{number}": "model " * 30 for number in range(9)})
    return replace(whole, explanation=told, profile=profile)


def test_a_report_is_one_page_whatever_it_has_to_hold() -> None:
    with PdfDocument(report.pdf(crowded(), "zh")) as document:
        assert len(document) == 1
        told = document[0].get_textpage().get_text_range()
        assert "2306.15401" in told and "20250101T000000Z-abcdefghij" in told, "the end of the page is on it"
        assert "不知所措" in told and "…" in told


def test_a_report_says_the_answer_the_evidence_and_where_it_comes_from() -> None:
    told = replace(analysis().explanation, headline="Glad, and it shows.")
    with PdfDocument(report.pdf(replace(analysis(), explanation=told))) as document:
        text = " ".join(document[0].get_textpage().get_text_range().split())
    for part in ("Glad, and it shows.", "happy probability 84 %", "It was seen and heard.", "0.0–10.0 s", "0" * 64):
        assert part in text
    assert WORDS("result.caveat") in text and "some cue" in text and "Some words." in text


def test_a_stranger_s_text_is_no_markup_and_nothing_is_fetched() -> None:
    hostile = Sentence("<img src='file:///etc/hostname'>" + HOSTILE, ("v1",))
    told = replace(
        analysis().explanation, headline="<link rel=stylesheet href='http://127.0.0.1:9/'>", sentences=(hostile,)
    )
    page = report.page(replace(analysis(), explanation=told), "en", report.ROOMS[0])
    assert "<img" not in page and "<link" not in page and "&lt;img" in page
    with pytest.raises(ValueError, match="fetches nothing"):
        report._nothing("file:///etc/hostname")


def test_the_picture_is_the_page() -> None:
    with Image.open(BytesIO(report.png(analysis()))) as picture:
        assert picture.format == "PNG" and picture.width > 1_400
        assert picture.height / picture.width == pytest.approx(297 / 210, abs=0.01)
        assert len(picture.convert("L").getcolors() or ()) > 20


# Citation


def test_the_citation_file_says_what_the_table_says(project: Path) -> None:
    paper, software = citation.works()
    file = yaml.safe_load((project / "CITATION.cff").read_text(encoding="utf-8"))
    (reference,) = file["references"]
    assert (file["title"], file["version"]) == (software.title, __version__)
    assert [author["name"] for author in file["authors"]] == [surname for _, surname in software.authors]
    assert (reference["title"], reference["year"]) == (paper.title, paper.year)
    assert reference["identifiers"][0]["value"] == f"arXiv:{paper.eprint}"
    named = tuple((author["given-names"], author["family-names"]) for author in reference["authors"])
    assert named == paper.authors


def test_a_citation_names_the_version_that_made_the_analysis_and_cannot_break_out_of_its_entry() -> None:
    made = replace(
        analysis(), id="x}, note={y\n@misc{", provenance=replace(analysis().provenance, app="emer-space 0.0.9")
    )
    assert "Version 0.0.9" in citation.text(made).decode()
    entries = citation.bibtex(made).decode()
    assert entries.count("@") == 2 and "version = {0.0.9}" in entries
    assert entries.count("{") == entries.count("}")


# The command


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    file = tmp_path / "analysis.json"
    file.write_text(json.dumps(analysis().to_dict()), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("ending", "begins"), [("srt", b"1\n"), ("vtt", b"WEBVTT"), ("bib", b"@misc"), ("pdf", b"%PDF")]
)
def test_the_command_makes_every_kind_of_file(saved: Path, ending: str, begins: bytes) -> None:
    out = saved.with_suffix(f".{ending}")
    assert main(["report", str(saved), "--out", str(out)]) == 0
    assert out.read_bytes().startswith(begins)


def test_the_command_words_a_report_in_the_language_that_is_asked_for(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = saved.with_suffix(".srt")
    assert main(["report", str(saved), "--out", str(out), "--language", "zh"]) == 2, "no table knows its clues"
    assert f"{saved}: This result is of another version" in capsys.readouterr().err and not out.exists()
    smile = replace(analysis().clues[0], cue="broad-smile")
    known = analysis(clues=(smile,), labels=(Label("sad", 0.8, ("v1",), ("sad",)),))
    saved.write_text(json.dumps(known.to_dict()), encoding="utf-8")
    assert main(["report", str(saved), "--out", str(out), "--language", "zh"]) == 0
    assert "[悲伤] Some words." in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "out", "sentence"),
    [
        (None, "report.doc", "must end in one of .pdf, .png, .srt, .vtt"),
        (b"{", "report.srt", "is not JSON (line 1, column"),
        (b"[]", "report.srt", "is not an analysis of schema emer-analysis/1"),
        (b'{"schema": "emer-analysis/1", "id": 5}', "report.srt", "is not an analysis: id: "),
        (None, "no/folder/report.srt", "cannot be written"),
    ],
)
def test_wrong_input_ends_in_a_sentence(
    saved: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, out: str, sentence: str
) -> None:
    if content is not None:
        saved.write_bytes(content)
    assert main(["report", str(saved), "--out", str(saved.parent / out)]) == 2
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1
