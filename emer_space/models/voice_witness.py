"""The voice witness: a posterior over the basic feelings from the states of Whisper's encoder.

The encoder of Whisper base (Radford et al. 2022, arXiv:2212.04356) learned to cope with rooms, channels and languages.
Besides what is said, its states show how it is said, those of the middle layers best (Pasad et al. 2021,
arXiv:2107.04734). Their mean and deviation over the loud frames of a window go through one linear map, which
`training/voice.py` fitted to acted German (EmoDB, Burkhardt et al. 2005) through many rooms and channels. Words hardly
count, and the level does not count at all.
"""

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_space.cancellation import CancelToken
from emer_space.errors import ModelUnavailable
from emer_space.feelings import AROUSAL, EVEN, FEELINGS
from emer_space.models.hearing import PER_LAYER, Hearing
from emer_space.models.own import weights_file
from emer_space.models.roles import SAMPLE_RATE, VOICE, VoiceEmotions, VoicePosterior
from emer_space.models.supply import Supply
from emer_space.models.whisper.recognition import speech_spans

WINDOW_S, HOP_S = 4.0, 2.0
"""Windows as long as the recordings it was fitted to; each moment is heard twice."""
LEAST_S = 0.6
SILENT = 1e-4
"""A wave with a lower peak is not made louder for the speech detector."""
LEAST_SPEECH_S = 0.3
"""Seconds of speech, by the voice activity detector, that a window needs to be read."""

LAYERS = 6
"""The number of Whisper base's layers; layer 0 stands for the convolutions before them."""
FIT = "python -m training voice"

CLASSES = ("angry", "bored", "disgusted", "fearful", "happy", "neutral", "sad")
"""EmoDB's classes, in the order of the weights."""
CLASS_OF_FEELING = {
    "neutral": "neutral",
    "happy": "happy",
    "sad": "sad",
    "angry": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
}
"""The feelings that the witness was trained on → the class that clues name (emotion_classes.toml)."""
AROUSED = ("happy", "angry", "fearful")
"""Surprise was not in the training data; it is about as likely as its aroused neighbours (Russell 1980)."""
BORED = 0.25
"""Share of bored voices among those that show no feeling."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The fitted weights. `layers` of the encoder are pooled; `matrix` (values, classes) and `bias` (classes,) are
    already divided by the temperature; `about` describes the fit."""

    layers: tuple[int, ...]
    matrix: NDArray[np.float32]
    bias: NDArray[np.float32]
    about: Mapping[str, Any]
    digest: str

    @property
    def revision(self) -> str:
        """The weights' name and hash, for the provenance of a result."""
        return f"Whisper base's layers and {self.about.get('corpora', 'a fit')} (sha256 {self.digest[:12]})"


