"""A verdict → up to six open-vocabulary labels, each with the clues it rests on and its place on the wheel.

The pooled posterior says how likely each feeling is; clues say which word of its family fits. Clues suggest words with
weights: suggestions from one modality overlap, those from several support each other. Near-synonyms become one label.
No label rests on an absence, and without evidence there is no label. Where there is no witness (clues given as text),
the clues decide alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import prod

from emer_space import feelings
from emer_space.analysis import Agreement, Clue, Label, Modality, Posterior
from emer_space.disambiguation import DECIDED, LOSING, Verdict
from emer_space.vocabulary import Entry, Vocabulary, load_vocabulary

MOST_LABELS = 6
"""EMER's references have one to nine labels per clip, 3.4 on average; beyond six they repeat each other."""
LEAST_CONFIDENCE = 0.22
LEAST_FIRST = 0.1
"""The first label may be weaker than the others: a faint sign is still the best answer, and its confidence says so."""
LEAST_SHARE = 0.4
"""A label with less than this share of the first label's confidence is noise."""
MOST_CONFIDENCE = 0.95
"""No outside reading of a feeling is certain, however many signs agree."""
TRUST: Mapping[Agreement, float] = {"consistent": 1.0, "conflicting": 0.9, "single-modality": 0.78, "insufficient": 1.0}
"""Factor on a label's confidence: a single modality, or a contradiction, leaves more doubt."""
TRUST_OPEN = 0.6
"""The same where modalities conflict and nothing settles which is right."""
SECOND_SIGN = 0.3
"""Share of its strength that a further sign from the same modality adds: such signs are not independent."""
AGAINST = 0.6
"""Factor on a word whose valence opposes what all modalities agree on."""
BESIDE = 0.95
"""Other words of a family get at most this share of the best word's probability."""
REFINES = 1.2
"""A word replaces the plain name of its feeling if it has at least this multiple of its evidence."""
UNMARKED = frozenset({"neutral", "calm"})
"""Words for the absence of a marked feeling; they give way to a marked feeling with better evidence."""

OF_ITS_SIDE = 0.5
"""How far a clue supports a word that it does not suggest but whose valence it shares."""

Signs = Mapping[Modality, list[tuple[float, Clue]]]
Evidence = dict[str, dict[Modality, list[tuple[float, Clue]]]]


def read_labels(verdict: Verdict, vocabulary: Vocabulary | None = None) -> tuple[Label, ...]:
    """The labels of a verdict, highest confidence first."""
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
    rated = ((word, score, _clue_ids(merged.get(word) or _witnesses(word, verdict))) for word, score in kept)
    return tuple(Label(word, round(score, 3), clues, vocabulary.path(word)) for word, score, clues in rated if clues)


def _trust(verdict: Verdict) -> float:
    return TRUST_OPEN if verdict.open else TRUST[verdict.agreement]


def _by_posterior(
    evidence: Mapping[str, float], verdict: Verdict, pooled: Posterior, vocabulary: Vocabulary
) -> dict[str, float]:
    """Word → probability. For each feeling that may be named, the best-supported word gets the feeling's own
    probability, and the other words of the family a part of it, as far as the clues support them."""
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
    """The strongest clue of each modality whose witness supports the word's feeling: the grounds for a label that no
    clue suggests by itself."""
    feeling = feelings.feeling_of(word)
    said = {name: stance.posterior for name, stance in verdict.stances.items() if stance.posterior and stance.clues}
    if feeling is None or not said:
        return {}
    lift = {
        name: posterior.feelings[feeling] / feelings.PRIOR[feelings.FEELINGS.index(feeling)]
        for name, posterior in said.items()
    }
    least = min(1.0, max(lift.values()))
    return {
        name: [(said[name].feelings[feeling], strongest(verdict.stances[name].clues)[0])]
        for name in said
        if lift[name] >= least
    }


