"""An outline → sentences: one realiser a language, with its words in `explanation_en.toml` or `explanation_zh.toml`.

A sentence has at most one word of doubt. Phrases share a verb only where their rules say so (`joins`), and a sentence
that grows too long gives up its least telling signs.
"""

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from emer_space.analysis import Clue, Label, Language, Modality, Sentence
from emer_space.clues.rules import read_toml
from emer_space.clues.wording import filled, phrase
from emer_space.disambiguation import Verdict
from emer_space.labels import salience
from emer_space.outline import Conclusion, Link, Outline, Remark, Shown, degree, quoted_within, rule_of
from emer_space.text.tokens import HAN

_ENDED = re.compile(r"[.!?…。！？]”?$")


class Prose(ABC):
    """Writes sentences in one language; `seed` picks among wordings of the same meaning."""

    language: Language
    joint: str
    """What stands between two sentences."""
    between: str
    """What stands between two quotations of one sign, which stand in quotation marks together."""
    stop: str
    most: int
    """Words (in Chinese, characters) of a sentence at most."""

    def __init__(self, verdict: Verdict, seed: str) -> None:
        self.verdict = verdict
        self.words = read_toml(f"explanation_{self.language}.toml")
        self._seed = seed
        self._sure = False

    # What the languages do in their own ways

    @abstractmethod
    def listed(self, parts: Sequence[str]) -> str:
        """Parts joined into a list."""

    @abstractmethod
    def predicate(self, signs: Sequence[Clue], doubting: bool = True) -> str:
        """What the signs say, as one predicate."""

    @abstractmethod
    def lasting(self, predicate: str, time: str) -> str:
        """A predicate with the time that it lasts."""

    @abstractmethod
    def repeated(self, clue: Clue) -> str:
        """What a clue says, as a predicate of something that happens again and again."""

    @abstractmethod
    def statement(self, clue: Clue) -> str:
        """The full sentence of a clue, without its stop."""

    @abstractmethod
    def remark(self, clues: Sequence[Clue]) -> str:
        """Several statements as one sentence."""

    @abstractmethod
    def length(self, text: str) -> int:
        """The length of a sentence, in the unit of `most`."""

    @abstractmethod
    def name(self, label: Label) -> str:
        """The word for a label."""

    # What they share

    def sentences(self, told: Outline) -> list[Sentence]:
        """The outline, written."""
        ending = told.conclusion
        self._sure = ending is not None and degree(ending.confidence) in ("clear", "likely")
        written = [sentence for point in told.points if (sentence := self._point(point)) is not None]
        return written + ([self._conclude(told.conclusion)] if told.conclusion else [])

    def headline(self, told: Outline) -> str:
        """The answer in one or two short sentences."""
        words, conclusion, link = self.words["headline"], told.conclusion, told.link
        if conclusion is None:
            return self._finished(words["nothing"])
        if conclusion.either:
            names = [self.name(label) for label in conclusion.either]
            modalities = self.listed([self.words["modality"][name] for name in self._sides()])
            return self._finished(
                self._capital(words["either"].format(one=names[0], other=names[1], modalities=modalities))
            )
        near = [self.name(label) for label in conclusion.near[: words["most"]]]
        wording = self.degree(conclusion.confidence)["headline"]
        if conclusion.after:
            after = self.listed([self.name(label) for label in conclusion.after[: words["most"]]])
            labels = words["turn"].format(before=self.listed(near), after=after)
            return self._capital(wording.format(labels=labels))
        head = wording.format(labels=self.listed(near))
        return self._finished(
            self._capital(head + self._what_matters(link, degree(conclusion.confidence) in ("possible", "faint")))
        )

    def _what_matters(self, link: Link, doubted: bool) -> str:
        """What a headline adds to the labels: who contradicts, that one modality is alone, or that all agree."""
        words = self.words["headline"]
        if self.verdict.open:
            return str(words["open"].format(modalities=self.listed([self.words["modality"][n] for n in self._sides()])))
        if self.verdict.agreement == "conflicting":
            lost = self._losers()
            if len(lost) == 1:
                # By the conflict and not by the clip: a headline is also written without the clip's hash.
                return _picked(words["conflict"][lost[0]], self.verdict.pattern.name if self.verdict.pattern else "")
            return str(words["conflicts"].format(modalities=self.listed([self.words["modality"][n] for n in lost])))
        if link.relation == "alone":
            return str(words["alone"][link.modalities[0]])
        if link.relation == "faint":
            return str(words["faint"]) if doubted else ""
        if self.verdict.agreement != "consistent":
            return ""
        names = [self.words["modality"][name] for name in self._agreeing(link)]
        return str(words["agree"].format(modalities=self._capital(self.listed(names)))) if len(names) > 1 else ""

    def _agreeing(self, link: Link) -> list[Modality]:
        """The modalities that bear each other out; words that take no side bear nothing out."""
        pattern = self.verdict.pattern
        if pattern is None:
            return list(link.modalities)
        quiet = [name for name, wanted in pattern.when.items() if wanted.get("quiet")]
        return [name for name in link.modalities if not pattern.damp.get(name) and name not in quiet]

    def _sides(self) -> list[Modality]:
        """The modalities that take a side in a conflict that nothing settles."""
        pattern = self.verdict.pattern
        named = [name for name in self.verdict.stances if not pattern or name in pattern.when]
        return [n for n in named if self.verdict.stances[n].side] or named

    def _losers(self) -> list[Modality]:
        """The modalities that a conflict is decided against."""
        pattern, stances = self.verdict.pattern, self.verdict.stances
        wins = pattern.wins if pattern else ""
        named = [name for name in (pattern.when if pattern else stances) if name in stances and name != wins]
        winner = stances.get(wins)  # type: ignore[call-overload]
        return [n for n in named if winner is None or stances[n].side * winner.side < 0] or named

    def degree(self, confidence: float) -> dict[str, Any]:
        """How a degree of doubt is said."""
        row: dict[str, Any] = self.words["degree"][degree(confidence)]
        return row

    def choose(self, wordings: Sequence[str], purpose: str) -> str:
        """One of several wordings: varied between clips, the same for one clip."""
        return _picked(wordings, f"{self._seed}/{purpose}")

    def _point(self, point: Shown | Remark | Link) -> Sentence | None:
        if isinstance(point, Remark):
            return Sentence(self._finished(self._capital(self.remark(point.clues))), _ids(point.clues))
        return self._shown(point) if isinstance(point, Shown) else self._linked(point)

    def _shown(self, point: Shown) -> Sentence | None:
        """The sentence, without as many of its least telling signs as make it too long."""
        kept = [clue for clue in point.clues if self.phrase(clue) is not None]
        while kept:
            signs, after = ([c for c in part if c in kept] for part in (point.signs, point.after))
            text = self._finished(self._turned(signs, after) if signs and after else self._told(point, signs or after))
            if self.length(text) <= self.most or len(kept) == 1:
                return Sentence(text, _ids(kept))
            kept.remove(min(kept, key=lambda clue: (salience(clue), clue.id)))
        return None

    def _told(self, point: Shown, signs: Sequence[Clue]) -> str:
        words = self.words[point.modality]
        subject = self._subject(point)
        wording = words["other"] if point.place == "other" else words[point.place]
        predicate = self._lasting(point) or self.predicate(signs)
        return self.choose(wording, f"{point.modality} {point.place}").format(subject=subject, signs=predicate)

    def _turned(self, before: Sequence[Clue], after: Sequence[Clue]) -> str:
        """What shows before and after a turn. Beside sure signs, unsure ones are left out, so that it doubts once."""
        parts: list[str] = []
        for signs in (before, after):
            sure, unsure, _ = self.doubted(signs)
            parts.append(self.predicate(sure or unsure, doubting=not sure and not parts))
        several = "several" if len(self.verdict.people) > 1 else "one"
        return self.choose(self.words["visual"]["turn"], "turn").format(
            subject=self.words["subject"][several], before=parts[0], after=parts[1], time=f"{after[0].start:.0f}"
        )

    def _subject(self, point: Shown) -> str:
        subjects = self.words["subject"]
        if point.modality != "visual":
            return str(subjects["voice" if point.modality == "acoustic" else "speaker"])
        several = len(self.verdict.people) > 1 and point.place == "first"
        return str(subjects["several" if several else "one"])

    def _lasting(self, point: Shown) -> str | None:
        """The only sign of a face with how long or how often it shows; None where that is not to be told.

        What takes a moment is repeated and does not last.
        """
        clue = point.signs[0]
        if len(point.clues) > 1 or point.modality != "visual":
            return None
        momentary = clue.cue in read_toml("explanation.toml")["momentary"]
        often = float(clue.measurements.get("times") or 1) > 1
        if often or (momentary and point.share is not None and point.share >= LONG):
            return self.repeated(clue)
        if point.share is None or momentary:
            return None
        time = next(row["wording"] for row in self.words["lasting"] if point.share >= row["from"])
        return self.lasting(self.predicate([clue]), str(time))

    def _linked(self, link: Link) -> Sentence | None:
        if not link.clues:
            return None
        if link.relation == "pattern":
            return Sentence(self.choose(self._of_pattern(link), "pattern"), _ids(link.clues))
        names = [self.words["modality"][name] for name in link.modalities]
        wording = self.choose(self.words["link"][link.relation], "link")
        return Sentence(self._finished(self._capital(wording.format(modalities=self.listed(names)))), _ids(link.clues))

    def _of_pattern(self, link: Link) -> list[str]:
        """The pattern's wordings, with the quoted words filled in where they can be understood and fit."""
        pattern = self.verdict.pattern
        assert pattern is not None
        wordings = pattern.wordings_in(self.language)
        said = next((c for c in link.clues if c.modality == "textual"), None)
        whole = next((c for c in self.verdict.clues if said and quoted_within(said, c)), said)
        quote = whole.measurements.get("quote") if whole else None
        words = str(quote) if quote and not self.foreign(str(quote)) and self.length(str(quote)) >= LEAST_QUOTED else ""
        filled = [text.replace("{words}", _cut(words)) for text in wordings if words or "{words}" not in text]
        return [text for text in filled if self.length(text) <= self.most] or filled[:1]

    def _conclude(self, conclusion: Conclusion) -> Sentence:
        words = self.words["conclusion"]
        row = self.degree(conclusion.confidence)
        if conclusion.either:
            labels = conclusion.either
            one, other = map(self.name, labels)
            text = self.choose(words["either"], "labels").format(one=one, other=other)
        else:
            labels = conclusion.near + conclusion.after
            named = self.listed([*map(self.name, conclusion.near)])
            if conclusion.after:
                named = words["turn"].format(before=named, after=self.listed([*map(self.name, conclusion.after)]))
            text = self.choose(row["wordings"], "labels").format(labels=named)
            if conclusion.far and row["far"]:
                text += row["far"].format(labels=self.listed([*map(self.name, conclusion.far)]))
                labels += conclusion.far
        cited = tuple(dict.fromkeys(clue for label in labels for clue in label.clues[:3]))
        return Sentence(self._finished(text), cited)

    def phrase(self, clue: Clue) -> str | None:
        """What a clue says, as a predicate; None where its rule has no wording in this language."""
        return phrase(clue, self.language)

    def doubted(self, signs: Sequence[Clue], doubting: bool = True) -> tuple[list[Clue], list[Clue], str]:
        """The signs of a sentence that are sure and those that are not, and the word of doubt for these.

        Where no sign is sure and yet the conclusion is, the doubt is none: together they are enough. What is
        concluded says nothing of other people.
        """
        rows = [(self.degree(c.confidence)["sign"] if c.modality == "visual" else "", c) for c in self.once(signs)]
        sure = [clue for doubt, clue in rows if not doubt]
        concluded = self._sure and not any(clue.person in self.verdict.others for clue in signs)
        if not doubting or (not sure and concluded):
            return [clue for _, clue in rows], [], ""
        return sure, [clue for doubt, clue in rows if doubt], next((doubt for doubt, _ in rows if doubt), "")

    def once(self, signs: Sequence[Clue]) -> list[Clue]:
        """The signs with their quotations cut; those of one cue are one sign that quotes them all."""
        quotes: dict[str, list[str]] = {}
        for clue in signs:
            quotes.setdefault(clue.cue, []).append(_cut(str(clue.measurements.get("quote", ""))))
        first = {clue.cue: clue for clue in reversed(signs)}
        return [
            replace(
                first[cue], measurements={**first[cue].measurements, "quote": self.between.join(dict.fromkeys(own))}
            )
            for cue, own in quotes.items()
        ]

    def foreign(self, words: str) -> bool:
        """Whether words are in another language than the explanation."""
        return bool(HAN.search(words)) == (self.language == "en")

    def _finished(self, text: str) -> str:
        return text if _ENDED.search(text) else text + self.stop

    def _capital(self, text: str) -> str:
        return text[:1].upper() + text[1:]


