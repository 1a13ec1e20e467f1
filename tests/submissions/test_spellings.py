"""Lists as people and language models write them: read as what they mean, or kept where that is in doubt."""

import csv
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emer_space.files.label_lists import MOST_LABELS, TooManyLabels, parse_labels
from emer_space.files.spellings import TABLE, read_labels
from leaderboard.tracks.vocabularies import open_wheels

KNOWN = {"happy", "excited", "sad", "love", "hate", "very proud", "高兴", "难过", "温和"}


def knows(word: str) -> bool:
    return word in KNOWN


@pytest.mark.parametrize(
    ("text", "labels", "notes"),
    [
        ("happy; excited", ["happy", "excited"], ["separators"]),
        ("happy；excited", ["happy", "excited"], ["separators"]),
        ("happy / excited", ["happy", "excited"], ["separators"]),
        ("happy／excited", ["happy", "excited"], ["separators"]),
        ("happy|excited", ["happy", "excited"], ["separators"]),
        ("happy\nexcited\r\nsad", ["happy", "excited", "sad"], ["separators"]),
        ("happy\texcited", ["happy", "excited"], ["separators"]),
        (r"happy\nexcited", ["happy", "excited"], ["separators"]),
        ("[happy; excited]", ["happy", "excited"], ["separators"]),
        ("'happy'; 'excited'", ["happy", "excited"], ["separators"]),
        ('"happy" / "excited"', ["happy", "excited"], ["separators"]),
        ("don't care; rock 'n' roll", ["don't care", "rock 'n' roll"], ["separators"]),
        ("1. happy\n2. excited", ["happy", "excited"], ["marks", "separators"]),
        ("1. happy 2. excited", ["happy", "excited"], ["marks", "separators"]),
        ("1) happy, 2) excited", ["happy", "excited"], ["marks", "separators"]),
        ("(1) happy (2) excited", ["happy", "excited"], ["marks", "separators"]),
        ("（1）高兴（2）难过", ["高兴", "难过"], ["marks", "separators"]),
        ("①happy②excited", ["happy", "excited"], ["marks", "separators"]),
        ("1、高兴 2、难过", ["高兴", "难过"], ["marks", "separators"]),
        ("['1. happy', '2. sad']", ["happy", "sad"], ["marks"]),
        ("- happy\n- excited", ["happy", "excited"], ["marks", "separators"]),
        ("- happy - excited", ["happy", "excited"], ["marks", "separators"]),
        ("* happy\n* excited", ["happy", "excited"], ["marks", "separators"]),
        ("• happy • excited", ["happy", "excited"], ["separators"]),
        ("**happy**, *excited*", ["happy", "excited"], ["marks"]),
        ("happy, excited.", ["happy", "excited"], []),
        ("('happy', 'excited')", ["happy", "excited"], ["shape"]),
        ("('happy',)", ["happy"], ["shape"]),
        ("{happy, excited}", ["happy", "excited"], ["shape"]),
        ("【高兴、难过】", ["高兴", "难过"], ["shape"]),
        ("'happy, excited'", ["happy", "excited"], ["shape"]),
        ('{"openset": ["happy", "excited"], "reason": "He smiles, so"}', ["happy", "excited"], ["shape"]),
        ('[{"label": "happy", "score": 0.8}, {"label": "sad", "score": 0.1}]', ["happy", "sad"], ["shape"]),
        ("{'happy': 0.8, 'sad': 0.2}", ["happy", "sad"], ["numbers", "shape"]),
        ("happy (0.8), excited (80%)", ["happy", "excited"], ["numbers"]),
        ("happy (score: 0.8)", ["happy"], ["numbers"]),
        ("happy: 0.8, excited: 0.2", ["happy", "excited"], ["numbers"]),
        ("happy=0.8; excited=.2", ["happy", "excited"], ["numbers", "separators"]),
        ("80% happy, 20 % excited", ["happy", "excited"], ["numbers"]),
        ("happy 0.8\nexcited 20%", ["happy", "excited"], ["numbers", "separators"]),
        ("['happy (0.8)', 'sad (0.7)']", ["happy", "sad"], ["numbers"]),
        ('```json\n["\\u9ad8\\u5174", "excited"]\n```', ["高兴", "excited"], ["marks"]),
        ("`happy`, `sad`", ["happy", "sad"], ["marks"]),
        ("<answer>happy, excited</answer>", ["happy", "excited"], ["tags"]),
        ("<think>sad, or not?</think>\n<answer>['happy', 'excited']</answer>", ["happy", "excited"], ["tags"]),
        ("<think>sad</think>happy", ["happy"], ["tags"]),
        ("happy, excited</s>", ["happy", "excited"], ["tags"]),
        ("happy, excited<|im_end|>", ["happy", "excited"], ["tags"]),
        ("['happy', 'excited<|endoftext|>']", ["happy", "excited"], ["tags"]),
        ("<li>happy</li><li>sad</li>", ["happy", "sad"], ["tags", "separators"]),
        ("Answer: happy, excited", ["happy", "excited"], ["around"]),
        ("Labels: ['happy', 'excited']", ["happy", "excited"], ["around"]),
        ("The emotions are: happy, excited", ["happy", "excited"], ["around"]),
        ("Sure! Here are the emotion labels:\n1. **Happy**\n2. **Sad**", ["Happy", "Sad"], None),
        ("Emotions: happy, sad\nReason: she smiles, and laughs", ["happy", "sad"], ["around"]),
        ("Primary emotion: happy\nSecondary emotion: sad", ["happy", "sad"], ["around", "separators"]),
        ("情绪：高兴、难过", ["高兴", "难过"], ["around"]),
        ("['happy', 'excited']\nThe man smiles.", ["happy", "excited"], ["around"]),
        ("happy and excited", ["happy", "excited"], ["joined"]),
        ("happy, excited, and sad", ["happy", "excited", "sad"], ["joined"]),
        ("happy and very proud", ["happy", "very proud"], ["joined"]),
        ("happy & sad", ["happy", "sad"], ["joined"]),
        ("love/hate", ["love", "hate"], ["joined"]),
        ("高兴和难过", ["高兴", "难过"], ["joined"]),
        ("高兴以及难过", ["高兴", "难过"], ["joined"]),
        ("温和", ["温和"], []),
        # objects, calls and pairs
        ('{"emotion": "happy"}', ["happy"], ["shape"]),
        ('{"emotions": "happy, sad"}', ["happy", "sad"], ["shape"]),
        ('{"reason": "He smiles", "emotions": ["happy", "sad"]}', ["happy", "sad"], ["shape"]),
        ('{"primary_emotion": "happy", "secondary_emotion": "sad"}', ["happy", "sad"], ["shape"]),
        ("[('happy', 0.8), ('sad', 0.2)]", ["happy", "sad"], ["numbers", "shape"]),
        ("[['happy', 0.8], ['sad', 0.2]]", ["happy", "sad"], ["numbers", "shape"]),
        ("array(['happy', 'sad'], dtype='<U5')", ["happy", "sad"], ["shape"]),
        ("[np.str_('happy'), np.str_('sad')]", ["happy", "sad"], ["shape"]),
        ("frozenset({'happy'})", ["happy"], ["shape"]),
        ("set()", [], ["shape"]),
        ("tuple: ('happy','sad')", ["happy", "sad"], ["shape"]),
        ("Labels = ['happy','sad']", ["happy", "sad"], ["around"]),
        ("\"['happy', 'sad']\"", ["happy", "sad"], ["shape"]),
        (r'"[\"happy\", \"sad\"]"', ["happy", "sad"], ["shape"]),
        ("［高兴，难过］", ["高兴", "难过"], ["shape"]),
        ("「高兴」「难过」", ["高兴", "难过"], ["shape", "separators"]),
        ("「高兴」、「难过」", ["高兴", "难过"], None),
        ("“高兴”“难过”", ["高兴", "难过"], None),
        # tags
        ("<emotion>happy</emotion><emotion>sad</emotion>", ["happy", "sad"], ["tags", "separators"]),
        ("<b>happy</b> and <b>sad</b>", ["happy", "sad"], ["tags", "joined"]),
        ("happy [EOS]", ["happy"], ["tags"]),
        ("[ANS]happy[/ANS]", ["happy"], ["tags"]),
        # numbers
        ("happy (0.8) sad (0.2)", ["happy", "sad"], ["numbers"]),
        ("happy 0.8 sad 0.2", ["happy", "sad"], ["numbers"]),
        ("happy [0.8], sad [0.2]", ["happy", "sad"], ["numbers"]),
        ("happy (0.8 confidence)", ["happy"], ["numbers"]),
        ("高兴（置信度：0.8）、难过（0.2）", ["高兴", "难过"], ["numbers"]),
        ("happy (0.8", ["happy"], ["numbers"]),
        ("happy ~0.8", ["happy"], ["numbers"]),
        ("happy -> 0.8", ["happy"], ["numbers"]),
        ("0.8: happy, 20%: sad", ["happy", "sad"], ["numbers"]),
        # counted in other ways, and with reasons
        ("一、高兴\n二、难过", ["高兴", "难过"], ["marks", "separators"]),
        ("（一）高兴（二）难过", ["高兴", "难过"], ["marks", "separators"]),
        ("['1. happy\n2. sad']", ["happy", "sad"], ["shape", "marks", "separators"]),
        ("a) happy b) sad", ["happy", "sad"], ["marks", "separators"]),
        ("A. happy\nB. sad", ["happy", "sad"], ["marks", "separators"]),
        ("1 happy\n2 sad", ["happy", "sad"], ["marks", "separators"]),
        ("1- happy", ["happy"], ["marks"]),
        ("[1] happy [2] sad", ["happy", "sad"], ["marks", "separators"]),
        ("1. **happy**: the person smiles\n2. **sad**: a tear", ["happy", "sad"], None),
        ("1. happy: she smiles\n2. sad - a tear falls", ["happy", "sad"], None),
        # separators
        ("高兴。难过。", ["高兴", "难过"], ["separators"]),
        ("happy · sad", ["happy", "sad"], ["separators"]),
        ("happy - sad", ["happy", "sad"], ["joined"]),
        ("happy -> sad", ["happy", "sad"], ["joined"]),
        ("#happy #very proud", ["happy", "very proud"], ["marks", "separators"]),
        # what leads to a list
        ("Answer\nhappy, sad", ["happy", "sad"], ["around"]),
        ("## Final answer\nhappy, sad", ["happy", "sad"], ["around"]),
        ("【情绪】高兴、难过", ["高兴", "难过"], ["around"]),
        ("答：高兴、难过", ["高兴", "难过"], ["around"]),
        ("Based on the video, the emotions are: happy, sad", ["happy", "sad"], ["around"]),
        ("Sure, here's the list: happy, sad", ["happy", "sad"], ["around"]),
        ("根据视频，情绪是：高兴、难过", ["高兴", "难过"], ["around"]),
        ("The person in the video appears: happy", ["happy"], ["around"]),
        ("{'happy': '0.8', 'sad': '0.2'}", ["happy", "sad"], ["shape", "numbers"]),
        ("「高兴」和「难过」", ["高兴", "难过"], ["shape", "separators"]),
        ("**happy** (0.8): she smiles", ["happy"], None),
    ],
)
def test_spellings_that_are_certain(text: str, labels: list[str], notes: list[str] | None) -> None:
    found = read_labels(text, knows)
    assert list(found.labels) == labels
    assert notes is None or sorted(found.notes) == sorted(notes)


