"""`python -m training face`: fits the network, the muscles' evidence and their pool; writes face.onnx, face.toml."""

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
from training.written import Progress, write_table

TEACHERS = {"face-api": 0.6, "opinion": 0.4}
"""Weights of the teachers; if one is missing, the other counts in full."""
MUSCLE_FACES = 6000
"""Faces of the split `train` for the muscles' evidence: 17 weights a feeling need no more."""


def run(corpora: list[Path], out: Path, seed: int, progress: Progress, net: FaceNet | None = None) -> None:
    """Write `face.onnx` and `face.toml` into `out`.

    `corpora`: folders with `ferplus.npz`, or with `labels.csv` and clips or pictures; a folder with face-api's weights
    is a teacher (`teachers.py`). With `net`, that network is used instead of fitting a new one. Raises `InputError` if
    a folder is none of these, or if there are too few people for a training and a validation split.
    """
    schools = [folder for folder in corpora if (folder / teachers.MANIFEST).is_file()]
    parts = [_faces(folder, progress) for folder in corpora if folder not in schools]
    if not parts:
        raise InputError("There are no faces to train on; name a folder with FERPlus, or with labels.csv and clips.")
    data = reduce(add, parts)
    train, val = data.part("train"), data.part("val")
    if not len(train.images) or not len(val.images):
        raise InputError("There are too few people: every fifth is kept for validation, so give at least five.")
    if net is None:
        net = fit(data, seed, VOTES, progress=progress)
        net = fit(
            _with_teachers(train, schools, progress) + _untaught(val),
            seed + 1,
            TAUGHT,
            net.with_taught_head(),
            progress,
        )
    export(net, out / "face.onnx")
    some = np.random.default_rng(seed).permutation(len(train.images))[:MUSCLE_FACES]
    weights, biases = _muscles(muscles.seen(train.images[some], progress=progress), train.shares[some])
    seen = muscles.seen(val.images, FaceNetwork(out / "face.onnx"), SecondOpinion(), progress)
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


def _faces(folder: Path, progress: Progress) -> Faces:
    return ferplus(folder / FERPLUS) if (folder / FERPLUS).is_file() else own_faces(folder, progress)


def _with_teachers(train: Faces, schools: list[Path], progress: Progress) -> Faces:
    """The training faces, as they are and as the app crops them, with the teachers' answers."""
    answers = {"opinion": teachers.second_opinion(train.images)}
    if schools:
        answers["face-api"] = teachers.FaceApi(schools[0]).probabilities(train.images)
    taught = teachers.mixed(answers, TEACHERS)
    chosen, crops = muscles.aligned(train.images, MARGIN, SIDE, progress)
    cut = Faces(crops, train.shares[chosen], train.split[chosen], taught[chosen])
    return Faces(train.images, train.shares, train.split, taught) + cut


def _untaught(val: Faces) -> Faces:
    """The validation faces, for which no teacher is asked."""
    return Faces(val.images, val.shares, val.split, np.zeros((len(val.images), len(FEELINGS))))


def of_feelings(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of the votes (n, feelings), without votes for "no face"."""
    kept = shares[:, : len(FEELINGS)]
    result: NDArray[np.float64] = kept / kept.sum(1, keepdims=True)
    return result


def _muscles(seen: muscles.Seen, shares: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    chosen = seen.found & (shares[:, : len(FEELINGS)].sum(1) > 0)
    return muscles.fit(seen.channels[chosen], of_feelings(shares[chosen]))
