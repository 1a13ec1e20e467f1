"""Simulates how many answers of people the order `least_sure` saves, on people that the machine was not fitted to.

    python -m benchmarks.active_order ../shared/labelled [--seed 1] [--samples 200]

A project has 200 clips, drawn from a corpus. People label some of them, and the others are released with the machine's
first label. Told is the share of clips that people must label until so many of the released labels are right, in the
order of `annotation.order.least_sure` and in any other (as listed, or shuffled), and how much that saves. A person is
always right, or, where a row says `votes`, one of FERPlus's ten voters, whose majority is the truth. No order can need
less than that of an oracle, who names the machine's errors first.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from annotation.order import least_sure
from annotation.records import Answer, Draft
from benchmarks.careless import WHO, project_of
from emer_space.analysis import Modality
from emer_space.clues.face.channels import still_reading
from emer_space.clues.posteriors import bounded, reliability
from emer_space.feelings import FEELINGS, PRIOR, softmax
from emer_space.models.expression import FaceNetwork, SecondOpinion
from training import fusion, muscles
from training.corpora import FERPLUS, ferplus, recordings

CLIPS = 200
GOALS = (0.8, 0.9, 0.95)
VOICES = {"RAVDESS": "ravdess_speech", "Urdu": "urdu", "nEMO": "nemo"}
Order = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Verdicts (n, feelings), the truth (n,), and the shares of people who say each feeling of a clip (n, feelings)."""

    name: str
    verdicts: NDArray[np.float64]
    truth: NDArray[np.intp]
    people: NDArray[np.float64]


def corpora(labelled: Path, seed: int) -> Iterator[Corpus]:
    """The verdict on the voices of three corpora, on faces, and on moments composed of both."""
    known: dict[Modality, fusion.Answers] = {}
    for name, folder in VOICES.items():
        heard = fusion.voices(recordings(labelled / folder), _quiet)
        known.setdefault("acoustic", heard)
        yield _sure(f"{name}, voice", _alone(heard.shares, "acoustic"), heard.labels)
    clear = ferplus(labelled / FERPLUS).part("test").clear()
    seen = muscles.seen(clear.images, FaceNetwork(), SecondOpinion(), _quiet)
    shares, labels = still_reading(seen.calls, seen.channels)[seen.found], clear.labels[seen.found]
    known["visual"] = fusion.Answers(shares, labels)
    faces = _sure("FERPlus test, face", _alone(shares, "visual"), labels)
    yield faces
    votes = clear.shares[seen.found][:, : len(FEELINGS)]
    yield Corpus("FERPlus test, face; votes", faces.verdicts, labels, votes / votes.sum(1, keepdims=True))
    sober = {name: fusion.Answers(bounded(said.shares, name), said.labels) for name, said in known.items()}
    logs, wanted = fusion.moments(sober, seed)
    scores = np.log(PRIOR) + sum(reliability()[name] * part for name, part in zip(known, logs, strict=True))
    yield _sure("FERPlus with RAVDESS, verdict", softmax(scores), wanted.argmax(1))


def _alone(shares: NDArray[np.float64], modality: Modality) -> NDArray[np.float64]:
    """The verdict on a single witness's word, as the app pools it."""
    verdict: NDArray[np.float64] = softmax(
        np.log(PRIOR) + reliability()[modality] * np.log(bounded(shares, modality) / PRIOR)
    )
    return verdict


def _sure(name: str, verdicts: NDArray[np.float64], truth: NDArray[np.intp]) -> Corpus:
    return Corpus(name, verdicts, truth, np.eye(len(FEELINGS))[truth])


def by_service(verdicts: NDArray[np.float64]) -> Order:
    """The clips in the order in which the service hands them out, from drafts as the pipeline makes them."""
    drafts = []
    for place, shares in enumerate(verdicts):
        answer = Answer((FEELINGS[shares.argmax()],))
        drafts.append(Draft(**WHO, id=str(place), clip=str(place), answer=answer, confidence=float(shares.max())))
    return np.array([int(name) for name in least_sure(project_of(drafts))])


def needed(order: Order, machine: NDArray[np.bool_], people: NDArray[np.bool_]) -> list[float]:
    """The share of clips that people must label in an order to reach each of `GOALS`; NaN if that is never."""
    gained = np.concatenate([[0], np.cumsum(people[order].astype(int) - machine[order])])
    right = (machine.sum() + gained) / len(order)
    return [float(np.argmax(right >= goal)) / len(order) if (right >= goal).any() else np.nan for goal in GOALS]


def measured(corpus: Corpus, samples: int, seed: int) -> Iterator[str]:
    """A row of the table for each goal."""
    dice = np.random.default_rng(seed)
    machine = corpus.verdicts.argmax(1) == corpus.truth
    found = np.empty((samples, 3, len(GOALS)))
    for sample in range(samples):
        chosen = dice.choice(len(machine), CLIPS, replace=False)
        said = np.array([dice.choice(len(FEELINGS), p=corpus.people[clip]) for clip in chosen])
        people, own = said == corpus.truth[chosen], machine[chosen]
        orders = (by_service(corpus.verdicts[chosen]), dice.permutation(CLIPS), np.argsort(own, kind="stable"))
        found[sample] = [needed(order, own, people) for order in orders]
    for place, goal in enumerate(GOALS):
        reached = found[~np.isnan(found[:, :2, place]).any(axis=1), :, place]
        if len(reached) < samples / 2:
            yield f"| {corpus.name} | {machine.mean():.2f} | {goal:.0%} | seldom | seldom | | |"
            continue
        shares = [_spread(reached[:, which]) for which in range(2)]
        saved = _spread(reached[:, 1] - reached[:, 0])
        oracle = f"{np.nanmedian(reached[:, 2]):.0%}"
        yield f"| {corpus.name} | {machine.mean():.2f} | {goal:.0%} | {' | '.join(shares)} | {saved} | {oracle} |"


def _spread(values: NDArray[np.float64]) -> str:
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return f"{middle:.0%} ({low:.0%} to {high:.0%})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print("| machine on | right | goal | least sure first | any order | fewer, of all clips | oracle |")
    print("|---|---|---|---|---|---|---|")
    for corpus in corpora(asked.labelled, asked.seed):
        print("\n".join(measured(corpus, asked.samples, asked.seed)), flush=True)


def _quiet(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    main()
