"""Emotion words of a subtitle, English or Chinese, as clues: affirmed, denied, past, supposed, asked, or about a thing.

Degrees of strength follow Hutto & Gilbert 2014; the attributes come from `scope.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from emer_space.analysis import Clue
from emer_space.clues.rules import read_toml, rules_by_cue
from emer_space.text.mentions import Mention, read_mentions
from emer_space.text.quoting import TRANSLATED, make_clue
from emer_space.text.scope import Holder, words_of
from emer_space.text.tokens import HAN, MARKS, tokens
from emer_space.text.utterance import Utterance
from emer_space.vocabulary import load_vocabulary

OF_HOLDER: dict[Holder, float] = {"speaker": 1.0, "open": 0.75, "other": 0.45, "thing": 0.45, "addressee": 0.45}
"""How much a feeling says about the speaker's own state, by who has it."""
FAINT, STRONG, NARRATED = 0.6, 1.25, 0.85
SIGNS = {"emotion-word": 1.0, "emotion-word-negated": -0.6, "emotion-word-denied": -0.15}
"""Factor on the valence by cue; a past, supposed or asked feeling keeps `LITTLE`."""
LITTLE = 0.3
OF_ANOTHER = 0.3
"""Factor on the valence of a third person's feeling: hearsay is not the speaker's own state."""
NOT_OWN = {"others", "artefact"}
"""Attributes of a feeling that is a relative's, or of a made thing: it is named, and suggests nothing."""
DENIALS = {"emotion-word-negated", "emotion-word-denied"}
"""Together they suggest nothing: who is neither happy nor sad is not unhappy."""
OPPOSITE = ("emotion-word", "emotion-word-negated", "emotion-word-denied")
"""Cues that become a liking or a dislike where “love” or “hate” has a thing as its object."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A mention, its cue, and how much (0…1) it says about the speaker's present feeling."""

    mention: Mention
    cue: str
    weight: float
    end: int


@cache
def _tables() -> dict[str, Any]:
    table = read_toml("text/textual_words.toml")
    return {name: frozenset(row) if isinstance(row, list) else row for name, row in table.items()}


def emotion_word_clues(utterance: Utterance) -> Iterator[Clue]:
    """Clues for the emotion words of one sentence."""
    mentions = [_said(mention, utterance) for mention in read_mentions(utterance.plain, _counts)]
    neither = {said.cue for said in mentions} >= DENIALS
    for at, said in enumerate(mentions):
        if _is_outdone(said, mentions[at + 1 :]):
            continue
        clue = _clue(said, utterance)
        yield replace(clue, valence=0.0, suggests={}) if neither and said.cue in DENIALS else clue


def _counts(form: str, base: str, before: Sequence[str]) -> bool:
    """Whether a form names a feeling in running speech; an ambiguous form does so only after a link verb."""
    if form in _tables()["not_feelings"]:
        return False
    if HAN.match(form) or form in load_vocabulary().forms():
        return True
    if form not in _tables()["after_link"]:
        return False
    degrees = words_of("boosters") | words_of("dampeners") | words_of("negations")
    linked = next((word for word in reversed(before) if word not in degrees), "")
    return linked in _tables()["links"]


def _is_outdone(said: _Said, later: Sequence[_Said]) -> bool:
    """Whether a later word of the same kind replaces the denial: “Not angry, furious”."""
    if said.cue != "emotion-word-denied":
        return False
    holders = (said.mention.holder, "open")
    affirmed = (other.mention for other in later if other.cue == "emotion-word" and other.mention.holder in holders)
    return any(other.entry.valence * said.mention.entry.valence > 0 for other in affirmed)


def _said(mention: Mention, utterance: Utterance) -> _Said:
    has, pleasant = mention.attributes, mention.entry.valence > 0
    strength = NARRATED if "past_tense" in has else 1.0
    strength = FAINT if "faint" in has else STRONG * strength if "strong" in has else strength
    weight, cue, end = OF_HOLDER[mention.holder] * strength, "emotion-word", mention.end
    if "surpassed" in has:
        weight = 1.0
    elif utterance.is_question and mention.holder != "speaker":
        cue, weight = "emotion-word-asked", weight * 0.6
    elif has & {"supposed", "hypothesis"} and not utterance.answered:
        cue, weight = "emotion-word-supposed", weight * 0.4
    elif mention.denied:
        cue = "emotion-word-negated" if pleasant else "emotion-word-denied"
        weight *= 0.35 if "reported" in has else 0.7
    elif "formerly" in has and pleasant:
        cue, weight = "emotion-word-negated", weight * 0.7
    elif has & {"formerly", "past"}:
        cue, weight = "emotion-word-past", weight * 0.4
    if cue in OPPOSITE and (thing := _thing(mention, utterance.plain)):
        likes = pleasant == (cue == "emotion-word")
        cue, end = ("likes-something" if likes else "dislikes-something"), thing
    return _Said(mention, cue, min(weight, 1.0), end)


def _thing(mention: Mention, sentence: str) -> int:
    """Where an object that is not a person ends, else 0: "I hate Mondays" is dislike, not hate."""
    if mention.form not in _tables()["verbs_of_feeling"]:
        return 0
    words, spans = tokens(sentence)
    at = spans.index((mention.start, mention.end))
    after = words[at + 1 : at + 3]
    if mention.holder == "open" or not after or after[0] in MARKS:
        return 0
    her = after[0] == "her" and len(after) > 1 and after[1] not in MARKS and after[1] not in _tables()["after_object"]
    kin = len(after) > 1 and after[0] in (*words_of("possessives"), "the") and after[1] in words_of("relations")
    if kin or (after[0] in _tables()["objects"] and not her):
        return 0
    return spans[at + len(after)][1]


def _clue(said: _Said, utterance: Utterance) -> Clue:
    rule, mention = rules_by_cue("textual")[said.cue], said.mention
    share = said.weight * (TRANSLATED if utterance.translated else 1.0)
    named = {"word": mention.entry.word, "holder": mention.holder}
    clue = make_clue(rule, utterance, mention.first, said.end, share, **named)
    if said.cue in ("likes-something", "dislikes-something"):
        return replace(clue, suggests={word: round(value * share, 3) for word, value in rule.suggests.items()})
    affirmed = said.cue not in ("emotion-word-negated", "emotion-word-denied")
    of_another = mention.holder == "other"
    sign = SIGNS.get(said.cue, LITTLE) * (OF_ANOTHER if of_another else 1.0)
    suggests = {mention.entry.word: round(0.9 * share, 3)} if affirmed else dict(clue.suggests)
    return replace(
        clue,
        valence=round(mention.entry.valence * sign * min(1.0, said.weight + 0.2), 3),
        arousal=round(mention.entry.arousal * 0.7, 3) if said.cue == "emotion-word" and not of_another else None,
        suggests={} if mention.attributes & NOT_OWN else suggests,
    )
