"""The interface's words: every key that the code asks for is there, every key that is there is asked for."""

import re
from pathlib import Path

import pytest

from emer_space.analysis import INPUTS, MODALITIES
from emer_space.errors import RuleError
from emer_space.words import FOLDER, Words, load_words

PROJECT = Path(__file__).parents[2]
SOURCES = [
    PROJECT / "app.py",
    *(PROJECT / "emer_space" / f"{name}.py" for name in ("appearance", "render", "tab")),
    *(PROJECT / "emer_space" / "figures").glob("*.py"),
    *(PROJECT / "submissions" / f"{name}.py" for name in ("handling", "render", "tab")),
    *(PROJECT / "leaderboard" / f"{name}.py" for name in ("organise_tab", "plots", "render", "tab")),
]
STAGES = ("probing", "watching", "listening", "reading", "weighing")
AGREEMENTS = ("consistent", "conflicting", "single-modality", "insufficient")


def asked_for() -> tuple[set[str], set[str]]:
    """Keys named in full in the code, and the groups (`stage.`) of keys put together from data."""
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    own = "".join(path.read_text(encoding="utf-8") for path in SOURCES if path.parent.name != "leaderboard")
    full = set(re.findall(r"""words\(\s*["']([a-z_]+\.[a-z_-]+)["']""", code))
    full |= set(re.findall(r"""["']((?:timeline|clues)\.[a-z_]+)["']""", own))
    groups = set(re.findall(r"""words\(f["']([a-z_]+\.)\{""", code))
    return full, groups


def test_every_key_in_the_code_has_words() -> None:
    words = load_words()
    full, groups = asked_for()
    assert len(full) > 30 and groups
    assert sorted(key for key in full if key not in words) == []
    assert sorted(group for group in groups if not any(key.startswith(group) for key in words.keys)) == []


def test_no_words_are_left_over() -> None:
    full, groups = asked_for()
    unused = [key for key in load_words().keys if key not in full and not key.startswith(tuple(groups))]
    assert sorted(unused) == []


@pytest.mark.parametrize(
    "key",
    [f"stage.{stage}" for stage in STAGES]
    + [f"stage_help.{stage}" for stage in STAGES]
    + [f"agreement.{agreement}" for agreement in AGREEMENTS]
    + [f"modality.{modality}" for modality in MODALITIES]
    + [f"form.{name}" for name in INPUTS],
)
def test_every_value_of_the_data_has_words(key: str) -> None:
    assert load_words()(key)


def test_other_languages_have_the_same_keys() -> None:
    english = load_words()
    for path in FOLDER.glob("*.toml"):
        assert load_words(path.stem).keys == english.keys, path.name


def test_missing_keys_values_and_languages_are_named() -> None:
    words = Words("en", {"run": {"error": "Incident {incident}."}})
    assert words("run.error", incident="7") == "Incident 7."
    with pytest.raises(RuleError, match="incident"):
        words("run.error")
    with pytest.raises(RuleError, match=r"run\.other"):
        words("run.other")
    with pytest.raises(RuleError, match="xx"):
        load_words("xx")
