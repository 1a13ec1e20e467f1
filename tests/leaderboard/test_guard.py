"""The guard of public scores: what participants see while a track is open, and that nothing tells more."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev

import pytest
from board_making import ADA, BEN, ORGANISER, REPORT, Clock, answers

from emer_space.page.words import load_words
from leaderboard.board import guard
from leaderboard.board.board import Board
from leaderboard.board.export import as_csv, export
from leaderboard.board.guard import _ladder, _perturbed
from leaderboard.board.service import Service
from leaderboard.errors import TrackError
from leaderboard.hosting.schedule import sweep
from leaderboard.page.render import heading
from leaderboard.scoring.scoring_process import Outcome
from leaderboard.tracks import load_track
from submissions.intake import Entry
from submissions.page.render import one
from submissions.person import Person

WORDING = load_words()
WORDS = iter(f"word{number}" for number in range(1000))


@pytest.fixture
def guarded(make_track: Callable[..., str], clock: Clock, home: Path) -> Callable[[str], Board]:
    """Makes a board whose track has these lines in its file."""

    def make(lines: str) -> Board:
        make_track(per_day=30, attempts=60)
        file = home / "tracks" / "small.toml"
        file.write_text(f"{lines}\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
        return Board(clock=clock)

    return make


def enter(board: Board, person: Person, value: float) -> str:
    receipt = board.intake.submit(person, "small", answers(a=next(WORDS)), "P.csv", Entry(person.name))
    report = {
        **REPORT,
        "primary": {"name": "F", "value": value, "interval": {"low": value - 0.0712345, "high": value + 0.0712345}},
        "scores": {"F": value, "precision": value + 0.0123},
    }
    sweep(board, score=lambda *job: Outcome("scored", {"public": report, "private": report}))
    return receipt.submission.id


def test_a_score_changes_only_for_a_file_that_is_better_by_a_step(guarded: Callable[[str], Board]) -> None:
    """Blum & Hardt's mechanism by hand: 0.512 → 0.51; 0.518 < 0.51 + 0.01 no, and 0.523 is."""
    board = guarded('guard = "ladder"\nstep = 0.01')
    sent = [enter(board, ADA, value) for value in (0.512, 0.518, 0.3, 0.523, 0.5299)]
    service = Service(board)
    told = [service.status(ADA, name)["scores"]["public"]["primary"] for name in sent]
    assert [each["value"] for each in told] == [0.51, None, None, 0.52, None]
    assert "not better than 0.51 by 0.01" in told[1]["note"]
    (row,) = [row for row in service.table("small").rows if row.rank]
    assert (row.id, row.score, row.low, row.high) == (sent[3], 0.52, 0.44, 0.6), "the interval is in whole steps"
    badges = {row.id: row.badge for row in service.table("small", everything=True).rows}
    assert [badges[name] for name in sent[:3]] == ["practice", "unchanged", "unchanged"]
    listed = service.submissions(ORGANISER)["rows"]
    assert [row["public"] for row in reversed(listed)] == [0.512, 0.518, 0.3, 0.523, 0.5299], "exact for organisers"


def test_a_person_s_climb_is_derived_once_and_again_when_something_changes(
    guarded: Callable[[str], Board], monkeypatch: pytest.MonkeyPatch
) -> None:
    climbs = []
    monkeypatch.setattr(guard, "_ladder", lambda *given: climbs.append(given) or _ladder(*given))
    board = guarded('guard = "ladder"\nstep = 0.01')
    for value in (0.5, 0.6, 0.7):
        enter(board, ADA, value)
    service = Service(board)
    service.table("small")
    climbs.clear()
    told = [statement["scores"]["public"]["primary"]["value"] for statement in service.status(ADA)]
    assert told == [0.7, 0.6, 0.5] and len(climbs) == 1
    assert service.status(ADA) and len(climbs) == 1
    latest = enter(board, ADA, 0.8)
    assert service.status(ADA, latest)["scores"]["public"]["primary"]["value"] == 0.8
    board.close(ORGANISER, "small", "the end")
    assert service.status(ADA, latest)["scores"]["public"]["primary"]["interval"]["low"] == pytest.approx(0.7287655)


