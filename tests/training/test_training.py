"""Fitting the witnesses: the parts on small data, the commands on corpora of their own."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from emer_space.feelings import FEELINGS, PRIOR
from emer_space.models.expression import FACE_CLASSES, FaceNetwork
from training import corpora, fusion, muscles, teachers
from training.corpora import Faces
from training.face_network import SIDE, Course, FaceNet, accuracy, export, fit, seen_badly, varied, without_face
from training.pooling import fit_pool


def drawn(count: int, seed: int) -> Faces:
    """Faces of two kinds that differ in where they are bright, half for fitting and half for looking."""
    dice = np.random.default_rng(seed)
    kinds = np.arange(count) % 2
    images = dice.integers(0, 60, (count, SIDE, SIDE)).astype(np.uint8)
    for image, kind in zip(images, kinds, strict=True):
        image[slice(4, 20) if kind else slice(28, 44), 8:40] += 150
    shares = np.eye(len(FACE_CLASSES))[np.where(kinds, FEELINGS.index("happy"), FEELINGS.index("sad"))]
    return Faces(images, shares, np.where(np.arange(count) % 4 < 2, "train", "val"))


def test_the_network_learns_what_tells_faces_apart_and_runs_as_it_was_fitted(tmp_path: Path) -> None:
    data = drawn(1200, 0)
    told: list[str] = []
    net = fit(data, 0, Course(epochs=4, rate=2e-3, draws=600), progress=told.append).with_taught_head()
    assert len(told) == 4
    assert accuracy(net, data.part("val")) > 0.9
    export(net, tmp_path / "face.onnx")
    some = data.part("val").images[:8]
    with torch.no_grad():
        logits = net(torch.from_numpy(some)[:, None].float())
        wanted = torch.softmax(logits[:, : len(FACE_CLASSES)], 1).numpy()
    seen, _ = FaceNetwork(tmp_path / "face.onnx").of_crops(some)
    assert np.allclose(seen, wanted, atol=1e-4)


def test_the_same_seed_gives_the_same_network() -> None:
    data = drawn(300, 1)
    course = Course(epochs=1, rate=1e-3, draws=256)
    one, other = (fit(data, 3, course, progress=lambda line: None).state_dict() for _ in range(2))
    assert all(torch.allclose(one[name], other[name], atol=1e-5) for name in one)


def test_varied_faces_stay_pictures_and_keep_their_number() -> None:
    x = torch.from_numpy(drawn(32, 2).images)[:, None].float()
    dice = torch.Generator().manual_seed(0)
    for changed in (varied(x, dice), without_face(x, dice)):
        assert changed.shape == x.shape and torch.isfinite(changed).all()
        assert (changed - x).abs().mean() > 5
    assert seen_badly(drawn(8, 2).images).dtype == np.uint8


def test_the_witness_who_is_right_gets_the_weight() -> None:
    dice = np.random.default_rng(0)
    labels = dice.integers(0, 4, 800)
    truth = np.eye(4)[labels]
    knows = np.log(0.7 * truth + 0.1)
    guesses = np.log(dice.dirichlet(np.ones(4), 800))
    weights, _ = fit_pool([knows, guesses], truth)
    assert weights[0] > 0.8 and weights[1] < 0.15


def test_evidence_of_muscles_has_the_sign_that_the_faces_show() -> None:
    dice = np.random.default_rng(0)
    channels = dice.random((900, 3))
    shares = np.full((900, len(FEELINGS)), 1e-6)
    shares[np.arange(900), np.where(channels[:, 0] > 0.5, FEELINGS.index("happy"), FEELINGS.index("sad"))] = 1.0
    weights, _ = muscles.fit(channels, shares / shares.sum(1, keepdims=True))
    assert weights[FEELINGS.index("happy"), 0] > 1 > -1 > weights[FEELINGS.index("sad"), 0]
    assert abs(weights[FEELINGS.index("happy"), 1]) < 0.5


def test_teachers_count_by_their_weights_and_one_alone_in_full() -> None:
    angry, sad = (np.eye(len(FEELINGS))[[FEELINGS.index(name)]] for name in ("angry", "sad"))
    both = teachers.mixed({"one": angry, "other": sad}, {"one": 0.6, "other": 0.4})
    assert both[0, FEELINGS.index("angry")] == pytest.approx(0.6) and both.sum() == pytest.approx(1.0)
    assert teachers.mixed({"one": angry}, {"one": 0.6, "other": 0.4}) == pytest.approx(angry)


def test_a_second_head_begins_as_the_first_and_learns_what_teachers_say() -> None:
    data = drawn(1200, 4)
    torch.manual_seed(0)
    net = FaceNet().eval()
    wider = net.with_taught_head().eval()
    some = torch.from_numpy(data.images[:4])[:, None].float()
    with torch.no_grad():
        one, both = net(some), wider(some)
    assert torch.allclose(both[:, : len(FACE_CLASSES)], one, atol=1e-5)
    assert torch.allclose(both[:, len(FACE_CLASSES) :], one[:, : len(FEELINGS)], atol=1e-5)
    contrary = np.eye(len(FEELINGS))[np.where(data.labels == FEELINGS.index("happy"), 4, 6)]
    taught = Faces(data.images, data.shares, data.split, contrary)
    fitted = fit(taught, 0, Course(epochs=6, rate=2e-3, draws=600), wider, progress=lambda line: None)
    val = taught.part("val")
    with torch.no_grad():
        scores = fitted(torch.from_numpy(val.images)[:, None].float()).numpy()
    assert (scores[:, : len(FEELINGS)].argmax(1) == val.labels).mean() > 0.8
    assert (scores[:, len(FACE_CLASSES) :].argmax(1) == val.taught.argmax(1)).mean() > 0.8


def test_moments_follow_the_prior_and_a_modality_is_missing_now_and_then() -> None:
    even = np.full((80, len(FEELINGS)), 1 / len(FEELINGS))
    known = {"visual": fusion.Answers(even, np.arange(80) % len(FEELINGS))}
    (added,), wanted = fusion.moments(known, 0)  # type: ignore[arg-type]
    assert np.allclose(wanted.mean(0), PRIOR, atol=0.03)
    assert (added == 0).all(1).mean() == pytest.approx(fusion.MISSING, abs=0.03)


def test_single_votes_and_unreadable_faces_are_left_out(tmp_path: Path) -> None:
    names = np.array([*(name for name in FEELINGS[:7]), "contempt", "unknown", "notface"])
    votes = np.zeros((3, 10), int)
    votes[0, [0, 1]] = 9, 1
    votes[1, 8] = 10
    votes[2, 9] = 10
    images = np.zeros((3, SIDE, SIDE), np.uint8)
    np.savez(tmp_path / "f.npz", images=images, votes=votes, vote_names=names, split=np.array(["train"] * 3))
    data = corpora.ferplus(tmp_path / "f.npz")
    assert len(data.images) == 2
    assert data.shares[0, 0] == 1.0 and data.shares[1, -1] == 1.0
    assert len(data.clear().images) == 1


def labelled(folder: Path, rows: list[tuple[str, str, str]]) -> Path:
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label", "speaker"), *rows])
    return folder


def train(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "training", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("witness", ["face", "voice"])
def test_a_folder_that_is_no_corpus_ends_with_2_and_one_sentence(tmp_path: Path, witness: str) -> None:
    done = train(witness, "--corpus", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "labels.csv" in done.stderr and done.stderr.strip().count("\n") == 0


def test_a_labs_own_clips_become_faces(clips: Path, tmp_path: Path) -> None:
    from training.own_faces import own_faces

    for name in ("single_face", "smile_happy_words"):
        (tmp_path / f"{name}.mp4").write_bytes((clips / "faces" / f"{name}.mp4").read_bytes())
    rows = [("single_face.mp4", "joyful", "a"), ("smile_happy_words.mp4", "no word at all", "b")]
    told: list[str] = []
    data = own_faces(labelled(tmp_path, rows), told.append)
    assert data.images.shape[1:] == (SIDE, SIDE) and 6 <= len(data.images) <= 12
    assert set(data.labels) == {FEELINGS.index("happy")}
    assert any("smile_happy_words" in line for line in told)


def test_a_network_of_other_classes_is_refused(tmp_path: Path) -> None:
    from emer_space.errors import ModelUnavailable

    export(FaceNet(classes=4), tmp_path / "face.onnx")
    with pytest.raises(ModelUnavailable, match=r"face\.onnx"):
        FaceNetwork(tmp_path / "face.onnx")
    (tmp_path / "face.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelUnavailable, match=r"face\.onnx"):
        FaceNetwork(tmp_path / "face.onnx")