class English(Prose):
    """English prose."""

    language, joint, stop, between = "en", " ", ".", "”, “"

    most = 30

    def listed(self, parts: Sequence[str]) -> str:
        """`a, b and c`; a part that is a list itself comes last, after a comma."""
        ordered = sorted(dict.fromkeys(parts), key=_is_list)
        if len(ordered) < 2:
            return "".join(ordered)
        comma = "," if _is_list(ordered[-1]) or any(map(_is_list, ordered[:-1])) else ""
        return f"{', '.join(ordered[:-1])}{comma} and {ordered[-1]}"

    def predicate(self, signs: Sequence[Clue], doubting: bool = True) -> str:
        sure, unsure, doubt = self.doubted(signs, doubting)
        parts = self._joined(sure)
        return self.listed([*parts, doubt + self.listed(self._joined(unsure))] if unsure else parts)

    def _joined(self, clues: Sequence[Clue]) -> list[str]:
        """The phrases; those whose rules name a common beginning share it ("speaks fast and in a high voice").

        An adjective does not share a verb with an adverb: not "looks down and sad".
        """
        chunks: dict[tuple[str, bool], list[list[str]]] = {}
        for clue in clues:
            head, *rest = self._parts(clue) or [str(self.phrase(clue))]
            chunks.setdefault((head, rest[:1] == [ADJECTIVE]), []).append(rest)
        return [" ".join([head, self._rests(rests)]).strip() for (head, _), rests in chunks.items()]

    def _parts(self, clue: Clue) -> list[str]:
        rule = rule_of(clue)
        return [filled(part, clue.measurements, rule) for part in rule.joins]

    def _rests(self, rests: Sequence[Sequence[str]]) -> str:
        """What follows a shared verb, adverbs first: `slowly in a low, breathy voice and at a high pitch`.

        Only a phrase with a frame (`in a … voice`) or with a preposition follows an adverb without "and".
        """
        frames: dict[str, list[str]] = {}
        for frame, *filling in (rest for rest in rests if rest):
            frames.setdefault(frame, []).extend(filling)
        if ADJECTIVE in frames:
            return self.listed(sorted(frames[ADJECTIVE], key=len))
        parts = [
            frame.replace("…", ", ".join(dict.fromkeys(filling))) if filling else frame
            for frame, filling in frames.items()
        ]
        prepositions = tuple(f"{word} " for word in self.words["joining"]["prepositions"])
        adverbs = self.listed(sorted((part for part in parts if not part.startswith(prepositions)), key=len))
        others = self.listed(sorted((part for part in parts if part.startswith(prepositions)), key=len))
        return f"{adverbs} {others}" if adverbs and others else adverbs + others

    def lasting(self, predicate: str, time: str) -> str:
        return predicate + time

    def repeated(self, clue: Clue) -> str:
        return self.predicate([clue]) + str(self.words["subject"]["repeated"])

    def statement(self, clue: Clue) -> str:
        return clue.statement.rstrip(".")

    def remark(self, clues: Sequence[Clue]) -> str:
        told = [text[:1].lower() + text[1:] for text in _merged(clues, self)]
        return ", and ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else told[0]

    def length(self, text: str) -> int:
        return len(text.split())

    def name(self, label: Label) -> str:
        return str(self.words["named"].get(label.label, label.label))


