"""The whole way through, with real models: the shared clips, the examples, and what strangers may send."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from emer_space.__main__ import main
from emer_space.analysis import Analysis
from emer_space.cancellation import CancelToken
from emer_space.errors import Cancelled, InputError
from emer_space.pipeline import STAGES, Finished, Progress, Request, analyze
from emer_space.profiles import Profile, load_profile
from emer_space.settings import Settings

Explain = Callable[..., Analysis]


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile()


@pytest.fixture
def explain(profile: Profile, tmp_path: Path) -> Explain:
    def run(clip: Path, **request) -> Analysis:
        events = list(analyze(clip, Request(**request), profile, Settings(), CancelToken(), tmp_path))
        assert isinstance(events[-1], Finished)
        return events[-1].analysis

    return run


def assert_sound(analysis: Analysis) -> None:
    """What must hold of every analysis."""
    known = {clue.id: clue for clue in analysis.clues}
    assert len(known) == len(analysis.clues)
    assert analysis.explanation.sentences
    for sentence in analysis.explanation.sentences:
        assert sentence.clues and set(sentence.clues) <= set(known), sentence.text
    assert len(analysis.labels) <= 6
    for label in analysis.labels:
        assert label.clues and not any(known[clue].absent for clue in label.clues)
        assert label.wheel, f"{label.label} has no place on the wheel"
    for clue in analysis.clues:
        assert 0 <= clue.start <= clue.end <= analysis.clip.duration_s + 0.5, clue
    assert Analysis.from_dict(json.loads(json.dumps(analysis.to_dict()))) == analysis


def told(analysis: Analysis) -> set[str]:
    """Modalities with something to tell."""
    return {clue.modality for clue in analysis.clues if not clue.absent}


def without_what_may_differ(analysis: Analysis) -> dict:
    plain = analysis.to_dict()
    return {key: value for key, value in plain.items() if key not in ("id", "created", "timings")}


def test_a_smile_with_happy_words(explain: Explain, clips: Path) -> None:
    analysis = explain(clips / "faces" / "smile_happy_words.mp4")
    assert_sound(analysis)
    assert told(analysis) == {"visual", "acoustic", "textual"}
    assert analysis.explanation.agreement == "consistent"
    assert analysis.labels[0].wheel[0] == "happy"
    assert analysis.subtitle.source == "recognised" and "happy" in analysis.subtitle.text.lower()


def test_distress_under_reassuring_words(explain: Explain, clips: Path) -> None:
    analysis = explain(clips / "faces" / "distress_positive_words.mp4")
    assert_sound(analysis)
    assert analysis.explanation.agreement == "conflicting"
    assert analysis.labels[0].wheel[0] != "happy"


@pytest.mark.parametrize(("name", "agreement"), [("glad_words", "consistent"), ("bitter_words", "conflicting")])
def test_the_examples_show_what_their_captions_say(explain: Explain, project: Path, name: str, agreement: str) -> None:
    analysis = explain(project / "examples" / f"{name}.mp4")
    assert_sound(analysis)
    assert analysis.explanation.agreement == agreement
    stored = json.loads((project / "examples" / f"{name}.json").read_text(encoding="utf-8"))
    assert [label.label for label in analysis.labels] == [label["label"] for label in stored["labels"]]


def test_the_same_clip_gives_the_same_json(explain: Explain, project: Path) -> None:
    clip = project / "examples" / "bitter_words.mp4"
    assert without_what_may_differ(explain(clip)) == without_what_may_differ(explain(clip))


SENTENCE_ONLY = ["jpeg_renamed", "text_renamed", "truncated_no_moov", "zero_byte"]


@pytest.mark.parametrize("name", SENTENCE_ONLY)
def test_what_is_no_clip_gets_one_sentence(explain: Explain, clips: Path, name: str) -> None:
    with pytest.raises(InputError) as refused:
        explain(clips / "edge" / f"{name}.mp4")
    sentence = str(refused.value)
    assert sentence.endswith(".") and "\n" not in sentence and str(clips) not in sentence


@pytest.mark.parametrize(
    "name",
    [
        "audio_longer_than_video",
        "digital_silence",
        "no_audio_track",
        "no_face_testsrc",
        "one_frame",
        "rotated_metadata",
        "tiny_64x36",
        "truncated_moov_first",
        "two_faces",
        "variable_frame_rate",
    ],
)
def test_odd_clips_are_analysed_without_inventing_anything(explain: Explain, clips: Path, name: str) -> None:
    analysis = explain(clips / "edge" / f"{name}.mp4")
    assert_sound(analysis)
    text = analysis.explanation.text.lower()
    if name == "no_face_testsrc":
        assert "visual" not in told(analysis) and not analysis.people
        assert not analysis.labels and analysis.explanation.agreement == "insufficient"
        assert "neutral" not in text and "calm" not in text
    if name in ("digital_silence", "no_audio_track"):
        assert "acoustic" not in told(analysis) and analysis.subtitle.source == "none"
    if name == "two_faces":
        assert [person.role for person in analysis.people].count("main") == 1
        assert len(analysis.people) == 2


def test_a_given_subtitle_is_read_instead_of_recognition(explain: Explain, clips: Path) -> None:
    analysis = explain(clips / "edge" / "no_audio_track.mp4", subtitle="I am {so} afraid of <b>him</b>.")
    assert_sound(analysis)
    assert analysis.subtitle.source == "given"
    assert "textual" in told(analysis)


def test_only_what_was_chosen_is_read(explain: Explain, clips: Path) -> None:
    analysis = explain(clips / "faces" / "smile_happy_words.mp4", modalities=("audio",))
    assert_sound(analysis)
    assert {clue.modality for clue in analysis.clues} == {"acoustic"}
    assert set(analysis.profile.models) == {"pitch", "voice"}
    assert analysis.subtitle.source == "none"


@pytest.mark.parametrize("modalities", [(), ("video", "smell")])
def test_an_impossible_choice_is_refused(modalities: tuple) -> None:
    with pytest.raises(InputError, match="video, audio and text"):
        Request(modalities=modalities)


def test_a_missing_model_is_said_and_the_rest_goes_on(
    explain: Explain, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "empty"))
    request = Request(subtitle="I am so happy.")
    clip = project / "examples" / "glad_words.mp4"
    events = list(analyze(clip, request, load_profile(), Settings(), CancelToken(), tmp_path))
    analysis = events[-1].analysis
    assert_sound(analysis)
    assert {"face-missing", "voice-missing"} <= {warning.code for warning in analysis.warnings}
    remedies = [warning.message for warning in analysis.warnings if warning.code in ("face-missing", "voice-missing")]
    assert len(remedies) == 2 and all("models fetch" in message for message in remedies)
    assert told(analysis) == {"acoustic", "textual"}


def test_speech_that_could_not_be_recognised_is_not_called_silence(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "empty"))
    clip = project / "examples" / "glad_words.mp4"
    *_, last = analyze(clip, Request(), load_profile(), Settings(), CancelToken(), tmp_path)
    assert "model for speech is missing" in last.analysis.explanation.text
    assert "No words were heard" not in last.analysis.explanation.text


def test_the_reason_of_a_failure_is_told_and_not_the_stop_it_caused(
    profile: Profile, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BrokenFaces:
        def __enter__(self) -> "BrokenFaces":
            raise InputError("The picture cannot be decoded.")

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(profile, "faces", lambda _: BrokenFaces())
    events = analyze(project / "examples" / "glad_words.mp4", Request(), profile, Settings(), CancelToken(), tmp_path)
    with pytest.raises(InputError, match="cannot be decoded"):
        list(events)


def test_bytes_that_are_no_text_do_not_end_the_analysis(explain: Explain, clips: Path) -> None:
    analysis = explain(clips / "edge" / "no_audio_track.mp4", subtitle="I am so happy \udcff!")
    assert_sound(analysis)
    assert "I am so happy ?!" in analysis.subtitle.text


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if child.name().startswith("ff")]


def at_stage(events: Iterator, stage: str) -> None:
    next(event for event in events if isinstance(event, Progress) and event.stage == stage)


@pytest.mark.parametrize("stage", STAGES[:3])
def test_cancel_stops_the_work_within_two_seconds(profile: Profile, project: Path, tmp_path: Path, stage: str) -> None:
    token = CancelToken()
    clip = project / "examples" / "glad_words.mp4"
    events = analyze(clip, Request(), profile, Settings(), token, tmp_path)
    at_stage(events, stage)
    token.cancel()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        list(events)
    assert time.monotonic() - started < 2
    assert not children()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("analysis")]


def test_closing_the_generator_stops_the_work(profile: Profile, project: Path, tmp_path: Path) -> None:
    events = analyze(project / "examples" / "glad_words.mp4", Request(), profile, Settings(), CancelToken(), tmp_path)
    at_stage(events, "watching")
    events.close()
    assert not children()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("analysis")]


def test_the_command_line_gives_the_same_json_to_a_file_and_to_standard_output(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = str(project / "examples" / "glad_words.mp4")
    assert main(["analyze", clip, "--modalities", "text", "--subtitle", "Thank you!", "--json", "-"]) == 0
    printed = json.loads(capfd.readouterr().out)
    assert (
        main(["analyze", clip, "--modalities", "text", "--subtitle", "Thank you!", "--json", str(tmp_path / "a")]) == 0
    )
    written = json.loads((tmp_path / "a").read_text(encoding="utf-8"))
    for analysis in (printed, written):
        assert analysis.pop("schema") == "emer-analysis/1"
        for key in ("id", "created", "timings"):
            analysis.pop(key)
    assert printed == written


@pytest.mark.parametrize(
    "arguments",
    [
        ["analyze", "nowhere.mp4"],
        ["analyze", "README.md"],
        ["analyze", "examples/glad_words.mp4", "--modalities", "smell"],
        ["analyze", "examples/glad_words.mp4", "--profile", "nobody"],
        ["batch", "nowhere", "--out", "out.jsonl"],
    ],
    ids=lambda arguments: " ".join(arguments)[:40],
)
def test_what_cannot_be_done_ends_with_2_and_one_sentence(
    arguments: list[str], project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    assert main(arguments) == 2
    out, err = capfd.readouterr()
    assert out == "" and len(err.strip().splitlines()) == 1 and err.strip().endswith(".")


def test_a_batch_carries_on_past_a_broken_clip_and_resumes(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "clips", tmp_path / "out.jsonl"
    folder.mkdir()
    (folder / "a.mp4").write_bytes((project / "examples" / "glad_words.mp4").read_bytes())
    (folder / "b.mp4").write_text("not a clip")
    (folder / "notes.txt").write_text("not even named like one")
    options = ["batch", str(folder), "--out", str(out), "--modalities", "video"]
    assert main(options) == 0
    first = out.read_bytes()
    lines = [json.loads(line) for line in first.decode().splitlines()]
    assert [line["name"] for line in lines] == ["a", "b"]
    assert lines[0]["openset"] and lines[0]["reason"] and "error" not in lines[0]
    assert lines[1]["openset"] == [] and lines[1]["error"].endswith(".")

    (folder / "c.mp4").write_bytes((project / "examples" / "bitter_words.mp4").read_bytes())
    out.write_bytes(first + b'{"name": "c", "open')
    assert main(options) == 0
    assert out.read_bytes().startswith(first)
    assert [json.loads(line)["name"] for line in out.read_text().splitlines()] == ["a", "b", "c"]
    assert "2" in capfd.readouterr().err


def test_a_batch_does_not_write_into_a_file_of_another_kind(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("dear diary\n")
    assert main(["batch", str(project / "examples"), "--out", str(out)]) == 2
    assert out.read_text() == "dear diary\n"


def test_an_explanation_waits_for_no_large_library(project: Path, tmp_path: Path) -> None:
    """Of 14 CPU seconds for a cold clip of 5 s, 8 went to importing and running these."""
    for name in ("torch", "transformers", "sentence_transformers", "scipy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise SystemExit('{name} was imported')")
    command = [sys.executable, "-m", "emer_space", "analyze", "examples/two_people.mp4", "--json", "-"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    models = json.loads(done.stdout)["profile"]["models"]
    assert {"face", "expression", "pitch", "speech", "voice", "sentences"} <= set(models)
