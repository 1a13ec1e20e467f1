"""Cue rules: tables of knowledge in TOML, one file per modality, read and checked here.

A rule gives the conditions on measured channels under which a cue is present, its wording, what it says about valence,
arousal and emotion words, and the source of that knowledge:

    [[rule]]
    cue = "smile-with-eyes"
    when = [{channel = "smile", above = 0.4}, {channel = "squint", above = 0.3}]
    min_s = 0.3
    statement = "The mouth corners rise and the eyes narrow with them, most at {peak_s:.1f} s."
    phrase = "smiles, and the eyes smile too"
    valence = 0.8
    arousal = 0.3
    confidence = 0.8
    suggests = {happy = 0.8}
    source = "FACS AU6+AU12 (Ekman & Friesen 1978)"
    zh = {statement = "嘴角上扬，眼睛也随之眯起，{peak_s:.1f}秒时最明显。", phrase = "面带微笑，眼中也有笑意"}

`zh` holds the same wording in Chinese; a rule without it is shown in English.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from emer_space.analysis import Clue, Modality
from emer_space.clues.shapes import CHANNELS, MADE_CUES, PICTURE_CUES, PLACES, SHAPES
from emer_space.errors import RuleError
from emer_space.models.roles import CLASSES, EXPRESSIONS
from emer_space.tables.load import Misfit, Wording, placeholders, read_table

PACKAGE = Path(__file__).resolve().parent.parent
TABLES: Mapping[Modality, str] = {
    "visual": "clues/face/visual.toml",
    "acoustic": "clues/voice/acoustic.toml",
    "textual": "text/textual.toml",
}
"""The table of each modality's rules, by its path below `emer_space/`."""
Measurements = Mapping[str, float | int | str | bool | None]


@dataclass(frozen=True, slots=True)
class Condition:
    """`above` ≤ channel ≤ `below`; either may be left out."""

    channel: str
    above: float | None = None
    below: float | None = None

    def holds(self, value: float) -> bool:
        """Whether a value meets the condition; NaN, for what could not be measured, never does."""
        low = self.above is None or value >= self.above
        high = self.below is None or value <= self.below
        return value == value and low and high


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a rule table; the module's docstring explains the fields."""

    cue: str
    statement: str
    phrase: str
    source: str
    when: tuple[Condition, ...] = ()
    min_s: float = 0.0
    valence: float | None = None
    arousal: float | None = None
    confidence: float = 0.7
    suggests: Mapping[str, float] = field(default_factory=dict)
    absent: bool = False
    general: bool = False
    """Sums up what more specific cues say in detail; mentioned in prose only if there are none."""
    claims: bool = False
    """The phrase names a feeling, so it is used only if the evidence as a whole supports that feeling."""
    reads: str | None = None
    """The class of a face or voice model that the rule puts into words: one clue per person and class."""
    emotion_word: bool = False
    """Textual rules: the cue is a word that names a feeling, and gives way to a cue that reads the words around it."""
    sign: bool = False
    """Textual rules: `words` are emoji, which every language shares and which need no blank beside them."""
    words: tuple[str, ...] = ()
    """Phrases (regular expressions) that signal the cue in a text: in spoken words or in a description of a clip."""
    examples: tuple[str, ...] = ()
    """Textual rules: situations that a sentence is compared with."""
    zh: Mapping[str, str] = field(default_factory=dict)
    """The Chinese `statement` and `phrase`; empty where there are none. `repeated` is the phrase of what is done again
    and again, where that is not `不时` with the phrase."""
    joins: tuple[str, ...] = ()
    """The English phrase as a verb and what follows it, where others may share the verb: `speaks`, `slowly`. With a
    third part, what fills the `…` of the second: `speaks`, `in a … voice`, `low`; an adjective fills it alone: `looks`,
    `…`, `thoughtful`."""

    def holds(self, measured: Mapping[str, float]) -> bool:
        """Whether every condition holds. Raises `RuleError` for an unknown channel."""
        for condition in self.when:
            if condition.channel not in measured:
                raise RuleError(f"rule {self.cue!r} names the channel {condition.channel!r}, which is not measured")
        return all(condition.holds(measured[condition.channel]) for condition in self.when)

    def clue(
        self,
        modality: Modality,
        start: float,
        end: float,
        measurements: Measurements,
        *,
        confidence: float | None = None,
        person: str | None = None,
        valence: float | None = None,
        arousal: float | None = None,
    ) -> Clue:
        """A clue of this rule, worded with its measurements; `analysis.numbered` sets its id later.

        Raises `RuleError` if the statement names a measurement that is missing.
        """
        try:
            statement = self.statement.format_map(dict(measurements))
        except (KeyError, ValueError, TypeError) as problem:
            raise RuleError(f"the statement of rule {self.cue!r} cannot be filled: {problem!r}") from problem
        return Clue(
            id="",
            modality=modality,
            cue=self.cue,
            statement=statement,
            start=round(start, 3),
            end=round(end, 3),
            confidence=round(self.confidence if confidence is None else confidence, 3),
            person=person,
            measurements={
                key: round(value, 4) if isinstance(value, float) else value for key, value in measurements.items()
            },
            valence=self.valence if valence is None else valence,
            arousal=self.arousal if arousal is None else arousal,
            suggests=dict(self.suggests),
            absent=self.absent,
        )


