"""The voice witness: a linear map from Whisper's encoder states to the classes of EmoDB.

Each recording is heard as it is and through `COPIES` rooms, microphones and channels (`sounds.py`). The directions in
which copies of one recording differ most are left out (nuisance attribute projection, Solomonoff et al. 2005, with the
channel as the nuisance); logistic regression with balanced classes does the rest.
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
from emer_space.models import hearing
from emer_space.models.hearing import Hearing
from emer_space.models.voice_witness import CLASSES
from emer_space.models.whisper import encoder
from emer_space.settings import app_home
from training import sounds
from training.corpora import Recording, recordings

LAYERS = (3, 4)
"""Layers of the encoder that are pooled, of 6."""
COPIES = 4
PARTS = ((slice(0, 512), 50), (slice(1024, 2048), 100))
"""Which values are read (the means of layer 3; means and deviations of layer 4), and how many directions, in which the
copies of a recording differ most, are left out. Each part has a map of its own, and the scores are the mean of both.
This, the layers and the regularisation were chosen on EmoDB's speakers left out and on nEMO."""
REGULARISATION = 3e-3
TEMPERATURE = 1.3
"""By which scores are divided so that they are as sure as they are right about people in recordings never heard: the
value with the least log loss on nEMO. On EmoDB's own unseen speakers they are then far too modest."""
LONGEST_S = 15
FOLDS = 5

Tell = Callable[[str], None]
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Described:
    """`values` (recordings, copies, values), the first copy as recorded; `labels` as places in `CLASSES`."""

    values: Values
    labels: NDArray[np.intp]
    speakers: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Linear:
    """Scores are values @ `matrix` (values, classes) + `bias`."""

    matrix: NDArray[np.float64]
    bias: NDArray[np.float64]

    def scores(self, values: Values) -> NDArray[np.float64]:
        """Values (n, values) → (n, classes)."""
        found: NDArray[np.float64] = values @ self.matrix + self.bias
        return found


def run(corpora: Sequence[Path], out: Path, seed: int, tell: Tell) -> None:
    """Fit to corpora, folders with labels.csv, and write the weights. Raises `InputError` for any other folder."""
    described = describe([each for folder in corpora for each in recordings(folder)], seed, tell)
    tell(f"leaving speakers out: {left_out_recall(described):.3f} of each class on average")
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
    tell(f"wrote {out}")


def fit(values: Values, labels: NDArray[np.intp]) -> Linear:
    """The map for values (recordings, copies, values) and labels (recordings,); nothing in it is drawn."""
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
    if list(model.classes_) != list(range(len(CLASSES))):
        raise InputError(f"The recordings must have all of the classes {', '.join(CLASSES)}.")
    matrix = (kept @ model.coef_.T) / deviation[:, None]
    return Linear(matrix, model.intercept_ - mean @ matrix)


def folds(speakers: NDArray[np.str_]) -> list[NDArray[np.bool_]]:
    """Who is left out, (recordings,) for each fold: every `FOLDS`th speaker, in the order of their names."""
    names = sorted(set(speakers))
    parts = [set(names[first::FOLDS]) for first in range(min(FOLDS, len(names)))]
    return [np.array([speaker in part for speaker in speakers]) for part in parts]


def left_out_scores(described: Described) -> NDArray[np.float64]:
    """The scores (recordings, classes) of each recording as it is, by a map that never heard its speaker."""
    scores = np.zeros((len(described.labels), len(CLASSES)))
    for out in folds(described.speakers):
        scores[out] = fit(described.values[~out], described.labels[~out]).scores(described.values[out, 0])
    return scores


def left_out_recall(described: Described) -> float:
    """Recall averaged over the classes."""
    right = left_out_scores(described).argmax(1) == described.labels
    return float(np.mean([right[described.labels == label].mean() for label in set(described.labels.tolist())]))


def describe(found: Sequence[Recording], seed: int, tell: Tell, copies: int = COPIES) -> Described:
    """What the encoder says of each recording and its copies; kept outside the repository, since it takes minutes.

    Recordings whose label the witness does not know are left out.
    """
    known = [each for each in found if class_of(each.label) in CLASSES]
    if len(known) < len(found):
        tell(f"{len(found) - len(known)} recordings are left out: the witness has no class for their labels")
    labels = np.array([CLASSES.index(class_of(each.label)) for each in known], np.intp)
    speakers = np.array([each.speaker for each in known])
    return Described(values_of([each.path for each in known], seed, tell, copies), labels, speakers)


def class_of(label: str) -> str:
    """The class that a corpus's label stands for: one of `CLASSES`, or another feeling; "" where it is none."""
    plain = label.strip().lower()
    if plain in (*CLASSES, "boredom"):
        return plain.replace("boredom", "bored")
    return feeling_of(plain) or ""


def values_of(paths: Sequence[Path], seed: int, tell: Tell, copies: int = COPIES) -> Values:
    """(recordings, 1 + copies, values), the first as recorded."""
    kept = _cache(paths, seed, copies)
    if kept.is_file():
        with np.load(kept, allow_pickle=False) as stored:
            values: Values = stored["values"].astype(np.float32)
        return values
    listener = Hearing(LAYERS)
    rows = []
    for place, path in enumerate(paths):
        if place % 50 == 0:
            tell(f"hearing {place} of {len(paths)} recordings")
        wave = sounds.load(str(path))[: LONGEST_S * sounds.RATE]
        dice = np.random.default_rng([seed, place])
        heard = [wave, *(sounds.varied(wave, dice) for _ in range(copies))]
        rows.append([listener.described(each).astype(np.float16) for each in heard])
    found = np.array(rows)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(kept) as file:
        np.savez(file, values=found)
    return found.astype(np.float32)


def _cache(paths: Sequence[Path], seed: int, copies: int) -> Path:
    """Named by all that decides the values: the files, the seed, and the code that varies and describes them."""
    told = hashlib.sha256(f"{LAYERS} {seed} {copies} {LONGEST_S}".encode())
    for module in (sounds, hearing, encoder):
        told.update(Path(str(module.__file__)).read_bytes())
    for path in paths:
        facts = path.stat()
        told.update(f"{path.resolve()} {facts.st_size} {facts.st_mtime_ns}".encode())
    return app_home() / "training-cache" / f"voice-{told.hexdigest()[:16]}.npz"
