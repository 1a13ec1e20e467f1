"""A verdict → one to six open-vocabulary labels, each with the clues it rests on and its place on the wheel.

The pooled posterior says which feelings there are and how likely; clues say which word of that family fits. Clues
suggest words with weights; suggestions of one modality overlap, those of several support each other. Near-synonyms are
one label. No label rests on an absence, and none is given where there is no evidence. Where no witness spoke (clues
that are written as text), the clues decide alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import prod

from emer_space import feelings
from emer_space.analysis import Agreement, Clue, Label, Modality, Posterior
from emer_space.disambiguation import DECIDED, LOSING, Verdict
from emer_space.vocabulary import Entry, Vocabulary, load_vocabulary

MOST_LABELS = 6
"""EMER's references have one to nine labels a clip, 3.4 on average; beyond six they repeat each other."""
LEAST_CONFIDENCE = 0.22
LEAST_FIRST = 0.1
"""The first label may be weaker than the others: a faint sign is still the best there is, and its number says so."""
LEAST_SHARE = 0.4
"""A label with under this share of the first one's confidence is noise beside it."""
MOST_CONFIDENCE = 0.95
"""No reading of a feeling from outside is certain, however many signs agree."""
TRUST: Mapping[Agreement, float] = {"consistent": 1.0, "conflicting": 0.9, "single-modality": 0.78, "insufficient": 1.0}
"""What is left of a label's confidence: one witness alone, or a contradiction, leaves more doubt."""
TRUST_OPEN = 0.6
"""Where modalities conflict and nothing settles which is right."""
SECOND_SIGN = 0.3
"""Within one modality a further sign of the same feeling adds this much of itself: such signs are not independent."""
AGAINST = 0.6
"""Factor for a word whose valence is opposite to what all modalities agree on."""
BESIDE = 0.95
"""Another word of a family is at most so much as likely as the one that fits best."""
REFINES = 1.2
"""A word is preferred to the plain name of its feeling from this multiple of its evidence on."""
UNMARKED = frozenset({"neutral", "calm"})
"""Words for the absence of a marked feeling; they give way where a marked one has better evidence."""

OF_ITS_SIDE = 0.5
"""What a clue says for a word that it does not suggest, being as pleasant or unpleasant as it."""

Signs = Mapping[Modality, list[tuple[float, Clue]]]
Evidence = dict[str, dict[Modality, list[tuple[float, Clue]]]]


def read_labels(verdict: Verdict, vocabulary: Vocabulary | None = None) -> tuple[Label, ...]:
    """The labels of a verdict, by falling confidence."""
    vocabulary = vocabulary or load_vocabulary()
    merged = _merge_synonyms(_collect(verdict, vocabulary), vocabulary)
    scored = {word: _trust(verdict) * _score(signs) * _fit(word, verdict, vocabulary) for word, signs in merged.items()}
    if verdict.pooled is not None:
        scored = _by_posterior(scored, verdict, verdict.pooled, vocabulary)
    else:
        marked = max((score for word, score in scored.items() if word not in UNMARKED), default=0.0)
        scored = {word: score for word, score in scored.items() if word not in UNMARKED or score >= marked}
    ranked = sorted(scored.items(), key=lambda item: (-item[1], item[0]))
    if not ranked or ranked[0][1] < LEAST_FIRST:
        return ()
    floor = 0.0 if verdict.open and verdict.pooled else max(LEAST_CONFIDENCE, LEAST_SHARE * ranked[0][1])
    kept = [ranked[0], *[(word, score) for word, score in ranked[1:] if score >= floor]][:MOST_LABELS]
    found = ((word, score, _clue_ids(merged.get(word) or _witnesses(word, verdict))) for word, score in kept)
    return tuple(Label(word, round(score, 3), clues, vocabulary.path(word)) for word, score, clues in found if clues)


def _trust(verdict: Verdict) -> float:
    return TRUST_OPEN if verdict.open else TRUST[verdict.agreement]


