"""The README against reality: its front matter, its links, its commands."""

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

GRADIO_PIN = re.compile(r"^gradio==(\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def readme(project: Path) -> str:
    return (project / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def front_matter(readme: str) -> dict:
    return yaml.safe_load(readme.split("---")[1])


def test_the_space_runs_the_gradio_that_is_required_and_tested(front_matter: dict, project: Path) -> None:
    pinned = GRADIO_PIN.search((project / "requirements.txt").read_text(encoding="utf-8"))
    assert pinned and pinned[1] == front_matter["sdk_version"] == version("gradio")


def test_the_front_matter_is_what_a_space_needs(front_matter: dict, project: Path) -> None:
    assert front_matter["sdk"] == "gradio"
    assert (project / front_matter["app_file"]).is_file()
    assert front_matter["python_version"] == "3.12", "a string: as a number 3.10 would become 3.1"
    assert front_matter["license"] == "apache-2.0" and "Apache License" in (project / "LICENSE").read_text()
    assert len(front_matter["short_description"]) <= 60, "the Hub refuses longer ones"


def test_every_link_into_the_project_resolves(readme: str, project: Path) -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", readme) if "://" not in target]
    assert targets and all((project / target).is_file() for target in targets)
    named = re.findall(r"`((?:emer_space|leaderboard|submissions|benchmarks)/[\w./]+)`", readme)
    assert named and [name for name in named if not (project / name).exists()] == []


def test_every_make_target_that_it_names_exists(readme: str, project: Path) -> None:
    makefile = (project / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake (\w+)", readme)) - {"what"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("command", ["analyze", "batch", "labels", "explain-clues", "models"])
def test_every_command_is_told_and_has_help(readme: str, project: Path, command: str) -> None:
    assert f"python -m emer_space {command}" in readme
    done = subprocess.run(
        [sys.executable, "-m", "emer_space", command, "--help"], cwd=project, capture_output=True, text=True
    )
    assert done.returncode == 0 and "usage" in done.stdout
