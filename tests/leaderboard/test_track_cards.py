"""What a track's card says: what ranks in words, the inputs, a sample to send, what counts, what is missing here."""

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from board_making import ADA, answers

from emer_space.files.tables import Id
from emer_space.page.words import load_words
from leaderboard.board.board import Board
from leaderboard.board.service import Service
from leaderboard.board.view import View, seen
from leaderboard.errors import TrackError
from leaderboard.metrics.metric import Title
from leaderboard.metrics.registry import METRICS
from leaderboard.page.render import badges, ranking_table
from leaderboard.tracks import load_track, track_ids
from leaderboard.tracks.track import FOLDER
from submissions.checks.sample_file import sample_csv
from submissions.checks.validation import check
from submissions.page import render

HIDDEN = "name,openset,split\ns0,happy,public\ns1,qqqq,public\ns2,sad,private\nd0,calm,decoy\n"


@pytest.fixture
def hidden(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """The card of `emer-ov` with hidden references: one sample is a decoy, one private, one has a word nobody knows."""
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / "emer-ov.csv").write_text(HIDDEN, encoding="utf-8")
    monkeypatch.setenv("EMER_REFERENCES", str(folder))

    def card(tell: bool = False) -> dict[str, Any]:
        own = home / "tracks"
        own.mkdir(parents=True, exist_ok=True)
        text = (FOLDER / "emer-ov.toml").read_text(encoding="utf-8")
        (own / "emer-ov.toml").write_text(f"tell_counts = {str(tell).lower()}\n{text}", encoding="utf-8")
        return Service(Board()).about(ADA, "emer-ov")

    return card


def test_every_score_of_the_bundled_tracks_has_words_in_both_languages(home: Path) -> None:
    board = Board()
    for name in track_ids():
        track = board.track(name)
        scores = {score for part in track.parts.values() for score in part.primary}
        scores |= {score for row in track.published for score in row.scores} - track.parts.keys()
        for score in scores:
            english, chinese = (track.score_title(score, language) for language in ("en", "zh"))
            assert score not in (english, chinese) and english != chinese, (name, score)
        assert not any("." in title or "_" in title for title in track.primary_titles.values())
    assert load_track("clue-practice").primary_title() == "F1 on the inner ring of the emotion wheel"
    assert load_track("mer-fg-2025").primary_title("zh") == "情感轮内环的 F1 与 情感轮中环的 F1 的平均值"
    assert load_track("mer-unibench").primary_title() == "the mean of 9 parts"


