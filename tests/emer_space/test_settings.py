import pytest

from emer_space.errors import InputError
from emer_space.settings import Settings, app_home, number_from_environment


def test_a_limit_can_be_set_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMER_MAX_SECONDS", "12.5")
    monkeypatch.setenv("EMER_MAX_FRAMES", "40")
    assert Settings.from_environment() == Settings(max_seconds=12.5, max_frames=40)


@pytest.mark.parametrize("value", ["many", "0", "-3", "nan", "inf"])
def test_a_limit_that_is_no_limit_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("EMER_MAX_SECONDS", value)
    with pytest.raises(InputError, match="EMER_MAX_SECONDS"):
        Settings.from_environment()


@pytest.mark.parametrize("text", ["many", "0", "65536", "80.5", "nan"])
def test_a_number_out_of_its_bounds_is_one_sentence_with_the_bounds(text: str) -> None:
    with pytest.raises(InputError) as problem:
        number_from_environment("PORT", 7860, 1, 65535, {"PORT": text})
    assert str(problem.value) == "PORT must be a whole number from 1 to 65535, for instance 7860."


def test_a_blank_variable_is_an_unset_one() -> None:
    assert number_from_environment("PORT", 7860, 1, 65535, {"PORT": " "}) == 7860
    assert number_from_environment("PORT", 7860, 1, 65535, {}) == 7860


def test_the_home_is_where_the_host_says(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path))
    assert app_home() == tmp_path
    monkeypatch.delenv("EMER_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert app_home() == tmp_path / "data" / "emer-space"
