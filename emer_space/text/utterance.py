"""Splits a subtitle into sentences with their times and languages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby, zip_longest

from emer_space.analysis import ClipFacts, Segment, Subtitle
from emer_space.clues.rules import read_toml
from emer_space.text.tokens import HAN, plain

MIN_ENGLISH = 0.7
"""Least share of English words in an English text."""
FOREIGN = 0.4
"""A sentence of an English text is foreign if its share of English words is below this."""
FOREIGN_WORDS = 3
MAX_QUOTE = 120
_KANA = re.compile(r"[\u3040-\u30ff]")
_SENTENCE = re.compile(r"[^.!?…。！？\n]+[.!?…。！？]*[\"'”’)]*|[.!?…。！？]+")
EMOJI = re.compile(r"[\u2600-\u27bf\U0001f300-\U0001faff]")
EMOTICON = re.compile(
    r"[:;=]'?-?[()\[\]{}@/\\|](?!\w)|(?<!\w)(?::-?[dop]|xd|[t;]_[t;]|o_o)(?!\w)|</?3|\^_?\^|-_-", re.IGNORECASE
)
_READABLE = re.compile(rf"\w|{EMOJI.pattern}|{EMOTICON.pattern}", re.IGNORECASE)
_CLAUSE = re.compile(r"[^,;，；—]+[,;，；—]*")
_WORD = re.compile(r"[a-zà-öø-ÿ]+(?:'[a-z]+)?")


@dataclass(frozen=True, slots=True)
class Utterance:
    """One sentence: `text` as written; `plain` in lower case with straight quotes (same length); times in seconds."""

    text: str
    plain: str
    start: float
    end: float
    language: str | None
    translated: bool = False
    answered: bool = False
    """A question that the next sentence affirms: "Am I happy? Of course I am!"."""

    @property
    def is_question(self) -> bool:
        """Whether the sentence ends with a question mark."""
        return self.text.rstrip("\"'”’) ").endswith(("?", "？"))

    def quote(self, start: int = 0, end: int | None = None) -> str:
        """The words between two positions, cut at a blank after `MAX_QUOTE` characters."""
        words = " ".join(self.text[start:end].split()).rstrip(".,;:。，")
        if len(words) <= MAX_QUOTE:
            return words
        return words[: MAX_QUOTE - 1].rpartition(" ")[0].rstrip(",;:") + "…"


def guess_language(text: str) -> str | None:
    """`zh` by script, `en` by the share of English words, else None.

    Interjections (“hahaha”, “nooo”) belong to every language; a text of nothing else counts as English.
    """
    text = EMOTICON.sub(" ", text)
    letters = sum(char.isalpha() for char in text)
    if not letters:
        return None
    if len(HAN.findall(text)) > letters / 4:
        return None if _KANA.search(text) else "zh"
    rest = interjections().sub(" ", plain(text))
    if not any(char.isalpha() for char in rest):
        return "en"
    return "en" if _english_share(rest) >= MIN_ENGLISH else None


def _english_share(text: str) -> float:
    """Share of English words, 0…1. The dictionary leaves out the shortest words, so a table lists them."""
    from simplemma import in_target_language

    words = _WORD.findall(text)
    others = [word for word in words if word not in _function_words()]
    share_of_others = float(in_target_language(" ".join(others), lang="en")) if others else 0.0
    share = (len(words) - len(others) + share_of_others * len(others)) / max(len(words), 1)
    return max(share, float(in_target_language(text, lang="en")))


@cache
def _function_words() -> frozenset[str]:
    return frozenset(read_toml("text/textual_words.toml")["function_words"])


@cache
def interjections() -> re.Pattern[str]:
    """Sounds that are alike in every language; they are cues of their own."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(read_toml('text/textual_words.toml')['interjections'])})(?!\w)")


@cache
def _affirmation() -> re.Pattern[str]:
    return re.compile("|".join(read_toml("text/textual_words.toml")["affirmations"]))


def utterances(subtitle: Subtitle, facts: ClipFacts) -> tuple[Utterance, ...]:
    """The sentences of a subtitle, with their times in seconds.

    In a subtitle that was typed or is part of the picture each sentence has its own language, since people mix
    languages.
    """
    segments = subtitle.segments or (Segment(0.0, facts.duration_s, subtitle.text),)
    said = (
        utterance
        for segment in segments
        for utterance in _spread(segment.text, segment.start, segment.end, subtitle.language)
    )
    if subtitle.source in ("given", "picture"):
        said = (part for one in said for part in _by_language(one, subtitle.language))
    sentences = tuple(said)
    return tuple(
        replace(one, answered=bool(one.is_question and after and _affirmation().match(after.plain)))
        for one, after in zip_longest(sentences, sentences[1:])
    )


def _by_language(sentence: Utterance, whole: str | None) -> Iterator[Utterance]:
    """The sentence with its language; a sentence that mixes languages is split by language."""
    language = _own_language(sentence.text, whole)
    clauses = list(_CLAUSE.finditer(sentence.text))
    if language or len(clauses) < 2:
        yield replace(sentence, language=language)
        return
    languages = [guess_language(clause.group()) for clause in clauses]
    for own, same in groupby(zip(languages, clauses, strict=True), key=lambda pair: pair[0]):
        parts = [clause for _, clause in same]
        yield _part(sentence, parts[0].start(), parts[-1].end(), own)


def _part(sentence: Utterance, start: int, end: int, language: str | None) -> Utterance:
    text, seconds = sentence.text[start:end], (sentence.end - sentence.start) / max(len(sentence.text), 1)
    kept = text.strip(" ,;，；")
    first, last = start + text.index(kept), start + text.index(kept) + len(kept)
    return Utterance(
        kept,
        plain(kept),
        round(sentence.start + first * seconds, 3),
        round(sentence.start + last * seconds, 3),
        language,
    )


def _own_language(sentence: str, whole: str | None) -> str | None:
    """The language of a sentence in a text that is mostly in the language `whole`; None if it cannot be read."""
    own = guess_language(sentence)
    if own or not any(char.isalpha() for char in EMOTICON.sub("", sentence)):
        return own or whole or "en"
    words = _WORD.findall(plain(sentence))
    foreign = len(words) >= FOREIGN_WORDS and _english_share(plain(sentence)) < FOREIGN
    return "en" if whole == "en" and words and not foreign else None


def translated_utterances(subtitle: Subtitle, facts: ClipFacts) -> tuple[Utterance, ...]:
    """The sentences of the translation; their times are estimates, because a translation has no word times."""
    start = subtitle.segments[0].start if subtitle.segments else 0.0
    end = subtitle.segments[-1].end if subtitle.segments else facts.duration_s
    return tuple(_spread(subtitle.translation or "", start, end, "en", translated=True))


def _spread(text: str, start: float, end: float, language: str | None, translated: bool = False) -> Iterator[Utterance]:
    """The sentences of a timed text, which share its time in proportion to their lengths."""
    length = max(len(text), 1)
    for match in _SENTENCE.finditer(text):
        sentence = match.group().strip()
        if not _READABLE.search(sentence):
            continue
        yield Utterance(
            text=sentence,
            plain=plain(sentence),
            start=round(start + (end - start) * match.start() / length, 3),
            end=round(start + (end - start) * match.end() / length, 3),
            language=language,
            translated=translated,
        )
