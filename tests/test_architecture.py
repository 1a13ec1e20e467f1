"""Arrows run one way: what each package may import (design: app → leaderboard → submissions, vocabulary, models)."""

import ast
from pathlib import Path

import pytest

PACKAGES = ("emer_space", "submissions", "annotation", "leaderboard", "training", "app", "benchmarks", "tests")
SHARED = {"emer_space.errors", "emer_space.files", "emer_space.page", "emer_space.commands.run"}
"""What every package stands on: the root of all errors, the readers of files, the page, and how a command line ends."""
ALLOWED = {
    "emer_space": set(),
    "submissions": SHARED,
    "training": {"emer_space"},
    "annotation": {"emer_space", "submissions"},
    "leaderboard": {
        "submissions",
        "annotation",
        "emer_space.vocabulary",
        "emer_space.models",
        "emer_space.language_model",
        "emer_space.settings",
        "emer_space.media",
        "emer_space.cancellation",
        "emer_space.cluster",
        "emer_space.tables",
        *SHARED,
    },
}
WIRING = ("__main__.py",)
ROOMS = {
    "emer_space": (
        *("errors", "cancellation", "cluster", "heaps", "settings", "analysis", "files", "tables", "messages"),
        *("threads", "vocabulary", "feelings"),
        *("media", "models.whisper", "models", "readers", "clues", "clues.voice", "clues.face", "text"),
        *("disambiguation", "labels", "outline", "prose", "explanation", "language_model", "rewording"),
        *("knowledge", "profiles", "readings", "runner", "pipeline", "page.words", "page.figures", "page.templates"),
        *("takeaway", "commands", "page"),
    ),
    "submissions": (
        *("errors", "tracks", "person", "checks", "store", "people", "intake", "corrections", "remote", "page"),
    ),
    "annotation": (
        *(
            "errors",
            "records",
            "words",
            "answers",
            "book",
            "home",
            "projects",
            "removals",
            "drafts",
            "rounds",
            "completion",
            "sources",
        ),
        *("agreement", "order", "exchange", "service", "page"),
    ),
    "leaderboard": ("errors", "metrics", "tracks", "judge", "scoring", "arena", "board", "hosting", "page"),
}
"""The rooms of each package, the lowest first: each imports itself and what stands before it."""


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_package_imports_only_what_stands_below_it(project: Path, package: str) -> None:
    wrong = [
        f"{path.relative_to(project)} imports {name}"
        for path in (project / package).rglob("*.py")
        if path.name not in WIRING
        for name in imports(path)
        if name.split(".")[0] in PACKAGES and name.split(".")[0] != package
        if not any(name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED[package])
    ]
    assert wrong == []


@pytest.fixture(scope="module")
def arrows(project: Path) -> dict[str, set[str]]:
    """Module → the modules of the project that it imports, also within functions."""
    modules = {
        ".".join(path.relative_to(project).with_suffix("").parts).removesuffix(".__init__"): path
        for package in ("emer_space", "submissions", "annotation", "leaderboard")
        for path in (project / package).rglob("*.py")
        if path.name not in WIRING
    }
    return {name: _modules_imported(path, set(modules)) - {name} for name, path in modules.items()}


def _within(module: str, rooms: tuple[str, ...]) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def _modules_imported(path: Path, modules: set[str]) -> set[str]:
    """The modules that a file imports, a name of a package counting as its module where it is one."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & modules or {node.module}
    return found & modules


def test_no_modules_import_each_other_in_a_circle(arrows: dict[str, set[str]]) -> None:
    left = dict(arrows)
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    assert {name: sorted(others & left.keys()) for name, others in left.items()} == {}


@pytest.mark.parametrize("package", ROOMS)
def test_arrows_between_rooms_run_one_way(arrows: dict[str, set[str]], package: str) -> None:
    def floor(module: str) -> int:
        name = module.removeprefix(f"{package}.")
        rooms = [room for room in ROOMS[package] if name == room or name.startswith(f"{room}.")]
        return ROOMS[package].index(max(rooms, key=len)) if rooms else -1

    own = {name for name in arrows if _within(name, (package,))} - {package}
    assert [name for name in own if floor(name) < 0] == [], "a room that the order of rooms does not name"
    upwards = [(name, other) for name in own for other in arrows[name] & own if floor(other) > floor(name)]
    assert upwards == []
