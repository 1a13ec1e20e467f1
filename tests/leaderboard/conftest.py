"""A separate home and environment for the leaderboard's tests."""

from pathlib import Path

import pytest

VARIABLES = ("EMER_WHEELS", "EMER_REFERENCES")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `EMER_HOME`; the person's own settings do not reach the tests."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("EMER_HOME", str(home))
    return home
