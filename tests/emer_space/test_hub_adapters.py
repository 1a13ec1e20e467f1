"""What the hub profile's adapters make of speech, faces, voices and questions, on tiny checkpoints."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import checkpoints
import numpy as np
import pytest
import torch
from checkpoints import FACES, SAID
from face_making import drawn_face
from hub_lab import FACTS, HELLO, RATE, Impatient, all_made, jpeg, load_role, noise, own_home, picture  # noqa: F401 - fixtures

from emer_space.analysis import Clue, Reading
from emer_space.cancellation import CancelToken
from emer_space.clues.voice.emotion import voice_emotion_clues, with_voice_emotion
from emer_space.errors import Cancelled, ModelUnavailable
from emer_space.models.chat import audio_part, image_part, text_part
from emer_space.models.expression import EXPRESSIONS
from emer_space.models.hub_speech import _windows
from emer_space.models.hub_voice import VoiceEmotions
from emer_space.models.whisper.recognition import TOO_MANY
from emer_space.settings import Settings

# Speech


def test_speech_is_written_with_times_language_and_translation(
    use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emer_space.models.hub_speech.speech_spans", lambda wave: [(3.0, 6.0)])
    subtitle = use("speech").recognise(noise(8), CancelToken())
    assert subtitle.source == "recognised" and subtitle.language == "de" and subtitle.doubtful is None
    assert subtitle.text == "Ach. Bin da." == "".join(text for text, _, _ in SAID).strip()
    assert subtitle.translation == ">HERE?-IS >IT!"
    first, second = subtitle.segments
    assert (first.text, second.text) == ("Ach.", "Bin da.")
    window = 2.7  # 0.3 s before the speech
    assert first.start == pytest.approx(window, abs=0.01)
    assert first.end == pytest.approx(second.start, abs=0.01) and window < first.end < window + 1
    assert second.end == pytest.approx(window + 2.0, abs=0.01)


def test_a_whisper_whose_decoder_was_cut_down_does_not_translate(
    use: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emer_space.models.hub_speech.speech_spans", lambda wave: [(0.5, 2.5)])
    recogniser = use("speech", checkpoints.whisper(tmp_path / "turbo", encoder_layers=2))
    subtitle = recogniser.recognise(noise(3), CancelToken())
    assert subtitle.text == "Ach. Bin da." and subtitle.translation is None and not recogniser.translates


def test_english_is_not_translated(use: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emer_space.models.hub_speech.speech_spans", lambda wave: [(0.5, 2.5)])
    subtitle = use("speech", checkpoints.whisper(tmp_path / "en", language="en")).recognise(noise(3), CancelToken())
    assert subtitle.language == "en" and subtitle.translation is None


@pytest.mark.parametrize("wave", [noise(3, 0.0), noise(3), noise(0.1)], ids=["silence", "noise", "short"])
def test_where_nobody_speaks_there_are_no_words(use: Callable[..., Any], wave: np.ndarray) -> None:
    assert use("speech").recognise(wave, CancelToken()).source == "none"


def test_an_unsure_recogniser_makes_the_words_doubtful(
    use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emer_space.models.hub_speech.speech_spans", lambda wave: [(0.5, 2.5)])
    recogniser = use("speech")
    recogniser._loaded.model.proj_out.weight.data.mul_(0.02)
    try:
        subtitle = recogniser.recognise(noise(3), CancelToken())
    finally:
        recogniser._loaded.model.proj_out.weight.data.mul_(50)
    assert subtitle.doubtful and subtitle.translation is None


def test_a_window_is_given_no_more_tokens_than_can_be_said_in_it(
    use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emer_space.models.hub_speech.speech_spans", lambda wave: [(0.5, 0.8)])
    recogniser = use("speech")
    assert recogniser.recognise(noise(3), CancelToken()).doubtful is None
    monkeypatch.setattr("emer_space.models.whisper.recognition.MORE_TOKENS", 0)
    subtitle = recogniser.recognise(noise(3), CancelToken())
    assert subtitle.text == "Ach. Bin d" and subtitle.translation is None
    assert subtitle.doubtful == f"The words are doubtful: {TOO_MANY}."


def test_recognition_stops_within_a_window(use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emer_space.models.hub_speech.speech_spans", lambda wave: [(0.5, 2.5)])
    recogniser, token = use("speech"), Impatient(6)
    with monkeypatch.context() as within, pytest.raises(Cancelled):
        within.setattr(recogniser, "_segments", lambda window, written: pytest.fail("the window was finished"))
        recogniser.recognise(noise(3), token)
    assert token.left == 0
    assert recogniser.recognise(noise(3), CancelToken()).text  # and the next clip is heard


def test_windows_hold_all_speech_and_are_cut_in_pauses() -> None:
    assert list(_windows([(1, 5), (8, 20), (24, 31), (40, 41)])) == [(1, 20), (24, 41)]
    assert list(_windows([(0, 70)])) == [(0, 28), (28, 56), (56, 70)]
    assert list(_windows([])) == []


# Faces


def test_expressions_come_in_our_order_whatever_the_checkpoint_has(use: Callable[..., Any]) -> None:
    found = use("expression").probabilities(picture(), drawn_face())
    assert found.shape == (8,) and found.sum() == pytest.approx(1, abs=1e-5)
    assert FACES[2] == "ANGER" and EXPRESSIONS[int(found.argmax())] == "angry" and found.max() > 0.9


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ((*FACES[:-1], "contempt"), "'contempt'"),
        (tuple(f"LABEL_{number}" for number in range(7)), "'LABEL_0'"),
        (FACES[:-1], "6 classes"),
        ((*FACES[:-1], "angry"), "does not tell emotions apart"),
    ],
    ids=["contempt", "nameless", "six", "twice"],
)
def test_other_classes_of_faces_are_refused(
    use: Callable[..., Any], tmp_path: Path, names: tuple[str, ...], told: str
) -> None:
    with pytest.raises(ModelUnavailable, match=told):
        use("expression", checkpoints.face(tmp_path / "other", names))


# Voices


def test_a_voice_is_read_window_by_window_and_silence_is_not(use: Callable[..., Any]) -> None:
    wave = np.concatenate([noise(5), np.zeros(10 * RATE, np.float32), noise(1.5)])
    found = use("voice").probabilities(wave, CancelToken())
    assert found.classes == ("neutral", "happy", "angry", "sad")
    assert list(zip(found.start, found.end, strict=True)) == [(0, 4), (2, 6), (4, 8), (12, 16), (14, 16.5)]
    assert found.probabilities.shape == (5, 4)
    assert np.allclose(found.probabilities.sum(axis=1), 1, atol=1e-5) and (found.probabilities[:, 2] > 0.9).all()
    nothing = use("voice").probabilities(noise(0.5), CancelToken())
    assert nothing.probabilities.shape == (0, 4) and nothing.start.shape == (0,)


def test_a_classifier_on_a_whisper_reads_voices_too(use: Callable[..., Any], tmp_path: Path) -> None:
    found = use("voice", checkpoints.whisper_voice(tmp_path / "whisper", sure_of=2)).probabilities(
        noise(3), CancelToken()
    )
    assert found.classes == ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    assert found.probabilities.argmax() == 2


def test_reading_a_voice_stops_between_windows(use: Callable[..., Any]) -> None:
    with pytest.raises(Cancelled):
        use("voice").probabilities(noise(9), Impatient(2))


def test_a_classifier_of_another_rate_or_of_no_emotions_is_refused(use: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="8,000 samples"):
        use("voice", checkpoints.voice(tmp_path / "slow", rate=8000))
    with pytest.raises(ModelUnavailable, match="'dog'"):
        use("voice", checkpoints.voice(tmp_path / "dogs", names=("dog", "cat")))


@pytest.mark.parametrize(
    ("classes", "answer", "says"),
    [
        (("angry", "bored"), [0.9, 0.1], "answered with the class 'bored', which is not an emotion known here"),
        (("angry", "sad"), [0.5, 0.3, 0.2], "answered with 3 numbers for its 2 classes"),
        (("angry", "sad"), [0.5, float("nan")], "answered with values that are not numbers"),
    ],
)
def test_an_answer_that_is_none_is_told(classes: tuple[str, ...], answer: list[float], says: str) -> None:
    class Strange:
        revision = "strange 1.0"

        def probabilities(self, wave: np.ndarray, token: CancelToken) -> VoiceEmotions:
            return VoiceEmotions(classes, np.zeros(1), np.full(1, 3.0), np.array([answer], np.float32))

    measured = Clue("a1", "acoustic", "even", "The voice is even.", 0, 3, 0.4)
    sentence = f"^The voice model strange 1.0 {says}; choose another one, as with voice=bundled\\.$"
    with pytest.raises(ModelUnavailable, match=sentence):
        with_voice_emotion(Reading((measured,)), noise(3), FACTS, Strange(), Settings(), CancelToken())


def test_a_checkpoint_that_answers_otherwise_than_it_says_is_told(use: Callable[..., Any]) -> None:
    for role, ask in (
        ("voice", lambda model: model.probabilities(noise(3), CancelToken())),
        ("expression", lambda model: model.probabilities(picture(), drawn_face())),
    ):
        model = use(role)
        head = model._loaded.model.classifier
        bias, head.bias = head.bias, torch.nn.Parameter(torch.full_like(head.bias, float("nan")))
        try:
            with pytest.raises(
                ModelUnavailable, match=f"^The {role} model answered with values that are not numbers; "
            ):
                ask(model)
        finally:
            head.bias = bias


def emotions(*rows: tuple[float, float]) -> VoiceEmotions:
    start = np.arange(len(rows)) * 2.0
    return VoiceEmotions(("angry", "sad"), start, start + 4, np.array(rows, np.float32))


def test_windows_that_agree_make_one_clue_and_unsure_ones_none() -> None:
    angry, sad = sorted(
        voice_emotion_clues(emotions((0.9, 0.1), (0.7, 0.3), (0.45, 0.45), (0.1, 0.9)), FACTS),
        key=lambda clue: clue.start,
    )
    assert (angry.cue, angry.start, angry.end) == ("model-angry", 0, 6)
    assert angry.measurements == {"class": "angry", "probability": pytest.approx(0.8, abs=1e-4), "windows": 2}
    assert "angry, with a probability of 0.80" in angry.statement
    assert angry.confidence == pytest.approx(0.55 * 0.8, abs=1e-3)
    assert angry.suggests["angry"] and angry.valence and angry.valence < 0 < (angry.arousal or 0)
    assert (sad.cue, sad.start, sad.end) == ("model-sad", 6, 10)


def test_the_models_clues_join_a_reading_that_heard_a_voice(use: Callable[..., Any]) -> None:
    measured = Clue("a1", "acoustic", "even", "The voice is even.", 0, 3, 0.4)
    reading = with_voice_emotion(Reading((measured,)), noise(3), FACTS, use("voice"), Settings(), CancelToken())
    assert [(clue.id, clue.cue) for clue in reading.clues] == [("a1", "even"), ("a2", "model-angry")]
    silent = Reading((Clue("a1", "acoustic", "silence", "Silent.", 0, 3, 1.0, absent=True),))
    assert with_voice_emotion(silent, noise(3), FACTS, use("voice"), Settings(), CancelToken()) is silent


# Chat


def test_a_chat_model_answers_the_same_each_time_within_its_tokens(use: Callable[..., Any]) -> None:
    chat = use("chat")
    answer = chat.ask(HELLO, 12)
    assert answer and answer == chat.ask(HELLO, 12)
    assert len(chat.ask(HELLO, 3)) < len(answer) <= 12 * 4
    assert chat.name.startswith("chat (local, sha256 ") and chat.name.endswith("(cpu, float32) (hub)")
    assert "/" not in chat.name


def test_the_question_goes_through_the_checkpoints_template_and_ends_no_turn(
    use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = use("chat")
    seen: list[str] = []
    generate = chat._loaded.model.generate

    def spy(**given: Any) -> Any:
        seen.append(chat._tokenizer.decode(given["input_ids"][0]))
        return generate(**given)

    monkeypatch.setattr(chat._loaded.model, "generate", spy)
    chat.ask([{"role": "user", "content": [text_part("one"), text_part("</s> two")]}], 2)
    assert seen == ["[user]one\n< /s> two[assistant]"]


def test_a_stop_is_honoured_between_two_tokens(use: Callable[..., Any]) -> None:
    chat = use("chat")
    token = Impatient(5)
    with pytest.raises(Cancelled):
        chat.ask(HELLO, 200, token.check)
    assert token.left == 0
    assert chat.ask(HELLO, 4)  # and the next question is answered


def test_who_waits_for_the_model_can_stop_waiting(use: Callable[..., Any]) -> None:
    chat = use("chat")
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        leave.wait(20)

    first = threading.Thread(target=partial(chat.ask, HELLO, 2, hold))
    first.start()
    assert inside.wait(20)
    with pytest.raises(Cancelled):
        chat.ask(HELLO, 2, Impatient(2).check)
    leave.set()
    first.join()


def test_question_and_answer_are_bounded(use: Callable[..., Any]) -> None:
    chat = use("chat")
    with pytest.raises(ModelUnavailable, match="the question has over 256 tokens"):
        chat.ask([{"role": "user", "content": "a" * 300}], 4000)
    assert chat.ask([{"role": "user", "content": "a" * 200}], 4000)  # as long as it has room for
    chat._seconds = -1.0
    with pytest.raises(ModelUnavailable, match="did not answer within"):
        chat.ask(HELLO, 8)


def test_thoughts_are_no_answer(use: Callable[..., Any]) -> None:
    chat = use("chat")
    chat._write = lambda prepared, most: ("<think>Hm.\nSo…</think>\n\nHappy.", True)
    assert chat.ask(HELLO) == "Happy."
    chat._write = lambda prepared, most: ("<think>Hm, and", True)
    with pytest.raises(ModelUnavailable, match="answered nothing"):
        chat.ask(HELLO)


def test_a_chat_model_refuses_pictures_and_sound(use: Callable[..., Any]) -> None:
    for part, what in ((image_part(jpeg("red")), "pictures"), (audio_part(b"RIFF"), "sound")):
        with pytest.raises(ModelUnavailable, match=f"takes no {what}"):
            use("chat").ask([{"role": "user", "content": [text_part("What?"), part]}])


def test_a_checkpoint_without_a_template_is_no_chat_model(use: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no chat template"):
        use("chat", checkpoints.chat(tmp_path / "base", template=None))


def test_a_vision_model_is_shown_the_pictures(use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    vision = use("vision")
    seen: list[Any] = []
    generate = vision._loaded.model.generate
    monkeypatch.setattr(vision._loaded.model, "generate", lambda **given: (seen.append(given), generate(**given))[1])
    parts = [text_part("An <image> of?"), image_part(jpeg("red")), image_part(jpeg("blue"))]
    vision.ask([HELLO[0], {"role": "user", "content": parts}], 4)
    red, blue = seen[0]["pixel_values"]
    assert red[0].mean() > red[2].mean() and blue[2].mean() > blue[0].mean()
    assert vision.ask(HELLO, 4)  # words alone are enough


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:9/face.jpg", "must come with its bytes"),
        ("file:///etc/hosts", "must come with its bytes"),
        ("data:image/jpeg;base64,AAAA", "cannot be read"),
    ],
    ids=["address", "file", "damaged"],
)
def test_a_vision_model_opens_nothing_but_the_bytes_it_is_given(use: Callable[..., Any], url: str, told: str) -> None:
    with pytest.raises(ModelUnavailable, match=told):
        use("vision").ask([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}])
