"""Keeps the sentences of a language model that the clues support, and cuts the others with a reason.

The composer's rule holds for language models as well (decision 8): nothing is said that no clue supports. Acts that a
sentence may name only if a clue shows them are listed in `language_model/grounding.toml`.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from emer_space.analysis import MODALITIES, Clue, Modality, Sentence
from emer_space.clues.rules import read_toml
from emer_space.disambiguation import Verdict
from emer_space.labels import speaks_against
from emer_space.text.clue_texts import source_of
from emer_space.text.mentions import DENIED, scope_of
from emer_space.text.text_labels import claims
from emer_space.text.tokens import HAN

MOST_QUOTE = 200
NOT_NOW = frozenset({"formerly", "past"})
"""Attributes of a past feeling: the sentence does not claim it for now."""
LEAST_HAN = 6
"""Number of Chinese characters in the shortest sentence."""
_QUOTED = re.compile(rf"“([^”]{{1,{MOST_QUOTE}}})”|\"([^\"]{{1,{MOST_QUOTE}}})\"|「([^」]{{1,{MOST_QUOTE}}})」")
_WORD = re.compile(r"[a-z]{4,}")
_NOTHING = re.compile(r"[\W_]+")
_STEM = 5
"""Words that share this many first letters count as the same ("trembles", "trembling")."""


@dataclass(frozen=True, slots=True)
class Grounded:
    """The sentences that were kept, with the ids of their clues; and the number of sentences cut, by reason."""

    kept: tuple[Sentence, ...]
    cut: Mapping[str, int]

    @property
    def share(self) -> float:
        """The share of sentences that were kept, 0…1; 0 without sentences."""
        total = len(self.kept) + sum(self.cut.values())
        return len(self.kept) / total if total else 0.0


def ground(
    sentences: Sequence[Sentence], verdict: Verdict, subtitle: str, alone: Sequence[Modality] = ("textual",)
) -> Grounded:
    """Keep the sentences that rest on clues of the verdict, each once.

    `alone`: modalities of which a sentence may say that they show a feeling against which the evidence as a whole
    speaks, if it names the modality and rests on its clues alone.

    Reasons to cut one: `no clue` (no valid id); `modality`, `act`, `words` (it names one that no clue has); `feeling`
    (the evidence speaks against it); `nothing` (it shares nothing with its clues); `again` (it is repeated).
    """
    kept: list[Sentence] = []
    cut: Counter[str] = Counter()
    for sentence in sentences:
        result = _grounded(sentence, verdict, subtitle, alone)
        if isinstance(result, Sentence) and result.text not in [other.text for other in kept]:
            kept.append(result)
        else:
            cut[result if isinstance(result, str) else "again"] += 1
    return Grounded(tuple(kept), dict(sorted(cut.items())))


def _grounded(sentence: Sentence, verdict: Verdict, subtitle: str, alone: Sequence[Modality]) -> Sentence | str:
    """The sentence with the clues that it rests on, or the reason to cut it."""
    clues = {clue.id: clue for clue in verdict.clues}
    named = [clues[name] for name in sentence.clues if name in clues]
    text = sentence.text.lower()
    if not named:
        return "no clue"
    for modality in MODALITIES:
        if _modality_named(modality).search(text) and modality not in {clue.modality for clue in verdict.clues}:
            return "modality"
    for act in _acts():
        if _is_affirmed(act, text) and not any(act.search(_text_of(clue)) for clue in named):
            others = [clue for clue in verdict.clues if act.search(_text_of(clue))]
            if not others:
                return "act"
            named.append(others[0])
    if not all(_is_said(quote, subtitle, verdict.clues) for quote in _quotes(sentence.text)):
        return "words"
    if _against(sentence.text, named, verdict, alone):
        return "feeling"
    if not _in_common(text, named):
        return "nothing"
    return replace(sentence, clues=tuple(dict.fromkeys(clue.id for clue in named)))


def _is_affirmed(act: re.Pattern[str], text: str) -> bool:
    """Whether the sentence affirms the act; a denied act needs no clue."""
    return any(not scope_of(text, *match.span()).attributes & DENIED for match in act.finditer(text))


def _quotes(text: str) -> list[str]:
    return [next(filter(None, groups)) for groups in _QUOTED.findall(text)]


def _is_said(quote: str, subtitle: str, clues: Sequence[Clue]) -> bool:
    wanted = _bare(quote)
    return any(wanted in _bare(text) for text in (subtitle, *map(_text_of, clues)))


def _text_of(clue: Clue) -> str:
    """The statement of a clue and its source description, in lower case."""
    return f"{clue.statement} {source_of(clue)}".lower()


def _bare(text: str) -> str:
    return _NOTHING.sub("", text.lower())


def _against(text: str, named: Sequence[Clue], verdict: Verdict, alone: Sequence[Modality]) -> bool:
    """Whether all its feelings are ones that the evidence speaks against and are not said of one of `alone`."""
    words = {claim.word for claim in claims(text) if claim.weight > 0 and not claim.attributes & NOT_NOW}
    if not words or not all(speaks_against(word, verdict) or not verdict.bears_word(word) for word in words):
        return False
    return not any(
        all(clue.modality == modality for clue in named) and _modality_named(modality).search(text.lower())
        for modality in alone
    )


def _in_common(text: str, named: Sequence[Clue]) -> bool:
    """Whether it shares a word with its clues or names a feeling; a Chinese sentence, whose clues are in English, is
    not held to this.
    """
    if len(HAN.findall(text)) > LEAST_HAN:
        return True
    clue_text = " ".join([*map(_text_of, named), *(word for clue in named for word in clue.suggests)])
    if _stems(text) & _stems(clue_text):
        return True
    return any(not claim.denied for claim in claims(text))


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in _WORD.findall(text)} - _empty()


@cache
def _empty() -> frozenset[str]:
    return frozenset(word[:_STEM] for word in read_toml("language_model/grounding.toml")["empty"].split())


@cache
def _modality_named(modality: Modality) -> re.Pattern[str]:
    return _pattern(read_toml("language_model/grounding.toml")["modality"][modality])


@cache
def _acts() -> tuple[re.Pattern[str], ...]:
    return tuple(_pattern(act) for act in read_toml("language_model/grounding.toml")["act"])


def _pattern(words: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words['english']})\b|(?:{words['chinese']})")
