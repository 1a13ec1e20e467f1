"""The project as a package: what `pip install .` puts somewhere, and that it runs from there."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PACKAGES = ("emer_space", "leaderboard", "submissions", "training")


@pytest.fixture(scope="module", name="wheel")
def built_wheel(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of a copy of the project: building leaves folders behind."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "project"
    for package in PACKAGES:
        shutil.copytree(project / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "requirements.txt",
        "requirements-training.txt",
        "requirements-ray.txt",
    ):
        shutil.copy(project / file, copy / file)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*command, "--wheel-dir", folder, copy], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_has_every_file_of_the_packages(project: Path, wheel: Path) -> None:
    wanted = {
        path.relative_to(project).as_posix()
        for package in PACKAGES
        for path in (project / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        assert wanted - set(archive.namelist()) == set()
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        required = archive.read(metadata).decode().splitlines()
        scripts = archive.read(metadata.replace("METADATA", "entry_points.txt")).decode()
    lines = (project / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0] for line in lines if "==" in line}
    assert pinned <= {line.split()[1].split("==")[0] for line in required if line.startswith("Requires-Dist")}
    assert "emer-space = emer_space.__main__:main" in scripts


def test_it_runs_from_where_it_is_installed(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "in.jsonl").write_text(json.dumps({"name": "a", "reason": "She is delighted."}) + "\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "EMER_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-m", "emer_space", "labels", "in.jsonl", "--out", "out.jsonl"],
        cwd=tmp_path / "elsewhere",
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    line = json.loads((tmp_path / "elsewhere" / "out.jsonl").read_text())
    assert line["name"] == "a" and "delighted" in line["openset"]