def test_a_metric_without_words_shows_its_dotted_names(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    wordless = {**METRICS, "ew": replace(METRICS["ew"], titles={}, explained={}, unscored={}, example=None)}
    monkeypatch.setitem(METRICS.__dict__, "_metrics", wordless)
    about = Service(board).about(None, "small")
    assert about["primary_title"] == {"en": "level1.f", "zh": "level1.f"}
    assert board.track("small").score_title("level1.recall", "zh", short=True) == "level1.recall"
    card = render.track_card(about, load_words("zh"))
    assert "level1.f" in card and load_words("zh")("submit.how_scored") not in card


@pytest.mark.parametrize(
    "titles",
    [{"((": Title({"en": "x"})}, {"a": Title({"zh": "x"})}, {"a": Title({"en": "{wheel}"})}, {"a": "x"}],
)
def test_words_that_cannot_be_used_are_named_with_their_metric(titles: Any) -> None:
    from dataclasses import replace

    from leaderboard.errors import MetricError

    with pytest.raises(MetricError, match="The metric hit is declared wrongly: `titles` "):
        replace(METRICS["hit"], titles=titles)


def test_heads_of_columns_are_in_words_and_none_is_lost(board: Board) -> None:
    desk = Service(board)
    desk.submit(ADA, "small", answers(), "P.csv", "Ada")
    from leaderboard.hosting.schedule import sweep

    sweep(board)
    ranking = desk.table("small")
    for language in ("en", "zh"):
        view, words = View(), load_words(language)
        shown = ranking_table(ranking, seen(ranking.rows, view, badges(words)), view, words)
        heads = [unescape(head).strip() for head in re.findall('data-sort="[^>]*>([^<]*)<', shown)]
        assert len(set(heads)) == len(heads) and not any("level" in head for head in heads)
        titles = {ranking.track.score_title(name, language, short=True) for name in ranking.columns}
        assert len(titles) == len(ranking.columns) and titles <= set(heads)
    assert desk.status(ADA)[0]["scores"]["public"]["primary_title"]["en"] == "F1 on the inner ring of the emotion wheel"


@pytest.mark.parametrize("name", track_ids())
def test_the_sample_file_can_be_sent_as_it_is(name: str) -> None:
    rules = load_track(name).rules
    from dataclasses import replace

    parts = rules.parts or ("",)
    tails: list[Id] = [
        tuple(f"{column.name}{number}" for column in rules.key[bool(rules.parts) :]) for number in (1, 2)
    ]
    ids = rules.manifest or frozenset((part, *tail) if part else tail for part in parts for tail in tails)
    content = sample_csv(replace(rules, manifest=ids))
    outcome = check(content.encode(), "sample.csv", replace(rules, manifest=ids))
    assert outcome.ok and outcome.table is not None and len(outcome.table.samples) == len(ids)
    needed = [column.name for column in rules.columns if column.required]
    assert all(values.get(column) for values in outcome.table.samples.values() for column in needed), "it is filled"


def test_the_practice_track_says_what_counts_and_where_its_inputs_are(home: Path) -> None:
    about = Service(Board()).about(ADA, "clue-practice")
    assert (about["samples"] - about["scored"], about["skipped"], about["private"]) == (4, 4, False)
    assert about["inputs"] == "clues.jsonl" and about["lacks"] == []
    (metric,) = about["metrics"]
    assert [(score["name"], score["value"]) for score in metric["example"]["scores"]] == [
        ("level1.precision", 1.0),
        ("level1.recall", 0.5),
        ("level1.f", pytest.approx(2 / 3)),
    ]
    assert about["cite"].startswith("@inproceedings")


def test_counts_of_hidden_references_are_told_only_by_leave(hidden: Callable[..., dict[str, Any]]) -> None:
    kept, told = hidden(), hidden(tell=True)
    assert (kept["scored"], kept["skipped"], kept["private"], kept["why_not"]) == (None, None, True, "")
    assert (told["scored"], told["skipped"]) == (3, 0), "the set-level metric groups words that it does not know"
    words = load_words()
    card = render.track_card({**kept, "samples": 4}, words)
    assert words("submit.private_open") in card and "count for the score" not in card
    assert "qqqq" not in json.dumps([kept, told])
    assert Service(Board()).rules("emer-ov").manifest == {("s0",), ("s1",), ("s2",), ("d0",)}, "for the sample file"


def test_a_track_that_is_not_scored_here_says_what_mends_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMER_WHEELS", raising=False)
    desk, words = Service(Board()), load_words()
    about = desk.about(ADA, "mer-fg-2026")
    assert [lack["what"] for lack in about["lacks"]] == ["wheels", "references"]
    assert about["why_not"].startswith("The track 'mer-fg-2026' is not scored here: ")
    assert str(home) not in json.dumps(about), "no place on this machine is told"
    for language in ("en", "zh"):
        shown = render.track_card(about, load_words(language))
        assert "<code>python -m leaderboard wheels fetch</code>" in shown and "EMER_REFERENCES=" in shown
    assert render.not_scored(desk.about(ADA, "clue-practice"), words) == ""


def test_references_that_cannot_be_used_are_told_without_a_command(hidden: Callable[..., dict[str, Any]]) -> None:
    import os

    path = Path(os.environ["EMER_REFERENCES"]) / "emer-ov.csv"
    path.write_text(HIDDEN.replace("public", "qqqq"), encoding="utf-8")
    about = hidden()
    assert about["lacks"] == [{"what": "references", "mend": ""}] and "qqqq" not in json.dumps(about)
    assert load_words()("lack.unusable") in render.track_card(about, load_words())


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [("nowhere.jsonl", "no file and no web address"), ("large.bin", "larger than 20 MB")],
)
def test_inputs_that_cannot_be_offered_are_told(
    inputs: str, reason: str, make_track: Callable[..., str], home: Path
) -> None:
    make_track()
    path = home / "tracks" / "small.toml"
    path.write_text(f'inputs = "{inputs}"\n{path.read_text()}', encoding="utf-8")
    with (home / "tracks" / "large.bin").open("wb") as file:
        file.truncate(20_000_001)
    with pytest.raises(TrackError, match=reason):
        load_track("small")
