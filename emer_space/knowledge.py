"""Checks all tables of knowledge, and their references to each other, before the first clip is analysed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache

from emer_space.analysis import MODALITIES
from emer_space.clues.posteriors import fusion_table
from emer_space.clues.rules import read_toml, rules_by_cue
from emer_space.clues.shapes import SHAPES
from emer_space.disambiguation import feeling_conditions, load_patterns
from emer_space.errors import RuleError
from emer_space.messages import load_messages
from emer_space.models import emotion_classes, store
from emer_space.models.expression import face_table
from emer_space.models.hub_source import hub_models


@cache
def check_tables() -> None:
    """Raises `RuleError` for a wrong table, naming the table, the place and the names that are allowed there."""
    tables = {name: read_toml(name) for name in SHAPES}
    visual, acoustic, textual = (frozenset(rules_by_cue(modality)) for modality in MODALITIES)
    everywhere = visual | acoustic | textual
    _check_cues("visual.toml, says_more", _flat(tables["clues/face/visual.toml"]["says_more"]), visual)
    _check_cues("described.toml, says_more", _flat(tables["text/described.toml"]["says_more"]), everywhere)
    told = tables["explanation.toml"]
    for key in ("unmarked", "naming", "remarks"):
        _check_cues(f"explanation.toml, {key}", told[key], everywhere)
    for kind, cues in told["kinds"].items():
        _check_cues(f"explanation.toml, kinds › {kind}", cues, everywhere)
    _check_cues("explanation.toml, says_more", _flat(told["says_more"]), everywhere)
    for number, pair in enumerate(told["opposed"], start=1):
        _check_cues(f"explanation.toml, opposed › number {number}", pair["one"] + pair["other"], everywhere)
    _check_cues("textual.toml, yields", _flat(tables["text/textual.toml"]["yields"]), textual)
    _check_cues("textual.toml, covering", tables["text/textual.toml"]["covering"], textual)
    _check_cues("textual_zh.toml, words", tables["text/textual_zh.toml"]["words"], textual)
    for group, cues in tables["disambiguation.toml"]["groups"].items():
        _check_cues(f"disambiguation.toml, groups › {group}", set(cues) - feeling_conditions(), everywhere)
    load_messages()
    load_patterns()
    store.bundled_models()
    hub_models()
    emotion_classes.known_names()


def check_weights() -> None:
    """Raises `ModelUnavailable` or `RuleError` for an unreadable or wrong table of weights (`EMER_WEIGHTS`)."""
    fusion_table()
    face_table()


def _flat(table: Mapping[str, Sequence[str]]) -> Iterable[str]:
    return (cue for key, cues in table.items() for cue in (key, *cues))


def _check_cues(where: str, cues: Iterable[str], allowed: Collection[str]) -> None:
    if unknown := next((cue for cue in cues if cue not in allowed), None):
        raise RuleError(f"{where}: there is no cue {unknown!r}; known: {', '.join(sorted(allowed))}.")
