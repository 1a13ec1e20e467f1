"""An analysis in Chinese: made so, or reworded later; the same to the letter."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from clip_making import H264, make, pattern, tone
from face_making import calls, clues_of, drawn_face, filmed

from emer_space.analysis import Analysis, Clue, Language, Notice, Person, Posterior, Reading
from emer_space.cancellation import CancelToken
from emer_space.clues.rules import rules_by_cue
from emer_space.clues.wording import reworded as worded
from emer_space.clues.wording import when
from emer_space.commands.clue_file import ClueTexts, explained
from emer_space.errors import InputError, ModelUnavailable
from emer_space.feelings import FEELINGS
from emer_space.media.clip import Clip
from emer_space.pipeline import Finished, Request, analyze
from emer_space.profiles import load_profile
from emer_space.readers import Context, Reader
from emer_space.rewording import reworded
from emer_space.settings import Settings
from emer_space.text.clue_texts import read_clue_text
from emer_space.text.textual import read_textual
from emer_space.text.tokens import HAN

PERSON = Person("p1", "main", 0.0, 3.0)


def seen(clip: Clip, context: Context) -> Reading:
    """A drawn face that smiles between 1 and 2 s, in a picture that lies on its side, and a description."""
    smile = filmed(
        lambda t: drawn_face({"mouthSmile": 0.7, "eyeSquint": 0.4} if 1 < t < 2 else {}), lambda t: calls(happy=1)
    )
    turned = rules_by_cue("visual")["picture-turned"].clue("visual", 0, 3, {"how": "lies on its side"})
    told = read_clue_text("He looks sad and worried, and clenches his teeth.", "visual")
    shares = dict.fromkeys(FEELINGS, 0.1) | {"happy": 1 - 0.1 * (len(FEELINGS) - 1)}
    clues = (*clues_of(smile), turned, *told)
    return Reading(clues, (PERSON,), (), (), Posterior("visual", shares, 0.8))


def said(clip: Clip, context: Context) -> Reading:
    subtitle = context.subtitle()
    assert subtitle is not None
    unclear = replace(subtitle, doubtful=None, language="de", translation="I am so sad! Thank you.")
    return read_textual(unclear, clip.facts, None, context.settings, context.token)


def missing(clip: Clip, context: Context) -> Reading:
    context.asked(f"prompt.{context.language}@1")
    raise ModelUnavailable("OpenCV is not installed; run `make install`.")


READERS = (
    Reader("video", "watching", seen, failed="never"),
    Reader("audio", "listening", missing, failed="pitch-unused", unread=("voice-unread", "The clip has no picture.")),
    Reader("text", "reading", said, failed="never"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Language, Analysis]]:
    """One clip, analysed in each language."""
    folder = tmp_path_factory.mktemp("film")
    film = make(folder / "film.mp4", *pattern(1), *tone(1), *H264, "-c:a", "aac")
    yield {language: analysed(film, folder / language, language) for language in ("en", "zh")}


def analysed(clip: Path, folder: Path, language: Language, *more: Reader) -> Analysis:
    request = Request("Ich bin so traurig! Danke.", language=language)
    *_, last = analyze(clip, request, load_profile(), Settings(), CancelToken(), folder, (*READERS, *more))
    assert isinstance(last, Finished)
    return last.analysis


def alike(analysis: Analysis) -> Analysis:
    """The analysis without what differs between any two runs."""
    return replace(analysis, id="", created="", timings={}, provenance=replace(analysis.provenance, prompts=()))


def test_reworded_equals_made_in_the_language_in_both_directions(made: dict[Language, Analysis]) -> None:
    assert alike(reworded(made["en"], "zh")) == alike(made["zh"])
    assert alike(reworded(made["zh"], "en")) == alike(made["en"])
    kept = json.loads(json.dumps(made["en"].to_dict()))
    assert reworded(Analysis.from_dict(kept), "zh").to_dict() == reworded(made["en"], "zh").to_dict()


def test_a_chinese_analysis_is_chinese_and_its_keys_and_numbers_are_not(made: dict[Language, Analysis]) -> None:
    english, chinese = made["en"], made["zh"]
    assert chinese.language == "zh" and chinese.to_dict()["language"] == "zh"
    assert chinese.provenance == replace(english.provenance, prompts=("prompt.zh@1",))
    for one, other in zip(english.clues, chinese.clues, strict=True):
        assert replace(one, statement="") == replace(other, statement="")
        assert HAN.search(other.statement) and not HAN.search(one.statement), other
    assert all(HAN.search(notice.message) for notice in chinese.warnings), chinese.warnings
    assert [label.label for label in chinese.labels] == [label.label for label in english.labels]
    assert english.labels and all(label.name == label.label for label in english.labels)
    assert all(HAN.search(label.name) for label in chinese.labels)


def test_what_a_chinese_statement_says(made: dict[Language, Analysis]) -> None:
    said = {clue.cue: clue.statement for clue in made["zh"].clues}
    assert said["picture-turned"] == "画面侧向一边。"
    assert (
        said["smile-with-eyes"].startswith("1.0至2.0秒间（1.") and "秒时最明显），嘴角上扬" in said["smile-with-eyes"]
    )
    assert said["emotion-word"] == "据译文，话语点明了情绪：“so sad”。"
    assert said["words-negative"] == "据译文，措辞明显消极：“I am so sad!”", "a quotation brings its own stop"
    assert said["teeth-set"] == "画面描述中提到：“clenches his teeth”。"
    assert said["voice-unread"] == "片段没有画面。"
    assert made["zh"].warnings[0].message == "没有安装 OpenCV；请运行 `make install`。"


def test_a_clue_without_chinese_words_keeps_its_own_and_the_result_says_so(made: dict[Language, Analysis]) -> None:
    clue = Clue("v9", "visual", "brightness", "The picture is bright.", 0.0, 1.0, 0.9, person=None, absent=True)
    bright = replace(made["en"], clues=(*made["en"].clues, clue))
    chinese = reworded(bright, "zh")
    assert chinese.clues[-1] == clue
    notices = {notice.code: notice.message for notice in chinese.warnings}
    assert notices["wording-missing"] == "部分线索还没有中文表述，因此以英文显示（brightness）。"
    assert "wording-missing" not in {notice.code for notice in reworded(chinese, "en").warnings}


def test_a_language_models_explanation_is_left_as_it_was_written(made: dict[Language, Analysis]) -> None:
    told = replace(made["en"].explanation, composer="chat/1 model", text="He is sad.")
    chinese = reworded(replace(made["en"], explanation=told), "zh")
    assert chinese.explanation.text == "He is sad." and chinese.explanation.language == "en"
    assert "explanation-language" in {notice.code for notice in chinese.warnings}
    assert "explanation-language" not in {notice.code for notice in reworded(chinese, "en").warnings}
    translated = replace(told, language="zh", translation="He is sad.")
    english = reworded(replace(made["zh"], explanation=translated), "en")
    assert "explanation-language" not in {notice.code for notice in english.warnings}, "its English is shown beside it"


def test_an_unknown_notice_stays_and_a_quotation_is_never_translated(made: dict[Language, Analysis]) -> None:
    quoted = Notice(
        "words-unread-in-part", "Some of the words are neither English nor Chinese and were not read: “face”."
    )
    analysis = replace(made["en"], warnings=(Notice("brightness", "Brightness was measured."), quoted))
    one, other = reworded(analysis, "zh").warnings
    assert one.message == "Brightness was measured."
    assert other.message == "部分话语既不是英文也不是中文，因此没有解读：“face”。"


@pytest.mark.parametrize(
    ("values", "english", "chinese"),
    [
        ((1.0, 1.3, 1.1, 1, 3.0), " for a moment at 1.1 s", "1.1秒时有一瞬间，"),
        ((1.0, 2.4, 1.8, 1, 3.0), " from 1.0 to 2.4 s, most at 1.8 s", "1.0至2.4秒间（1.8秒时最明显），"),
        ((0.0, 2.8, 1.8, 1, 3.0), " throughout, most at 1.8 s", "自始至终（1.8秒时最明显），"),
        (
            (0.0, 2.8, 1.8, 2, 3.0),
            ", twice between 0.0 and 2.8 s, most at 1.8 s",
            "0.0至2.8秒间先后两次（1.8秒时最明显），",
        ),
        (
            (0.0, 2.8, 1.8, 4, 3.0),
            ", 4 times between 0.0 and 2.8 s, most at 1.8 s",
            "0.0至2.8秒间先后4次（1.8秒时最明显），",
        ),
    ],
)
def test_times_in_words(values: tuple[float, float, float, int, float], english: str, chinese: str) -> None:
    assert (when("en", *values), when("zh", *values)) == (english, chinese)


def test_a_face_that_shows_little_shows_it_most_at_no_time() -> None:
    rule, measured = rules_by_cue("visual")["face-reads-neutral"], {"when": "", "peak_s": 0.0, "times": 1}
    little = rule.clue("visual", 0, 3, measured, person="p1")
    (english,), _ = worded((little,), [PERSON], "en")
    (chinese,), _ = worded((little,), [PERSON], "zh")
    assert english.statement.endswith("throughout.") and chinese.statement.startswith("自始至终，")
    sad = replace(little, cue="face-reads-sad")
    assert worded((sad,), [PERSON], "en")[0][0].statement.endswith("throughout, most at 0.0 s.")


def test_a_still_picture_has_no_times_in_any_language() -> None:
    still = rules_by_cue("visual")["still-picture"].clue("visual", 0, 3, {"frames": 30})
    smile = replace(clues_of(filmed(lambda t: drawn_face({"mouthSmile": 0.7}), lambda t: calls(happy=1)))[0])
    (_, moving), _ = worded((smile, smile), [PERSON], "zh")
    (_, unmoved), _ = worded((still, smile), [PERSON], "zh")
    assert "秒" in moving.statement and "秒" not in unmoved.statement


def test_clues_given_as_text_are_explained_in_chinese_with_the_same_labels() -> None:
    row = ClueTexts("a", "He looks sad and worried.", "His voice trembles.", "")
    english, chinese = explained(row, ("video", "audio")), explained(row, ("video", "audio"), language="zh")
    assert english["openset"] == chinese["openset"]


def test_a_request_in_another_language_is_refused_with_the_choices() -> None:
    with pytest.raises(InputError, match=r"'fr'; choose en \(English\) or zh \(Chinese\)"):
        Request(language="fr")  # type: ignore[arg-type]
