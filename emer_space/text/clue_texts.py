"""Reads clues from a written description of a face or a voice, using the cue tables.

The papers' CLUE setting (Lian et al. 2023): people or models describe what is seen and heard, and the description is
disambiguated. The phrases are the `words` of the measured rules and of `text/described.toml`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from emer_space.analysis import Clue, Modality
from emer_space.clues.rules import Rule, described_rules, read_toml, rules_by_cue
from emer_space.clues.wording import described
from emer_space.text.main_person import is_of_another
from emer_space.text.mentions import DENIED, scope_of
from emer_space.text.text_labels import claims
from emer_space.text.tokens import phrases
from emer_space.text.tokens import plain as plain_text
from emer_space.vocabulary import load_vocabulary

Described = Literal["visual", "acoustic"]

NAMED: Mapping[Modality, str] = {"visual": "named-in-face", "acoustic": "named-in-voice"}
UNTOLD: Mapping[Modality, str] = {"visual": "untold-picture", "acoustic": "untold-voice", "textual": "no-words"}
DESCRIBED = "p1"
"""Id of the person a description is about; a description has only one."""
HEDGED = 0.85
"""Factor on the confidence of a hedged phrase ("slightly", "seems to")."""
PLAINLY_NAMED = 1.4
"""Factor on `Claim.weight`: a feeling ascribed to a face or a voice counts more than one mentioned in prose."""
NOT_THEIRS = DENIED | {"others"}
"""Attributes that rule a phrase out as a sign of the main person."""
NOT_FELT = DENIED | {"artefact"}
"""Attributes of a named feeling that nobody has."""
MOST_FEELINGS = 3
MAX_QUOTE = 60
SOURCE, MOST_SOURCE = "description", 600
"""The measurement that holds a clue's source sentences, and how many characters of them are kept."""
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
_QUOTED = re.compile(r'"[^"\n]{1,300}"|「[^」\n]{1,300}」')


@dataclass(frozen=True, slots=True)
class _Sign:
    """A clue and the characters of its sentence that it was read from."""

    clue: Clue
    start: int
    end: int


def read_clue_text(text: str, modality: Described) -> tuple[Clue, ...]:
    """Clues `v1`, … or `a1`, … from a description in English or Chinese; an absence where it shows no feeling.

    () for an empty text. Denied signs ("without a trace of a smile") and remarks on the recording are skipped.
    """
    if not text.strip():
        return ()
    plain = _QUOTED.sub(lambda match: " " * len(match.group()), plain_text(text))
    whole = text if len(text) == len(plain) else plain
    read: list[Clue] = []
    begun = 0  # sentences without a sign are context for the next sentence that has one
    for match in _SENTENCE.finditer(plain):
        signs = [sign.clue for sign in _read_sentence(match.group(), modality, plain[: match.start()])]
        read += [_with_source(clue, whole[begun : match.end()]) for clue in signs]
        begun = match.end() if signs else begun
    if read and whole[begun:].strip():  # keep the end of the text as well
        read[-1] = _with_source(read[-1], f"{source_of(read[-1])} {whole[begun:]}")
    clues = _merged(read) or [_clue(rules_by_cue(modality)[UNTOLD[modality]], modality, 1.0, text.strip())]
    return tuple(replace(clue, id=f"{modality[0]}{number}") for number, clue in enumerate(clues, 1))


def source_of(clue: Clue) -> str:
    """The sentences that a clue was read from; empty for a measured clue."""
    return str(clue.measurements.get(SOURCE, ""))


def _with_source(clue: Clue, sentences: str) -> Clue:
    return replace(clue, measurements={**clue.measurements, SOURCE: " ".join(sentences.split())[-MOST_SOURCE:]})


def absence_of(modality: Modality) -> Clue:
    """The absence clue of a modality that no description covers."""
    rule = rules_by_cue(modality)[UNTOLD[modality]]
    return replace(rule.clue(modality, 0.0, 1.0, {}), id=f"{modality[0]}1")


def _read_sentence(sentence: str, modality: Described, earlier: str) -> list[_Sign]:
    """The signs of one sentence; `earlier` is the description before it, which shows whom it is about."""
    if _tables()["blank"].search(sentence):
        return []
    signs = _without_lesser(list(_phrases(sentence, modality, earlier)))
    feelings = [
        feeling for feeling in _feelings(sentence) if not is_of_another(sentence, feeling.start, feeling.end, earlier)
    ]
    apart = []
    for feeling in feelings:
        home = next(
            (at for at, sign in enumerate(signs) if sign.start < feeling.end and feeling.start < sign.end), None
        )
        if home is None:
            apart.append(feeling)
        else:
            signs[home] = _with_feeling(signs[home], feeling)
    if apart:
        signs.append(_named(apart, modality, sentence))
    return sorted(signs, key=lambda sign: sign.start)


def _phrases(sentence: str, modality: Described, earlier: str) -> Iterator[_Sign]:
    """One sign for each rule whose phrase occurs in the sentence and is not denied."""
    for rule, pattern in _patterns(modality):
        for match in pattern.finditer(sentence):
            attributes = scope_of(sentence, *match.span()).attributes
            if attributes & NOT_THEIRS:
                continue
            if is_of_another(sentence, match.start(), match.end(), earlier):
                continue
            hedged = HEDGED if "hedged" in attributes else 1.0
            clue = _clue(rule, modality, rule.confidence * hedged, match.group())
            yield _Sign(clue, match.start(), match.end())
            break