class Chinese(Prose):
    """Chinese prose: no blanks, lists by 、 or ，, and the doubt before the predicate."""

    language, joint, stop, between = "zh", "", "。", "”、“"

    most = 60

    def listed(self, parts: Sequence[str]) -> str:
        """`甲、乙和丙`."""
        kept = list(dict.fromkeys(parts))
        return "和".join(["、".join(kept[:-1]), kept[-1]]) if len(kept) > 1 else "".join(kept)

    def predicate(self, signs: Sequence[Clue], doubting: bool = True) -> str:
        sure, unsure, doubt = self.doubted(signs, doubting)
        parts = [
            *self._joined(sure),
            *(doubt + part if not number else part for number, part in enumerate(self._joined(unsure))),
        ]
        return "，".join(dict.fromkeys(parts))

    def _joined(self, clues: Sequence[Clue]) -> list[str]:
        """The phrases; those that begin alike share the beginning (语气疲惫而沉重)."""
        said = dict.fromkeys(str(self.phrase(clue)) for clue in clues)
        rows: Mapping[str, str] = self.words["joining"]["heads"]
        chunks: dict[str, list[str]] = {}
        for text in said:
            bare = re.sub(r"（“.*?”）", "", text)
            head = next((head for head in rows if text.startswith(head) and "，" not in bare), "")
            chunks.setdefault(head or text, []).append(text.removeprefix(head) if head else "")
        return [head + self._rests(rests, rows.get(head, "")) for head, rests in chunks.items()]

    def _rests(self, rests: Sequence[str], last: str) -> str:
        between = last if last == "，" else "、"
        return last.join([*([between.join(rests[:-1])] if rests[1:] else []), rests[-1]])

    def lasting(self, predicate: str, time: str) -> str:
        return time + predicate

    def repeated(self, clue: Clue) -> str:
        own = rule_of(clue).zh.get("repeated")
        return own or str(self.words["subject"]["repeated"]) + self.predicate([clue])

    def statement(self, clue: Clue) -> str:
        return clue.statement.rstrip("。.")

    def remark(self, clues: Sequence[Clue]) -> str:
        return "，".join(_merged(clues, self))

    def length(self, text: str) -> int:
        return len(HAN.findall(re.sub(r"“[^”]*”", "", text)))

    def name(self, label: Label) -> str:
        return str(self.words["named"].get(label.label) or label.name or label.label)


