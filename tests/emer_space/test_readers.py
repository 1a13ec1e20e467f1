"""An analysis is a list of readers: one more is one more entry."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from clip_making import H264, make, pattern, tone

from emer_space.analysis import Analysis, Clue, Notice, Reading
from emer_space.cancellation import CancelToken
from emer_space.errors import ModelUnavailable
from emer_space.media.clip import Clip, frames
from emer_space.models.roles import CHAT
from emer_space.pipeline import READERS, Finished, Progress, Request, analyze
from emer_space.profiles import load_profile
from emer_space.readers import Context, Reader
from emer_space.settings import Settings


def brightness(clip: Clip, context: Context) -> Reading:
    """A toy: how bright the picture is."""
    assert context.before("visual").clues, "the readers of the list come first"
    with closing(frames(clip, context.settings, context.token)) as seen:
        mean = float(np.mean([frame.rgb.mean() for frame in seen])) / 255
    context.progress(0.5)
    statement = f"The picture is {'bright' if mean > 0.3 else 'dark'}."
    clue = Clue("", "visual", "brightness", statement, 0.0, clip.facts.duration_s, 0.9, measurements={"mean": mean})
    return Reading((clue,), notices=(Notice("brightness", "Brightness was measured."),))


def missing(clip: Clip, context: Context) -> Reading:
    raise ModelUnavailable("The model for smells is not here; install it.")


BRIGHTNESS = Reader("video", "watching", brightness, failed="brightness-missing", needs=("picture",))
SMELL = Reader("audio", "listening", missing, failed="smell-missing", unread=("smell-unread", "Nothing was smelt."))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    return make(folder / "film.mp4", *pattern(1), *tone(1), *H264, "-c:a", "aac")


def analysed(clip: Path, folder: Path, *readers: Reader, **request) -> tuple[Analysis, list[Progress]]:
    events = list(
        analyze(clip, Request(**request), load_profile(), Settings(), CancelToken(), folder, (*READERS, *readers))
    )
    last = events[-1]
    assert isinstance(last, Finished)
    return last.analysis, [event for event in events if isinstance(event, Progress)]


def test_a_reader_is_added_by_one_entry(film: Path, tmp_path: Path) -> None:
    analysis, events = analysed(film, tmp_path, BRIGHTNESS, modalities=("video",))
    *others, clue = (clue for clue in analysis.clues if clue.modality == "visual")
    assert clue.cue == "brightness" and clue.id == f"v{len(others) + 1}" and others
    assert "the picture is bright" in analysis.explanation.text
    assert "brightness" in {notice.code for notice in analysis.warnings}
    assert Progress("watching", 0.5) in events
    assert set(analysis.timings) == {"probing", "watching", "weighing", "total"}


def test_a_reader_is_asked_where_its_part_was_chosen_and_what_it_needs_is_there(film: Path, tmp_path: Path) -> None:
    analysis, _ = analysed(film, tmp_path / "a", BRIGHTNESS, modalities=("text",), subtitle="I am happy.")
    assert "brightness" not in {clue.cue for clue in analysis.clues}
    sound = make(tmp_path / "sound.wav", *tone(1))
    analysis, _ = analysed(sound, tmp_path / "b", BRIGHTNESS, modalities=("video", "text"), subtitle="I am happy.")
    assert [clue.cue for clue in analysis.clues if clue.modality == "visual"] == ["no-video"]
    assert "watching" not in analysis.timings
    needy = Reader("text", "reading", brightness, failed="never", role=CHAT)
    analysis, _ = analysed(sound, tmp_path / "c", needy, modalities=("text",), subtitle="I am happy.")
    assert {clue.modality for clue in analysis.clues} == {"textual"}


def test_a_reader_without_its_model_is_a_notice_and_an_absence(film: Path, tmp_path: Path) -> None:
    analysis, _ = analysed(film, tmp_path, SMELL, modalities=("audio",))
    notices = {notice.code: notice.message for notice in analysis.warnings}
    assert notices["smell-missing"] == "The model for smells is not here; install it."
    (clue,) = (clue for clue in analysis.clues if clue.cue == "smell-unread")
    assert clue.absent and clue.id == f"a{len([c for c in analysis.clues if c.modality == 'acoustic'])}"
