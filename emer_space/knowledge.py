"""All tables of knowledge at once: what one of them says of another is checked here, before the first clip comes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache

from emer_space.analysis import MODALITIES
from emer_space.clues.posteriors import fusion_table
from emer_space.clues.rules import read_toml, rules_by_cue
from emer_space.clues.shapes import SHAPES
from emer_space.disambiguation import FEELS, load_patterns
from emer_space.errors import RuleError
from emer_space.models import emotion_classes, store
from emer_space.models.expression import face_table
from emer_space.models.hub_source import hub_models


@cache
def check_tables() -> None:
    """Raises `RuleError` with the table, the place and what is known there, where a table of the package is wrong."""
    tables = {name: read_toml(name) for name in SHAPES}
    visual, acoustic, textual = (frozenset(rules_by_cue(modality)) for modality in MODALITIES)
    everywhere = visual | acoustic | textual
    _known("visual.toml, says_more", _flat(tables["clues/face/visual.toml"]["says_more"]), visual)
    _known("described.toml, says_more", _flat(tables["text/described.toml"]["says_more"]), everywhere)
    _known("textual.toml, yields", _flat(tables["text/textual.toml"]["yields"]), textual)
    _known("textual.toml, covering", tables["text/textual.toml"]["covering"], textual)
    _known("textual_zh.toml, words", tables["text/textual_zh.toml"]["words"], textual)
    for group, cues in tables["disambiguation.toml"]["groups"].items():
        _known(f"disambiguation.toml, groups › {group}", [cue for cue in cues if not cue.startswith(FEELS)], everywhere)
    load_patterns()
    store.bundled_models()
    hub_models()
    emotion_classes.known_names()


def check_weights() -> None:
    """Raises `ModelUnavailable` or `RuleError` where a table of weights in use (`EMER_WEIGHTS`) is none."""
    fusion_table()
    face_table()


def _flat(table: Mapping[str, Sequence[str]]) -> Iterable[str]:
    return (cue for key, cues in table.items() for cue in (key, *cues))


def _known(where: str, cues: Iterable[str], known: Collection[str]) -> None:
    if unknown := next((cue for cue in cues if cue not in known), None):
        raise RuleError(f"{where}: there is no cue {unknown!r}; known are {', '.join(sorted(known))}.")
