"""The README against reality: its front matter, its links, its commands."""

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from test_command_lines import COMMANDS

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
    for target in set(re.findall(r"\bmake ([\w-]+)", readme)) - {"what"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize(("package", "command"), [(name, each) for name in COMMANDS for each in COMMANDS[name]])
def test_every_command_is_in_the_readme_or_on_a_page_that_it_links(
    readme: str, project: Path, package: str, command: str
) -> None:
    """Their help is called by the tests of the command lines."""
    pages = [
        path.read_text(encoding="utf-8") for path in (project / "docs").glob("*.md") if f"docs/{path.name}" in readme
    ]
    assert any(f"python -m {package} {command}" in text for text in (readme, *pages))


def test_the_figures_of_the_practice_baselines_are_those_that_are_scored(project: Path, tmp_path: Path) -> None:
    page = (project / "docs" / "scoring.md").read_text(encoding="utf-8")
    table = re.findall(r"\| (CLUE-\w+) \| ([\d.]+) \| ([\d.]+) to ([\d.]+) \|", page)
    settings = {"Multi": "video,audio,text", "Video": "video", "Audio": "audio", "Text": "text"}
    assert len(table) == len(settings)
    for name, *told in table:
        out = tmp_path / f"{name}.jsonl"
        clues = ["explain-clues", "leaderboard/data/clue-practice/clues.jsonl", "--out", str(out)]
        clues += ["--modalities", settings[name.removeprefix("CLUE-")]]
        score = ["score", "--track", "clue-practice", "--predictions", str(out), "--json", "-"]
        subprocess.run([sys.executable, "-m", "emer_space", *clues], cwd=project, check=True, capture_output=True)
        done = subprocess.run(
            [sys.executable, "-m", "leaderboard", *score], cwd=project, check=True, capture_output=True, text=True
        )
        primary = json.loads(done.stdout)["primary"]
        found = primary["value"], primary["interval"]["low"], primary["interval"]["high"]
        assert [f"{number:.3f}" for number in found] == told, name