def _without_lesser(signs: Sequence[_Sign]) -> list[_Sign]:
    lesser = {cue for sign in signs for cue in _tables()["says_more"].get(sign.clue.cue, ())}
    return [sign for sign in signs if sign.clue.cue not in lesser]


@dataclass(frozen=True, slots=True)
class _Feeling:
    word: str
    weight: float
    start: int
    end: int


def _feelings(sentence: str) -> Iterator[_Feeling]:
    """Words that name feelings; phrases that only describe one ("slams the door") are left to the cue tables."""
    for claim in claims(sentence):
        named = not claim.place.startswith("cue:") or plain_text(claim.quote) in load_vocabulary().forms(ambiguous=True)
        if named and not claim.attributes & NOT_FELT and claim.word not in _tables()["not_feelings"]:
            yield _Feeling(claim.word, min(1.0, PLAINLY_NAMED * claim.weight), claim.start, claim.end)


def _with_feeling(sign: _Sign, feeling: _Feeling) -> _Sign:
    """A phrase that contains a named feeling ("a mocking tone") suggests that feeling."""
    weight = max(feeling.weight * 0.9, sign.clue.suggests.get(feeling.word, 0.0))
    return replace(sign, clue=replace(sign.clue, suggests={**sign.clue.suggests, feeling.word: round(weight, 3)}))


def _named(feelings: Sequence[_Feeling], modality: Described, sentence: str) -> _Sign:
    """One clue for the feelings that a sentence names, with their weighted mean valence and arousal."""
    weights: dict[str, float] = {}
    for feeling in feelings:
        weights[feeling.word] = max(feeling.weight, weights.get(feeling.word, 0.0))
    entries = [(weight, entry) for word, weight in weights.items() if (entry := load_vocabulary().lookup(word))]
    rated = [(weight, entry) for weight, entry in entries if entry.word not in _tables()["undecided"]]
    first, last = min(feeling.start for feeling in feelings), max(feeling.end for feeling in feelings)
    rule = rules_by_cue(modality)[NAMED[modality]]
    clue = _clue(rule, modality, rule.confidence * max(weights.values()), sentence[first:last])
    strongest = sorted(weights, key=lambda word: -weights[word])[:MOST_FEELINGS]
    most = max(weights.values())
    return _Sign(
        replace(
            clue,
            valence=_mean([(weight, entry.valence) for weight, entry in rated]),
            arousal=_mean([(weight, entry.arousal) for weight, entry in entries]),
            suggests={word: round(0.9 * weight / most, 3) for word, weight in weights.items()},
            measurements={**clue.measurements, "feelings": _and(strongest)},
        ),
        first,
        last,
    )


def _mean(rated: Sequence[tuple[float, float]]) -> float | None:
    total = sum(weight for weight, _ in rated)
    return round(sum(weight * value for weight, value in rated) / total, 3) if total else None


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _clue(rule: Rule, modality: Described, confidence: float, quote: str) -> Clue:
    """A rule's clue that quotes words of a description. It has no time, because descriptions seldom give one."""
    words = " ".join(quote.split()).strip(" ,.;:，。")
    words = words if len(words) <= MAX_QUOTE else words[: MAX_QUOTE - 1].rstrip() + "…"
    return Clue(
        id="",
        modality=modality,
        cue=rule.cue,
        statement=rule.statement if rule.absent else described(modality, words),
        start=0.0,
        end=1.0,
        confidence=round(confidence, 3),
        person=None if rule.absent or modality == "acoustic" else DESCRIBED,
        measurements={"quote": words, "when": ""},
        valence=rule.valence,
        arousal=rule.arousal,
        suggests=dict(rule.suggests),
        absent=rule.absent,
    )


def _merged(clues: Sequence[Clue]) -> list[Clue]:
    """Each cue once, as first described, with the highest weight of each suggested word; named feelings stay apart."""
    merged: dict[tuple[str, object], Clue] = {}
    for clue in clues:
        kind = (clue.cue, clue.measurements.get("feelings"))
        first = merged.get(kind)
        if first is None:
            merged[kind] = clue
            continue
        suggests = {
            word: max(clue.suggests.get(word, 0), first.suggests.get(word, 0))
            for word in (*first.suggests, *clue.suggests)
        }
        merged[kind] = replace(first, confidence=max(first.confidence, clue.confidence), suggests=suggests)
    return list(merged.values())


@cache
def _patterns(modality: Described) -> tuple[tuple[Rule, re.Pattern[str]], ...]:
    return tuple((rule, phrases(rule.words)) for rule in described_rules(modality) if rule.words)


@cache
def _tables() -> dict[str, Any]:
    table = read_toml("text/described.toml")
    more: dict[str, list[str]] = {}
    for says_more in (read_toml("clues/face/visual.toml")["says_more"], table["says_more"]):
        for cue, lesser in says_more.items():
            more.setdefault(cue, []).extend(lesser)
    blank = re.compile("|".join([*table["blank"]["english"], *table["blank"]["chinese"]]))
    return {
        "blank": blank,
        "says_more": more,
        **{name: frozenset(table[name]) for name in ("undecided", "not_feelings")},
    }
