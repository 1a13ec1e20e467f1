"""Cue rules: tables of knowledge in TOML, one file a modality, read and checked here.

A rule says under which conditions on measured channels a cue is there, how to word it, what it says about
valence, arousal and emotion words, and from which source that is known:

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
from emer_space.tables.load import Misfit, Wording, read_table

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
    """`above` ≤ channel ≤ `below`; one of the two may be left out."""

    channel: str
    above: float | None = None
    below: float | None = None

    def holds(self, value: float) -> bool:
        """False for NaN: what could not be measured meets no condition."""
        low = self.above is None or value >= self.above
        high = self.below is None or value <= self.below
        return value == value and low and high


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a rule table; see the module's text for the meaning of the fields."""

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
    """A summary of what more specific cues say in detail: told in prose only where they are silent."""
    claims: bool = False
    """The phrase names a feeling, so it is said only where the evidence as a whole supports that feeling."""
    reads: str | None = None
    """The class of a model, of faces or of voices, that the rule puts into words: one clue a person and class."""
    emotion_word: bool = False
    """Textual rules: the cue is a word that names a feeling, and gives way to a cue that reads the words around it."""
    sign: bool = False
    """Textual rules: `words` are emoji, which every language shares and which need no blank beside them."""
    words: tuple[str, ...] = ()
    """Phrases (regular expressions) that make the cue in a text: in the words said, or in a description of a clip."""
    examples: tuple[str, ...] = ()
    """Textual rules: described situations to compare a sentence with."""

    def holds(self, measured: Mapping[str, float]) -> bool:
        """Whether every condition holds; an unknown channel raises `RuleError`."""
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
        """A clue of this rule, worded with its measurements; its id is given later, by `analysis.numbered`.

        Raises `RuleError` where the statement names a measurement that is not there.
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
    """A table in use by its path below `emer_space/`, for instance `clues/face/visual.toml`; not to be changed.

    Raises `RuleError` where it holds what is not known there (`shapes.SHAPES`).
    """
    return read_table(_in_use(name), SHAPES[name])


def own_tables() -> Path | None:
    """The folder that `EMER_TABLES` names, whose tables stand in for the package's of the same path.

    Raises `RuleError` where it is no folder, or holds a table by another name.
    """
    chosen = os.environ.get("EMER_TABLES", "").strip()
    if not chosen:
        return None
    folder = Path(chosen).expanduser()
    if not folder.is_dir():
        raise RuleError("EMER_TABLES names no folder; let it be one that holds tables of your own.")
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.toml"))
    if unknown := next((name for name in names if name not in SHAPES), None):
        raise RuleError(f"EMER_TABLES: there is no table {unknown!r}; known are {', '.join(sorted(SHAPES))}.")
    return folder


def _in_use(name: str) -> Path:
    own = own_tables()
    return own / name if own and (own / name).is_file() else PACKAGE / name


@cache
def load_rules(modality: Modality) -> tuple[Rule, ...]:
    """The rules of one modality in the order of their file; raises `RuleError` on a row that is wrong."""
    table = f"{modality}.toml"
    rules = tuple(_checked(_rule(row), modality, table) for row in read_toml(TABLES[modality])["rule"])
    _once_each(rules, table)
    if missing := next((cue for cue in MADE_CUES[modality] if cue not in {rule.cue for rule in rules}), None):
        raise RuleError(f"{table}: the cue {missing!r} is missing, which the program asks for by its name.")
    for rule in rules if modality == "visual" else ():
        if not rule.when and rule.cue not in PICTURE_CUES:
            raise RuleError(f"{table}, {rule.cue}: it has no conditions ('when'), so it could never be seen.")
    if modality == "visual":
        _one_a_class(rules, EXPRESSIONS, table)
    return rules


@cache
def described_rules(modality: Modality) -> tuple[Rule, ...]:
    """The rules that read a description in words: the measured ones that have phrases, and `text/described.toml`."""
    measured = [rule for rule in load_rules(modality) if rule.words]
    rows = read_toml("text/described.toml").get(modality, ())
    worded = ({"statement": f"The person {row['phrase']}.", **row} for row in rows)
    rules = (*measured, *(_checked(_rule(row), modality, "described.toml") for row in worded))
    _once_each(rules, "described.toml")
    return rules


@cache
def model_rules(modality: Modality) -> tuple[Rule, ...]:
    """What a classifier may say, a rule a class: `clues/voice/voice_emotion.toml`."""
    rows = read_toml("clues/voice/voice_emotion.toml").get(modality, ())
    rules = tuple(_checked(_rule(row), modality, "voice_emotion.toml") for row in rows)
    _once_each((*load_rules(modality), *rules), "voice_emotion.toml")
    if modality == "acoustic":
        _one_a_class(rules, CLASSES, "voice_emotion.toml")
    return rules


@cache
def rules_by_cue(modality: Modality) -> Mapping[str, Rule]:
    """Every rule of a modality, measured, described or a classifier's, by its cue."""
    rules = (*load_rules(modality), *described_rules(modality), *model_rules(modality))
    return {rule.cue: rule for rule in rules}


def _one_a_class(rules: Iterable[Rule], classes: Sequence[str], table: str) -> None:
    """Raises `RuleError` where the classes that the rules read are not each of these once."""
    read = Counter(rule.reads for rule in rules if rule.reads)
    if wrong := next((name for name in (*classes, *read) if read[name] != 1 or name not in classes), None):
        raise RuleError(f"{table}: one rule is wanted that reads {wrong!r}; known are {', '.join(classes)}.")


def _once_each(rules: Iterable[Rule], table: str) -> None:
    for cue, times in Counter(rule.cue for rule in rules).items():
        if times > 1:
            raise RuleError(f"{table} has the cue {cue!r} more than once.")


def rules_sha256() -> str:
    """One hash over every rule table in use, so that a result says which rules made it."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.glob("**/*.toml")):
        if {"vocabulary", "page", "files"} & set(path.relative_to(PACKAGE).parts):
            continue
        name = path.relative_to(PACKAGE).as_posix()
        digest.update(name.encode() + b"\0" + _in_use(name).read_bytes() + b"\0")
    return digest.hexdigest()


def _checked(rule: Rule, modality: Modality, table: str) -> Rule:
    """A rule whose channels are measured and whose sentences name what can be filled in."""
    known = CHANNELS[modality]
    for condition in rule.when:
        if condition.channel not in known:
            measured = f"known are {', '.join(sorted(known))}" if known else "nothing is measured there"
            raise RuleError(f"{table}, {rule.cue}: the channel {condition.channel!r} is not measured; {measured}.")
    try:
        for sentence in (rule.statement, rule.phrase):
            Wording(PLACES[modality])(sentence)
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
            }
        )
    except TypeError as problem:
        raise RuleError(f"a rule is wrong ({row.get('cue', 'without a cue name')}): {problem}") from problem
    weights = [*rule.suggests.values(), rule.confidence]
    feelings = [value for value in (rule.valence, rule.arousal) if value is not None]
    if not all(0 <= weight <= 1 for weight in weights) or not all(-1 <= value <= 1 for value in feelings):
        raise RuleError(f"rule {rule.cue!r}: weights lie in 0…1, valence and arousal in −1…1")
    if rule.absent and (rule.suggests or feelings):
        raise RuleError(f"rule {rule.cue!r} is an absence: it can suggest nothing")
    return rule
