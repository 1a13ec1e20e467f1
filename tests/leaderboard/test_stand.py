"""Where a submission stands, and what only its sender learns of it; filters, links and marks of the ranking."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from board_making import ADA, BEN, Clock
from comparing import CLOSED, Send, file, scored

from emer_space.page.words import load_words
from leaderboard.board.board import Board
from leaderboard.board.ranking import Ranking
from leaderboard.board.rows import Row, Rows
from leaderboard.board.service import Service
from leaderboard.board.trends import thinned
from leaderboard.board.view import View, seen
from leaderboard.page.filters import ABOVE, NOT_TOLD, Filters
from leaderboard.page.links import kind_of
from leaderboard.page.render import badges, ranking_table
from submissions.errors import Refusal
from submissions.page.render import one, own
from submissions.person import Person

WORDS = load_words()
CLEO = Person("id-cleo", "Cleo")


def test_a_submission_says_where_it_stands_and_what_it_cannot_be_told_from(board: Board, send: Send) -> None:
    name = send(ADA, file(4))
    send(BEN, file(2), name="Secret", anonymous=True)
    send(CLEO, file(34))
    rows = scored(board).rows
    stand = Service(board).status(ADA, name)["stand"]
    assert {key: stand[key] for key in ("split", "rank", "of", "group", "rank_low", "rank_high")} == {
        "split": "public",
        "rank": 2,
        "of": 3,
        "group": 1,
        "rank_low": 1,
        "rank_high": 2,
    }
    assert [other["name"] for other in stand["level_with"]] == [rows[0].name] and rows[0].name.startswith("anonymous")
    assert "Secret" not in json.dumps(stand)
    above, below = stand["above"], stand["below"]
    assert above["difference"] < 0 < below["difference"] and not above["told_apart"] and below["told_apart"]
    assert below["low"] <= below["difference"] <= below["high"] and below["p"] < 0.05 <= above["p"]
    for side in (above, below):
        for value in (side["difference"], side["low"], side["high"], side["p"]):
            assert value == round(value, 3), "no more digits than a reader needs"


def test_it_is_compared_with_ones_own_earlier_files_and_nobody_elses(board: Board, send: Send) -> None:
    first, second = send(ADA, file(30)), send(ADA, file(4))
    send(BEN, file(2))
    scored(board)
    service = Service(board)
    latest = service.status(ADA, second)
    ((name, apart),) = [(other["id"], other["told_apart"]) for other in latest["earlier"]]
    assert (name, apart) == (first, True) and latest["earlier"][0]["difference"] > 0
    assert service.status(ADA, first)["earlier"] == [], "nothing came before the first"
    assert service.status(ADA, first)["stand"] is None, "the other one counts"
    assert [each["earlier"] for each in service.status(ADA)] == [[], []], "only for one that is asked for by its id"
    with pytest.raises(Refusal):
        service.status(BEN, second)


def test_at_most_ten_earlier_files_are_compared_the_latest(board: Board, send: Send) -> None:
    names = [send(ADA, file(number, odd=f"word{number}")) for number in range(1, 13)]
    scored(board)
    earlier = Service(board).status(ADA, names[-1])["earlier"]
    assert [other["id"] for other in earlier] == names[-2:0:-1][:10]


def test_the_words_that_count_nowhere_are_those_of_the_file(board: Board, home: Path, send: Send) -> None:
    references = home / "tracks" / "small.csv"
    text = references.read_text(encoding="utf-8").replace("s00,happy", "s00,\"['happy', 'unfindable']\"")
    references.write_text(text, encoding="utf-8")
    name = send(ADA, file(3, odd="flibbertigibbety"))
    scored(board)
    answer = Service(board).status(ADA, name)
    assert answer["unknown"] == {"flibbertigibbety": 3}
    assert "unfindable" not in json.dumps(answer) and "references" not in json.dumps(answer["unknown"])
    shown = one(answer, WORDS)
    assert "flibbertigibbety" in shown and "× 3" in shown


def test_before_the_track_closes_nothing_of_the_private_part_is_told(
    board: Board, home: Path, send: Send, clock: Clock
) -> None:
    worse = "\n".join(line.replace(",happy", ",bored") for line in file(0).decode().splitlines()).encode()
    name = send(ADA, worse)  # wrong on private samples alone
    send(BEN, file(0))
    scored(board)
    service = Service(board)
    before = service.status(ADA, name)
    assert before["stand"]["split"] == "public" and "private" not in json.dumps(before)
    track = home / "tracks" / "small.toml"
    track.write_text(track.read_text(encoding="utf-8").replace("[columns", f"{CLOSED}\n[columns"), encoding="utf-8")
    clock.forward(days=2)
    after = service.status(ADA, name)["stand"]
    assert (after["split"], after["rank"], after["below"]) == ("private", 2, None)
    assert after["above"]["difference"] < 0


def test_what_has_no_place_says_so(board: Board, home: Path, send: Send) -> None:
    queued = send(ADA, file(1))
    service = Service(board)
    assert service.status(ADA, queued)["stand"] is None and service.status(ADA, queued)["unknown"] == {}
    assert WORDS("stand.none") not in one(service.status(ADA, queued), WORDS)
    scored(board)
    for path in (home / "replicates").rglob("*.npz"):
        path.unlink()
    old = Service(Board(home, clock=board.clock)).status(ADA, queued)
    assert (old["stand"]["rank"], old["stand"]["group"], old["stand"]["above"]) == (1, None, None)
    assert WORDS("stand.uncompared") in one(old, WORDS)
    service.withdraw(ADA, queued)
    assert WORDS("stand.none") in one(service.status(ADA, queued), WORDS)


def test_markup_of_a_participant_is_text_on_every_page(board: Board, send: Send) -> None:
    send(BEN, file(2), name="<img src=x>", link="https://example.org/'onmouseover='x".replace("'", "%27"))
    name = send(ADA, file(4, odd="<b>odd</b>"))
    found = scored(board)
    answer = Service(board).status(ADA, name)
    shown = one(answer, WORDS) + own([answer], WORDS)
    assert "<img" not in shown and "<b>odd" not in shown and "&lt;img" in shown
    links = re.findall("<a [^>]*>[^<]*</a>", table(found))
    assert links == [
        '<a href="https://example.org/%27onmouseover=%27x" rel="nofollow noopener noreferrer" target="_blank">site</a>'
    ]


# The ranking's table


def table(found: Ranking, person: str = "", **view: Any) -> str:
    asked = View(**view)
    return ranking_table(found, seen(found.rows, asked, badges(WORDS)), asked, WORDS, person)


def test_what_a_visitor_sorts_by_is_no_longer_than_a_column() -> None:
    assert View().by("f") == View(sort="f", down=True)
    assert View(page=2).by("f" * 1_000_000) == View(page=2)


def test_a_search_that_finds_nothing_says_so(board: Board, send: Send) -> None:
    send(ADA, file(2))
    found, told = scored(board), WORDS("ranking.none_match")
    assert told in table(found, text="nobody") and 'role="status"' in table(found, text="nobody")
    assert told not in table(found)


def test_ones_own_rows_are_marked_for_oneself_alone(board: Board, send: Send) -> None:
    send(ADA, file(2), anonymous=True)
    send(BEN, file(30), size="7B", inputs="video, text")
    found = scored(board)
    for person, marked in ((ADA.id, [True, False]), (BEN.id, [False, True]), ("", [False, False])):
        rows = re.findall("<tr data-entry.*?</tr>", table(found, person), re.S)
        assert ["(you)" in row for row in rows] == ["emer-own-row" in row for row in rows] == marked
        assert ["emer-next-group" in row for row in rows] == [False, True], "a line above the second group"
    assert ADA.id not in json.dumps(found.to_dict()) and "(you)" not in json.dumps(found.to_dict())


def test_a_size_sorts_as_a_number_and_is_shown_as_it_was_written(board: Board, send: Send) -> None:
    send(ADA, file(2), size="350M", name="A")
    send(BEN, file(3), size="7B", inputs="VT", name="B")
    send(CLEO, file(30), name="C")
    found = scored(board)
    for down, order in ((False, "ABC"), (True, "BAC")):
        shown = table(found, sort="size", down=down)
        assert "".join(re.findall('data-name="(.)"', shown)) == order, "none is last both ways"
        assert f'aria-sort="{"descending" if down else "ascending"}"><button type="button" data-sort="size"' in shown
        assert ">350M<" in shown and ">7B<" in shown
    assert WORDS("column.link") not in shown, "nobody gave one"
    assert [(row["inputs"], row["size"]) for row in found.to_dict()["rows"]] == [("", "350M"), ("VT", "7B"), ("", "")]


MANY = Rows.of(
    [
        Row(f"Team {n:03d}", "practice", 1 - n / 1000, scores={"f": n / 1000}, id=f"id-{n}", method=("even", "")[n % 2])
        for n in range(250)
    ]
)


@pytest.mark.parametrize(
    ("view", "found", "page", "first"),
    [
        (View(), 250, 1, "Team 000"),
        (View(page=3), 250, 3, "Team 200"),
        (View(page=99), 250, 3, "Team 200"),
        (View(down=True), 250, 1, "Team 249"),
        (View(sort="f", down=True), 250, 1, "Team 249"),
        (View(sort="no such column", down=True), 250, 1, "Team 000"),
        (View("TEAM even", sort="name", down=True), 125, 1, "Team 248"),
        (View("id-249"), 1, 1, "Team 249"),
        (View("<script>"), 0, 1, None),
    ],
)
def test_a_page_has_a_hundred_of_the_rows_that_are_sought_in_the_order_that_is_chosen(
    view: View, found: int, page: int, first: str | None
) -> None:
    shown = seen(MANY, view, badges(WORDS))
    assert (shown.found, shown.page) == (found, page)
    assert shown.pages == max(1, -(-found // 100)) and len(shown.rows) <= 100
    assert (shown.rows[0].name if shown.rows else None) == first


def test_a_second_press_turns_a_column_round_and_scores_begin_with_the_best() -> None:
    assert View(page=4).by("f") == View(sort="f", down=True)
    assert View().by("name") == View(sort="name") and View(sort="name").by("name").down
    for wrong in ({"text": "x" * 201}, {"page": 0}, {"page": 10**9}):
        with pytest.raises(Refusal):
            View(**wrong)


def test_a_plot_of_very_many_keeps_what_nobody_beats_the_extremes_and_the_papers() -> None:
    x, y = np.random.default_rng(1).random((2, 5_000))
    x[77] = y[77] = 0.2
    left = thinned(x, y, np.arange(5_000) == 77, 100).tolist()
    assert len(left) == 100 and left == thinned(x, y, np.arange(5_000) == 77, 100).tolist() == sorted(left)
    frontier = [at for at in range(5_000) if ((x >= x[at]) & (y >= y[at])).sum() == 1]
    assert frontier and {77, *frontier, x.argmin(), x.argmax(), y.argmin(), y.argmax()} <= set(left)


SIZES = {"aAVT": "7B", "bA": "350M", "cVT": "235B", "d": ""}
ROWS = Rows.of([Row(name, "practice", 0.5, inputs=name[1:], size=size) for name, size in SIZES.items()])


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        (Filters(), "abcd"),
        (Filters(frozenset({"A", "VT"})), "bc"),
        (Filters(frozenset({NOT_TOLD})), "d"),
        (Filters(size="1B"), "b"),
        (Filters(size="10B"), "ab"),
        (Filters(size=ABOVE), "c"),
        (Filters(size=NOT_TOLD), "d"),
        (Filters(frozenset({"AVT"}), "1B"), ""),
        (Filters(frozenset({"<script>"}), "huge"), ""),
    ],
)
def test_rows_are_filtered_by_what_they_read_and_by_size(filters: Filters, left: str) -> None:
    assert "".join(row.name[0] for row in filters.of(ROWS)) == left


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ("https://huggingface.co/lab/model", "card"),
        ("https://hf.co/lab/model", "card"),
        ("https://huggingface.co/papers/2407.1", "paper"),
        ("https://huggingface.co/spaces/lab/x", "demo"),
        ("https://huggingface.co/datasets/lab/x", "data"),
        ("https://arxiv.org/abs/2407.07653", "paper"),
        ("https://www.aclanthology.org/x", "paper"),
        ("https://openreview.net/forum?id=x", "paper"),
        ("http://github.com/lab/x", "code"),
        ("https://lab.github.io/x", "code"),
        ("https://nothuggingface.co/x", "site"),
        ("https://github.com.evil.example/x", "site"),
        ("https://evil.example/huggingface.co/x", "site"),
        ("javascript:alert(1)", ""),
        ("ftp://arxiv.org/x", ""),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_what_a_link_leads_to_is_told_by_its_host(link: str, kind: str) -> None:
    assert kind_of(link) == kind
