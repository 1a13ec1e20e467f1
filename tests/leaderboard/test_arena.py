"""Blind comparison of explanations: strengths and agreement by hand and against other fits, votes, exports."""

import csv
import io
from collections import Counter
from collections.abc import Callable
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from board_making import ADA, BEN, Clock
from running import run
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score

from leaderboard.arena.agreement import kappa, majority, shared_share
from leaderboard.arena.arena import load_arena
from leaderboard.arena.outcome import votes_csv
from leaderboard.arena.strengths import fit, replicates
from leaderboard.arena.voting import Voting, _ballot
from leaderboard.board.board import Board
from leaderboard.board.service import Service
from leaderboard.errors import TrackError
from leaderboard.hosting.doctor import examine
from submissions.errors import Refusal
from submissions.person import Person

CLIPS = [f"clip_{number}" for number in range(4)]
SYSTEMS = ("Ash", "Birch", "Cedar")


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in CLIPS:
        (folder / f"{name}.mp4").write_bytes(name.encode())
    return folder


@pytest.fixture
def make(
    clips: Path, tmp_path: Path, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., dict[str, Any]]:
    def made(*options: object, systems: tuple[str, ...] = SYSTEMS) -> dict[str, Any]:
        named = []
        for system in systems:
            file = tmp_path / f"{system.lower()}.csv"
            file.write_text("name,reason\n" + "".join(f"{clip},{system} on {clip}.\n" for clip in CLIPS))
            named += ["--system", f"{system}={file}"]
        return run(capsys, "new-arena", clips, "--id", "trees", *named, *options)

    return made


@pytest.fixture
def voting(make: Callable[..., dict[str, Any]]) -> Voting:
    make("--results-after", 2, "--closes", "2026-11-30")
    return Voting(Board().ledger, Clock())


def people(count: int) -> list[Person]:
    return [Person(f"id-{number}", f"P{number}") for number in range(count)]


def give(voting: Voting, who: Person, prefer: Callable[[str, str], str]) -> None:
    """Vote on all that is left for a person; `prefer` gets the systems on the left and on the right."""
    while ballot := voting.next(who, "trees"):
        voting.vote(who, "trees", ballot.id, prefer(ballot.left, ballot.right))


def test_two_systems_differ_by_the_log_odds_of_their_wins() -> None:
    strengths, prior = fit(np.array([[0.0, 30.0], [10.0, 0.0]]))
    assert strengths[0] - strengths[1] == pytest.approx(log(3)) and strengths.sum() == pytest.approx(0) and not prior
    ties = np.array([[0.0, 30 + 5], [10 + 5, 0.0]])  # ten more votes for both or neither
    assert np.ptp(fit(ties).strengths) == pytest.approx(log(35 / 15))


def test_who_won_everything_gets_a_finite_strength_and_that_is_told() -> None:
    strengths, prior = fit(np.array([[0.0, 8.0], [0.0, 0.0]]))
    assert prior and strengths[0] - strengths[1] == pytest.approx(log(8.5 / 0.5))


