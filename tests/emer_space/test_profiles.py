import platform
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

from emer_space.errors import InputError
from emer_space.heaps import bound_heaps
from emer_space.profiles import load_profile


def test_a_profile_is_named_by_one_grammar() -> None:
    assert load_profile("bundled").name == "bundled"
    assert load_profile("bundled, speech=bundled").choice["speech"] == "bundled"


@pytest.mark.parametrize("text", ["", "hubb", "bundled,speech", "bundled,vision=bundled", "bundled,speech=nowhere"])
def test_what_it_does_not_know_it_says_with_what_it_does(text: str) -> None:
    with pytest.raises(InputError, match=r"`bundled`|`speech`"):
        load_profile(text)


def test_glibc_is_asked_for_few_heaps() -> None:
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("the C library is not glibc")
    assert bound_heaps()


ELSEWHERE = {"EMER_CHAT_MODEL": "m", "EMER_CHAT_URL": "https://models.example/v1"}


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_profiles_mix_by_role(named: pytest.MonkeyPatch) -> None:
    assert not load_profile("bundled").has("chat")
    mixed = load_profile("bundled, chat=endpoint")
    assert mixed.name == "bundled,chat=endpoint" and mixed.choice["chat"] == "endpoint" and not mixed.has("vision")
    assert mixed.choice["speech"] == "bundled"
    named.setenv("EMER_VISION_MODEL", "v")
    assert {role for role, source in load_profile("endpoint").choice.items() if source == "endpoint"} == {
        "chat",
        "vision",
    }
    named.setenv("EMER_OMNI_MODEL", "o")
    omni = load_profile("bundled,omni=endpoint")
    assert [omni.choice[role] for role in ("chat", "vision", "audio")] == ["endpoint"] * 3
    assert omni.revision("audio") == "o (endpoint)" and omni.revision("vision") == "v (endpoint)"
    with pytest.raises(InputError, match="no model for `speech`"):
        load_profile("bundled,speech=endpoint")


def test_it_tells_which_host_gets_parts_of_a_clip(named: pytest.MonkeyPatch) -> None:
    assert load_profile("bundled").sends() == {}
    assert load_profile("endpoint").sends() == {"chat": "models.example"}
    named.setenv("EMER_VISION_MODEL", "v")
    assert load_profile("endpoint").sends() == {"chat": "models.example", "vision": "models.example"}
    named.setenv("EMER_CHAT_URL", "http://127.0.0.1:8080/v1")
    assert load_profile("endpoint").sends() == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fusion.toml", "[reliability]\nvisual = 1.0\n"),
        ("face.toml", "not a table"),
        ("face.toml", "[pool]\nsharpness = nan\n"),
    ],
)
def test_weights_that_are_none_are_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    monkeypatch.setenv("EMER_WEIGHTS", str(tmp_path))
    with pytest.raises(InputError, match=name):
        load_profile()
    monkeypatch.setenv("EMER_WEIGHTS", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="EMER_WEIGHTS"):
        load_profile()


def test_small_products_are_not_split_among_threads() -> None:
    load_profile("bundled")
    assert {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} == {1}
