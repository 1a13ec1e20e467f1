"""Agreement: cases computed by hand, and alpha against NLTK's."""

import json
import random
from typing import get_args

import pytest
from agreeing import clue, draft, labelled, project, save
from nltk.metrics import masi_distance
from nltk.metrics.agreement import AnnotationTask

from annotation.agreement import alpha, alpha_of_labels, boundaries, clues_kept, drifting, masi, report
from annotation.agreement.alpha import alpha_with_interval, masi_distances, squared
from annotation.agreement.attention import Reason
from annotation.records import LANGUAGES, Answer
from emer_space.page.words import load_words


def sets(*words: str) -> list[frozenset[str]]:
    return [frozenset(word) for word in words]


def test_masi_is_passonneaus() -> None:
    same, inside, overlapping, apart = sets("ab", "a", "bc", "cd")
    assert masi(same, same) == 0
    assert masi(same, inside) == pytest.approx(1 - 1 / 2 * 2 / 3)
    assert masi(same, overlapping) == pytest.approx(1 - 1 / 3 * 1 / 3)
    assert masi(same, apart) == 1 and masi(same, frozenset()) == 1 and masi(frozenset(), frozenset()) == 0


def test_alpha_is_that_computed_by_hand() -> None:
    units = {"one": ["a1", "a1", "a2"], "two": ["a2", "a2"], "three": ["both"]}
    # Unit one has 4 ordered pairs that differ, over 3 - 1; two has none. n = 5 (2 a1, 3 a2).
    assert alpha(units) == pytest.approx(1 - 4 * 2 / (2 * 3 + 3 * 2))
    assert alpha({"one": ["a1", "a1"]}) is None and alpha({"one": ["a1"]}) is None and alpha({}) is None
    # Intervals: within 2 * 1 + 2 * 4 = 10 of n = 4; by chance 2 * (1 + 4 + 16 + 1 + 9 + 4) = 70, here of 0, 1, 2, 4.
    assert alpha({1: [0.0, 1.0], 2: [2.0, 4.0]}, squared) == pytest.approx(1 - 3 * 10 / 70)


