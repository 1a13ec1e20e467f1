"""A subtitle as sentences with their times: what the textual cues are read from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from emer_space.analysis import ClipFacts, Segment, Subtitle

MIN_ENGLISH = 0.7
"""Share of the words that must be English ones."""
MAX_QUOTE = 120
_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_SENTENCE = re.compile(r"[^.!?…。！？\n]+[.!?…。！？]*[\"'”’)]*|[.!?…。！？]+")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "\u00a0": " "})


@dataclass(frozen=True, slots=True)
class Utterance:
    """One sentence: `text` as it stands, `plain` in lower case with straight quotes (of the same length)."""

    text: str
    plain: str
    start: float
    end: float
    language: str | None
    translated: bool = False

    @property
    def is_question(self) -> bool:
        return self.text.rstrip("\"'”’) ").endswith(("?", "？"))

    def quote(self, start: int = 0, end: int | None = None) -> str:
        """The words between two positions, shortened at a blank where they are long."""
        words = " ".join(self.text[start:end].split()).rstrip(".,;:。，")
        if len(words) <= MAX_QUOTE:
            return words
        return words[: MAX_QUOTE - 1].rpartition(" ")[0].rstrip(",;:") + "…"


def guess_language(text: str) -> str | None:
    """`zh` by its script, `en` by the share of English words in it, None where it is neither."""
    letters = sum(char.isalpha() for char in text)
    if not letters:
        return None
    if len(_HAN.findall(text)) > letters / 4:
        return None if _KANA.search(text) else "zh"
    from simplemma import in_target_language

    return "en" if in_target_language(lowered(text), lang="en") >= MIN_ENGLISH else None


def utterances(subtitle: Subtitle, facts: ClipFacts) -> tuple[Utterance, ...]:
    """The sentences of the words as they were said, with their times in seconds."""
    segments = subtitle.segments or (Segment(0.0, facts.duration_s, subtitle.text),)
    return tuple(
        utterance
        for segment in segments
        for utterance in _spread(segment.text, segment.start, segment.end, subtitle.language)
    )


def translated_utterances(subtitle: Subtitle, facts: ClipFacts) -> tuple[Utterance, ...]:
    """The sentences of the translation; their times are estimates, because a translation has no word times."""
    start = subtitle.segments[0].start if subtitle.segments else 0.0
    end = subtitle.segments[-1].end if subtitle.segments else facts.duration_s
    return tuple(_spread(subtitle.translation or "", start, end, "en", translated=True))


def _spread(text: str, start: float, end: float, language: str | None, translated: bool = False) -> Iterator[Utterance]:
    """Sentences of a timed text; where it holds several, each takes time by its length."""
    length = max(len(text), 1)
    for match in _SENTENCE.finditer(text):
        sentence = match.group().strip()
        if not re.search(r"\w", sentence):
            continue
        yield Utterance(
            text=sentence,
            plain=lowered(sentence),
            start=round(start + (end - start) * match.start() / length, 3),
            end=round(start + (end - start) * match.end() / length, 3),
            language=language,
            translated=translated,
        )


def lowered(text: str) -> str:
    """Lower case with straight quotes, a character for a character, so that positions stay the same."""
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text.translate(_QUOTES))
