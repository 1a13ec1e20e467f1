"""All tables of knowledge at once: what one of them says of another is checked here, before the first clip comes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache

from emer_space.analysis import MODALITIES
from emer_space.clues.rules import read_toml, rules_by_cue
from emer_space.disambiguation import FEELS, load_patterns
from emer_space.errors import RuleError
from emer_space.tables.shapes import CLASSES, SHAPES


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
    _known("voice_emotion.toml", [f"model-{kind}" for kind in CLASSES], acoustic)
    for group, cues in tables["disambiguation.toml"]["groups"].items():
        _known(f"disambiguation.toml, groups › {group}", [cue for cue in cues if not cue.startswith(FEELS)], everywhere)
    load_patterns()


def _flat(table: Mapping[str, Sequence[str]]) -> Iterable[str]:
    return (cue for key, cues in table.items() for cue in (key, *cues))


def _known(where: str, cues: Iterable[str], known: Collection[str]) -> None:
    if unknown := next((cue for cue in cues if cue not in known), None):
        raise RuleError(f"{where}: there is no cue {unknown!r}; known are {', '.join(sorted(known))}.")
