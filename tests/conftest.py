"""What all tests share: where the shared clips are, and a home of its own for each test that writes one."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # how long an example takes is the machine's business
settings.load_profile("patient")

pytest_plugins = ("board_making",)
PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT


@pytest.fixture(scope="session")
def clips() -> Path:
    """The folder of shared test clips; the test is skipped where it is absent."""
    if not (SHARED / "clips").is_dir():
        pytest.skip("the shared test clips are not beside this checkout")
    return SHARED / "clips"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the field's own data; the test is skipped where it is absent."""
    if not (SHARED / "reference").is_dir():
        pytest.skip("the shared reference data is not beside this checkout")
    return SHARED
