"""The EW and set-level metrics against the official toolkit's recorded answers, a plain loop, and their invariants."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn

from benchmarks.score import plain_loop
from emer_space.files.tables import Column, read_table
from leaderboard.metrics.classification import classification
from leaderboard.metrics.emotion_wheel import emotion_wheel
from leaderboard.metrics.groups import parse_groups
from leaderboard.metrics.official_wheels import OfficialWheels, read_official_wheels
from leaderboard.metrics.open_wheels import OpenWheels
from leaderboard.metrics.preference import preference
from leaderboard.metrics.sentiment import sentiment
from leaderboard.metrics.set_level import set_level

Lists = dict[str, list[str]]


@pytest.fixture(scope="module")
def reference_folder(shared: Path) -> Path:
    return shared / "reference"


@pytest.fixture(scope="module")
def wheels(reference_folder: Path) -> OfficialWheels:
    return read_official_wheels(reference_folder / "emotion_wheel")


def lists(path: Path) -> Lists:
    column = read_table(path, [Column("openset", "labels")]).column("openset")
    return {name: list(labels) for (name,), labels in column.items()}


@pytest.fixture(scope="module")
def references(reference_folder: Path) -> Lists:
    return lists(reference_folder / "mer2024" / "check-openset.csv")


@pytest.fixture(scope="module")
def predictions(reference_folder: Path) -> Lists:
    return lists(reference_folder / "mer2024" / "predict-openset.csv")


@pytest.fixture(scope="module")
def expected(reference_folder: Path) -> dict:
    return json.loads((reference_folder / "expected.json").read_text(encoding="utf-8"))


def numbers(tree: dict, path: str = "") -> dict[str, float]:
    flat: dict[str, float] = {}
    for key, value in tree.items():
        name = f"{path}.{key}" if path else key
        flat.update(numbers(value, name) if isinstance(value, dict) else {name: value})
    return flat


def test_every_number_equals_the_official_one(
    wheels: OfficialWheels, references: Lists, predictions: Lists, expected: dict
) -> None:
    found, wanted = emotion_wheel(references, predictions, wheels).point(), numbers(expected["emotion_wheel"])
    assert len(wanted) > 40
    assert {key: found[key] for key in wanted} == pytest.approx(wanted, abs=1e-12, rel=0)
    words = {word for rings in wheels.wheels.values() for word in rings.level1}
    assert (len(words), len(wheels.synonyms), len(wheels.forms)) == tuple(
        expected["vocabulary"][key] for key in ("wheel_words", "with_synonyms", "forms")
    )


def test_the_set_level_metric_with_the_recorded_groups_equals_the_official_one(
    references: Lists, predictions: Lists, expected: dict, reference_folder: Path
) -> None:
    recorded = json.loads((reference_folder / "mer2024" / "openset-synonym.json").read_text(encoding="utf-8"))
    groups = {name: parse_groups(answer) for name, answer in recorded.items()}
    found = set_level(references, predictions, OpenWheels(), groups).point()
    wanted = expected["set_level_with_recorded_groups"]
    assert {key: found[key] for key in wanted} == pytest.approx(wanted, abs=1e-12, rel=0)


@pytest.mark.parametrize("seed", range(4))
def test_other_predictions_equal_the_plain_loop(wheels: OfficialWheels, references: Lists, seed: int) -> None:
    """Inflected forms, upper case and blanks, duplicates, strangers, empty lists, shuffled references."""
    dice = random.Random(seed)
    pool = [*sorted(wheels.forms), "xyzzy", "don't care", "", "高兴"]

    def messy() -> list[str]:
        labels = dice.choices(pool, k=dice.randint(0, 6))
        return [dice.choice([label, label.upper(), f" {label}\t"]) for label in labels + labels[:1]]

    given = {name: messy() for name in dice.sample(sorted(references), 300)}
    shuffled = dict(dice.sample(sorted(references.items()), len(references)))
    found, wanted = emotion_wheel(shuffled, given, wheels).point(), plain_loop(shuffled, given, wheels)
    assert {key: found[key] for key in wanted} == pytest.approx(wanted, abs=1e-12, rel=0)


def test_references_against_themselves_are_perfect(wheels: OfficialWheels, references: Lists) -> None:
    scores = emotion_wheel(references, references, wheels).point()
    assert scores["level1.f"] == scores["level2.f"] == 1.0


def test_order_case_blanks_and_repetition_do_not_matter(
    wheels: OfficialWheels, references: Lists, predictions: Lists
) -> None:
    messy = {name: [f" {label.upper()} " for label in reversed(labels)] * 2 for name, labels in predictions.items()}
    shuffled = dict(reversed(references.items()))
    plain = emotion_wheel(references, predictions, wheels).point()
    assert emotion_wheel(shuffled, messy, wheels).point() == pytest.approx(plain, abs=1e-12)


def test_what_is_missing_counts_as_empty_and_what_is_not_asked_for_is_ignored(
    wheels: OfficialWheels, references: Lists
) -> None:
    first = next(iter(references))
    scores = emotion_wheel(references, {first: references[first], "somebody else": ["happy"]}, wheels).to_dict()
    assert scores["samples"] == {"references": 332, "predicted": 1, "missing": 331, "ignored": 1}
    wheel = scores["level1"]["wheel1"]
    assert wheel["precision"] == pytest.approx(1 / wheel["scored"])


def test_files_that_are_missing_are_named(tmp_path: Path) -> None:
    (tmp_path / "format.csv").write_text("name,format\n")
    with pytest.raises(FileNotFoundError, match=r"synonym\.xlsx, wheel1\.xlsx"):
        read_official_wheels(tmp_path)


WORDS = st.sampled_from(["happy", "sad", "angry", "worried", "surprised", "ashamed", "neutral", "xyzzy", "高兴"])
SETS = st.dictionaries(st.sampled_from("abcdef"), st.lists(WORDS, max_size=4), min_size=1)


@settings(max_examples=150)
@given(references=SETS, predictions=SETS, wrong=WORDS, grouped=st.booleans())
def test_invariants_of_sets(references: Lists, predictions: Lists, wrong: str, grouped: bool) -> None:
    def score(given: Lists) -> dict[str, float]:
        tally = set_level(references, given, OPEN, {}) if grouped else emotion_wheel(references, given, OPEN, True)
        point = tally.point()
        names = ("precision", "recall", "f") if grouped else ("level1.precision", "level1.recall", "level1.f")
        return {name: point[full] for name, full in zip(("precision", "recall", "f"), names, strict=True)}

    plain = score(predictions)
    assert all(0 <= value <= 1 for value in plain.values())
    jumbled = {name: [*labels[::-1], *labels[:1]] for name, labels in reversed(predictions.items())}
    assert score(jumbled) == pytest.approx(plain)
    itself = score(references)
    asked = {label for labels in references.values() for label in labels}
    counts = bool(asked) if grouped else any(OPEN.group(label, wheel, 1) for label in asked for wheel in OPEN.names)
    assert itself["f"] == pytest.approx(float(counts))
    if not any(OPEN.synonym(wrong) == OPEN.synonym(label) for label in asked) and wrong not in asked:
        more = score({name: [*labels, wrong] for name, labels in predictions.items()})
        if grouped:
            assert more["precision"] <= plain["precision"] + 1e-12, "a wrong label never raises precision"
        assert more["recall"] >= plain["recall"] - 1e-12, "and no label ever lowers recall"


OPEN = OpenWheels()


def test_more_than_a_word_of_groups_is_counted_as_well() -> None:
    """Above 64 groups the bits give way to sorted pairs; M1 of 100 words has as many groups."""
    words = [word for word in OPEN._words.words if OPEN.form(word) == word][:100]
    references = {word: [word, "xyzzy"] for word in words} | {"none": []}
    tally = emotion_wheel(references, {word: [word, words[0]] for word in words}, OPEN)
    # the first sample has one group of one right; the others one of two
    assert tally.point()["m1.precision"] == pytest.approx((1 + 99 / 2) / 100)
    assert tally.point()["m1.recall"] == 1 and tally.facts["m1.skipped"] == 1


CLASSES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1, max_size=40)


@given(pairs=CLASSES)
def test_classification_equals_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    wanted, given_ = [one for one, _ in pairs], [other for _, other in pairs]
    found = classification(dict(enumerate(wanted)), dict(enumerate(given_))).point()
    options = {"zero_division": 0.0}
    assert found == pytest.approx(
        {
            "acc": sklearn.accuracy_score(wanted, given_),
            "waf": sklearn.f1_score(wanted, given_, average="weighted", **options),
            "macro_f1": sklearn.f1_score(wanted, given_, average="macro", **options),
            "uar": sklearn.recall_score(wanted, given_, average="macro", labels=sorted(set(wanted)), **options),
        }
    )


SIGNS = st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.sampled_from([-1, 0, 1])), min_size=1, max_size=40)


@given(pairs=SIGNS)
def test_two_classes_equal_the_official_formula(pairs: list[tuple[int, int]]) -> None:
    """MER-UniBench: score above 0 against not above 0, scores of 0 dropped; MER2026 track 3: same counts as a1."""
    kept = [(asked > 0, told > 0) for asked, told in pairs if asked]
    wanted, given_ = [one for one, _ in kept], [other for _, other in kept]
    words = {-1: "negative", 0: "neutral", 1: "positive"}
    choices = {-1: "a1", 0: "same", 1: "a2"}
    for metric, names in ((sentiment, words), (preference, choices)):
        asked, told = ({number: names[pair[side]] for number, pair in enumerate(pairs)} for side in (0, 1))
        found = metric(asked, told).point()
        if kept:
            official = sklearn.f1_score(wanted, given_, average="weighted", zero_division=0.0)
            assert found["waf"] == pytest.approx(official) and found["acc"] == sklearn.accuracy_score(wanted, given_)
        else:
            assert found["waf"] == 0