@cache
def read_toml(name: str) -> dict[str, Any]:
    """The table in use for a path below `emer_space/`, for example `clues/face/visual.toml`. Do not modify it.

    Raises `RuleError` if it does not fit its shape (`shapes.SHAPES`).
    """
    return read_table(_in_use(name), SHAPES[name])


def own_tables() -> Path | None:
    """The folder in `EMER_TABLES`, whose tables replace the package's tables of the same path; None if unset.

    Raises `RuleError` if it is not a folder or has a table with an unknown path.
    """
    chosen = os.environ.get("EMER_TABLES", "").strip()
    if not chosen:
        return None
    folder = Path(chosen).expanduser()
    if not folder.is_dir():
        raise RuleError("EMER_TABLES names no folder; set it to a folder with your own tables.")
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.toml"))
    if unknown := next((name for name in names if name not in SHAPES), None):
        raise RuleError(f"EMER_TABLES: there is no table {unknown!r}; known: {', '.join(sorted(SHAPES))}.")
    return folder


def _in_use(name: str) -> Path:
    own = own_tables()
    return own / name if own and (own / name).is_file() else PACKAGE / name


@cache
def load_rules(modality: Modality) -> tuple[Rule, ...]:
    """The rules of one modality in file order. Raises `RuleError` for a wrong row."""
    table = f"{modality}.toml"
    rules = tuple(_checked(_rule(row), modality, table) for row in read_toml(TABLES[modality])["rule"])
    _once_each(rules, table)
    if missing := next((cue for cue in MADE_CUES[modality] if cue not in {rule.cue for rule in rules}), None):
        raise RuleError(f"{table}: the cue {missing!r} is missing, which the code needs by this name.")
    for rule in rules if modality == "visual" else ():
        if not rule.when and rule.cue not in PICTURE_CUES:
            raise RuleError(f"{table}, {rule.cue}: it has no conditions ('when'), so it could never match.")
    if modality == "visual":
        _one_a_class(rules, EXPRESSIONS, table)
    return rules


@cache
def described_rules(modality: Modality) -> tuple[Rule, ...]:
    """The rules for descriptions in words: the measured rules that have phrases, and those of `text/described.toml`."""
    measured = [rule for rule in load_rules(modality) if rule.words]
    rows = read_toml("text/described.toml").get(modality, ())
    worded = ({"statement": f"The person {row['phrase']}.", **row} for row in rows)
    rules = (*measured, *(_checked(_rule(row), modality, "described.toml") for row in worded))
    _once_each(rules, "described.toml")
    return rules