REALISERS: dict[str, Callable[[Verdict, str], Prose]] = {"en": English, "zh": Chinese}
ADJECTIVE = "…"
"""The second part of `joins` in a rule whose third part is an adjective: `looks`, `…`, `thoughtful`."""
LONG = 0.15
"""What takes a moment and fills at least this share of the clip happens again and again."""
LEAST_QUOTED = 2
"""A pattern's sentence quotes no fewer words (in Chinese, characters)."""
MOST_WORDS, MOST_HAN = 8, 12
"""Longest quotation in a sentence; the whole one stands with its clue."""


def _picked(wordings: Sequence[str], key: str) -> str:
    """One of several wordings, always the same for one key."""
    return wordings[hashlib.sha256(key.encode()).digest()[0] % len(wordings)]


def _merged(clues: Sequence[Clue], prose: Prose) -> list[str]:
    """The statements of clues, each once; the spans of one cue stand together."""

    def said(clue: Clue) -> str:
        wording = prose.words["spans"].get(clue.cue)
        if wording is None:
            return str(prose.words["remarks"].get(clue.cue) or prose.statement(clue))
        span = prose.words["spans"]["span"]
        own = _adjacent([(c.start, c.end) for c in clues if c.cue == clue.cue])
        spans = prose.listed([span.format(start=f"{start:.0f}", end=f"{end:.0f}") for start, end in own])
        return str(wording.format(spans=spans))

    return list(dict.fromkeys(map(said, clues)))


def _adjacent(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans in order of time; those that touch after rounding to seconds are one."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if merged and round(start) <= round(merged[-1][1]):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _cut(words: str) -> str:
    """Words cut to `MOST_WORDS`, or to `MOST_HAN` characters where they are Chinese."""
    words = words.strip()
    if HAN.search(words):
        return words if len(words) <= MOST_HAN else words[:MOST_HAN].rstrip("，。！？、；：") + "…"
    split = words.split()
    return words if len(split) <= MOST_WORDS else " ".join(split[:MOST_WORDS]).rstrip(",.;:!?") + "…"


def _is_list(part: str) -> bool:
    """Whether a part of a list is a list itself; quotations do not count."""
    bare = re.sub(r"\(“[^)]*”\)|“[^”]*”", "", part)
    return " and " in bare or "," in bare


def _ids(clues: Sequence[Clue]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clue.id for clue in clues))
