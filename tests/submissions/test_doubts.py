"""What is right by the rules and likely not meant is told with counts and examples; it refuses nothing."""

import csv
from pathlib import Path

import pytest

from emer_space.files.problems import Limits
from emer_space.files.tables import Column
from leaderboard.metrics.official_wheels import read_official_wheels
from leaderboard.tracks.vocabularies import open_wheels
from submissions.checks.validation import Check, check, read_predictions
from submissions.tracks import TrackRules

LABELS = Column("openset", "labels")
KNOWN = ("happy", "sad", "angry", "calm", "proud", "tired", "afraid", "bored", "amused", "lonely")


def checked(cells: list[str], column: Column = LABELS, limits: Limits | None = None) -> Check:
    lines = [f'{number},"{cell}"' for number, cell in enumerate(cells)]
    rules = TrackRules("mine", "Mine", "", (column,), knows=open_wheels().knows)
    return check("\n".join([f"name,{column.name}", *lines]).encode(), "P.csv", rules, limits)


def warned(cells: list[str], column: Column = LABELS) -> dict[str, tuple[str, int | None]]:
    found = checked(cells, column)
    assert found.ok and found.rows == len(cells), "a warning refuses nothing"
    assert found.to_dict()["warnings"] == [warning.to_dict() for warning in found.warnings]
    for warning in found.warnings:
        assert warning.column == column.name and str(warning).count("\n") == 0 and warning.hint
    return {warning.code: (warning.message, warning.row) for warning in found.warnings}


def spread(count: int) -> list[str]:
    return [KNOWN[number % len(KNOWN)] for number in range(count)]


def test_a_plain_file_has_no_warning() -> None:
    assert warned(spread(60)) == {}
    assert warned(["['happy', 'sad']", "happy", "[]"]) == {}


def test_what_was_not_read_to_the_letter_is_counted_with_examples() -> None:
    told = warned([*spread(5), "happy; sad", "sad; happy", "calm; sad", "sad; calm", "proud;tired"])
    message, row = told.pop("separators")
    assert told == {} and row == 7
    assert message.startswith("In 5 cells the labels are separated by something other than commas")
    assert "5 cells" in message and message.count("; ") == 4, "three examples"


def test_refusals_of_a_model_are_told_as_one_sentence() -> None:
    told = warned(["I cannot identify emotions in this video."] * 60)
    assert told == {
        "one-sentence": (
            "60 cells contain the same sentence, which is not in the vocabulary"
            " ('I cannot identify emotions in this video')",
            2,
        )
    }
    told = warned([*spread(30), *["I am sorry, but I cannot help with that."] * 30])
    assert told["one-sentence"][0].startswith("30 cells") and told["one-sentence"][1] == 32


def test_words_of_no_vocabulary_are_told_where_they_are_more_than_a_fifth() -> None:
    assert "unknown-labels" not in warned([*spread(80), *(f"qwx{'abcdefghij'[n % 10]}zz" for n in range(20))])
    message, row = warned([*spread(79), *(f"qwx{'abcdefghij'[n % 10]}zz" for n in range(21))])["unknown-labels"]
    assert message.startswith("21 of 100 cells contain no word from the vocabulary ('qwxazz'") and row == 81
    assert "unknown-labels" not in warned([*spread(20), *["happy, qwxzz"] * 80]), "a known word is there"


def test_labels_of_no_vocabulary_are_told_where_they_are_more_than_four_in_ten_though_each_cell_has_one() -> None:
    told = warned([f"['{word}', 'zxq', 'blorb', 'quux']" for word in spread(20)])
    assert told == {"unknown-words": ("60 of 80 labels are not in the vocabulary ('zxq')", 2)}
    assert warned([*spread(40), *["sad, zxq"] * 40, *["happy, calm"] * 10]) == {}, "40 of 140"
    message, row = warned([*spread(10), *["sad, zxq"] * 10, *["happy, blorb, quux"] * 10])["unknown-words"]
    assert (message, row) == ("30 of 60 labels are not in the vocabulary ('zxq', 'blorb')", 12)
    assert "unknown-words" not in warned([*spread(20), *["I am sorry, but I cannot help."] * 30])


def test_a_refusal_in_chinese_is_a_sentence_without_blanks() -> None:
    told = warned(["抱歉，我无法判断"] * 60)
    assert set(told) == {"one-sentence"} and told["one-sentence"][0].startswith("60 cells contain the same sentence")
    told = warned(["Sorry, I cannot identify emotions in this video"] * 60)
    assert set(told) == {"one-sentence"}, "one of the words is known"
    assert set(warned([*spread(30), "视频中的人物看起来比较高兴"])) == {"long"}
    assert warned([*spread(30), "高兴", "难过"]) == {}