@pytest.mark.parametrize(
    ("text", "labels", "notes"),
    [
        ("happy and fed up", ["happy and fed up"], ["kept"]),
        ("happy and sad, fed up and happy", ["happy and sad", "fed up and happy"], ["kept"]),
        ("happy: sad", ["happy: sad"], []),
        ("He is happy: she smiles", ["He is happy: she smiles"], []),
        ("happy 2", ["happy 2"], []),
        ("10/10 happy", ["10/10 happy"], ["kept"]),
        ("1e3, v2.0", ["1e3", "v2.0"], []),
        ("3:30", ["3:30"], []),
        ("happy<3", ["happy<3"], []),
        ("self-conscious, well-behaved", ["self-conscious", "well-behaved"], []),
        ("he smiled - a lot", ["he smiled - a lot"], []),
        ("0.8", ["0.8"], []),
        ("N/A", ["N/A"], []),
        ("-", ["-"], []),
        ("He smiled. She left him.", ["He smiled. She left him"], []),
        ("sad, mood: happy", ["sad", "mood: happy"], []),
    ],
)
def test_what_is_in_doubt_stays_as_it_is(text: str, labels: list[str], notes: list[str]) -> None:
    assert read_labels(text, knows)[:2] == (tuple(labels), tuple(notes))


