"""Clues written as text, read through the phrases of the cue tables, and the file command around them."""

import json
import re
from pathlib import Path

import pytest

from emer_space.analysis import INPUTS
from emer_space.clues.rules import described_rules, load_rules, rules_by_cue
from emer_space.commands.clue_file import ClueTexts, explain_clue_file, explain_clues
from emer_space.disambiguation import load_patterns
from emer_space.errors import InputError
from emer_space.text.clue_texts import Described, read_clue_text


def cues(text: str, modality: Described = "visual") -> set[str]:
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
        ("Loud speech, rather fast-paced.", "acoustic", "fast"),
        ("他皱着眉头。", "visual", "brows-lowered"),
        ("声音哽咽。", "acoustic", "crying-voice"),
        ("他没说话，眉头拧成一团。", "visual", "brows-lowered"),
        ("她的腮帮子紧绷着。", "visual", "teeth-set"),
        ("他一言不发地攥紧拳头。", "visual", "slamming"),
        ("她目不转睛地看着，嘴唇微微颤抖。", "visual", "lip-quivers"),
        ("她不自在地搓着手。", "visual", "fidgeting"),
        ("他来回踱步。", "visual", "pacing"),
        ("她收起笑容。", "visual", "smile-gone"),
        ("Her jaw is clenched.", "visual", "teeth-set"),
        ("Her inner brows are raised.", "visual", "brows-oblique"),
        ("他压低声音，几乎听不清。", "acoustic", "soft-voice"),
        ("嗓音发颤。", "acoustic", "trembling"),
        ("句尾语调微微上扬。", "acoustic", "rising-end"),
        ("一位男性医生站在床边，医生皱着眉头。", "visual", "brows-lowered"),
    ],
)
def test_a_described_sign_is_found(text: str, modality: Described, cue: str) -> None:
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


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("男人抱着孩子，孩子哭了起来。", "weeping"),
        ("她看着哭泣的孩子。", "weeping"),
        ("男人站在门口，妻子转过身去，肩膀抖动。", "trembling-body"),
        ("她收起笑容。", "smile-told"),
        ("她的眉头不再紧锁。", "brows-lowered"),
        ("他没有皱眉，也没有低头。", "head-lowered"),
        ("她并没有攥紧拳头。", "slamming"),
        ("His brows are not drawn together.", "brows-lowered"),
        ("Her smile drops at once.", "smile-told"),
        ("His wife clenches her jaw while he smiles.", "teeth-set"),
    ],
)
def test_a_wider_table_reads_no_sign_that_is_denied_or_another_persons(text: str, denied: str) -> None:
    assert denied not in cues(text)


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
    whole, part = explain_clues(row), explain_clues(row, ("video",))
    together, all_of_it = whole.labels, whole.explanation
    seen, picture = part.labels, part.explanation
    assert all_of_it.agreement == "conflicting" and picture.agreement == "single-modality"
    assert "angry" in {label.label for label in together} and "angry" not in {label.label for label in seen}


def test_nothing_told_gives_no_label_and_no_sentence_without_a_clue() -> None:
    for row in (ClueTexts("a"), ClueTexts("a", "The screen shows an office.", "It cannot be determined.")):
        told = explain_clues(row)
        labels, explanation = told.labels, told.explanation
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
        ("not json", "row 2: This is not valid JSON"),
        ("[1]", "row 2: Not an object"),
        ('{"subtitle": "hi"}', "row 2, column 'name': This row has nothing"),
        ('{"name": "b", "subtitle": ["hi"]}', "row 2, column 'subtitle': Not a text"),
        ('{"name": "b", "subtitle": {"text": "hi"}}', "row 2, column 'subtitle': Not a text"),
        ('{"name": "a"}', "is already in row 1"),
        (json.dumps({"name": "b", "subtitle": "a" * 10_001}), "Longer than 10,000"),
    ],
)
def test_a_wrong_line_is_named_before_anything_is_written(tmp_path: Path, line: str, told: str) -> None:
    source = write(tmp_path / "in.jsonl", {"name": "a"}, line)
    with pytest.raises(InputError, match=told):
        explain_clue_file(source, tmp_path / "out.jsonl", INPUTS)
    assert not (tmp_path / "out.jsonl").exists()


def test_files_that_cannot_be_read_or_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        explain_clue_file(tmp_path / "none.jsonl", tmp_path / "out.jsonl", INPUTS)
    with pytest.raises(InputError, match="holds no rows"):
        explain_clue_file(write(tmp_path / "empty.jsonl", ""), tmp_path / "out.jsonl", INPUTS)
    with pytest.raises(InputError, match="cannot be written"):
        explain_clue_file(write(tmp_path / "in.jsonl", {"name": "a"}), tmp_path / "no" / "out.jsonl", INPUTS)


