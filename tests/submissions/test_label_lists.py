"""Every spelling of a label list that the field's files use, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emer_space.files.label_lists import parse_labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("['happy', 'sad']", ["happy", "sad"]),
        ('["happy"]', ["happy"]),
        ("[happy, sad]", ["happy", "sad"]),
        ("happy, sad", ["happy", "sad"]),
        ("  [ 'happy' ]  ", ["happy"]),
        ("[]", []),
        ("", []),
        ("[ ]", []),
        ("[happy, , sad,]", ["happy", "sad"]),
        ("高兴，难过、生气", ["高兴", "难过", "生气"]),
        ("['高兴'，'难过']", ["高兴", "难过"]),
        ("“happy”，‘sad’", ["happy", "sad"]),
        ("['happy' 'sad']", ["happy", "sad"]),
        ("NA", ["NA"]),
        ("['1e3', 'null', 'None']", ["1e3", "null", "None"]),
        ("['very sad']", ["very sad"]),
        ("[very sad, tired]", ["very sad", "tired"]),
        ("['happy, very', 'sad']", ["happy, very", "sad"]),
        ("['don't care', 'sad']", ["don't care", "sad"]),
        ("[\"don't care\", 'sad']", ["don't care", "sad"]),
        ("don't care, sad", ["don't care", "sad"]),
        (r"['don\'t care']", ["don't care"]),
        (r'["\u5f00\u5fc3", "sad"]', ["开心", "sad"]),
        ("['rock 'n' roll', 'sad']", ["rock 'n' roll", "sad"]),
    ],
)
def test_spellings(text: str, labels: list[str]) -> None:
    assert list(parse_labels(text)) == labels


@pytest.mark.parametrize(
    "text", ["[happy", "happy]", "[", "['happy", "'happy', sad', \"", "[['happy'], ['sad']]", "['a'], ['b']"]
)
def test_what_is_no_list_of_labels_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_labels(text)


LABEL = st.text(st.characters(blacklist_characters="[] ").filter(str.isprintable), min_size=1)


@given(st.lists(LABEL, max_size=6))
def test_what_python_prints_is_read_back(labels: list[str]) -> None:
    assert list(parse_labels(str(labels))) == labels


@given(st.text("'\"[], \\a，、\n", max_size=40))
def test_any_text_is_labels_or_refused(text: str) -> None:
    try:
        labels = parse_labels(text)
    except ValueError:
        return
    assert all(label and label == label.strip() for label in labels)
