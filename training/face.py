"""`python -m training face`: the network, the muscles' evidence and how much each counts → face.onnx, face.toml."""

from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emer_space.clues.face.channels import EVIDENCE
from emer_space.errors import InputError
from emer_space.feelings import FEELINGS, log_softmax
from emer_space.models.expression import EXPRESSIONS, FaceNetwork, SecondOpinion, mean_log
from training import muscles, teachers
from training.corpora import FERPLUS, Faces, ferplus
from training.face_network import SIDE, TAUGHT, VOTES, FaceNet, export, fit
from training.own_faces import MARGIN, own_faces
from training.pooling import fit_pool
from training.written import Tell, write_table

TEACHERS = {"face-api": 0.6, "opinion": 0.4}
"""How much each teacher counts; where one is missing, the other counts in full."""
MUSCLE_FACES = 6000
"""Faces of the split `train` that the muscles' evidence is fitted to: 17 weights a feeling need no more."""


def run(corpora: list[Path], out: Path, seed: int, tell: Tell, net: FaceNet | None = None) -> None:
    """Write `face.onnx` and `face.toml` into `out`.

    Fitted to all `corpora`: folders with `ferplus.npz`, or with `labels.csv` and clips or pictures; one with face-api's
    weights is a teacher (`teachers.py`). With `net`, that network is taken instead of a new one. Raises `InputError`
    where a folder is none of these, or there are too few people to fit to some and choose by others.
    """
    schools = [folder for folder in corpora if (folder / teachers.MANIFEST).is_file()]
    parts = [_faces(folder, tell) for folder in corpora if folder not in schools]
    if not parts:
        raise InputError("There are no faces to fit to; name a folder with FERPlus, or with labels.csv and clips.")
    data = reduce(add, parts)
    train, val = data.part("train"), data.part("val")
    if not len(train.images) or not len(val.images):
        raise InputError("There are too few people: some are fitted to, and every fifth is kept for choosing.")
    if net is None:
        net = fit(data, seed, VOTES, tell=tell)
        net = fit(_with_teachers(train, schools, tell) + _untaught(val), seed + 1, TAUGHT, net.with_taught_head(), tell)
    export(net, out / "face.onnx")
    some = np.random.default_rng(seed).permutation(len(train.images))[:MUSCLE_FACES]
    weights, biases = _muscles(muscles.seen(train.images[some], tell=tell), train.shares[some])
    seen = muscles.seen(val.images, FaceNetwork(out / "face.onnx"), SecondOpinion(), tell)
    chosen = seen.found & (val.shares[:, : len(FEELINGS)].sum(1) > 0)
    shares = of_feelings(val.shares[chosen])
    said = (seen.votes[chosen, : len(FEELINGS)], seen.taught[chosen], seen.opinion[chosen])
    mean = mean_log(said)
    sharpness, _ = fit_pool([mean], shares)
    calls = log_softmax(sharpness[0] * mean)
    before, seen_before = np.exp(calls).mean(0), shares.mean(0)
    by_moves = log_softmax(seen.channels[chosen] @ weights.T + biases)
    pool, _ = fit_pool(
        [calls - np.log(before), by_moves - np.log(seen_before)], shares, biased=False, prior=seen_before
    )
    write_table(
        out / "face.toml",
        f"Fitted by `python -m training face` (seed {seed}) to what people saw, split val; the muscles to split train.",
        {
            "pool": {"sharpness": sharpness[0], "classifiers": pool[0], "muscles": pool[1]},
            "before": dict(zip(EXPRESSIONS, before, strict=True)),
            "seen_before": dict(zip(EXPRESSIONS, seen_before, strict=True)),
            **{
                f"muscles.{name}": {"bias": biases[row], **dict(zip(EVIDENCE, weights[row], strict=True))}
                for row, name in enumerate(EXPRESSIONS)
            },
        },
    )


def _faces(folder: Path, tell: Tell) -> Faces:
    return ferplus(folder / FERPLUS) if (folder / FERPLUS).is_file() else own_faces(folder, tell)


def _with_teachers(train: Faces, schools: list[Path], tell: Tell) -> Faces:
    """The faces to fit to, as they are and as the app cuts them out, with what teachers say of them."""
    answers = {"opinion": teachers.second_opinion(train.images)}
    if schools:
        answers["face-api"] = teachers.FaceApi(schools[0]).probabilities(train.images)
    taught = teachers.mixed(answers, TEACHERS)
    chosen, crops = muscles.aligned(train.images, MARGIN, SIDE, tell)
    cut = Faces(crops, train.shares[chosen], train.split[chosen], taught[chosen])
    return Faces(train.images, train.shares, train.split, taught) + cut


def _untaught(val: Faces) -> Faces:
    """Faces that are only looked at: no teacher is asked about them."""
    return Faces(val.images, val.shares, val.split, np.zeros((len(val.images), len(FEELINGS))))


def of_feelings(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares (n, feelings) of the votes without those for no face."""
    known = shares[:, : len(FEELINGS)]
    result: NDArray[np.float64] = known / known.sum(1, keepdims=True)
    return result


def _muscles(seen: muscles.Seen, shares: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    chosen = seen.found & (shares[:, : len(FEELINGS)].sum(1) > 0)
    return muscles.fit(seen.channels[chosen], of_feelings(shares[chosen]))
