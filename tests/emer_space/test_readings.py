"""Another question about a clip: only what changed is read again, and the answer is that of a fresh analysis."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clip_making import H264, make

from emer_space.analysis import Analysis
from emer_space.cancellation import CancelToken
from emer_space.pipeline import READERS, Finished, Request, analyze
from emer_space.profiles import Profile, load_profile
from emer_space.readers import Reader
from emer_space.readings import Readings
from emer_space.settings import Settings

CLIP = "bitter_words.mp4"
MODELS = {"face": "tracker", "pitch": "track", "voice": "probabilities", "speech": "recognise"}
"""What is slow in each role."""


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile()


class Counted:
    """Analyses of one clip, and which readers and models each of them called."""

    def __init__(self, clip: Path, folder: Path, profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clip, self.folder, self.profile = clip, folder, profile
        self.kept = Readings()
        self.ran: Counter[str] = Counter()
        for role, method in MODELS.items():
            model = profile.get(role)  # type: ignore[arg-type]
            monkeypatch.setattr(type(model), method, self._counting(role, getattr(type(model), method)))
        self.readers = tuple(self._watched(reader) for reader in READERS)

    def _counting(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*values: Any, **named: Any) -> Any:
            self.ran[name] += 1
            return call(*values, **named)

        return counted

    def _watched(self, reader: Reader) -> Reader:
        return replace(reader, read=self._counting(f"reader {reader.modality}", reader.read))

    def ask(self, kept: Readings | None, **asked: Any) -> tuple[Analysis, set[str]]:
        self.ran.clear()
        work = analyze(
            self.clip, Request(**asked), self.profile, Settings(), CancelToken(), self.folder, self.readers, kept
        )
        *_, last = work
        assert isinstance(last, Finished)
        return last.analysis, set(self.ran)

    def again(self, **asked: Any) -> tuple[Analysis, set[str]]:
        """Ask with what is kept; the answer must be that of a fresh analysis, to the letter."""
        analysis, ran = self.ask(self.kept, **asked)
        assert told(analysis) == told(self.ask(None, **asked)[0])
        return analysis, ran


def told(analysis: Analysis) -> str:
    plain = analysis.to_dict()
    return json.dumps({name: value for name, value in plain.items() if name not in ("id", "created", "timings")})


@pytest.fixture(scope="module")
def short(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first words of the example."""
    folder = tmp_path_factory.mktemp("short")
    return make(folder / CLIP, "-i", str(project / "examples" / CLIP), "-t", "2.2", *H264, "-c:a", "aac")


@pytest.fixture
def counted(profile: Profile, short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(short, tmp_path, profile, monkeypatch)


def test_mended_words_are_read_and_nothing_else_is(counted: Counted) -> None:
    first, ran = counted.ask(counted.kept)
    assert set(MODELS) <= ran and first.timings["watching"] > 0
    mended, ran = counted.again(subtitle="I am so glad that you came.")
    assert mended.subtitle.source == "given" and "reader textual" in ran
    assert ran.isdisjoint({*MODELS, "reader visual"})
    assert mended.timings["probing"] == mended.timings["watching"] == 0
    twice, ran = counted.again(subtitle="I am so sad that you went.")
    assert ran == {"reader textual"}
    assert {clue.statement for clue in twice.clues} != {clue.statement for clue in mended.clues}
    back, ran = counted.ask(counted.kept)
    assert ran == set() and told(back) == told(first)


def test_a_modality_switched_off_and_on_again_runs_nothing(counted: Counted) -> None:
    first, _ = counted.ask(counted.kept)
    without, ran = counted.again(modalities=("audio", "text"))
    assert ran == set() and "watching" not in without.timings
    assert {clue.modality for clue in without.clues} == {"acoustic", "textual"}
    assert set(without.profile.models).isdisjoint({"face", "expression"})
    again, ran = counted.ask(counted.kept)
    assert ran == set() and told(again) == told(first)
    _, ran = counted.again(modalities=("video", "audio"))
    assert ran <= {"reader acoustic"}, "without the words the voice has no tempo; no model listens again"


def test_what_failed_is_tried_again(
    profile: Profile, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, asked, clip = Readings(), Request(modalities=("audio",)), project / "examples" / CLIP
    with monkeypatch.context() as absent:
        absent.setenv("EMER_HOME", str(tmp_path / "empty"))
        *_, last = analyze(clip, asked, load_profile(), Settings(), CancelToken(), tmp_path, READERS, kept)
    assert "voice-missing" in {notice.code for notice in last.analysis.warnings}
    *_, last = analyze(clip, asked, profile, Settings(), CancelToken(), tmp_path, READERS, kept)
    assert last.analysis.warnings == () and "voice" in last.analysis.profile.models