@cache
def model_rules(modality: Modality) -> tuple[Rule, ...]:
    """The rules for a classifier's classes, one per class: `clues/voice/voice_emotion.toml`."""
    rows = read_toml("clues/voice/voice_emotion.toml").get(modality, ())
    rules = tuple(_checked(_rule(row), modality, "voice_emotion.toml") for row in rows)
    _once_each((*load_rules(modality), *rules), "voice_emotion.toml")
    if modality == "acoustic":
        _one_a_class(rules, CLASSES, "voice_emotion.toml")
    return rules


@cache
def rules_by_cue(modality: Modality) -> Mapping[str, Rule]:
    """All rules of a modality (measured, described, or for a classifier) by cue."""
    rules = (*load_rules(modality), *described_rules(modality), *model_rules(modality))
    return {rule.cue: rule for rule in rules}


def _one_a_class(rules: Iterable[Rule], classes: Sequence[str], table: str) -> None:
    """Raises `RuleError` unless exactly one rule reads each of these classes."""
    read = Counter(rule.reads for rule in rules if rule.reads)
    if wrong := next((name for name in (*classes, *read) if read[name] != 1 or name not in classes), None):
        raise RuleError(f"{table}: exactly one rule must read {wrong!r}; known: {', '.join(classes)}.")


def _once_each(rules: Iterable[Rule], table: str) -> None:
    for cue, times in Counter(rule.cue for rule in rules).items():
        if times > 1:
            raise RuleError(f"{table} has the cue {cue!r} more than once.")


def rules_sha256() -> str:
    """A hash over all rule tables in use, so that a result says which rules produced it."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.glob("**/*.toml")):
        if {"vocabulary", "page", "files", "takeaway", "messages.toml"} & set(path.relative_to(PACKAGE).parts):
            continue
        name = path.relative_to(PACKAGE).as_posix()
        digest.update(name.encode() + b"\0" + _in_use(name).read_bytes() + b"\0")
    return digest.hexdigest()


def _checked(rule: Rule, modality: Modality, table: str) -> Rule:
    """The rule, if its channels are measured and its placeholders can be filled; else raises `RuleError`."""
    channels = CHANNELS[modality]
    for condition in rule.when:
        if condition.channel not in channels:
            measured = f"known: {', '.join(sorted(channels))}" if channels else "nothing is measured there"
            raise RuleError(f"{table}, {rule.cue}: the channel {condition.channel!r} is not measured; {measured}.")
    try:
        for sentence in (rule.statement, rule.phrase):
            Wording(PLACES[modality])(sentence)
        for name, sentence in rule.zh.items():
            own = placeholders(rule.phrase) if name == "phrase" else []
            Wording([*own, *placeholders(rule.statement)])(sentence)
    except Misfit as problem:
        raise RuleError(f"{table}, {rule.cue}: {problem.problem}.") from None
    return rule


def _rule(row: Mapping[str, Any]) -> Rule:
    try:
        rule = Rule(
            **{
                **row,
                "when": tuple(Condition(**condition) for condition in row.get("when", ())),
                "words": tuple(row.get("words", ())),
                "examples": tuple(row.get("examples", ())),
                "joins": tuple(row.get("joins", ())),
            }
        )
    except TypeError as problem:
        raise RuleError(f"rule {row.get('cue', 'without a cue')!r} is wrong: {problem}") from problem
    weights = [*rule.suggests.values(), rule.confidence]
    feelings = [value for value in (rule.valence, rule.arousal) if value is not None]
    if not all(0 <= weight <= 1 for weight in weights) or not all(-1 <= value <= 1 for value in feelings):
        raise RuleError(f"rule {rule.cue!r}: weights must be in 0…1, valence and arousal in −1…1")
    if rule.absent and (rule.suggests or feelings):
        raise RuleError(f"rule {rule.cue!r} is an absence, so it cannot suggest anything")
    if rule.joins and " ".join((*rule.joins[:1], rule.joins[1].replace("…", "".join(rule.joins[2:])))) != rule.phrase:
        raise RuleError(f"rule {rule.cue!r}: the parts of 'joins' do not make up its phrase {rule.phrase!r}")
    return rule