def test_strengths_are_those_of_other_fits_of_the_same_model() -> None:
    random = np.random.default_rng(7)
    wins = random.integers(1, 20, size=(5, 5)) * (1 - np.eye(5))
    own = fit(wins).strengths

    def loss(free: np.ndarray) -> float:
        values = np.array([0.0, *free])
        return float((wins * np.log1p(np.exp(values[None, :] - values[:, None]))).sum())

    found = np.array([0.0, *minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-9}).x])
    assert own == pytest.approx(found - found.mean(), abs=1e-5)

    pairs = [(one, other) for one in range(5) for other in range(5) if one < other]
    design = np.array([np.eye(5)[one] - np.eye(5)[other] for one, other in pairs for _ in range(2)])[:, 1:]
    weight = [count for one, other in pairs for count in (wins[one, other], wins[other, one])]
    model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=1000)
    model.fit(design, [1, 0] * len(pairs), sample_weight=weight)
    logistic = np.array([0.0, *model.coef_[0]])
    assert own == pytest.approx(logistic - logistic.mean(), abs=1e-4)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Two systems, 60 clips with a vote each, the first better with 0.6: the interval should hold log 1.5."""
    random, inside = np.random.default_rng(1), 0
    for _ in range(40):
        won = (random.random(60) < 0.6).astype(float)
        by_clip = np.zeros((60, 2, 2))
        by_clip[:, 0, 1], by_clip[:, 1, 0] = won, 1 - won
        low, high = np.quantile(replicates(by_clip) @ [1, -1], [0.025, 0.975])
        inside += low <= log(1.5) <= high
    assert 34 <= inside <= 40


def test_agreement_is_that_computed_by_hand() -> None:
    units = {"one": ["a1", "a1", "a2"], "two": ["a2", "a2"], "three": ["both"]}
    assert shared_share(units) == (2 / 4, 4)
    assert majority(["a1", "a2", "a2"]) == "a2" and majority(["a1", "a2"]) is None
    one, other = ["a1", "a1", "a2", "same", "a2", "a1"], ["a1", "a2", "a2", "same", "a1", "a1"]
    assert kappa(one, other) == pytest.approx(cohen_kappa_score(one, other))
    assert kappa(["a1"], ["a1"]) is None and kappa([], []) is None


def test_nobody_judges_a_pair_and_clip_twice_and_pairs_stay_balanced(voting: Voting) -> None:
    crowd = people(3)
    for _ in range(5):
        for who in crowd:
            ballot = voting.next(who, "trees")
            assert ballot and ballot == voting.next(who, "trees"), "coming back must show the same pair"
            voting.vote(who, "trees", ballot.id, "left")
    votes = voting.ledger.votes("trees")
    by_pair = Counter(frozenset((vote.left, vote.right)) for vote in votes)
    assert sum(by_pair.values()) == 15 and max(by_pair.values()) - min(by_pair.values()) <= 1
    for who in crowd:
        give(voting, who, lambda left, right: "both")
    judged = Counter(
        (vote.person, vote.clip, frozenset((vote.left, vote.right))) for vote in voting.ledger.votes("trees")
    )
    assert set(judged.values()) == {1} and len(judged) == 3 * len(CLIPS) * 3


def test_the_better_system_comes_first_on_whichever_side_it_stands(voting: Voting) -> None:
    order = {"Cedar": 0, "Ash": 1, "Birch": 2}
    for who in people(4):
        give(voting, who, lambda left, right: "left" if order[left] < order[right] else "right")
    votes = voting.ledger.votes("trees")
    assert {vote.left for vote in votes} == set(SYSTEMS) == {vote.right for vote in votes}, "sides must be shuffled"
    found = voting.results(people(1)[0], "trees")
    assert [row.name for row in found.rows] == ["Cedar", "Ash", "Birch"] and found.prior
    assert found.agree == 1.0 and [pair.share for pair in found.pairs] == [1.0, 0.0, 0.0]


def test_a_vote_that_is_sent_twice_counts_once_even_after_a_restart(voting: Voting) -> None:
    ballot = voting.next(ADA, "trees")
    assert ballot
    first, again = voting.vote(ADA, "trees", ballot.id, "left", " because ")
    assert not again and first.reason == "because"
    assert voting.vote(ADA, "trees", ballot.id, "right") == (first, True)
    restarted = Voting(Board().ledger, Clock())
    assert restarted.vote(ADA, "trees", ballot.id, "right") == (first, True)
    with pytest.raises(Refusal, match="not open for you"):
        restarted.vote(BEN, "trees", ballot.id, "left")
    assert len(restarted.ledger.votes("trees")) == 1


@pytest.mark.parametrize(
    "choice, reason", [("middle", ""), ("left", "x" * 501), ("left", "\x00"), ("left", ["a"]), (3, "")]
)
def test_what_is_no_vote_is_refused(voting: Voting, choice: Any, reason: Any) -> None:
    ballot = voting.next(ADA, "trees")
    with pytest.raises(Refusal):
        voting.vote(ADA, "trees", ballot and ballot.id, choice, reason)
    assert not voting.ledger.votes("trees")


def test_results_wait_for_ones_own_votes_or_the_closing(voting: Voting) -> None:
    for given in range(2):
        with pytest.raises(Refusal, match=f"you have given {given}"):
            voting.results(ADA, "trees")
        ballot = voting.next(ADA, "trees")
        voting.vote(ADA, "trees", ballot and ballot.id, "left")
    assert voting.results(ADA, "trees").votes == 2
    for who in (BEN, None):
        with pytest.raises(Refusal, match="after the closing on 2026-11-30"):
            voting.results(who, "trees")
    voting.clock.forward(days=9)  # type: ignore[attr-defined]
    assert voting.results(None, "trees").votes == 2
    with pytest.raises(Refusal, match="closed on 2026-11-30"):
        voting.next(BEN, "trees")


def test_who_has_voted_on_all_there_is_sees_the_results(make: Callable[..., dict[str, Any]]) -> None:
    make("--results-after", 500, "--votes-per-pair", 50)
    voting, given = Voting(Board().ledger, Clock()), 0
    while ballot := voting.next(ADA, "trees"):
        assert voting.turnout(ADA, "trees").missing
        voting.vote(ADA, "trees", ballot.id, "both")
        given += 1
    assert voting.turnout(ADA, "trees").missing == 0 and voting.results(ADA, "trees").votes == given > 2


def test_a_person_has_so_many_votes_a_day_and_none_on_their_own_system(make: Callable[..., dict[str, Any]]) -> None:
    make("--per-person", 2, "--account", "Ash=Ada", "--votes-per-pair", 3)
    clock = Clock()
    voting = Voting(Board().ledger, clock)
    for day in range(2):
        for _ in range(2):
            ballot = voting.next(ADA, "trees")
            assert not ballot or {ballot.left, ballot.right} == {"Birch", "Cedar"}
            if ballot:
                voting.vote(ADA, "trees", ballot.id, "neither")
        if day == 0:
            with pytest.raises(Refusal, match="go on tomorrow"):
                voting.next(ADA, "trees")
        clock.forward(days=1)
    assert len(voting.ledger.votes("trees")) == 3, "a pair takes no more votes than it was given"


def test_votes_of_an_earlier_version_do_not_count(voting: Voting, make: Callable[..., dict[str, Any]]) -> None:
    ballot = voting.next(ADA, "trees")
    voting.vote(ADA, "trees", ballot and ballot.id, "left")
    assert "version 2" in " ".join(make("--force")["said"])
    found = voting.outcome(load_arena("trees"))
    assert (found.version, found.votes) == (2, 0)


def test_an_arena_is_no_track_for_files_and_says_where_to_vote(make: Callable[..., dict[str, Any]]) -> None:
    make()
    desk = Service(Board())
    assert "trees" not in [track["id"] for track in desk.tracks(None)] and desk.board.wrong_tracks() == []
    with pytest.raises(Refusal, match="takes votes instead of files; vote on the page"):
        desk.submit(ADA, "trees", b"name,openset\n", "a.csv", "A")


def test_the_judge_is_told_beside_people_and_the_export_is_a_file_of_preferences(
    voting: Voting, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for who in people(3):
        give(voting, who, lambda left, right: "left" if left < right else "right")
    rows = [f"{clip},birch,ash,{'a1' if clip == CLIPS[0] else 'a2'}" for clip in CLIPS]  # the judge errs on one clip
    judge = tmp_path / "judge.csv"
    judge.write_text("\n".join(["name,a1,a2,preference", *rows]) + "\n")
    found = run(capsys, "arena", "trees", "--judge", judge)
    assert (found["judge"]["agree"], found["judge"]["compared"]) == (0.75, 4)
    assert found["rows"][0]["name"] == "Ash" and found["votes"] == 36
    out = tmp_path / "people.csv"
    assert run_text(capsys, "arena-votes", "trees", "--out", out) == f"{out}\n"
    exported = list(csv.DictReader(io.StringIO(out.read_text())))
    assert len(exported) == 12 and {row["preference"] for row in exported} == {"a1"}
    assert {row["votes"] for row in exported} == {"3"}
    scored = run(capsys, "metric", "preference", "--references", out, "--predictions", out)
    assert scored["acc"] == 1.0
    every = votes_csv(load_arena("trees"), voting.ledger.votes("trees"))
    assert len(every.splitlines()) == 37 and "id-0" not in every, "people must not be named"


def run_text(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    from leaderboard.__main__ import main

    code = main([*map(str, arguments)])
    out, err = capsys.readouterr()
    assert code == 0, err
    return out


@pytest.mark.parametrize(
    "options, sentence",
    [
        (("--account", "Oak=x"), "no --system"),
        (("--system", "Ash=other.csv"), "with a name of its own"),
        (("--id", "../x"), "cannot be a track's id"),
        (("--id", "mer-prefer"), "a track of the project"),
        (("--closes", "tomorrow"), "is not a day"),
    ],
)
def test_a_wrong_request_is_one_sentence_and_writes_nothing(
    make: Callable[..., dict[str, Any]], own_home: Path, capsys: pytest.CaptureFixture[str], options: Any, sentence: str
) -> None:
    with pytest.raises(AssertionError, match=sentence):
        make(*options)
    assert not list((own_home / "tracks").glob("*")) if (own_home / "tracks").exists() else True


def test_the_sides_cannot_be_told_from_what_a_voter_sees(voting: Voting) -> None:
    """Drawn from the ballot's id and the seed, which is 0 unless given, a voter could compute them."""
    arena = voting.arena("trees")
    ballots = [_ballot(arena, ADA, "20261130T000000Z-AAAAAAAAAA", CLIPS[0], ("Ash", "Birch")) for _ in range(64)]
    assert {ballot.left for ballot in ballots} == {"Ash", "Birch"}