def test_withdrawing_shows_no_score_anew(guarded: Callable[[str], Board]) -> None:
    board = guarded('guard = "ladder"\nstep = 0.01')
    best, worse = enter(board, ADA, 0.6), enter(board, ADA, 0.4321)
    board.intake.withdraw(ADA, best)
    assert Service(board).status(ADA, worse)["scores"]["public"]["primary"]["value"] is None
    board.decide(ORGANISER, best, "hide", "why")
    assert [row.score for row in Service(board).table("small", everything=True).rows] == [None]
    assert enter(board, BEN, 0.5) and Service(board).table("small").rows[0].score == 0.5, "others climb their own"


@pytest.mark.parametrize("lines", ['guard = "ladder"\nstep = 0.01', 'guard = "noise"\nsd = 0.02'])
def test_nothing_that_anybody_sees_tells_the_exact_score(
    guarded: Callable[[str], Board], lines: str, tmp_path: Path
) -> None:
    board = guarded(lines)
    names = [enter(board, person, value) for person in (ADA, BEN) for value in (0.51237, 0.61237)]
    service = Service(board)
    ranked = service.table("small", everything=True)
    seen = [json.dumps(service.status(person)) for person in (ADA, BEN)]
    seen += [json.dumps(service.status(ADA, names[1])), as_csv(ranked), json.dumps(ranked.to_dict())]
    seen += [path.read_text(encoding="utf-8") for path in export(board, tmp_path)]
    assert not any(secret in text for text in seen for secret in ("1237", "2467", "83605"))
    assert service.status(ADA, names[1])["earlier"] == [] and ranked.compared is not None
    assert ranked.compared.ids == (), "no p-value over guarded scores"
    stand = service.status(ADA, names[1])["stand"]
    assert stand["guarded"] and WORDING("stand.guarded") in one(service.status(ADA, names[1]), WORDING)
    assert WORDING("ranking.guarded") in heading(ranked, WORDING, service.about(None, "small"))
    board.close(ORGANISER, "small", "the end")
    assert sorted(row.score or 0 for row in service.table("small", everything=True).rows) == sorted(
        [0.51237, 0.61237] * 2
    )
    assert service.status(ADA, names[0])["scores"]["public"]["primary"]["value"] == 0.51237
    assert not service.table("small").guarded and service.table("small").uncompared == 2, "no replicates were kept"


def test_noise_is_the_same_for_all_scores_of_a_bin_and_no_average_takes_it_away(
    guarded: Callable[[str], Board],
) -> None:
    board = guarded('guard = "noise"\nsd = 0.02')
    sent = [enter(board, person, value) for person in (ADA, BEN) for value in (0.501, 0.503, 0.519)]
    rows = {row.id: row.score for row in Service(board).table("small", everything=True).rows}
    assert len({rows[name] for name in sent}) == 1
    again = {row.id: row.score for row in Service(Board(clock=board.clock)).table("small", everything=True).rows}
    assert again == rows, "after a start too"
    errors = [_perturbed(0.5, 0.02, bytes([secret, 1]), "small 1") - 0.51 for secret in range(256)]
    assert abs(mean(errors)) < 0.005 and 0.017 < stdev(errors) < 0.023


def test_while_its_file_cannot_be_read_a_track_shows_no_score(guarded: Callable[[str], Board], home: Path) -> None:
    board = guarded('guard = "ladder"\nstep = 0.2')
    name = enter(board, ADA, 0.3333)
    file = home / "tracks" / "small.toml"
    file.write_text("no toml = = at all\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    assert Service(board).status(ADA, name)["scores"] == {}


def test_the_card_tells_the_guard(guarded: Callable[[str], Board]) -> None:
    assert Service(guarded('guard = "noise"\nsd = 0.02')).about(None, "small")["guard"] == {
        "kind": "noise",
        "size": 0.02,
    }


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('guard = "ladder"', "needs step"),
        ('guard = "ladder"\nstep = 0.0', "above 0"),
        ('guard = "noise"\nsd = 0.5', "at most 0.2"),
        ('guard = "ladder"\nstep = 0.01\nsd = 0.01', "sd goes with"),
        ("step = 0.01", "step goes with"),
        ('guard = "walls"', "guard"),
    ],
)
def test_a_guard_that_makes_no_sense_is_refused(guarded: Callable[[str], Board], lines: str, problem: str) -> None:
    guarded(lines)
    with pytest.raises(TrackError, match=problem):
        load_track("small")
