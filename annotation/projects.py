"""A project as it is now, derived from its records: who said what of which clip, what is merged, and what is final."""

import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from statistics import fmean, median
from weakref import WeakKeyDictionary

from annotation.book import Book
from annotation.errors import ProjectError
from annotation.records import (
    Answer,
    Clip,
    Clips,
    Draft,
    Ending,
    Invitation,
    Removal,
    Round,
    Save,
    Seating,
    Settings,
    Shown,
    SpanClue,
)
from annotation.words import chosen, voted
from emer_space.files.problems import shown

OVERLAP = 0.5
"""Clues with the same words are one if the union of their spans is shared by at least this share (IoU)."""
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
"""A project's name: it becomes a folder, and the id of a track."""


@dataclass(frozen=True, slots=True)
class Voted:
    """A label that `votes` of `of` people gave, in the spelling that most of them chose."""

    label: str
    votes: int
    of: int


@dataclass(frozen=True, slots=True)
class MergedClue:
    """A clue that `votes` of `of` people kept or wrote, in the words that most chose, with the median of their spans.

    `sources` says who wrote it first: the model, a person, or both.
    """

    clue: SpanClue
    votes: int
    of: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """What several people say of a clip, most votes first. Valence and arousal are means, None if nobody gave them."""

    clip: str
    labels: tuple[Voted, ...] = ()
    clues: tuple[MergedClue, ...] = ()
    explanations: tuple[tuple[Mapping[str, str], int], ...] = ()
    valence: float | None = None
    arousal: float | None = None

    def answer(self, agreed: int = 1) -> Answer:
        """What at least so many people share, with the explanation that most chose. Each label and clue once."""
        return Answer(
            tuple(voted.label for voted in self.labels if voted.votes >= agreed),
            tuple(sorted((one.clue for one in self.clues if one.votes >= agreed), key=lambda clue: clue.start)),
            self.explanations[0][0] if self.explanations else {},
            self.valence,
            self.arousal,
        )


@dataclass(frozen=True, slots=True)
class Final:
    """What is released of a clip: what enough people share, and all votes. An imported answer has no annotators."""

    clip: str
    answer: Answer
    merged: Merged
    annotators: int


