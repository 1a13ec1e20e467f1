"""Checks what a Whisper model (Radford et al. 2022, arXiv:2212.04356) recognised, and shapes it into sentences.

Whisper's known errors (loops, words over silence, a wrongly guessed language) are detected here and reported in
`Subtitle.doubtful`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Segment
from emer_space.cancellation import CancelToken

SAMPLE_RATE = 16_000
MIN_SPEECH_S = 0.25
MAX_TOKENS = 224
"""Most tokens in a window of 30 s: half of Whisper's context, as in the paper."""
TOKENS_A_SECOND, MORE_TOKENS = 16, 12
"""Nobody says more in a window: the fastest language is spoken at 7.8 syllables per second (Japanese; Pellegrino, Coupé
& Marsico 2011), a syllable takes at most two tokens in most scripts, and times and stops take some. This ends loops."""
SPELT_OUT = frozenset(
    {
        "am",
        "as",
        "bn",
        "bo",
        "gu",
        "hi",
        "hy",
        "ka",
        "km",
        "kn",
        "lo",
        "ml",
        "mr",
        "my",
        "ne",
        "pa",
        "sa",
        "si",
        "ta",
        "te",
    }
)
SPELT_OUT_TIMES = 3
"""Factor on tokens for the languages `SPELT_OUT`, which Whisper spells letter by letter or byte by byte: Telugu, Khmer
and Georgian took 1.8 to 2.7 tokens per letter, English 0.3 and Mandarin 0.8."""
SECONDS_A_WINDOW, MORE_WINDOWS = 4.0, 2
"""Whisper continues where its last word ended; if that hardly moves, it would decode the same sound endlessly."""

MIN_LOGPROB = -1.0
"""Whisper's own threshold for a failed decoding (paper, section 4.5)."""
UNSURE_LOGPROB = -0.5
UNSURE_LANGUAGE = 0.8
"""Below one of these, the words may still be right; below both, some were wrong in every trial."""
MIN_LANGUAGE = 0.5
MIN_WORD = 0.45
MAX_COMPRESSION = 2.4
"""Whisper's own threshold for a loop (paper, section 4.5). As people repeat themselves, a second sign is needed."""
MAX_NO_SPEECH = 0.6
MAX_INSTANT = 0.15
"""Highest share of words that take no time: a loop writes more words than the sound has room for."""
INSTANT_S = 0.05
MAX_DOUBTFUL_SHARE = 0.25
"""Above this share of doubtful words the whole subtitle is doubtful; below it, they are shown as `UNCLEAR`."""
UNCLEAR = "[…]"
MAX_PAUSE_S = 1.2
MAX_SENTENCE_CHARS = 240

LOOPS = "the recognised words repeat themselves, as they do when speech is not understood"
TOO_MANY = "more words were recognised than can be said in the time, so they were cut"
REPEATED = re.compile(r"(.{1,24}?)\1{4,}", re.IGNORECASE)
KEPT_REPEATS = 3
"""How many repetitions of a loop are shown."""
SENTENCE_ENDS = (".", "?", "!", "。", "？", "！", "…")
INVENTED = frozenset(
    {
        "thank you",
        "thank you very much",
        "thank you so much",
        "thanks for watching",
        "thank you for watching",
        "please subscribe",
        "bye",
        "bye bye",
        "you",
        "谢谢",
        "谢谢大家",
        "谢谢观看",
        "請不吝點贊 訂閱 轉發 打賞支持明鏡與點點欄目",
    }
)
"""What Whisper writes for sounds that are not speech (Koenecke et al. 2024, arXiv:2402.08021)."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A segment from the recogniser: its words with times, how sure it was, and why to doubt it, if so."""

    words: tuple[Segment, ...]
    logprob: float
    certainty: float
    compression: float
    doubt: str | None

    @property
    def text(self) -> str:
        """The words, joined."""
        return "".join(word.text for word in self.words).strip()


def most_tokens(seconds: float, language: str = "en") -> int:
    """The most tokens for a window with so many seconds of sound in a language."""
    times = SPELT_OUT_TIMES if language in SPELT_OUT else 1
    return min(MAX_TOKENS, MORE_TOKENS + round(times * TOKENS_A_SECOND * seconds))


def most_windows(seconds: float) -> int:
    """The most windows for so many seconds of speech."""
    return MORE_WINDOWS + int(seconds / SECONDS_A_WINDOW)


def has_speech(wave: NDArray[np.float32]) -> bool:
    """Whether the voice activity detector finds speech; far cheaper than recognition, so asked first."""
    return sum(end - start for start, end in speech_spans(wave)) >= MIN_SPEECH_S


def speech_spans(wave: NDArray[np.float32]) -> list[tuple[float, float]]:
    """Start and end in seconds of the speech that the voice activity detector finds; none in a very short wave."""
    if wave.size < MIN_SPEECH_S * SAMPLE_RATE:
        return []
    from faster_whisper.vad import get_speech_timestamps

    spans = get_speech_timestamps(wave, speech_pad_ms=0)
    return [(span["start"] / SAMPLE_RATE, span["end"] / SAMPLE_RATE) for span in spans]