def test_without_a_vocabulary_joined_words_stay_one_label() -> None:
    assert read_labels("happy and sad")[:2] == (("happy and sad",), ("kept",))
    assert read_labels("happy - sad")[:2] == (("happy - sad",), ())
    assert read_labels("happy; sad")[:2] == (("happy", "sad"), ("separators",))


@pytest.mark.parametrize(
    "text",
    [
        "['angry/displeased', 'disappointed/depressed']",
        "['happy and satisfied', 'positive and friendly']",
        "[happy and sad, love/hate]",
        "['1e3', 'null', 'None', 'happy; sad']",
        "['don't care', 'rock 'n' roll']",
        "['happy'\n 'sad']",
        "['0.8']",
        "[1]",
        "[1, 20]",
        "['-']",
        "[happy, , sad,]",
        "[]",
    ],
)
def test_in_the_challenges_own_format_a_label_stands_as_it_is(text: str) -> None:
    assert read_labels(text, knows)[:2] == (parse_labels(text), ())


def test_the_labels_of_a_json_list_are_rid_of_numbers_and_tags_alone() -> None:
    assert read_labels(["happy (0.8)", " sad</s>", ""])[:2] == (("happy", "sad"), ("tags", "numbers"))
    assert read_labels(["happy; sad", "a\nb (0.5)"])[:2] == (("happy; sad", "a\nb (0.5)"), ())
    assert read_labels(["1. happy\n2. sad"])[:2] == (("happy", "sad"), ("marks", "separators"))
    for one in ('happy"]\n\nanswer [["sad"', "happy\nsad [x", "['happy', 'sad'"):
        assert read_labels([one]).labels == (one,), "no list is in the text, so it is the label that JSON says it is"
    assert read_labels([])[:2] == ((), ())