def _by_posterior(
    evidence: Mapping[str, float], verdict: Verdict, pooled: Posterior, vocabulary: Vocabulary
) -> dict[str, float]:
    """Words with their probability: of each feeling that may be spoken of, the word that the clues bear best has
    the feeling's own, and other words of the family as much of it as the clues bear them."""
    scored: dict[str, float] = {}
    for feeling, share in pooled.feelings.items():
        if not verdict.carries(feeling):
            continue
        family = {word: score for word, score in evidence.items() if feelings.feeling_of(word) == feeling}
        plain = next((word for word in family if vocabulary.related(word, feeling)), feeling)
        family.setdefault(plain, 0.0)
        best = max(family, key=lambda word: (family[word], word == plain))
        if family[best] < REFINES * max(family[plain], LEAST_CONFIDENCE):
            best = plain
        whole = max(REFINES * LEAST_CONFIDENCE, *family.values()) / BESIDE
        scored |= {word: share * score / whole for word, score in family.items() if score}
        scored[best] = share
    return scored


def _witnesses(word: str, verdict: Verdict) -> Signs:
    """The strongest clue of each modality whose witness speaks for the word's feeling: what bears a label that no clue
    suggests by itself."""
    feeling = feelings.feeling_of(word)
    said = {name: each.posterior for name, each in verdict.stances.items() if each.posterior and each.clues}
    if feeling is None or not said:
        return {}
    lift = {
        name: each.feelings[feeling] / feelings.PRIOR[feelings.FEELINGS.index(feeling)] for name, each in said.items()
    }
    least = min(1.0, max(lift.values()))
    return {
        name: [(said[name].feelings[feeling], strongest(verdict.stances[name].clues)[0])]
        for name in said
        if lift[name] >= least
    }


def supported(words: Iterable[str], verdict: Verdict, vocabulary: Vocabulary | None = None) -> tuple[Label, ...]:
    """The labels that others (a language model) chose, each with the clues that speak for it, by falling confidence.

    Left out is what the vocabulary does not know, what no clue speaks for, and what more modalities speak against.
    """
    vocabulary = vocabulary or load_vocabulary()
    evidence = _collect(verdict, vocabulary)
    found: dict[str, Label] = {}
    for given in words:
        entry = vocabulary.lookup(given)
        if entry is None or any(vocabulary.related(entry.word, known) for known in found):
            continue
        signs = _signs_for(entry, evidence, verdict, vocabulary)
        confidence = _trust(verdict) * _score(signs) * _fit(entry.word, verdict, vocabulary) if signs else 0.0
        feeling = feelings.feeling_of(entry.word)
        if verdict.pooled is not None and feeling is not None and confidence >= LEAST_FIRST:
            confidence = verdict.pooled.feelings[feeling] if verdict.carries(feeling) else 0.0
        if confidence >= LEAST_FIRST and not speaks_against(entry.word, verdict, vocabulary):
            label = Label(entry.word, round(confidence, 3), _clue_ids(signs), vocabulary.path(entry.word))
            found[entry.word] = label
    return tuple(sorted(found.values(), key=lambda label: -label.confidence)[:MOST_LABELS])


def speaks_against(word: str, verdict: Verdict, vocabulary: Vocabulary | None = None) -> bool:
    """Whether the modalities on the other side of a word outweigh those on its own.

    They do where they are more, where disambiguation let all of the others lose, and where only the words are on its
    side and no pattern lets them win: what somebody says of a feeling does not outweigh a face or a voice by itself.
    """
    entry = (vocabulary or load_vocabulary()).lookup(word)
    if entry is None or abs(entry.valence) < DECIDED:
        return False
    side = 1 if entry.valence > 0 else -1
    against = [name for name, stance in verdict.stances.items() if stance.side == -side]
    if not against:
        return False
    own = [name for name, stance in verdict.stances.items() if stance.side == side]
    lost = all(verdict.factor(name) <= LOSING for name in own)
    words_alone = own == ["textual"] and not (verdict.pattern and verdict.pattern.wins == "textual")
    return len(against) > len(own) or lost or words_alone