class VoiceWitness:
    """Whisper's encoder and a linear map, on the CPU. Deterministic; safe to use from several threads."""

    classes = tuple(CLASS_OF_FEELING.values())
    """The classes for clues; the posterior is over all of `FEELINGS`."""

    def __init__(self) -> None:
        """Load the weights (0.3 s). Raises `ModelUnavailable` if they or Whisper's are absent or wrong."""
        self._weights = load_weights()
        self._hearing = Hearing(self._weights.layers)
        self._busy = threading.Lock()

    @property
    def revision(self) -> str:
        return self._weights.revision

    def probabilities(self, wave: NDArray[np.float32], token: CancelToken) -> VoiceEmotions:
        """The classes of a mono wave (n samples at 16 kHz, −1…1) in windows of 4 s, and the reading of the `whole`.

        A shorter wave is one window; windows with hardly any speech are left out. The whole comes from the mean of the
        windows' scores, weighted by their speech, so that a long clip is no surer than a short one. Raises `Cancelled`
        between two windows.
        """
        start, end, speech_s, scores = self._heard(wave, token)
        shares = over_feelings(scores)[:, [FEELINGS.index(name) for name in CLASS_OF_FEELING]]
        shares = (shares / shares.sum(1, keepdims=True)).astype(np.float32)
        whole = VoicePosterior(EVEN, 0.0, 0.0)
        if len(scores):
            likely = over_feelings(np.average(scores, axis=0, weights=speech_s)[None])[0]
            whole = VoicePosterior(likely, float(likely @ AROUSAL), float(speech_s.max()))
        return VoiceEmotions(self.classes, start, end, shares, whole)

    def posterior(self, wave: NDArray[np.float32], token: CancelToken) -> VoicePosterior:
        """The reading of the whole wave (`probabilities`). Raises `Cancelled`."""
        whole = self.probabilities(wave, token).whole
        assert whole is not None
        return whole

    def _heard(
        self, wave: NDArray[np.float32], token: CancelToken
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Start, end and seconds of speech (n,) of each window, and its scores (n, classes)."""
        token.check()
        spans = _speech(wave)
        kept: list[tuple[float, float, float]] = []
        rows: list[NDArray[np.float32]] = []
        for first, last in _windows(len(wave)):
            token.check()
            start, end = first / SAMPLE_RATE, last / SAMPLE_RATE
            speech_s = sum(max(min(end, b) - max(start, a), 0.0) for a, b in spans)
            if speech_s < LEAST_SPEECH_S:
                continue
            with self._busy:
                rows.append(self._hearing.described(wave[first:last]))
            kept.append((start, end, speech_s))
        token.check()
        starts, ends, speech = np.array(kept, np.float64).reshape(-1, 3).T
        values = np.array(rows, np.float32).reshape(-1, len(self._weights.matrix))
        return starts, ends, speech, (values @ self._weights.matrix + self._weights.bias).astype(np.float64)


SUPPLIES = (Supply("bundled", VOICE, VoiceWitness, ahead=True),)


def over_feelings(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores (n, classes) → posteriors (n, 8) over `FEELINGS`, with an even prior.

    A bored voice is one way of showing no feeling: it makes up a quarter of neutral. Surprise was not in the training
    data and takes the mean of its aroused neighbours; contempt takes the mean of all, so that the voice says nothing
    about it.
    """
    likelihood = np.exp(scores - scores.max(1, keepdims=True))
    column = {name: likelihood[:, CLASSES.index(name)] for name in CLASSES}
    column["neutral"] = (1 - BORED) * column["neutral"] + BORED * column["bored"]
    column["surprised"] = np.mean([column[name] for name in AROUSED], axis=0)
    column["contemptuous"] = np.mean([column[name] for name in FEELINGS if name != "contemptuous"], axis=0)
    columns = np.stack([column[name] for name in FEELINGS], axis=1)
    shares: NDArray[np.float64] = columns / columns.sum(1, keepdims=True)
    return shares


def _windows(samples: int) -> Iterator[tuple[int, int]]:
    """First and last sample of each window; the last one ends with the wave."""
    window, hop = round(WINDOW_S * SAMPLE_RATE), round(HOP_S * SAMPLE_RATE)
    if samples < LEAST_S * SAMPLE_RATE:
        return
    for first in range(0, max(samples - window, 0) + hop, hop):
        last = min(first + window, samples)
        yield max(last - window, 0), last
        if last == samples:
            return


def _speech(wave: NDArray[np.float32]) -> list[tuple[float, float]]:
    """Start and end of each stretch of speech, in seconds."""
    return speech_spans(wave * (0.5 / max(float(np.abs(wave).max(initial=0.0)), SILENT)))


def load_weights() -> Weights:
    """The weights in use (`own.py`). Raises `ModelUnavailable` if they cannot be read or are wrong."""
    path = weights_file("voice.npz")
    try:
        data = path.read_bytes()
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            about: dict[str, Any] = json.loads(str(stored["about"]))
            layers = tuple(int(layer) for layer in stored["layers"])
            matrix, bias = stored["matrix"].astype(np.float32), stored["bias"].astype(np.float32)
            classes = tuple(str(name) for name in stored["classes"])
    except OSError as problem:
        raise ModelUnavailable(f"The voice witness's weights {path.name} cannot be read: {problem.strerror}.") from None
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise ModelUnavailable(f"{path.name} is not a file of voice witness weights; fit some with `{FIT}`.") from None
    layers_exist = layers and set(layers) <= set(range(LAYERS + 1))
    fits = classes == CLASSES and layers_exist and matrix.shape == (PER_LAYER * len(layers), len(CLASSES))
    if not fits or bias.shape != (len(CLASSES),) or not (np.isfinite(matrix).all() and np.isfinite(bias).all()):
        raise ModelUnavailable(
            f"The weights in {path.name} are for another version of the witness; fit them with `{FIT}`."
        )
    return Weights(layers, matrix, bias, about, hashlib.sha256(data).hexdigest())
