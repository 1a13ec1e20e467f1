"""The interface's words: every key that the code asks for is there, every key that is there is asked for."""

import re
from pathlib import Path
from string import Formatter

import pytest

from emer_space.analysis import INPUTS, MODALITIES
from emer_space.errors import RuleError
from emer_space.page.languages import TAGS
from emer_space.page.words import FOLDER, Words, load_words

PROJECT = Path(__file__).parents[2]
SOURCES = [
    PROJECT / "app.py",
    *(
        path
        for package in ("emer_space", "submissions", "annotation", "leaderboard")
        for room in ("page", "takeaway", "tracks")
        for path in (PROJECT / package / room).rglob("*")
        if path.suffix in (".py", ".html")
    ),
]
STAGES = ("probing", "watching", "listening", "reading", "weighing")
SAID = "annotate_say."
SAME_IN_CHINESE = {
    *("page.title", "run.working", "result.facts_size", "board.none", "column.rank", "answer.separator"),
    "annotate_say.table_title",
}
AGREEMENTS = ("consistent", "conflicting", "single-modality", "insufficient")


def values_of(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


CODE = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
LOOKED_UP = r"""(?:words|languages)\(\s*["']([a-z_]+\.[a-z_-]+)["']\s*[,)]"""
PUT_TOGETHER = r"""(?:words|languages)\((?:f["']([a-z_]+\.[a-z_]*)\{|["']([a-z_]+\.[a-z_]*)["'] ~)"""


def looked_up() -> set[str]:
    """The keys that code and templates look up by their whole name."""
    return set(re.findall(LOOKED_UP, CODE))


def groups() -> tuple[str, ...]:
    """How the keys begin that are put together from data: `stage.`, `notice.sent_`."""
    return tuple({beginning for pair in re.findall(PUT_TOGETHER, CODE) for beginning in pair if beginning})


def test_every_key_in_the_code_has_words() -> None:
    words = load_words()
    assert len(looked_up()) > 100 and len(groups()) > 10
    assert sorted(key for key in looked_up() if key not in words) == []
    assert sorted(group for group in groups() if not any(key.startswith(group) for key in words.keys)) == []


def test_no_words_are_left_over() -> None:
    """A key may also be handed on, as those of a picture are; a script names those that it says."""
    named = set(re.findall(r"""["']([a-z_]+\.[a-z_-]+)["']""", CODE))
    kept = (*groups(), SAID)
    assert sorted(key for key in load_words().keys if key not in named and not key.startswith(kept)) == []


def test_the_script_of_annotation_says_what_there_are_words_for() -> None:
    """It has them by names: whole ones, or put together from data, with a few from other parts of the table."""
    script = (PROJECT / "annotation" / "page" / "annotate.js").read_text(encoding="utf-8")
    names = {key.removeprefix(SAID) for key in load_words().keys if key.startswith(SAID)}
    whole = set(re.findall(r"""["']([a-z0-9_]+)["']""", script))
    begun = (*re.findall(r"say\(`([a-z_]+)\$", script), "item_")
    assert sorted(name for name in names if name not in whole and not name.startswith(begun)) == []
    assert set(re.findall(r"""\bsay\(["']([a-z0-9_]+)["']""", script)) - names == {"labels"}


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


@pytest.mark.parametrize("language", sorted(TAGS))
def test_a_language_has_the_texts_of_english_with_the_same_values(language: str) -> None:
    english, other = load_words("en").texts, load_words(language).texts
    assert other.keys() == english.keys()
    assert {key: values_of(text) for key, text in other.items()} == {
        key: values_of(text) for key, text in english.items()
    }


def test_every_table_of_words_is_a_language_of_the_page() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(TAGS)


def test_no_chinese_text_was_left_in_english() -> None:
    """Each holds Chinese, but for names and signs; and no run of English words stands in it."""
    chinese = {key: re.sub(r"\{\w+\}", "", text) for key, text in load_words("zh").texts.items()}
    assert {key for key, text in chinese.items() if not re.search("[一-鿿]", text)} == SAME_IN_CHINESE
    names = {key: re.sub("Hugging Face|SHA-256|UTC", "", text) for key, text in chinese.items()}
    assert {key for key, text in names.items() if re.search("[A-Za-z]+ [A-Za-z]+", text)} == {"page.title"}


def test_missing_keys_values_and_languages_are_named() -> None:
    words = Words("en", {"run": {"error": "Incident {incident}."}})
    assert words("run.error", incident="7") == "Incident 7."
    with pytest.raises(RuleError, match="incident"):
        words("run.error")
    with pytest.raises(RuleError, match=r"run\.other"):
        words("run.other")
    with pytest.raises(RuleError, match="xx"):
        load_words("xx")