def supported(words: Iterable[str], verdict: Verdict, vocabulary: Vocabulary | None = None) -> tuple[Label, ...]:
    """Labels that a language model chose, each with the clues that support it, highest confidence first.

    Left out: words outside the vocabulary, words that no clue supports, and words that the modalities oppose
    (`speaks_against`).
    """
    vocabulary = vocabulary or load_vocabulary()
    evidence = _collect(verdict, vocabulary)
    labels: dict[str, Label] = {}
    for given in words:
        entry = vocabulary.lookup(given)
        if entry is None or any(vocabulary.related(entry.word, kept) for kept in labels):
            continue
        signs = _signs_for(entry, evidence, verdict, vocabulary)
        confidence = _trust(verdict) * _score(signs) * _fit(entry.word, verdict, vocabulary) if signs else 0.0
        feeling = feelings.feeling_of(entry.word)
        if verdict.pooled is not None and feeling is not None and confidence >= LEAST_FIRST:
            confidence = verdict.pooled.feelings[feeling] if verdict.carries(feeling) else 0.0
        if confidence >= LEAST_FIRST and not speaks_against(entry.word, verdict, vocabulary):
            label = Label(entry.word, round(confidence, 3), _clue_ids(signs), vocabulary.path(entry.word))
            labels[entry.word] = label
    return tuple(sorted(labels.values(), key=lambda label: -label.confidence)[:MOST_LABELS])


def speaks_against(word: str, verdict: Verdict, vocabulary: Vocabulary | None = None) -> bool:
    """Whether the modalities that oppose a word outweigh those on its side.

    They do if there are more of them, if every modality on the word's side lost in disambiguation, or if only the text
    is on its side and no pattern lets it win: what people say about a feeling does not outweigh a face or a voice.
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
    """Signs of the word and its near-synonyms, and as weaker signs all clues that share its valence."""
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
    """Word → modality → (strength, clue); strength = weight × confidence × the share kept by disambiguation."""
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


def strongest(clues: Iterable[Clue], per_modality: int = 1) -> list[Clue]:
    """The most salient clues, at most `per_modality` of each modality."""
    by_modality: dict[Modality, list[Clue]] = defaultdict(list)
    for clue in clues:
        by_modality[clue.modality].append(clue)
    chosen = []
    for own in by_modality.values():
        chosen += sorted(own, key=lambda clue: (-salience(clue), clue.id))[:per_modality]
    return chosen


def salience(clue: Clue) -> float:
    """How much a clue says about a feeling, times its confidence."""
    says = max([abs(clue.valence or 0), abs(clue.arousal or 0) / 2, *clue.suggests.values()])
    return says * clue.confidence


def _merge_synonyms(evidence: Evidence, vocabulary: Vocabulary) -> Evidence:
    """Fold each word into its best-supported near-synonym."""
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
    """Noisy-or over the modalities; each counts its strongest sign plus a share of every further clue."""
    doubts = []
    for signs in by_modality.values():
        best_of_clue: dict[str, float] = {}
        for strength, clue in signs:
            best_of_clue[clue.id] = max(strength, best_of_clue.get(clue.id, 0.0))
        first, *rest = sorted(best_of_clue.values(), reverse=True)
        doubts.append(1 - min(MOST_CONFIDENCE, first + SECOND_SIGN * sum(rest)))
    return min(MOST_CONFIDENCE, 1 - prod(doubts))


def _fit(word: str, verdict: Verdict, vocabulary: Vocabulary) -> float:
    """Factor on a word: below 1 if it opposes the side that all modalities agree on."""
    entry = vocabulary.lookup(word)
    sides = {stance.side for stance in verdict.stances.values()} - {0}
    if verdict.agreement != "consistent" or len(sides) != 1 or entry is None or not entry.valence:
        return 1.0
    return 1.0 if (entry.valence > 0) == (sides == {1}) else AGAINST


def _clue_ids(by_modality: Mapping[Modality, list[tuple[float, Clue]]]) -> tuple[str, ...]:
    """Ids of the clues, strongest first, without repetitions."""
    signs = sorted((sign for own in by_modality.values() for sign in own), key=lambda sign: (-sign[0], sign[1].id))
    return tuple(dict.fromkeys(clue.id for strength, clue in signs if strength > 0))


def _base(word: str, vocabulary: Vocabulary) -> str:
    entry = vocabulary.lookup(word)
    return entry.word if entry else word
