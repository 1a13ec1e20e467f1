"""What the votes of an arena amount to: strengths, shares by pair, agreement among people and with a judge."""

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from annotation.agreement.alpha import alpha
from emer_space.files.formulas import no_formula
from emer_space.files.tables import NAME, Column
from leaderboard.arena.agreement import kappa, majority, shared_share
from leaderboard.arena.arena import Arena, Pair
from leaderboard.arena.strengths import fit, replicates, win_shares
from leaderboard.errors import LeaderboardError
from leaderboard.metrics.files import rows_in, table_in
from leaderboard.metrics.preference import A1, A2, PREFERENCE, SAME
from leaderboard.metrics.tally import Floats
from leaderboard.scoring.bootstrap import LEVEL, RESAMPLES, SEED
from leaderboard.scoring.paired import compared
from submissions.store.records import Vote

ENDS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
Unit = tuple[str, Pair]
"""A clip and a pair of systems."""


@dataclass(frozen=True, slots=True)
class Row:
    """A system in the table. `strength` is its log odds against the average system, with a 95 % interval.

    `group`, from 1, is as in `scoring.paired`: no system of a group can be told from its first one. `share` is that of
    its votes which it won.
    """

    rank: int
    name: str
    strength: float
    low: float | None
    high: float | None
    group: int | None
    share: float | None
    votes: int


@dataclass(frozen=True, slots=True)
class PairCounts:
    """The votes on two systems: how many found `a1` or `a2` better, both good, or neither; `share` is that of `a1`."""

    a1: str
    a2: str
    votes: int
    a1_better: int
    a2_better: int
    both: int
    neither: int
    share: float | None


@dataclass(frozen=True, slots=True)
class JudgeAgreement:
    """A language model's preferences against the majority of people: Cohen's `kappa`, the share that agrees (0…1),
    over so many `compared` clips and pairs; on `undecided` others people have no majority.
    """

    kappa: float | None
    agree: float | None
    compared: int
    undecided: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The results of an arena. `prior`: a system won or lost everything, so half a win each way was added to all pairs
    and there are no intervals. `repeated` counts the pairs of judgements that `agree` is the share of.
    """

    arena: str
    version: int
    votes: int
    voters: int
    clips: int
    rows: tuple[Row, ...]
    pairs: tuple[PairCounts, ...]
    prior: bool
    agree: float | None
    repeated: int
    alpha: float | None
    judge: JudgeAgreement | None = None

    def to_dict(self) -> dict[str, Any]:
        """The results as JSON."""
        bootstrap = {"level": LEVEL, "resamples": RESAMPLES, "seed": SEED, "over": "clips"}
        return {"track": self.arena, **_without(asdict(self), "arena"), "interval": bootstrap}


def _without(table: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key != name}


def counted(arena: Arena, votes: Sequence[Vote]) -> list[Vote]:
    """The votes that count: of the arena's version, on its clips and systems, a person's first on a clip and pair."""
    kept: dict[tuple[str, str, Pair], Vote] = {}
    for vote in votes:
        there = arena.texts.get(vote.clip, {})
        if vote.version == arena.version and vote.left in there and vote.right in there:
            kept.setdefault((vote.person, vote.clip, arena.pair(vote.left, vote.right)), vote)
    return list(kept.values())


def judgement(arena: Arena, vote: Vote) -> str:
    """What a vote says of its pair, whichever stood left: `a1` or `a2` is better, `both` are good, or `neither`."""
    if vote.choice in ("left", "right"):
        better = vote.left if vote.choice == "left" else vote.right
        return A1 if arena.pair(vote.left, vote.right)[0] == better else A2
    return vote.choice


def units(arena: Arena, votes: Sequence[Vote]) -> dict[Unit, list[str]]:
    """The judgements of each clip and pair."""
    found: dict[Unit, list[str]] = defaultdict(list)
    for vote in votes:
        found[vote.clip, arena.pair(vote.left, vote.right)].append(judgement(arena, vote))
    return dict(sorted(found.items()))


def wins_by_clip(arena: Arena, judged: Mapping[Unit, Sequence[str]]) -> Floats:
    """How often each system was better than each other, by clip, shape (clips, systems, systems); ties are halves."""
    clips = {clip: number for number, clip in enumerate(dict.fromkeys(clip for clip, _ in judged))}
    places = {name: number for number, name in enumerate(arena.names)}
    wins = np.zeros((len(clips), len(places), len(places)))
    for (clip, (one, other)), judgements in judged.items():
        for said in judgements:
            won = {A1: 1.0, A2: 0.0}.get(said, 0.5)
            wins[clips[clip], places[one], places[other]] += won
            wins[clips[clip], places[other], places[one]] += 1 - won
    return wins


def outcome(arena: Arena, given: Sequence[Vote], judge: Path | None = None) -> Outcome:
    """The results of the votes so far; `judge` takes the place of the arena's own file. Raises `LeaderboardError`."""
    votes = counted(arena, given)
    judged = units(arena, votes)
    agree, repeated = shared_share(judged)
    rows, prior = _rows(arena, wins_by_clip(arena, judged)) if votes else ((), False)
    file = judge or arena.judge
    return Outcome(
        arena.id,
        arena.version,
        len(votes),
        len({vote.person for vote in votes}),
        len({vote.clip for vote in votes}),
        rows,
        tuple(_pair_counts(pair, judged) for pair in arena.pairs),
        prior,
        agree,
        repeated,
        alpha(judged),
        _against_judge(arena, judged, file) if file else None,
    )


