"""Arrows run one way: what each package may import (design: app → leaderboard → submissions, vocabulary, models)."""

import ast
from pathlib import Path

import pytest

PACKAGES = ("emer_space", "submissions", "leaderboard", "training", "app", "benchmarks", "tests")
SHARED = {"emer_space.errors", "emer_space.files", "emer_space.page", "emer_space.commands.run"}
"""What every package stands on: the root of all errors, the readers of files, the page, and how a command line ends."""
ALLOWED = {
    "emer_space": set(),
    "submissions": SHARED,
    "training": {"emer_space"},
    "leaderboard": {
        "submissions",
        "emer_space.vocabulary",
        "emer_space.models",
        "emer_space.language_model",
        "emer_space.settings",
        "emer_space.tables",
        *SHARED,
    },
}
WIRING = ("__main__.py",)


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
