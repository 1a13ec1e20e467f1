"""CONTRIBUTING.md, followed to the letter in a copy of the project, with nothing else edited."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BLOCK = re.compile(r"^```(\w+)(?: (file|append)=(\S+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECTIONS = ("A cue", "A model", "A metric", "A track")
SCREEN = 60
"""Lines of the longest section."""


def section(project: Path, title: str) -> str:
    page = (project / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("title", SECTIONS)
def test_the_section_works_as_it_stands(project: Path, tmp_path: Path, title: str) -> None:
    copy = tmp_path / "project"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "emer_space.egg-info", "build")
    shutil.copytree(project, copy, ignore=ignored)
    written, commands = [], []
    for language, how, name, content in BLOCK.findall(section(project, title)):
        if how:
            written.append(name)
            with (copy / name).open("a" if how == "append" else "x", encoding="utf-8") as file:
                file.write(f"\n{content}" if how == "append" else content)
        elif language == "sh":
            commands += content.splitlines()
    assert len(written) == 1 and commands
    interpreter = tmp_path / "bin"
    interpreter.mkdir()
    (interpreter / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    (interpreter / "python").chmod(0o755)
    environment = {**os.environ, "PATH": f"{interpreter}{os.pathsep}{os.environ['PATH']}"}
    for command in commands:
        run = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command], cwd=copy, env=environment, capture_output=True, text=True
        )
        assert run.returncode == 0, f"{command}\n{run.stdout[-2000:]}{run.stderr[-2000:]}"


def test_each_section_fits_a_screen(project: Path) -> None:
    assert all(0 < len(section(project, title).splitlines()) <= SCREEN for title in SECTIONS)