def _rows(arena: Arena, by_clip: Floats) -> tuple[tuple[Row, ...], bool]:
    wins = by_clip.sum(axis=0)
    strengths, prior = fit(wins)
    order = np.argsort(-strengths, kind="stable")
    drawn = None if prior else replicates(by_clip)[:, order]
    groups = [None] * len(order) if drawn is None else _groups(strengths[order], drawn, len(by_clip))
    shares, votes = win_shares(wins), wins.sum(axis=0) + wins.sum(axis=1)
    rows: list[Row] = []
    for place, system in enumerate(order):
        value = float(strengths[system])
        tied = bool(rows) and abs(rows[-1].strength - value) < 1e-9
        rank = rows[-1].rank if tied else place + 1
        bounds = [None, None] if drawn is None else [float(end) for end in np.quantile(drawn[:, place], ENDS)]
        row = (rank, arena.names[system], value, *bounds, groups[place], shares[system], round(float(votes[system])))
        rows.append(Row(*row))
    return tuple(rows), bool(prior)


def _groups(strengths: Floats, drawn: Floats, clips: int) -> Sequence[int]:
    """The group of each system, the strongest first; `drawn`: strengths in resamples, shape (resamples, systems)."""
    return compared(strengths, drawn.T.astype(np.float32), clips).groups()


def _pair_counts(pair: Pair, judged: Mapping[Unit, Sequence[str]]) -> PairCounts:
    said = [one for (_, other), judgements in judged.items() if other == pair for one in judgements]
    better, worse, both, neither = (said.count(answer) for answer in (A1, A2, "both", "neither"))
    share = (better + (both + neither) / 2) / len(said) if said else None
    return PairCounts(*pair, len(said), better, worse, both, neither, share)


def as_preference(said: str) -> str:
    """A judgement in MER2026's terms: `a1`, `a2`, or `same` for both and neither."""
    return said if said in (A1, A2) else SAME


def _against_judge(arena: Arena, judged: Mapping[Unit, Sequence[str]], file: Path) -> JudgeAgreement:
    machine = judge_preferences(arena, file)
    people = {unit: majority([as_preference(one) for one in said]) for unit, said in judged.items() if unit in machine}
    decided = [(answer, machine[unit]) for unit, answer in people.items() if answer]
    ours, theirs = [one for one, _ in decided], [other for _, other in decided]
    agree = sum(one == other for one, other in decided) / len(decided) if decided else None
    return JudgeAgreement(kappa(ours, theirs), agree, len(decided), len(people) - len(decided))


def judge_preferences(arena: Arena, file: Path) -> dict[Unit, str]:
    """A language model's preferences by clip and pair, from a file with the columns name, a1, a2, preference.

    a1 and a2 are systems, or the names of their files without suffix, in either order. Raises `SubmissionError`, and
    `LeaderboardError` for a system that the arena does not have.
    """
    key = (NAME, Column(A1, "text"), Column(A2, "text"))
    names = {name: clip for clip, path in arena.clips.items() for name in (clip, path.stem, path.name)}
    found: dict[Unit, str] = {}
    for (clip, one, other), said in (
        table_in(file, rows_in(file, []), (PREFERENCE,), key).column(PREFERENCE.name).items()
    ):
        first, second = arena.named(one), arena.named(other)
        if first is None or second is None or first == second:
            wrong = one if first is None else other
            raise LeaderboardError(
                f"{file.name} compares {wrong!r}, which is no other system of {arena.id} ({', '.join(arena.names)}); "
                "name the systems, or their files without suffix, under a1 and a2."
            )
        if clip in names:
            pair = arena.pair(first, second)
            found[names[clip], pair] = said if pair[0] == first else {A1: A2, A2: A1}.get(said, said)
    return found


def preference_csv(arena: Arena, given: Sequence[Vote]) -> str:
    """What most people prefer, in the columns of MER2026's track Prefer: name, a1, a2, preference, and the votes.

    `same`: most say both or neither, or no answer has the majority. The metric `preference` reads it.
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    write.writerow(["name", A1, A2, PREFERENCE.name, "votes"])
    for (clip, (one, other)), said in units(arena, counted(arena, given)).items():
        preferred = majority([as_preference(answer) for answer in said]) or SAME
        write.writerow([no_formula(clip), no_formula(one), no_formula(other), preferred, len(said)])
    return out.getvalue()


def votes_csv(arena: Arena, given: Sequence[Vote]) -> str:
    """Every vote that counts: name, a1, a2, preference, what was said, the voter as a number, reason and time."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    write.writerow(["name", A1, A2, PREFERENCE.name, "judgement", "left", "voter", "reason", "voted"])
    voters: dict[str, int] = {}
    for vote in counted(arena, given):
        said, pair = judgement(arena, vote), arena.pair(vote.left, vote.right)
        voter = voters.setdefault(vote.person, len(voters) + 1)
        texts = (no_formula(vote.clip), *map(no_formula, pair))
        write.writerow(
            [*texts, as_preference(said), said, no_formula(vote.left), voter, no_formula(vote.reason), vote.voted]
        )
    return out.getvalue()
