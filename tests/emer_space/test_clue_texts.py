"""Clues written as text, read through the phrases of the cue tables, and the file command around them."""

import json
from pathlib import Path

import pytest

from emer_space.analysis import INPUTS
from emer_space.clue_file import ClueTexts, explain_clue_file, explain_clues
from emer_space.clue_texts import read_clue_text
from emer_space.clues.rules import described_rules, load_rules, rules_by_cue
from emer_space.errors import InputError


def cues(text: str, modality: str = "visual") -> set[str]:
    return {clue.cue for clue in read_clue_text(text, modality) if not clue.absent}


@pytest.mark.parametrize(
    ("text", "modality", "cue"),
    [
        ("She furrows her brows and looks down.", "visual", "brows-lowered"),
        ("The corners of his mouth turn down.", "visual", "mouth-corners-down"),
        ("He slams his fist on the table.", "visual", "slamming"),
        ("Tears well up in her eyes.", "visual", "tears-seen"),
        ("Her voice trembles at the end.", "acoustic", "trembling"),
        ("A questioning tone.", "acoustic", "questioning-tone"),
        ("The speech is fast-paced and loud.", "acoustic", "fast"),
        ("他皱着眉头。", "visual", "brows-lowered"),
        ("声音哽咽。", "acoustic", "crying-voice"),
    ],
)
def test_a_described_sign_is_found(text: str, modality: str, cue: str) -> None:
    assert cue in cues(text, modality)


@pytest.mark.parametrize(
    "text",
    [
        "There is no trace of a smile.",
        "He speaks without any sign of tears.",
        "She isn't smiling.",
        "The other person smiles.",
        "没有微笑。",
    ],
)
def test_what_is_denied_or_said_of_someone_else_is_no_sign(text: str) -> None:
    assert not cues(text) & {"smile-told", "tears-seen"}


def test_a_feeling_that_a_description_names_is_evidence_with_its_valence() -> None:
    (clue,) = read_clue_text("There is a hint of dissatisfaction.", "acoustic")
    assert "dissatisfied" in clue.suggests and clue.valence is not None and clue.valence < 0
    assert "dissatisfaction" in clue.statement
    assert not cues("It carries no dissatisfaction.", "acoustic")


def test_excitement_is_arousal_until_something_else_tells_its_valence() -> None:
    (clue,) = read_clue_text("He is very excited.", "visual")
    assert clue.valence is None and clue.arousal is not None and clue.arousal > 0.3


def test_words_quoted_in_a_description_are_not_the_voice() -> None:
    assert not cues('There is a pause after "I am so happy and I cry".', "acoustic") & {"crying-voice", "cheerful-tone"}


def test_a_description_without_a_sign_is_an_absence_and_no_text_is_nothing() -> None:
    for text in ("The screen shows an office.", "It is impossible to determine whether she is angry."):
        (clue,) = read_clue_text(text, "visual")
        assert clue.absent and not clue.suggests
    assert read_clue_text("  ", "visual") == ()


@pytest.mark.parametrize("modality", ["visual", "acoustic"])
def test_described_rules_stand_apart_from_the_measured_ones_and_can_be_worded(modality: str) -> None:
    measured = {rule.cue for rule in load_rules(modality)}
    apart = [rule for rule in described_rules(modality) if rule.cue not in measured]
    assert len(apart) > 15
    assert all(rule.cue in rules_by_cue(modality) and rule.source and not rule.when for rule in apart)


def test_the_modalities_chosen_are_the_only_ones_read() -> None:
    row = ClueTexts("a", "She smiles happily.", "A furious tone.", "Leave me alone, I hate you!")
    together, all_of_it = explain_clues(row)
    seen, picture = explain_clues(row, ("video",))
    assert all_of_it.agreement == "conflicting" and picture.agreement == "single-modality"
    assert "angry" in {label.label for label in together} and "angry" not in {label.label for label in seen}


def test_nothing_told_gives_no_label_and_no_sentence_without_a_clue() -> None:
    for row in (ClueTexts("a"), ClueTexts("a", "The screen shows an office.", "It cannot be determined.")):
        labels, explanation = explain_clues(row)
        assert labels == () and explanation.agreement == "insufficient"
        assert all(sentence.clues for sentence in explanation.sentences)


def write(path: Path, *lines: object) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return path


def test_a_file_becomes_a_file_with_a_line_each(tmp_path: Path) -> None:
    source = write(
        tmp_path / "in.jsonl",
        {"name": "one", "visual_clue": "He beams.", "subtitle": "We won!"},
        "",
        {"name": "two", "acoustic_clue": None},
        {"name": "三", "visual_clue": "她眼眶泛红。", "subtitle": "我很难过。"},
    )
    out = tmp_path / "out.jsonl"
    assert explain_clue_file(source, out, INPUTS) == 3
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["name"] for line in lines] == ["one", "two", "三"]
    assert all(list(line) == ["name", "openset", "reason", "agreement"] for line in lines)
    assert "happy" in lines[0]["openset"] and lines[0]["agreement"] == "consistent"
    assert lines[1]["openset"] == [] and lines[1]["agreement"] == "insufficient"
    assert "sad" in lines[2]["openset"]
    first = out.read_bytes()
    explain_clue_file(source, out, INPUTS)
    assert out.read_bytes() == first


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("not json", "Line 2 is not JSON"),
        ("[1]", "Line 2 is not a JSON object"),
        ('{"subtitle": "hi"}', "Line 2 has no `name`"),
        ('{"name": "b", "subtitle": 3}', "Line 2: `subtitle` is not text"),
        ('{"name": "a"}', "stands in line 1 already"),
        (json.dumps({"name": "b", "subtitle": "a" * 10_001}), "at most 10,000"),
    ],
)
def test_a_wrong_line_is_named_before_anything_is_written(tmp_path: Path, line: str, told: str) -> None:
    source = write(tmp_path / "in.jsonl", {"name": "a"}, line)
    with pytest.raises(InputError, match=told):
        explain_clue_file(source, tmp_path / "out.jsonl", INPUTS)
    assert not (tmp_path / "out.jsonl").exists()


def test_files_that_cannot_be_read_or_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        explain_clue_file(tmp_path / "none.jsonl", tmp_path / "out.jsonl", INPUTS)
    with pytest.raises(InputError, match="holds no line"):
        explain_clue_file(write(tmp_path / "empty.jsonl", ""), tmp_path / "out.jsonl", INPUTS)
    with pytest.raises(InputError, match="cannot be written"):
        explain_clue_file(write(tmp_path / "in.jsonl", {"name": "a"}), tmp_path / "no" / "out.jsonl", INPUTS)