@dataclass(frozen=True)
class Project:
    """A project as it is now. `clips` by name, without those taken out; `drafts` the latest by clip; `saves` in order.

    `aside` are files that could not be used: name → why. `removed` are the names of clips that were taken out for good.
    `votes_shown` are the people who were shown what others say, by round and clip; `seatings` are the accounts in use.
    """

    id: str
    settings: Settings
    clips: Mapping[str, Clip] = field(default_factory=dict)
    aside: Mapping[str, str] = field(default_factory=dict)
    drafts: Mapping[str, Draft] = field(default_factory=dict)
    saves: tuple[Save, ...] = ()
    invitations: tuple[Invitation, ...] = ()
    removed: tuple[str, ...] = ()
    removed_sha256: frozenset[str] = frozenset()
    votes_shown: Mapping[tuple[Round, str], frozenset[str]] = field(default_factory=dict)
    seatings: tuple[Seating, ...] = ()

    def __post_init__(self) -> None:
        own: dict[tuple[int, str], dict[str, list[Save]]] = defaultdict(lambda: defaultdict(list))
        for save in self.saves:
            own[save.round, save.clip][save.person].append(save)
        object.__setattr__(self, "_own", own)
        object.__setattr__(self, "_done", {})
        object.__setattr__(self, "_merged", {})

    def latest(self, round: Round, clip: str, person: str) -> tuple[Save, ...]:
        """The person's newest saves about a clip, oldest first; more than one is a conflict of two windows."""
        return _heads(self._by_person(round, clip).get(person, ()))

    def done(self, round: Round, clip: str) -> tuple[Save, ...]:
        """What counts of a clip in a round: the latest save of each person who is done with it."""
        kept: dict[tuple[int, str], tuple[Save, ...]] = self._done  # type: ignore[attr-defined]
        if (round, clip) not in kept:
            lasts = (_heads(saves)[-1] for saves in self._by_person(round, clip).values())
            done = sorted((save for save in lasts if save.done), key=lambda save: (save.made, save.id))
            kept[round, clip] = tuple(done)
        return kept[round, clip]

    def people(self, round: Round, clip: str) -> frozenset[str]:
        """Everybody who has saved anything about a clip in a round."""
        return frozenset(self._by_person(round, clip))

    def said(self, round: Round, clip: str, person: str) -> tuple[Save, ...]:
        """All saves of a person about a clip in a round, oldest first."""
        return tuple(self._by_person(round, clip).get(person, ()))

    def saw(self, round: Round, clip: str, person: str) -> bool:
        """Whether somebody knows what others say of a clip in a round; who checks round two starts from round one."""
        shown_to = self.votes_shown.get((round, clip), frozenset())
        return person in shown_to or (round == 1 and (self.saw(2, clip, person) or person in self.people(2, clip)))

    def _by_person(self, round: Round, clip: str) -> Mapping[str, Sequence[Save]]:
        own: Mapping[tuple[int, str], Mapping[str, Sequence[Save]]] = self._own  # type: ignore[attr-defined]
        return own.get((round, clip), {})

    def complete(self, round: Round, clip: str) -> bool:
        """Whether as many people as the settings want are done with a clip in a round."""
        return len(self.done(round, clip)) >= self.settings.annotators[round - 1]

    def merged(self, clip: str) -> Merged:
        """What the people of round one say together of a clip: what round two starts from."""
        return self._merge(1, clip)

    def final(self, clip: str) -> Final | None:
        """What is released of a clip; None until enough people are done with it. An import stands until then."""
        last: Round = 2 if self.settings.annotators[1] else 1
        if self.complete(last, clip) and (done := self.done(last, clip)):
            merged = self._merge(last, clip)
            return Final(clip, merged.answer(self.settings.agreed[last - 1]), merged, len(done))
        draft = self.drafts.get(clip)
        if draft and draft.imported and draft.answer:
            return Final(clip, draft.answer, merged_of(clip, [draft.answer], draft.answer, of=0), 0)
        return None

    def _merge(self, round: Round, clip: str) -> Merged:
        kept: dict[tuple[int, str], Merged] = self._merged  # type: ignore[attr-defined]
        if (round, clip) not in kept:
            draft = self.drafts.get(clip)
            answers = [save.answer for save in self.done(round, clip)]
            kept[round, clip] = merged_of(clip, answers, draft.answer if draft else None)
        return kept[round, clip]

    def without(self, hidden: Iterable[tuple[Round, str]]) -> "Project":
        """The same project without the saves about some clips in some rounds."""
        away = frozenset(hidden)
        if not away:
            return self
        return replace(self, saves=tuple(save for save in self.saves if (save.round, save.clip) not in away))


def _heads(saves: Sequence[Save]) -> tuple[Save, ...]:
    """The saves that no later one names."""
    named = {name for save in saves for name in (save.base, *save.over)}
    return tuple(save for save in saves if save.id not in named) or tuple(saves[-1:])