def test_strangers_learn_nothing_of_the_folders_of_a_broken_arena(
    make: Callable[..., dict[str, Any]], clips: Path
) -> None:
    file = Path(make()["files"]["track"])
    file.write_text(file.read_text().replace(str(clips), "/secret/folder"))
    with pytest.raises(Refusal, match="cannot be used at the moment") as told:
        Voting(Board().ledger, Clock()).turnout(None, "trees")
    assert "secret" not in str(told.value)


def test_a_broken_arena_names_its_file_and_place(make: Callable[..., dict[str, Any]], clips: Path) -> None:
    file = Path(make()["files"]["track"])
    whole = file.read_text()
    for old, new, told in (
        ("votes_per_pair = 100", "votes_per_pair = 0", "votes_per_pair: 0 is not at least 1"),
        (str(clips), "/nowhere", "is not a folder"),
        ('name = "Birch"', 'name = "Ash"', "two systems have the same name"),
    ):
        file.write_text(whole.replace(old, new))
        with pytest.raises(TrackError, match=f"trees.toml is wrong: .*{told}"):
            load_arena("trees")
    findings = {finding.name: finding for finding in examine()}
    assert not findings["comparison trees"].ok and "same name" in findings["comparison trees"].sentence
    file.write_text(whole)
    assert load_arena("trees").names == SYSTEMS
