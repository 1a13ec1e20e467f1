"""Textual clues: what the words of a clip say, each clue with a quotation (rules: `textual.toml`)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from emer_space.analysis import ClipFacts, Clue, Notice, Reading, Segment, Subtitle, numbered
from emer_space.cancellation import CancelToken
from emer_space.clues.rules import read_toml, rules_by_cue
from emer_space.models.roles import Sentences
from emer_space.settings import Settings
from emer_space.text.emotion_words import emotion_word_clues
from emer_space.text.quoting import make_clue
from emer_space.text.sentiment import sentiment_clues, valence_series
from emer_space.text.situations import situation_clues
from emer_space.text.speech_acts import speech_act_clues
from emer_space.text.utterance import Utterance, guess_language, translated_utterances, utterances
from emer_space.text.word_witness import word_posterior

MOST_CLUES = 10
READ = ("en", "zh", "yue")
IRONY, SARCASM = "irony-marker", "sarcasm"
UNDER_IRONY = 0.6
"""Factor on the confidence of a pleasant cue in a sentence with an irony marker."""

NOTICES = {
    "subtitle-doubtful": "What was said could not be recognised reliably; "
    "type it in English or Chinese to have it read.",
    "sentences-missing": "The sentence embedding model is missing, so the words were not compared with situations.",
    "language-unread": "The words are neither English nor Chinese and have no translation, so they were not read; "
    "type them in English or Chinese.",
    "words-unread-in-part": "Some of the words are neither English nor Chinese and were not read.",
    "subtitle-translated": "The words were read in a machine translation, which may be wrong.",
}


def given_subtitle(text: str, facts: ClipFacts) -> Subtitle:
    """A typed subtitle, as one segment over the clip; its language is guessed (`en`, `zh` or None)."""
    words = text.strip()
    if not words:
        return Subtitle(text="", source="none")
    return Subtitle(words, "given", guess_language(words), segments=(Segment(0.0, round(facts.duration_s, 3), words),))


def read_textual(
    subtitle: Subtitle | None,
    facts: ClipFacts,
    sentences: Sentences | None,
    settings: Settings,
    token: CancelToken,
) -> Reading:
    """Clues `t1`, `t2`, … from the words, at most `MOST_CLUES`, and the valence of each sentence over time.

    Where nothing was heard, or the words cannot be read, the only clue is that absence. Words that are neither English
    nor Chinese are read in translation; Chinese is read in translation only if its own cues find nothing.
    Raises `Cancelled`.
    """
    token.check()
    if subtitle is None or not subtitle.text.strip():
        return _absence("no-words", facts)
    if subtitle.doubtful:
        return _absence("doubtful-words", facts, "subtitle-doubtful")
    said = utterances(subtitle, facts)
    if not said:
        return _absence("no-words", facts)
    chinese = [utterance for utterance in said if utterance.language in READ[1:]]
    english = [utterance for utterance in said if utterance.language == "en"]
    if not english and subtitle.translation:
        english = list(translated_utterances(subtitle, facts))
    if not english and not chinese:
        return _absence("unread-words", facts, "language-unread")
    clues: list[Clue] = []
    for utterance in chinese:
        token.check()
        clues += _weighed([*emotion_word_clues(utterance), *speech_act_clues(utterance)])
    for utterance in english:
        token.check()
        if utterance.translated and clues:
            break
        clues += _weighed(_english_clues(utterance))
    if sentences is not None:
        clues += _weighed(list(situation_clues(english, sentences)), clues)
    kept = _strongest(_merged(clues)) or _plain([*said, *english])
    notices = _notices(said, english, sentences)
    if subtitle.source == "picture":  # its English lines are no machine's translation
        notices = tuple(notice for notice in notices if notice.code != "subtitle-translated")
    clues_read = numbered(kept, "t")
    return Reading(clues_read, (), valence_series(english), notices, word_posterior(clues_read))


def _english_clues(utterance: Utterance) -> list[Clue]:
    return [*emotion_word_clues(utterance), *speech_act_clues(utterance), *sentiment_clues(utterance)]


def _absence(cue: str, facts: ClipFacts, *codes: str) -> Reading:
    clue = rules_by_cue("textual")[cue].clue("textual", 0.0, facts.duration_s, {})
    return Reading(numbered([clue], "t"), notices=tuple(Notice(code, NOTICES[code]) for code in codes))


def _notices(
    said: Sequence[Utterance], english: Sequence[Utterance], sentences: Sentences | None
) -> tuple[Notice, ...]:
    codes = []
    translated = any(utterance.translated for utterance in english)
    unread = [] if translated else [utterance for utterance in said if utterance.language not in READ]
    if translated:
        codes.append("subtitle-translated")
    if sentences is None and english:
        codes.append("sentences-missing")
    notices = [Notice(code, NOTICES[code]) for code in codes]
    if unread:
        quote = unread[0].quote() if len(unread) == 1 else f"{unread[0].quote()}” and {len(unread) - 1} more"
        message = NOTICES["words-unread-in-part"][:-1]
        notices.append(Notice("words-unread-in-part", f"{message}: “{quote}{'”' if len(unread) == 1 else ''}."))
    return tuple(notices)


@cache
def _yields() -> dict[str, frozenset[str]]:
    return {cue: frozenset(others) for cue, others in read_toml("text/textual.toml")["yields"].items()}


@cache
def _covering() -> frozenset[str]:
    return frozenset(read_toml("text/textual.toml")["covering"])


def _covered(clue: Clue, others: Sequence[Clue]) -> bool:
    """Whether an emotion word is part of words that another cue reads as a whole (“don't be sad”)."""
    inside = (other for other in others if other.start <= clue.start and clue.end <= other.end)
    return rules_by_cue("textual")[clue.cue].emotion_word and any(other.cue in _covering() for other in inside)


def _overruled(clue: Clue, others: Sequence[Clue]) -> bool:
    """Whether the lexicon's valence of the sentence contradicts a feeling that is named outright."""
    if clue.cue not in ("words-positive", "words-negative"):
        return False
    if _is_hearsay(others):
        return True
    named = (other.valence or 0.0 for other in others if other.cue == "emotion-word" and other.confidence >= 0.5)
    return any(value * (clue.valence or 0.0) < 0 for value in named)


def _is_hearsay(clues: Sequence[Clue]) -> bool:
    """Whether a sentence only names the feelings of third persons ("they say he is furious")."""
    specific = [clue for clue in clues if clue.cue not in ("words-positive", "words-negative", "exclaimed")]
    return bool(specific) and all(clue.measurements.get("holder") == "other" for clue in specific)


def _weighed(clues: Sequence[Clue], others: Sequence[Clue] = ()) -> Iterator[Clue]:
    """The clues of one sentence, without those that yield to another clue.

    Irony weakens pleasant clues, sarcasm drops them.
    """
    cues = {clue.cue for clue in clues}
    for clue in clues:
        beside = cues | {other.cue for other in others if other.start < clue.end and clue.start < other.end}
        if beside & _yields().get(clue.cue, frozenset()) or _covered(clue, clues) or _overruled(clue, clues):
            continue
        pleasant = (clue.valence or 0.0) > 0
        if pleasant and SARCASM in beside:
            continue
        if pleasant and IRONY in beside:
            suggests = {word: round(weight * UNDER_IRONY, 3) for word, weight in clue.suggests.items()}
            yield replace(clue, confidence=round(clue.confidence * UNDER_IRONY, 3), suggests=suggests)
        else:
            yield clue


def _merged(clues: Iterable[Clue]) -> list[Clue]:
    """The strongest clue of each cue (and emotion word); `times` among its measurements counts the repetitions."""
    best: dict[tuple[str, object], Clue] = {}
    times: dict[tuple[str, object], int] = {}
    for clue in clues:
        kind = (clue.cue, clue.measurements.get("word"))
        times[kind] = times.get(kind, 0) + 1
        if kind not in best or clue.confidence > best[kind].confidence:
            best[kind] = clue
    return [
        replace(clue, measurements={**clue.measurements, "times": times[kind]}) if times[kind] > 1 else clue
        for kind, clue in best.items()
    ]


def _strongest(clues: Sequence[Clue]) -> list[Clue]:
    return sorted(clues, key=lambda clue: (-clue.confidence, clue.start, clue.cue))[:MOST_CLUES]


def _plain(sentences: Sequence[Utterance]) -> list[Clue]:
    """One weak clue, for words that were read and gave no other clue."""
    read = [sentence for sentence in sentences if sentence.language in READ]
    if not read:
        return []
    longest = max(read, key=lambda sentence: (not sentence.translated, len(sentence.text)))
    return [make_clue(rules_by_cue("textual")["plain-words"], longest)]