def checked(segments: Iterable[Any], token: CancelToken) -> Iterator[Heard]:
    """The segments as `Heard`, with their doubts. Loops are cut to their first repetitions.

    The recogniser works while it is iterated, so it can be stopped between two segments. Besides Whisper's own fields,
    a segment has `cut`: whether its window ran out of tokens (`most_tokens`). Raises `Cancelled`.
    """
    for segment in segments:
        token.check()
        pieces = segment.words or (segment,)
        words = tuple(Segment(float(p.start), float(p.end), p.word if segment.words else p.text) for p in pieces)
        certainty = fmean(word.probability for word in segment.words) if segment.words else 1.0
        doubt = _segment_doubt(segment)
        words = _unlooped(words) if doubt in (LOOPS, TOO_MANY) else words
        yield Heard(words, segment.avg_logprob, certainty, segment.compression_ratio, doubt)
    token.check()


def _unlooped(words: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """The words without repetitions beyond `KEPT_REPEATS`, which are replaced by "…"."""
    text = "".join(word.text for word in words)
    dropped = [(m.start() + KEPT_REPEATS * len(m[1]), m.end()) for m in REPEATED.finditer(text) if m[1].strip()]
    if dropped and len(text) - dropped[-1][1] < len(REPEATED.findall(text)[-1]):
        dropped[-1] = (dropped[-1][0], len(text))  # the last repetition is incomplete
    kept, at = list[Segment](), 0
    for word in words:
        shown = []
        for place, letter in enumerate(word.text, start=at):
            span = next((span for span in dropped if span[0] <= place < span[1]), None)
            shown.append("…" if span and place == span[0] else "" if span else letter)
        at += len(word.text)
        if "".join(shown).strip():
            kept.append(replace(word, text="".join(shown)))
    return tuple(kept)


def _segment_doubt(segment: Any) -> str | None:
    invented = _bare(segment.text) in INVENTED
    if segment.compression_ratio > MAX_COMPRESSION and _loops(segment):
        return LOOPS
    if segment.cut:
        return TOO_MANY
    if segment.avg_logprob < MIN_LOGPROB:
        return "the words were recognised with low probability"
    if segment.no_speech_prob > MAX_NO_SPEECH and segment.avg_logprob < UNSURE_LOGPROB:
        return "what was taken for words may not be speech"
    if invented and (segment.avg_logprob < UNSURE_LOGPROB or segment.no_speech_prob > 0.2):
        return "words like these are often invented where there is only noise"
    return None


def _loops(segment: Any) -> bool:
    """Whether one short piece fills over half of the text, or many words take no time."""
    repeated = sum(len(match.group()) for match in REPEATED.finditer(segment.text.lower()))
    instant = [word.end - word.start < INSTANT_S for word in segment.words or ()]
    return repeated > len(segment.text) / 2 or (bool(instant) and fmean(instant) > MAX_INSTANT)


def doubt_of(heard: Sequence[Heard], language_probability: float, unread: bool = False) -> str | None:
    """A sentence on why the words as a whole are unreliable; None if they are reliable. `unread` says that the
    recogniser was stopped before the end."""
    if unread:
        return f"The words are doubtful: {TOO_MANY}."
    logprob = fmean(segment.logprob for segment in heard)
    unsure = language_probability < UNSURE_LANGUAGE
    if unsure and max(segment.compression for segment in heard) > MAX_COMPRESSION:
        return f"The words are doubtful: {LOOPS}."
    if language_probability < MIN_LANGUAGE or (unsure and logprob < UNSURE_LOGPROB):
        return "The words are doubtful: it is not clear which language is spoken."
    if fmean(segment.certainty for segment in heard) < MIN_WORD:
        return "The words are doubtful: they were recognised with low probability."
    doubted = [segment for segment in heard if segment.doubt]
    if sum(len(segment.text) for segment in doubted) > MAX_DOUBTFUL_SHARE * sum(len(segment.text) for segment in heard):
        return f"The words are doubtful: {doubted[0].doubt}."
    return None


def sentences(heard: Iterable[Heard], hide_doubted: bool) -> Iterator[Segment]:
    """Sentences with their times, across segments, which the recogniser cuts at the end of a window."""
    words: list[Segment] = []
    for segment in heard:
        if segment.doubt and hide_doubted:
            if words:
                yield _sentence(words)
            words = []
            yield Segment(round(segment.words[0].start, 2), round(segment.words[-1].end, 2), UNCLEAR)
            continue
        for word in segment.words:
            if words and word.start - words[-1].end > MAX_PAUSE_S:
                yield _sentence(words)
                words = []
            words.append(word)
            if word.text.rstrip("\"'”’ ").endswith(SENTENCE_ENDS):
                yield _sentence(words)
                words = []
        if sum(len(word.text) for word in words) > MAX_SENTENCE_CHARS:
            yield _sentence(words)
            words = []
    if words:
        yield _sentence(words)


def _sentence(words: Sequence[Segment]) -> Segment:
    return Segment(round(words[0].start, 2), round(words[-1].end, 2), "".join(word.text for word in words).strip())


def join(parts: Iterable[str], language: str) -> str:
    """Parts of a text joined with spaces, or without in languages that have none."""
    return ("" if language in ("zh", "ja", "yue", "th") else " ").join(part.strip() for part in parts).strip()


def _bare(text: str) -> str:
    """Lower case without punctuation."""
    kept = "".join(" " if unicodedata.category(char).startswith("P") else char for char in text.lower())
    return " ".join(kept.split())