@pytest.mark.parametrize("text", ["[happy", "[['happy'], ['sad']]", "['a'], ['b']", "'happy, sad", "{'happy', ['a']}"])
def test_what_is_no_list_is_still_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"bracket|quotation"):
        read_labels(text)


def test_a_cell_holds_no_more_than_so_many_labels() -> None:
    for spelt in (", ".join, "; ".join, str):
        assert len(read_labels(spelt(["happy"] * MOST_LABELS)).labels) == MOST_LABELS
        with pytest.raises(TooManyLabels):
            read_labels(spelt(["happy"] * (MOST_LABELS + 1)))
    with pytest.raises(TooManyLabels):
        read_labels(["happy"] * (MOST_LABELS + 1))


@pytest.mark.parametrize("name", ["check-openset", "predict-openset"])
def test_the_fields_own_files_are_read_to_the_letter(shared: Path, name: str) -> None:
    text = (shared / "reference" / "mer2024" / f"{name}.csv").read_text(encoding="utf-8-sig")
    cells = [row["openset"] for row in csv.DictReader(text.splitlines())]
    assert len(cells) == 332
    for cell in cells:
        assert read_labels(cell, open_wheels().knows)[:2] == (parse_labels(cell), ())


@pytest.mark.parametrize("text", ["<", "</", "<b", "（a：1", "happy - sad", "1 happy", "happy [x"])
def test_what_takes_longer_to_read_is_said_whatever_became_of_it(text: str) -> None:
    for cell in (text, f"{text}, sad"):
        try:
            assert read_labels(cell, knows).odd
        except ValueError:
            continue
    assert not read_labels("['happy', 'sad']", knows).odd and not read_labels("very happy, sad", knows).odd


