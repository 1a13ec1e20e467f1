"""The voice witness: a linear map from Whisper's encoder states to the classes of EmoDB.

Each recording is used as it is and in `COPIES` augmented versions (`sounds.py`). The directions in which versions of
one recording differ most are projected out (nuisance attribute projection, Solomonoff et al. 2005, with the channel as
the nuisance); then a logistic regression with balanced classes is fitted.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emer_space.errors import InputError
from emer_space.feelings import feeling_of
from emer_space.files.writing import whole_file
from emer_space.models import graphs, hearing
from emer_space.models.hearing import Hearing
from emer_space.models.voice_witness import CLASSES
from emer_space.settings import app_home
from training import sounds
from training.corpora import Recording, recordings

LAYERS = (3, 4)
"""The pooled layers of the encoder, which has 6."""
COPIES = 4
PARTS = ((slice(0, 512), 50), (slice(1024, 2048), 100))
"""The values used (means of layer 3; means and deviations of layer 4), and how many directions are projected out of
each. Each part has its own map, and the scores are the mean of both. These, the layers and the regularisation were
chosen on left-out speakers of EmoDB and on nEMO."""
REGULARISATION = 3e-3
TEMPERATURE = 1.3
"""Divisor that calibrates the scores for unseen corpora: the value with the least log loss on nEMO. On unseen speakers
of EmoDB itself the scores are then far too modest."""
LONGEST_S = 15
FOLDS = 5

Progress = Callable[[str], None]
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Described:
    """Encoded recordings: `values` (recordings, copies, values), the first copy being the original; `labels`
    (recordings,) are indices into `CLASSES`.
    """

    values: Values
    labels: NDArray[np.intp]
    speakers: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear map: scores = values @ `matrix` (values, classes) + `bias` (classes,)."""

    matrix: NDArray[np.float64]
    bias: NDArray[np.float64]

    def scores(self, values: Values) -> NDArray[np.float64]:
        """Scores (n, classes) of values (n, values)."""
        scores: NDArray[np.float64] = values @ self.matrix + self.bias
        return scores


def run(corpora: Sequence[Path], out: Path, seed: int, progress: Progress) -> None:
    """Fit to folders with labels.csv, and write the weights to `out`. Raises `InputError` for any other folder."""
    corpus = [row for folder in corpora for row in recordings(folder)]
    if missing := [name for name in CLASSES if name not in {class_of(recording.label) for recording in corpus}]:
        raise InputError(
            f"The recordings must have all the classes {', '.join(CLASSES)}, and there is none that is "
            f"{' or '.join(missing)}; name more corpora with --corpus."
        )
    described = describe(corpus, seed, progress)
    if all(len(set(described.labels[~out])) == len(CLASSES) for out in folds(described.speakers)):
        progress(f"leaving speakers out: {left_out_recall(described):.3f} of each class on average")
    else:
        progress("leaving speakers out: not measured, because a class has too few speakers")
    fitted = fit(described.values, described.labels)
    about = {
        "name": "voice witness",
        "corpora": ", ".join(folder.name for folder in corpora),
        "recordings": len(described.labels),
        "speakers": len(set(described.speakers)),
        "copies": COPIES,
        "seed": seed,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "temperature": TEMPERATURE,
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        out,
        layers=np.array(LAYERS),
        classes=np.array(CLASSES),
        matrix=(fitted.matrix / TEMPERATURE).astype(np.float16),
        bias=(fitted.bias / TEMPERATURE).astype(np.float32),
        about=np.array(json.dumps(about)),
    )
    progress(f"wrote {out}")


def fit(values: Values, labels: NDArray[np.intp]) -> Linear:
    """The map fitted to values (recordings, copies, values) and labels (recordings,), which have all classes.

    It is deterministic.
    """
    matrix, bias = np.zeros((values.shape[-1], len(CLASSES))), np.zeros(len(CLASSES))
    for columns, dropped in PARTS:
        part = _fit_part(values[:, :, columns], labels, dropped)
        matrix[columns] += part.matrix / len(PARTS)
        bias += part.bias / len(PARTS)
    return Linear(matrix, bias)