def load_project(book: Book, name: str) -> Project:
    """The project with this name, derived anew when its records changed. Raises `ProjectError` and `StoreError`."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise unknown(str(name))
    revision = book.revision(name)
    with _lock:
        kept = _loaded.setdefault(book, {}).get(name)
    if kept is None or kept[0] != revision:
        kept = revision, _derived(book, name)
        with _lock:
            _loaded[book][name] = kept
    if kept[1] is None:
        raise unknown(name)
    return kept[1]


_loaded: WeakKeyDictionary[Book, dict[str, tuple[int, Project | None]]] = WeakKeyDictionary()
_lock = threading.Lock()


def unknown(name: str) -> ProjectError:
    """The one sentence for a project that there is not, and for one that the caller has no part in."""
    return ProjectError("project", f"There is no project {shown(name)} that you take part in; check its name or link.")


def _derived(book: Book, name: str) -> Project | None:
    settings = book.records(name, Settings)
    if not settings or book.records(name, Ending):
        return None
    clips: dict[str, Clip] = {}
    aside: dict[str, str] = {}
    for batch in book.records(name, Clips):
        clips |= {clip.name: clip for clip in batch.clips}
        aside |= batch.aside
    removals = book.records(name, Removal)
    gone = {removal.clip for removal in removals}
    left = {clip: clips[clip] for clip in sorted(clips.keys() - gone)}
    shown_to: dict[tuple[Round, str], set[str]] = defaultdict(set)
    for shown_once in book.records(name, Shown):
        for clip in shown_once.clips:
            shown_to[shown_once.round, clip].add(shown_once.person)
    return Project(
        name,
        settings[-1],
        left,
        {file: why for file, why in aside.items() if file not in clips and file not in gone},
        {draft.clip: draft for draft in book.records(name, Draft) if draft.clip in left},
        tuple(save for save in book.records(name, Save) if save.clip in left),
        tuple(book.records(name, Invitation)),
        tuple(sorted(gone)),
        frozenset(removal.sha256 for removal in removals if removal.sha256),
        {about: frozenset(people) for about, people in shown_to.items()},
        tuple(book.records(name, Seating)),
    )


def subtitle_of(project: Project, clip: str) -> str:
    """The words of a clip: those that came with it, else those that were recognised or imported; empty without any."""
    draft = project.drafts.get(clip)
    return project.clips[clip].subtitle or (draft.subtitle if draft else "")


# Merging


def merged_of(clip: str, answers: Sequence[Answer], draft: Answer | None = None, of: int | None = None) -> Merged:
    """What several answers about a clip say together.

    Labels are one if they are forms of one word of the vocabulary, in either language (`annotation.words`). Clues are
    one if they are of one modality and say the same over largely the same span, or are the same one of the `draft`,
    unedited. `of` is the number of people, if it is not that of the answers; without people there are no votes.
    """
    people = len(answers) if of is None else of
    return Merged(
        clip,
        _labels(answers, people),
        _clues(answers, draft, people),
        _explanations(answers, people),
        _mean(answer.valence for answer in answers),
        _mean(answer.arousal for answer in answers),
    )


def _labels(answers: Sequence[Answer], people: int) -> tuple[Voted, ...]:
    found = voted(answer.labels for answer in answers)
    return tuple(Voted(label, min(votes, people), people) for label, votes in found)


def _clues(answers: Sequence[Answer], draft: Answer | None, people: int) -> tuple[MergedClue, ...]:
    drafted = {clue.id: said(clue.statement) for clue in draft.clues} if draft else {}
    groups: list[dict[int, SpanClue]] = []
    for person, answer in enumerate(answers):
        for clue in answer.clues:
            own = drafted.get(clue.id) == said(clue.statement)
            for group in groups:
                if person not in group and _same(next(iter(group.values())), clue, own):
                    group[person] = clue
                    break
            else:
                groups.append({person: clue})
    names: set[str] = set()
    merged = []
    for group in groups:
        members = list(group.values())
        first = members[0]
        name = next(name for name in chain([first.id], (f"{first.id}-{n}" for n in count(2))) if name not in names)
        names.add(name)
        statement = chosen(Counter(clue.statement for clue in members))
        wording = next(clue for clue in members if clue.statement == statement)
        span = float(median(clue.start for clue in members)), float(median(clue.end for clue in members))
        clue = replace(wording, id=name, start=span[0], end=span[1])
        sources = tuple(dict.fromkeys(member.source for member in members))
        merged.append(MergedClue(clue, min(len(members), people), people, sources))
    return tuple(sorted(merged, key=lambda one: (-one.votes, one.clue.start)))


def _same(one: SpanClue, other: SpanClue, drafted: bool) -> bool:
    """Whether two people's clues are one; `drafted`: the second is one of the draft, whose words were not changed."""
    if one.modality != other.modality or said(one.statement) != said(other.statement):
        return False
    return (drafted and one.id == other.id) or overlap(one, other) >= OVERLAP


def said(statement: str) -> str:
    """A statement for comparison: without case, spaces and the full stop."""
    return " ".join(statement.split()).casefold().rstrip(" .。")


def overlap(one: SpanClue, other: SpanClue) -> float:
    """The share of the union of two spans that both have (IoU), 0…1; two equal moments share all."""
    union = max(one.end, other.end) - min(one.start, other.start)
    shared = min(one.end, other.end) - max(one.start, other.start)
    return max(0.0, shared) / union if union > 0 else 1.0


def _explanations(answers: Sequence[Answer], people: int) -> tuple[tuple[Mapping[str, str], int], ...]:
    written: dict[tuple[tuple[str, str], ...], int] = Counter()
    for answer in answers:
        if texts := tuple(sorted((language, text) for language, text in answer.explanation.items() if text.strip())):
            written[texts] += 1
    ordered = sorted(written.items(), key=lambda one: -one[1])
    return tuple((dict(texts), min(votes, people)) for texts, votes in ordered)


def _mean(values: Iterable[float | None]) -> float | None:
    given = [value for value in values if value is not None]
    return round(fmean(given), 4) if given else None