@pytest.mark.parametrize(
    ("picture", "voice", "untold"),
    [
        ("His nostrils flared.", "", "vein"),
        ("Her hands tremble.", "", "pale"),
        ("She tilts her head playfully.", "", "wink"),
        ("He has a polite smile.", "", "pressed"),
        ("She laughs.", "", "open mouth"),
        ("He looks up, a surprised expression.", "", "jaw"),
        ("", "She answers hesitantly.", "stammer"),
        ("", "Her voice is hoarse.", "strong"),
        ("", "There is contempt in it.", "mocking tone"),
        ("", "She takes deep breaths.", "breathy"),
    ],
)
def test_the_reason_claims_nothing_that_no_clue_says(picture: str, voice: str, untold: str) -> None:
    explanation = explain_clues(ClueTexts("a", picture, voice)).explanation
    assert explanation.sentences and untold not in explanation.text


@pytest.mark.parametrize(
    ("kind", "signs"),
    [
        ("smil", "smil|laugh"),
        ("weep", "tear|weep|wet-eyes"),
        ("tears", "tear|weep|wet-eyes|feels sad"),
        ("laughter", "laugh"),
    ],
)
def test_a_wording_that_names_a_display_needs_a_cue_of_that_kind(kind: str, signs: str) -> None:
    for pattern in load_patterns():
        if any(f" {kind}" in wording.lower() for wording in pattern.wordings):
            required = [pattern.when[name].get(key) for name in pattern.when for key in ("any_of", "also_of")]
            # Every cue of at least one list is of that kind: the pattern cannot hold without one.
            assert any(cues and all(re.search(signs, cue) for cue in cues) for cues in required), pattern.name


def test_a_serene_face_is_no_smile() -> None:
    row = ClueTexts("a", "He looks serene, his gaze steady.", "The voice is shrill, she yells.", "Get out of my house!")
    told = explain_clues(row)
    labels, explanation = told.labels, told.explanation
    assert "smile" not in explanation.text and "bitter" not in {label.label for label in labels}


@pytest.mark.parametrize(
    "text",
    [
        "The man puts an arm around the crying child.",
        "She greets her guest, who is crying.",
        "The woman looks on while her husband cries.",
        "The man stands at the window. The patient weeps.",
    ],
)
def test_the_signs_of_somebody_else_are_not_the_main_persons(text: str) -> None:
    assert not cues(text)


@pytest.mark.parametrize(
    "text",
    [
        "A crying woman sits at the table.",
        "We see a woman, who is crying.",
        "The child is crying.",
        "She holds the child and cries.",
        "A man in a doctor's coat frowns. Then the doctor weeps.",
    ],
)
def test_the_signs_of_the_only_person_or_of_the_subject_are(text: str) -> None:
    assert "weeping" in cues(text)


CASES = {
    "hearsay": ("She smiles.", "", "They say he is furious.", "single-modality", "happy"),
    "still and loud": (
        "She looks composed, features relaxed, gaze steady.",
        "Shrill, yells at the top of her lungs.",
        "Get out of my house!",
        "conflicting",
        "angry",
    ),
    "blank": ("His face is blank.", "", "I'm so excited!", "conflicting", None),
    "denied": (
        "Crossed arms, pouting, lips pressed.",
        "",
        "I am not angry. All is fine.",
        "conflicting",
        "dissatisfied",
    ),
    "glad tears": (
        "Tears run down while the corners of her mouth rise.",
        "",
        "Yes, I will marry you!",
        "consistent",
        "moved",
    ),
    "sweet and glaring": ("She is glaring at him.", "Her voice is sweet.", "I love you.", "conflicting", "angry"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_labels_follow_from_the_reason(case: tuple[str, str, str, str, str | None]) -> None:
    told = explain_clues(ClueTexts("a", *case[:3]))
    labels, explanation = told.labels, told.explanation
    assert explanation.agreement == case[3]
    assert case[4] in (None, labels[0].label)
    displays = {"faltering", "pouting", "choked up", "trembling", "harsh", "sweet"}
    assert not displays & {label.label for label in labels}


def test_words_are_not_read_twice_or_cut_short() -> None:
    def said(subtitle: str) -> str:
        return explain_clues(ClueTexts("a", subtitle=subtitle)).explanation.text

    assert "celebration" not in said("You're getting married?")
    assert "could not be happier" in said("I could not be happier.")
    assert "orders" not in said("You never listen to me!") and "orders" in said("Listen to me!")
    assert "describes the loss" not in said("My father died this morning in the hospital.")


def test_a_row_without_clues_states_an_absence_and_unknown_fields_are_refused(tmp_path: Path) -> None:
    assert explain_clues(ClueTexts("a")).explanation.sentences
    with pytest.raises(InputError, match="visual_clue, acoustic_clue, subtitle"):
        explain_clue_file(write(tmp_path / "in.jsonl", {"name": "a", "Visual": "x"}), tmp_path / "out.jsonl", INPUTS)


def test_the_file_of_clues_is_never_written_over_and_nothing_unfinished_is_left(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", {"name": "a", "subtitle": "We won!"})
    before = source.read_bytes()
    with pytest.raises(InputError, match="name another file"):
        explain_clue_file(source, source, INPUTS)
    assert source.read_bytes() == before
    explain_clue_file(source, tmp_path / "out.jsonl", INPUTS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]
    with pytest.raises(InputError, match="This type of file is not supported"):
        explain_clue_file(write(tmp_path / "in.txt", "name,subtitle"), tmp_path / "out.jsonl", INPUTS)