def _fit_part(values: Values, labels: NDArray[np.intp], dropped: int) -> Linear:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    width = values.shape[-1]
    flat = values.reshape(-1, width)
    mean, deviation = flat.mean(0, dtype=np.float64), flat.std(0, dtype=np.float64) + 1e-4
    scaled = ((values - mean) / deviation).astype(np.float32)
    rest = (scaled - scaled.mean(1, keepdims=True)).reshape(-1, width)
    _, directions = np.linalg.eigh(rest.T @ rest)
    channel = directions[:, width - dropped :]
    kept = np.eye(width, dtype=np.float32) - channel @ channel.T
    model = LogisticRegression(C=REGULARISATION, class_weight="balanced", max_iter=300)
    model.fit(scaled.reshape(-1, width) @ kept, np.repeat(labels, values.shape[1]))
    matrix = (kept @ model.coef_.T) / deviation[:, None]
    return Linear(matrix, model.intercept_ - mean @ matrix)


def folds(speakers: NDArray[np.str_]) -> list[NDArray[np.bool_]]:
    """The recordings left out in each fold, as masks (recordings,): every `FOLDS`th speaker, by name."""
    names = sorted(set(speakers))
    parts = [set(names[first::FOLDS]) for first in range(min(FOLDS, len(names)))]
    return [np.array([speaker in part for speaker in speakers]) for part in parts]


def left_out_scores(described: Described) -> NDArray[np.float64]:
    """The scores (recordings, classes) of the originals, each by a map fitted without its speaker."""
    scores = np.zeros((len(described.labels), len(CLASSES)))
    for out in folds(described.speakers):
        scores[out] = fit(described.values[~out], described.labels[~out]).scores(described.values[out, 0])
    return scores


def left_out_recall(described: Described) -> float:
    """Mean recall over the classes, speakers left out."""
    right = left_out_scores(described).argmax(1) == described.labels
    return float(np.mean([right[described.labels == label].mean() for label in set(described.labels.tolist())]))


def describe(corpus: Sequence[Recording], seed: int, progress: Progress, copies: int = COPIES) -> Described:
    """Encode the recordings and their copies. The values are cached in the app's home, since this takes minutes.

    Recordings whose labels are none of `CLASSES` are left out.
    """
    usable = [recording for recording in corpus if class_of(recording.label) in CLASSES]
    if len(usable) < len(corpus):
        progress(f"{len(corpus) - len(usable)} recordings are left out: the witness has no class for their labels")
    labels = np.array([CLASSES.index(class_of(recording.label)) for recording in usable], np.intp)
    speakers = np.array([recording.speaker for recording in usable])
    return Described(values_of([recording.path for recording in usable], seed, progress, copies), labels, speakers)


def class_of(label: str) -> str:
    """The class of a corpus's label: one of `CLASSES`, or another feeling; "" for anything else."""
    plain = label.strip().lower()
    if plain in (*CLASSES, "boredom"):
        return plain.replace("boredom", "bored")
    return feeling_of(plain) or ""


def values_of(paths: Sequence[Path], seed: int, progress: Progress, copies: int = COPIES) -> Values:
    """The encoder's values (recordings, 1 + copies, values); the first copy is the original."""
    kept = _cache(paths, seed, copies)
    if kept.is_file():
        with np.load(kept, allow_pickle=False) as stored:
            values: Values = stored["values"].astype(np.float32)
        return values
    listener = Hearing(LAYERS)
    rows = []
    for place, path in enumerate(paths):
        if place % 50 == 0:
            progress(f"hearing {place} of {len(paths)} recordings")
        wave = sounds.load(str(path))[: LONGEST_S * sounds.RATE]
        dice = np.random.default_rng([seed, place])
        heard = [wave, *(sounds.varied(wave, dice) for _ in range(copies))]
        rows.append([listener.described(version).astype(np.float16) for version in heard])
    encoded = np.array(rows)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(kept) as file:
        np.savez(file, values=encoded)
    return encoded.astype(np.float32)


def _cache(paths: Sequence[Path], seed: int, copies: int) -> Path:
    """The cache file, named by a hash of everything that decides the values: files, seed and code."""
    digest = hashlib.sha256(f"{LAYERS} {seed} {copies} {LONGEST_S}".encode())
    for file in (str(sounds.__file__), str(hearing.__file__), graphs.hearing_graph(max(LAYERS))):
        digest.update(Path(file).read_bytes())
    for path in paths:
        facts = path.stat()
        digest.update(f"{path.resolve()} {facts.st_size} {facts.st_mtime_ns}".encode())
    return app_home() / "training-cache" / f"voice-{digest.hexdigest()[:16]}.npz"