def test_every_note_has_a_sentence() -> None:
    for note in TABLE["notes"].values():
        assert note["message"].format(cells="1 cell", examples="'x'") and note["hint"]


WORD = st.from_regex(r"[a-z]{2,9}( [a-z]{2,9})?", fullmatch=True).filter(
    lambda word: not {"and", *TABLE["heads"], *TABLE["trailers"], *TABLE["nothing"]}.intersection(word.split())
)
SPELT: dict[str, Callable[[list[str]], str]] = {
    "python": str,
    "commas": ", ".join,
    "semicolons": ";".join,
    "Chinese": "；".join,
    "lines": "\n".join,
    "slashes": " / ".join,
    "tuple": lambda words: str(tuple(words)),
    "set": lambda words: "{" + ", ".join(map(repr, words)) + "}",
    "numbered": lambda words: "\n".join(f"{number}. {word}" for number, word in enumerate(words, 1)),
    "in a row": lambda words: " ".join(f"({number}) {word}" for number, word in enumerate(words, 1)),
    "bullets": lambda words: "\n".join(f"- {word}" for word in words),
    "sure": lambda words: ", ".join(f"{word} (0.{number})" for number, word in enumerate(words, 1)),
    "percent": lambda words: "; ".join(f"{number}% {word}" for number, word in enumerate(words, 1)),
    "answer": lambda words: f"<think>a, b</think><answer>{words}</answer></s>",
    "fence": lambda words: f"The emotions are:\n```\n{words}\n```",
}


@given(words=st.lists(WORD, min_size=2, max_size=8), spelt=st.sampled_from(sorted(SPELT)))
def test_words_come_back_whichever_way_they_are_spelt(words: list[str], spelt: str) -> None:
    found = read_labels(SPELT[spelt](words), lambda word: False)
    assert list(found.labels) == words
    assert read_labels(str(list(found.labels)))[:2] == (found.labels, ()), "what was read is read to the letter again"


PIECES = re.split(
    "~",
    "happy~sad~高兴~a~and~0~9~0.8~80%~label~don't~x:~\\~\\n~\n~ ~  ~,~、~;~/~ / ~|~1.~2)~(1)~①~-~* ~•~(0.8)~: 0.5~=0.5"
    '~.~!~\'~"~“~”~[~]~(~)~{~}~{"label": "a"}~`~```json~Answer:~Reason:~：~+~&~和~<answer>~</answer>~</s>~<think>'
    "~</think>~<|~|>~[INST]~\u2028~\ufeff~[0.8]~[~]~#~。~ - ~->~a)~「~」~一、~array(~**~emotion, ~</",
)
MESS = st.one_of(st.lists(st.sampled_from(PIECES), max_size=20).map("".join), st.text(max_size=60))


@given(text=MESS)
def test_any_text_is_labels_or_refused_and_what_was_read_is_read_again(text: str) -> None:
    try:
        found = read_labels(text, knows)
    except ValueError:
        return
    assert all(label and label == label.strip() for label in found.labels)
    assert set(found.notes) <= TABLE["notes"].keys()
    if all(label.replace(" ", "").isalpha() and label.isascii() for label in found.labels):
        assert read_labels(str(list(found.labels)), lambda word: False).labels == found.labels


@given(items=st.lists(MESS, max_size=8))
def test_any_json_list_is_read(items: list[str]) -> None:
    assert all(label and label == label.strip() for label in read_labels(items).labels)


def steps(text: str) -> int:
    """How many functions are called to read a cell, Python's own and those of `re` included."""
    count = 0

    def counts(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counts)
    try:
        read_labels(text)
    except ValueError:
        pass
    finally:
        sys.setprofile(None)
    return count


@given(piece=st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join), times=st.integers(100, 400))
def test_the_work_on_a_cell_grows_no_faster_than_the_cell(piece: str, times: int) -> None:
    """Some calls for each of its labels, and none for its characters: a pattern goes through it as a whole."""
    assert steps(piece * times) <= 200 + 8 * len(piece) * times