@pytest.mark.parametrize("word", ["nan", "None", "null", "N/A", "-"])
def test_words_for_no_answer_are_told_by_name(word: str) -> None:
    assert warned([word] * 60) == {"placeholder": (f"60 cells hold '{word}'", 2)}
    assert warned([*spread(30), f"['{word}']"]) == {"placeholder": (f"1 cell holds '{word}'", 32)}
    found = checked([*spread(30), word]).warnings
    assert [each.hint for each in found] == ["it counts as a label; for no answer leave the cell empty, or write []"]


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("digits", "happy 2"),
        ("digits", "happy <3"),
        ("tags", "happy <qwx>"),
        ("tags", "<qwx>"),
        ("long", "a feeling that nobody has named yet"),
    ],
)
def test_labels_that_are_no_words_are_told_however_few(code: str, label: str) -> None:
    (message, row) = warned([*spread(50), label, label])[code]
    assert "in 2 cells" in message and repr(label) in message and row == 52


def test_one_answer_for_everything_is_told() -> None:
    assert warned(["happy"] * 10) == {"all-alike": ("All 10 answers are the same ('happy')", 2)}
    assert warned(["happy"] * 9) == {} and warned([*["happy"] * 10, "sad"]) == {}
    sentiment = Column("sentiment", "polarity")
    assert set(warned(["0.5"] * 12, sentiment)) == {"all-alike"} and warned(["0.5", "-1"] * 6, sentiment) == {}
    assert set(warned(["He smiles at her."] * 12, Column("reason", "text"))) == {"all-alike"}


def test_hardly_any_answer_is_told() -> None:
    message, row = warned(["happy", "sad", "[]", "", "[]"])["mostly-empty"]
    assert message == "3 of 5 cells have no label" and row == 4
    assert warned([""])["mostly-empty"][0] == "1 of 1 cell has no label"
    assert warned(["happy", "sad", "[]", ""]) == {}
    assert "mostly-empty" in warned(["He smiles.", "", " "], Column("reason", "text"))
    assert warned(["", "", ""], Column("reason", "text", required=False)) == {}


def test_without_a_vocabulary_nothing_is_said_of_words() -> None:
    table = read_predictions(b"name,openset\na,qwx\nb,qwy\n", "P.csv", (LABELS,), (Column("name", "text"),))
    assert table.warnings == ()
    rules = TrackRules("mine", "Mine", "", (LABELS,))
    assert check(b"name,openset\na,qwx\nb,qwy\n", "P.csv", rules).warnings == ()


@pytest.mark.parametrize("name", ["check-openset", "predict-openset"])
def test_the_fields_own_files_have_no_warning(shared: Path, name: str) -> None:
    """The threshold is far from what honest files hold."""
    content = (shared / "reference" / "mer2024" / f"{name}.csv").read_bytes()
    official = read_official_wheels(shared / "reference" / "emotion_wheel")
    for knows in (open_wheels().knows, official.knows):
        found = check(content, f"{name}.csv", TrackRules("mer", "MER", "", (LABELS,), knows=knows))
        assert found.ok and found.warnings == ()
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    assert found.rows == len(rows)


def test_a_cell_of_too_many_labels_is_a_problem_with_its_place_and_a_whole_file_of_them_stops() -> None:
    found = checked([*spread(3), ", ".join(["happy"] * 1_001)]).to_dict()
    assert [(each["code"], each["row"], each["column"]) for each in found["problems"]] == [("labels", 5, "openset")]
    assert "more than 1,000 labels" in found["problems"][0]["message"]
    long = checked(["x" * 20_001]).to_dict()["problems"]
    assert [(each["code"], each["row"]) for each in long] == [("field", 2)]
    for limits in (Limits(labels=30), Limits(all_listed=160)):
        found = checked(["happy, sad, calm"] * 40, limits=limits).to_dict()
        assert [(each["code"], each["row"]) for each in found["problems"]] == [("values", 12)]
    found = checked(["happy; sad; calm"] * 40, limits=Limits(all_listed=600)).to_dict()
    assert [(each["code"], each["row"]) for each in found["problems"]] == [("values", 4)], "other spellings count more"
    assert checked(["happy, sad, calm"] * 30, limits=Limits(all_listed=600)).ok
    found = checked(["<" * 16] * 40, limits=Limits(all_listed=600)).to_dict()
    assert [(each["code"], each["row"]) for each in found["problems"]] == [("values", 4)], (
        "also where nothing came of it"
    )