def _signs_for(entry: Entry, evidence: Evidence, verdict: Verdict, vocabulary: Vocabulary) -> Signs:
    """Signs of the word and its near-synonyms, and weaker ones: clues as pleasant or unpleasant as the word is."""
    signs: dict[Modality, list[tuple[float, Clue]]] = defaultdict(list)
    for word, by_modality in evidence.items():
        if vocabulary.related(word, entry.word):
            for modality, own in by_modality.items():
                signs[modality] += own
    for stance in verdict.stances.values():
        for clue in stance.clues:
            sided = abs(entry.valence) >= DECIDED and abs(clue.valence or 0) >= DECIDED
            if sided and (clue.valence or 0) * entry.valence > 0:
                strength = OF_ITS_SIDE * abs(clue.valence or 0) * clue.confidence * verdict.factor(stance.modality)
                signs[stance.modality].append((strength, clue))
    return signs


def _collect(verdict: Verdict, vocabulary: Vocabulary) -> Evidence:
    """Word → modality → (strength, clue), strength = weight × confidence × what disambiguation left of it."""
    evidence: Evidence = defaultdict(lambda: defaultdict(list))
    for stance in verdict.stances.values():
        factor = verdict.factor(stance.modality)
        for clue in stance.clues:
            for word, weight in clue.suggests.items():
                evidence[_base(word, vocabulary)][clue.modality].append((weight * clue.confidence * factor, clue))
    if verdict.pattern:
        for word, weight in verdict.pattern.suggests.items():
            for clue in strongest(verdict.pattern.clues(verdict.stances)):
                evidence[_base(word, vocabulary)][clue.modality].append((weight * clue.confidence, clue))
    return evidence


def strongest(clues: Iterable[Clue], each: int = 1) -> list[Clue]:
    """The `each` clues of every modality that say most: confidence times the size of what they say."""
    by_modality: dict[Modality, list[Clue]] = defaultdict(list)
    for clue in clues:
        by_modality[clue.modality].append(clue)
    chosen = []
    for own in by_modality.values():
        chosen += sorted(own, key=lambda clue: (-salience(clue), clue.id))[:each]
    return chosen


def salience(clue: Clue) -> float:
    """How much a clue tells: what it says about feeling, times its confidence."""
    says = max([abs(clue.valence or 0), abs(clue.arousal or 0) / 2, *clue.suggests.values()])
    return says * clue.confidence


def _merge_synonyms(evidence: Evidence, vocabulary: Vocabulary) -> Evidence:
    """Fold each word into the best-supported near-synonym of it."""
    merged: Evidence = {}
    for word in sorted(evidence, key=lambda word: (-_score(evidence[word]), word)):
        home = next((kept for kept in merged if vocabulary.related(word, kept)), None)
        if home is None:
            merged[word] = evidence[word]
            continue
        for modality, signs in evidence[word].items():
            merged[home].setdefault(modality, []).extend(signs)
    return merged


def _score(by_modality: Mapping[Modality, list[tuple[float, Clue]]]) -> float:
    """Noisy-or over modalities of (the strongest sign plus a share of each further clue's)."""
    doubts = []
    for signs in by_modality.values():
        best_of_clue: dict[str, float] = {}
        for strength, clue in signs:
            best_of_clue[clue.id] = max(strength, best_of_clue.get(clue.id, 0.0))
        first, *rest = sorted(best_of_clue.values(), reverse=True)
        doubts.append(1 - min(MOST_CONFIDENCE, first + SECOND_SIGN * sum(rest)))
    return min(MOST_CONFIDENCE, 1 - prod(doubts))


def _fit(word: str, verdict: Verdict, vocabulary: Vocabulary) -> float:
    """Words against the side that the modalities agree on lose weight."""
    entry = vocabulary.lookup(word)
    sides = {stance.side for stance in verdict.stances.values()} - {0}
    if verdict.agreement != "consistent" or len(sides) != 1 or entry is None or not entry.valence:
        return 1.0
    return 1.0 if (entry.valence > 0) == (sides == {1}) else AGAINST


def _clue_ids(by_modality: Mapping[Modality, list[tuple[float, Clue]]]) -> tuple[str, ...]:
    """Strongest first, each once."""
    signs = sorted((sign for own in by_modality.values() for sign in own), key=lambda sign: (-sign[0], sign[1].id))
    return tuple(dict.fromkeys(clue.id for strength, clue in signs if strength > 0))


def _base(word: str, vocabulary: Vocabulary) -> str:
    entry = vocabulary.lookup(word)
    return entry.word if entry else word
