"""Speech recognition of the hub profile by a Whisper of any size (Radford et al. 2022, arXiv:2212.04356).

Speech is located first, then decoded greedily in windows of at most 30 s: deterministic, bounded, can be stopped at
any token.
"""

import logging
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Subtitle
from emer_space.cancellation import CancelToken
from emer_space.errors import ModelUnavailable
from emer_space.models.hub import load, on_gpu, supply
from emer_space.models.hub_source import Notify
from emer_space.models.roles import SPEECH
from emer_space.models.stopping import stop_at
from emer_space.models.whisper.recognition import (
    MAX_TOKENS,
    MIN_SPEECH_S,
    SAMPLE_RATE,
    checked,
    doubt_of,
    join,
    most_tokens,
    sentences,
    speech_spans,
)

log = logging.getLogger(__name__)

WINDOW_S = 28.0
"""Whisper takes 30 s at once; the rest is for the padding of a stretch of speech."""
PAD_S = 0.3
TICK_S = 0.02
"""Whisper's times are multiples of this."""
NO_SPEECH = ("<|nospeech|>", "<|nocaptions|>")
SENTENCE = re.compile(r".+?(?:[.?!…]+[\"'”’]*(?=\s)|[。？！]+[”’]*|$)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Word:
    start: float
    end: float
    word: str
    probability: float


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A segment for `recognition.checked`. Its words are sentences, timed by their share of the text."""

    text: str
    start: float
    end: float
    words: tuple[_Word, ...]
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    cut: bool


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of the wave that begins at `start` s, and its mel spectrogram (1, bins, frames)."""

    start: float
    seconds: float
    features: Any


@dataclass(frozen=True, slots=True)
class _Written:
    """The tokens of a window with their log-probabilities, and whether they were cut. `certain` is the probability of
    the language, `silent` that of nobody speaking."""

    language: str
    certain: float
    ids: list[int]
    logprobs: list[float]
    silent: float
    cut: bool


class HubSpeechRecogniser:
    """A Whisper checkpoint (`EMER_HUB_SPEECH`). Not safe to use from several threads at once."""

    def __init__(self, notify: Notify = log.info) -> None:
        """Load the model. Raises `ModelUnavailable` if it cannot be loaded or is not a Whisper."""
        self._loaded = load("speech", "AutoModelForSpeechSeq2Seq", "AutoProcessor", notify)
        self._settings = self._loaded.model.generation_config
        if self._loaded.model.config.model_type != "whisper" or not hasattr(self._settings, "no_timestamps_token_id"):
            raise ModelUnavailable(
                "The checkpoint for speech is not a Whisper with times; name one in EMER_HUB_SPEECH, such as "
                "openai/whisper-small."
            )
        self._tokenizer = self._loaded.processor.tokenizer
        self._token = CancelToken()
        self._write = on_gpu(self._written)

    @property
    def revision(self) -> str:
        return self._loaded.revision

    @property
    def translates(self) -> bool:
        """Whether it was trained to translate: not if it knows only English or its decoder was cut down (turbo)."""
        config = self._loaded.model.config
        return bool(self._languages) and config.decoder_layers == config.encoder_layers

    def recognise(self, wave: NDArray[np.float32], token: CancelToken) -> Subtitle:
        """The words in a mono wave (n samples at 16 kHz, −1…1), with times in seconds of the clip.

        Each segment is a sentence. For other languages than English, `translation` is English, if the model can
        translate. Without speech, the text is empty and its source "none". Raises `Cancelled`.
        """
        token.check()
        spans = speech_spans(wave)
        if sum(end - start for start, end in spans) < MIN_SPEECH_S:
            return Subtitle(text="", source="none")
        self._token = token
        windows = [self._window(wave, span) for span in _windows(spans)]
        first = self._write(windows[0], None, "transcribe")
        language, certain = first.language, first.certain
        heard = list(checked(self._decoded(windows, language, "transcribe", first), token))
        if not heard:
            return Subtitle(text="", source="none")
        doubtful = doubt_of(heard, certain)
        kept = tuple(sentences(heard, hide_doubted=doubtful is None))
        text = join([segment.text for segment in kept], language)
        translation = None
        if language != "en" and doubtful is None and self.translates:
            english = checked(self._decoded(windows, language, "translate"), token)
            translation = join([segment.text for segment in english if segment.doubt is None], "en") or None
        return Subtitle(text, "recognised", language, translation, kept, doubtful)

    @property
    def _languages(self) -> dict[str, int]:
        """The tokens of its languages, `<|en|>` → id; empty if it knows only English."""
        multilingual = getattr(self._settings, "is_multilingual", False)
        return dict(getattr(self._settings, "lang_to_id", None) or {}) if multilingual else {}

    def _window(self, wave: NDArray[np.float32], span: tuple[float, float]) -> _Window:
        start = max(0.0, span[0] - PAD_S)
        piece = wave[round(start * SAMPLE_RATE) : round((span[1] + PAD_S) * SAMPLE_RATE)]
        prepared = self._loaded.processor(piece, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        return _Window(start, len(piece) / SAMPLE_RATE, prepared.input_features)

    def _decoded(
        self, windows: list[_Window], language: str, task: str, first: _Written | None = None
    ) -> Iterator[_Decoded]:
        """The segments of all windows, in `language`; `first` is the first window if it was transcribed already."""
        for number, window in enumerate(windows):
            self._token.check()
            written = first if number == 0 else None
            yield from self._segments(window, written or self._write(window, language, task))

    def _written(self, window: _Window, language: str | None, task: str) -> _Written:
        """The transcription or translation of a window; its language is detected if None."""
        import torch

        model = self._loaded.model
        usual = min(MAX_TOKENS, model.config.max_target_positions // 2 - 4)
        with self._loaded.busy, torch.inference_mode():
            placed = window.features.to(self._loaded.device, model.dtype)
            encoded = model.get_encoder()(placed)
            start = torch.tensor([[self._settings.decoder_start_token_id]], device=self._loaded.device)
            logits = model(encoder_outputs=encoded, decoder_input_ids=start).logits[0, -1].float()
            silent = float(logits.softmax(-1)[self._no_speech]) if self._no_speech is not None else 0.0
            certain = 1.0
            if language is None:
                language, certain = self._language(logits)
            most = min(most_tokens(window.seconds, language), usual)
            out = model.generate(
                input_features=placed,
                encoder_outputs=encoded,
                return_timestamps=True,
                force_unique_generate_call=True,
                return_dict_in_generate=True,
                output_scores=True,
                do_sample=False,
                num_beams=1,
                max_new_tokens=most,
                stopping_criteria=stop_at(lambda: self._token.check()),
                **({"language": language, "task": task} if self._languages else {}),
            )
            ids = out.sequences[0, -len(out.scores) :].tolist()
            logprobs = [
                float(scores[0].float().log_softmax(-1)[chosen]) for scores, chosen in zip(out.scores, ids, strict=True)
            ]
        return _Written(language, certain, ids, logprobs, silent, cut=len(ids) >= most < usual)

    def _language(self, logits: Any) -> tuple[str, float]:
        """The likeliest language as an ISO code, with its probability; English if it knows no other."""
        if not self._languages:
            return "en", 1.0
        names, ids = zip(*self._languages.items(), strict=True)
        best = logits[list(ids)].softmax(-1).max(-1)
        return names[int(best.indices)].strip("<|>"), float(best.values)

    @property
    def _no_speech(self) -> int | None:
        ids = self._tokenizer.get_vocab()
        return next((ids[name] for name in NO_SPEECH if name in ids), None)

    def _segments(self, window: _Window, written: _Written) -> Iterator[_Decoded]:
        """The segments of a window: text between two times. A text without an end time lasts to the window's end."""
        first_time = self._settings.no_timestamps_token_id + 1
        finite = [logprob for logprob in written.logprobs if np.isfinite(logprob)]
        average = sum(finite) / max(len(finite), 1)
        whole = self._tokenizer.decode([token for token in written.ids if token < first_time], skip_special_tokens=True)
        compression = len(whole.encode()) / max(1, len(zlib.compress(whole.encode())))
        start, text, sure = 0.0, list[int](), list[float]()
        for token, logprob in [*zip(written.ids, written.logprobs, strict=True), (None, 0.0)]:
            if token is not None and token < first_time:
                text.append(token)
                sure.append(float(np.exp(logprob)))
                continue
            at = window.seconds if token is None else min((token - first_time) * TICK_S, window.seconds)
            piece = self._tokenizer.decode(text, skip_special_tokens=True)
            if piece.strip():
                words = tuple(_spread(piece, window.start + start, window.start + max(start, at), float(np.mean(sure))))
                yield _Decoded(
                    piece, words[0].start, words[-1].end, words, average, compression, written.silent, written.cut
                )
            start, text, sure = at, [], []


SUPPLIES = (supply(SPEECH, HubSpeechRecogniser),)


def _windows(spans: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Stretches of at most 28 s that hold all speech, cut in pauses, or within speech that has none."""
    start = end = None
    for first, last in spans:
        if start is not None and end is not None and last - start > WINDOW_S:
            yield start, end
            start = None
        start = first if start is None else start
        while last - start > WINDOW_S:
            yield start, start + WINDOW_S
            start += WINDOW_S
        end = last
    if start is not None and end is not None:
        yield start, end


def _spread(text: str, start: float, end: float, probability: float) -> Iterator[_Word]:
    """The sentences of a segment, timed by their share of its characters."""
    pieces = [piece for piece in SENTENCE.findall(text) if piece.strip()]
    step = (end - start) / max(1, sum(len(piece) for piece in pieces))
    at = start
    for piece in pieces:
        yield _Word(at, at + step * len(piece), piece, probability)
        at += step * len(piece)