def test_alpha_of_sets_is_nltks() -> None:
    dice = random.Random(1)
    for _ in range(5):
        units = {
            clip: [frozenset(dice.sample("abcdef", dice.randint(1, 3))) for _ in range(dice.randint(1, 4))]
            for clip in range(30)
        }
        rows = [(str(person), str(clip), said) for clip, given in units.items() for person, said in enumerate(given)]
        assert alpha(units, masi_distances) == pytest.approx(AnnotationTask(rows, distance=masi_distance).alpha())


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Four people who are right with 0.6 and guess otherwise, on four labels: 40 clips against 2,000."""
    dice = random.Random(3)

    def said(truth: str) -> str:
        return truth if dice.random() < 0.6 else dice.choice("abcd")

    def drawn(clips: int) -> dict[int, list[str]]:
        return {clip: [said(truth) for _ in range(4)] for clip in range(clips) for truth in [dice.choice("abcd")]}

    truth, inside = alpha(drawn(2000)), 0
    for _ in range(60):
        found = alpha_with_interval(drawn(40))
        inside += found.low <= truth <= found.high
    assert 52 <= inside <= 59


def test_forms_languages_and_groups_of_a_label_are_one() -> None:
    agreed = labelled({"a": {"ann": ["happy"], "ben": ["Happiness"]}, "b": {"ann": ["angry"], "ben": ["愤怒"]}})
    assert alpha_of_labels(agreed, 1).value == 1.0
    near = labelled({"a": {"ann": ["joyful"], "ben": ["cheerful"]}, "b": {"ann": ["furious"], "ben": ["enraged"]}})
    assert alpha_of_labels(near, 1).value < 0.5
    assert alpha_of_labels(near, 1, "groups").value == 1.0
    strange = labelled({"a": {"ann": ["Flabberwocky"], "ben": ["flabberwocky"]}, "b": {"ann": ["sad"], "ben": ["sad"]}})
    assert alpha_of_labels(strange, 1, "groups").value == 1.0
    assert alpha_of_labels(strange, 2).value is None


def test_votes_are_the_same_where_answers_are_merged_and_where_agreement_is_told() -> None:
    """Forms of a word in either language are one vote a person, shown as most wrote it."""
    said = {"ann": ["happy", "Happiness"], "ben": ["happily"], "cat": ["高兴", "tired"], "dan": ["happily"]}
    given = labelled({"a": said, "b": {"ann": ["joyless-ish"], "ben": ["Joyless Ish"]}})
    votes = [["happily", 4], ["tired", 1]]
    assert [[one.label, one.votes] for one in given.merged("a").labels] == votes
    assert given.merged("a").answer(2).labels == ("happily",)
    first = report(given)["rounds"][0]
    assert [row["labels"] for row in first["by_clip"]] == [votes, [["joyless-ish", 2]]]
    assert [(row["label"], row["votes"]) for row in first["by_label"]] == [
        *[("happily", 4), ("joyless-ish", 2), ("tired", 1)]
    ]


def test_what_becomes_of_clues_is_counted() -> None:
    shown = [clue("m1", 0, 1), clue("m2", 1, 2), clue("m3", 2, 3), clue("m4", 3, 4)]
    after = [
        clue("m1", 0.02, 1),  # the player's rounding
        clue("m2", 1, 2, "The brows fall.", was="The brows rise."),
        clue("m3", 2.4, 3),
        clue("p1", 0, 1),
    ]
    counted = clues_kept([(shown, after), (shown, shown)])
    assert (counted.shown, counted.kept, counted.edited, counted.removed, counted.added) == (8, 5, 2, 1, 1)


def test_clues_and_boundaries_of_two_annotators() -> None:
    ones = [clue("a", 0, 2), clue("b", 4, 6), clue("c", 8, 9)]
    others = [clue("d", 0.4, 2), clue("e", 4, 6.6), clue("f", 8, 9, modality="acoustic")]
    found = boundaries([(ones, others)])
    assert found["f1"] == pytest.approx(2 * 2 / 6) and found["matched"] == 2
    assert found["start_s"] == pytest.approx(0.2) and found["end_s"] == pytest.approx(0.3)
    assert boundaries([([], [])])["f1"] is None
    # As many as can be, though the best single pair would leave the others alone.
    assert (
        boundaries([([clue("a", 0, 2), clue("b", 0.9, 3)], [clue("c", 0.8, 2.2), clue("d", 0, 1.2)])])["matched"] == 2
    )


def test_a_report_is_that_computed_by_hand() -> None:
    machine = clue("m1", 0, 2, source="model")
    drafts = [draft("a", Answer(("sad",), (machine,))), draft("b", Answer(("happy",), (machine,)))]
    saves = [
        save("a", "ann", Answer(("sad",), (machine,), valence=-0.5), 1),
        save("a", "ben", Answer(("sad", "tired"), (machine, clue("p1", 4, 6)), valence=-0.5), 2, seconds=40),
        save("b", "ann", Answer(("happy",), (machine,), valence=0.5), 3),
        save("b", "ben", Answer(("angry",), (), valence=0.5), 4, seconds=60),
        save("b", "cat", Answer(("angry",), (clue("p2", 4.2, 6),)), 5),
    ]
    found = report(project(["a", "b", "c"], saves, drafts))
    assert found == json.loads(json.dumps(found)) and [one["round"] for one in found["rounds"]] == [1]
    first = found["rounds"][0]
    assert (first["clips"], first["repeated"], first["answers"], first["people"]) == (2, 2, 5, 3)
    assert first["valence"]["alpha"] == 1.0 and first["valence"]["answers"] == 4 and first["arousal"]["alpha"] is None
    clues = first["clues"]
    assert [clues[name] for name in ("shown", "kept", "edited", "removed", "added")] == [5, 3, 0, 2, 2]
    assert clues["f1"] == pytest.approx(2 * 1 / 7)  # a: 1 of 1 + 2 clues; b: 0 of 1 + 0, 1 + 1 and 0 + 1
    assert clues["own"]["clues"] == 3 and clues["own"]["matched"] == 0
    # MASI: a 1 - 1/2 * 2/3; b 1, 1 and 0 of three pairs.
    assert [(row["clip"], row["split"]) for row in first["by_clip"]] == [
        *[("a", pytest.approx(2 / 3)), ("b", pytest.approx(2 / 3))]
    ]
    assert first["by_clip"][1]["labels"] == [["angry", 2], ["happy", 1]]
    shares = {row["label"]: row["shared"] for row in first["by_label"]}
    assert shares == {"sad": 1.0, "angry": 0.5, "happy": 0.0, "tired": 0.0}
    binary = {"a": [False, False], "b": [True, True, False]}
    assert next(row for row in first["by_label"] if row["label"] == "angry")["alpha"] == pytest.approx(alpha(binary))
    ann, ben, cat = first["annotators"]
    assert (ben["name"], ben["clips"], ben["seconds"], ben["changed"]) == ("Ben", 2, 50.0, 1.0)
    assert [one["share_kept"] for one in (ann, ben, cat)] == [1.0, 0.5, 0.0]
    # Ann with Ben on a: 2 of 3 clues; on b with Ben 0 of 1, with Cat 0 of 2. Cat with both: 0 of 2 and of 1.
    assert [one["f1"] for one in (ann, cat)] == [pytest.approx(2 / 6), 0.0] and ann["start_s"] == 0.0
    clips = {row["clip"]: (row["share_kept"], row["f1"], row["end_s"]) for row in first["by_clip"]}
    assert clips == {"a": (1.0, pytest.approx(2 / 3), 0.0), "b": (pytest.approx(1 / 3), 0.0, None)}
    assert ann["changed"] == 0.0 and cat["closeness"] == pytest.approx(0.5) and first["drifting"] == []
    left = {"a": sets(["sad"]), "b": [frozenset({"happy"}), frozenset({"angry"})]}
    assert ben["alpha_without"] == pytest.approx(alpha(left, masi_distances))


def test_round_two_counts_from_what_round_one_merged() -> None:
    own = clue("p1", 1, 2)
    first = [save("a", "ann", Answer(("sad",), (own,)), 1), save("a", "ben", Answer(("tired",), ()), 2)]
    second = [
        save("a", "cat", Answer(("sad", "tired"), (own,)), 3, round=2),
        save("a", "dan", Answer(("sad",), ()), 4, round=2),
    ]
    found = report(project(["a"], [*first, *second]))["rounds"][1]
    assert found["clues"]["shown"] == 2 and found["clues"]["kept"] == 1 and found["clues"]["removed"] == 1
    assert [one["changed"] for one in found["annotators"]] == [0.0, 1.0]


WORDS = {language: load_words(language) for language in LANGUAGES}
PEOPLE = ("ann", "ben", "cat", "dan")


def careless(change: dict[str, object]) -> list[str]:
    """The reasons told of dan, in a project of honest annotators in which he does as `change` says."""
    dice, saves, drafts = random.Random(5), [], []
    clips = [f"c{number:02}" for number in range(40)]
    for number, clip in enumerate(clips):
        truth = dice.choice(["sad", "happy", "angry", "afraid"])
        machine = truth if dice.random() < 0.6 else dice.choice(["neutral", "surprised"])
        drafts.append(draft(clip, Answer((machine,))))
        for person in PEOPLE:
            label = truth if dice.random() < 0.85 else dice.choice(["sad", "happy", "angry"])
            seconds = dice.uniform(12, 40)
            if person == "dan":
                label = str(change.get("label", label))
                label = machine if "keeps" in change or ("stops" in change and number > 19) else label
                label = dice.choice(["sad", "happy", "angry", "afraid"]) if "falls" in change and number > 19 else label
                seconds = 4.0 if "fast" in change else seconds
            saves.append(save(clip, person, Answer((label,)), number, seconds=seconds))
    found = drifting(project(clips, saves, drafts))
    assert {row["person"] for row in found} <= {"dan"}
    reasons = [reason for row in found for reason in row["reasons"]]
    for reason in reasons:
        for language in LANGUAGES:
            assert "{" not in WORDS[language](f"annotate_say.drift_{reason['reason']}", **reason)
    return [reason["reason"] for reason in reasons]


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({}, []),
        ({"fast": True}, ["fast"]),
        ({"keeps": True}, ["keeps"]),
        ({"stops": True}, ["stops"]),
        ({"label": "sad"}, ["same"]),
        ({"falls": True}, ["falls"]),
    ],
    ids=["honest", *get_args(Reason)],
)
def test_annotators_who_drift_or_click_through_are_told_apart(change: dict[str, object], reasons: list[str]) -> None:
    assert careless(change) == reasons
