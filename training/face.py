"""`python -m training face`: the network, the muscles' evidence and how much each counts → face.onnx, face.toml."""

from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from emer_space.clues.face_channels import EVIDENCE
from emer_space.feelings import FEELINGS
from emer_space.models.expression import EXPRESSIONS, FaceNetwork, SecondOpinion
from training import muscles, teachers
from training.corpora import Faces, ferplus
from training.face_network import SIDE, TAUGHT, VOTES, FaceNet, export, fit
from training.own_faces import MARGIN, own_faces
from training.pooling import fit_pool
from training.written import Tell, write_table

FERPLUS = "ferplus.npz"
TEACHERS = {"face-api": 0.3, "opinion": 0.15}
"""How much the teachers' answers count beside people's votes; the rest is the votes'."""
MUSCLE_FACES = 6000
"""Faces of the split `train` that the muscles' evidence is fitted to: 17 weights a feeling need no more."""


def run(corpora: list[Path], out: Path, seed: int, tell: Tell, net: FaceNet | None = None) -> None:
    """Write `face.onnx` and `face.toml` into `out`.

    Fitted to all `corpora`: folders with `ferplus.npz`, or with `labels.csv` and clips or pictures; one with face-api's
    weights is a teacher (`teachers.py`). With `net`, that network is taken instead of a new one. Raises `InputError`
    where a folder is none of these.
    """
    schools = [folder for folder in corpora if (folder / teachers.MANIFEST).is_file()]
    data = reduce(add, (_faces(folder, tell) for folder in corpora if folder not in schools))
    if net is None:
        net = fit(data, seed, VOTES, tell=tell)
        net = fit(_taught(data, schools, tell), seed + 1, TAUGHT, net, tell)
    export(net, out / "face.onnx")
    train, val = data.part("train"), data.part("val")
    some = np.random.default_rng(seed).permutation(len(train.images))[:MUSCLE_FACES]
    weights, biases = _muscles(muscles.seen(train.images[some], tell=tell), train.shares[some])
    seen = muscles.seen(val.images, FaceNetwork(out / "face.onnx"), SecondOpinion(), tell)
    chosen = seen.found & (val.shares[:, : len(FEELINGS)].sum(1) > 0)
    shares = of_feelings(val.shares[chosen])
    network, opinion = seen.network[chosen, : len(FEELINGS)], seen.opinion[chosen]
    before = shares.mean(0)
    by_moves = log_softmax(seen.channels[chosen] @ weights.T + biases)
    classifiers, bias = fit_pool([_log(network), _log(opinion)], shares)
    calls = log_softmax(classifiers[0] * _log(network) + classifiers[1] * _log(opinion) + bias)
    pool, _ = fit_pool([calls - np.log(before), by_moves - np.log(before)], shares, biased=False, prior=before)
    write_table(
        out / "face.toml",
        f"Fitted by `python -m training face` (seed {seed}) to what people saw, split val; the muscles to split train.",
        {
            "classifiers": {"network": classifiers[0], "opinion": classifiers[1]},
            "classifiers.bias": dict(zip(EXPRESSIONS, bias, strict=True)),
            "pool": {"classifiers": pool[0], "muscles": pool[1]},
            "before": dict(zip(EXPRESSIONS, before, strict=True)),
            **{
                f"muscles.{name}": {"bias": biases[row], **dict(zip(EVIDENCE, weights[row], strict=True))}
                for row, name in enumerate(EXPRESSIONS)
            },
        },
    )


def _faces(folder: Path, tell: Tell) -> Faces:
    return ferplus(folder / FERPLUS) if (folder / FERPLUS).is_file() else own_faces(folder, tell)


def _taught(data: Faces, schools: list[Path], tell: Tell) -> Faces:
    """The faces of the split `train`, as they are and as the app cuts them out, with votes that teachers softened; and
    those of `val`, as people saw them."""
    train = data.part("train")
    answers = {"opinion": teachers.second_opinion(train.images)}
    if schools:
        answers["face-api"] = teachers.FaceApi(schools[0]).probabilities(train.images)
    soft = Faces(train.images, teachers.softened(train.shares, answers, TEACHERS), train.split)
    chosen, crops = muscles.aligned(train.images, MARGIN, SIDE, tell)
    return soft + Faces(crops, soft.shares[chosen], soft.split[chosen]) + data.part("val")


def of_feelings(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares (n, feelings) of the votes without those for no face."""
    known = shares[:, : len(FEELINGS)]
    result: NDArray[np.float64] = known / known.sum(1, keepdims=True)
    return result


def _muscles(seen: muscles.Seen, shares: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    chosen = seen.found & (shares[:, : len(FEELINGS)].sum(1) > 0)
    return muscles.fit(seen.channels[chosen], of_feelings(shares[chosen]))


def log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = torch.log_softmax(torch.from_numpy(scores), 1).numpy()
    return result


def _log(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = np.log(np.maximum(shares, 1e-5))
    return result
