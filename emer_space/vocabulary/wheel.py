"""A published emotion wheel: rings from `tables/wheels/*.toml`, and how a word finds its place on it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from emer_space.errors import RuleError
from emer_space.tables.load import Rows, Table, flag, read_table, text

Tree = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Inner ring → middle ring → outer words."""
_RINGS = Table(more=Table(more=Rows(text, 0)))
_PLACES = Table(more=Rows(text, 1, 3))
_WHEEL = Table(
    {"title": text, "source": text, "tree": _RINGS},
    {"primary": flag, "added": _RINGS, "places": _PLACES, "heads": _PLACES},
)


@dataclass(frozen=True, slots=True)
class Wheel:
    """An emotion wheel. `inner` is its inner ring in the order of the publication; `source` cites it.

    `added` are our own paths, which the publication lacks. Words that are not on the wheel get a place through
    `places`, from their place on the primary wheel ("happy/content"), or through `heads`, from the head of their group.
    """

    name: str
    title: str
    source: str
    tree: Tree
    primary: bool = False
    added: frozenset[tuple[str, ...]] = frozenset()
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    heads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def inner(self) -> tuple[str, ...]:
        """The words of the inner ring."""
        return tuple(self.tree)

    def middle(self, inner: str) -> tuple[str, ...]:
        """The middle ring under a word of the inner ring; () for other words."""
        return tuple(self.tree.get(inner, {}))

    def paths(self) -> Iterator[tuple[str, ...]]:
        """Every place on the wheel, inner ring first, each branch from the inside out."""
        for inner, middles in self.tree.items():
            yield (inner,)
            for middle, outers in middles.items():
                yield (inner, middle)
                for outer in outers:
                    yield (inner, middle, outer)

    def nodes(self, base: Callable[[str], str]) -> dict[str, list[tuple[str, ...]]]:
        """The places of each word by its base form ("amused" for "amusement"); some words have two."""
        places: dict[str, list[tuple[str, ...]]] = {}
        for path in self.paths():
            places.setdefault(base(path[-1]), []).append(path)
        return places


def read_wheels(folder: Path) -> dict[str, Wheel]:
    """All wheels by name, the primary one first. Raises `RuleError` for a place that is not on its wheel."""
    wheels = [_read(path) for path in sorted(folder.glob("*.toml"))]
    if sum(wheel.primary for wheel in wheels) != 1:
        raise RuleError("Exactly one of the emotion wheels must be marked as primary.")
    wheels.sort(key=lambda wheel: not wheel.primary)
    return {wheel.name: wheel for wheel in wheels}


def _read(path: Path) -> Wheel:
    table = read_table(path, _WHEEL)
    tree = {inner: dict(middles) for inner, middles in table["tree"].items()}
    published = set(_tree_paths(tree))
    for inner, middles in table.get("added", {}).items():
        for middle, outers in middles.items():
            branch = tree.setdefault(inner, {})
            branch[middle] = [*branch.get(middle, []), *outers]
    frozen = {inner: {middle: tuple(outers) for middle, outers in rings.items()} for inner, rings in tree.items()}
    wheel = Wheel(
        name=path.stem,
        title=table["title"],
        source=table["source"],
        tree=frozen,
        primary=table.get("primary", False),
        added=frozenset(_tree_paths(frozen)) - published,
        places={key: tuple(place) for key, place in table.get("places", {}).items()},
        heads={key: tuple(place) for key, place in table.get("heads", {}).items()},
    )
    paths = set(wheel.paths())
    for key, place in [*wheel.places.items(), *wheel.heads.items()]:
        if place not in paths:
            raise RuleError(f"{path.name}: {key!r} points to {'/'.join(place)}, which is not on the wheel.")
    return wheel


def _tree_paths(tree: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[str, ...]]:
    for inner, middles in tree.items():
        yield (inner,)
        for middle, outers in middles.items():
            yield (inner, middle)
            yield from ((inner, middle, str(outer)) for outer in outers)  # type: ignore[attr-defined]
