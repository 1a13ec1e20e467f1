"""Files over a limit, or whose header hides their length, are refused in words that state the limit."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clip_making import SETTINGS, SMALLEST, assert_harmless, make, opened, pattern, shown, tone, write_film

from emer_space.cancellation import CancelToken
from emer_space.errors import InputError
from emer_space.media.clip import frames


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path)


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ({"max_bytes": 1000}, r"at most 0\.001 MB are accepted: cut"),
        ({"max_seconds": 1.0}, r"lasts 2.0 s; at most 1 s are accepted: cut"),
        ({"max_pixels": 320 * 179}, r"320 × 180 pixels; at most 0\.1 million are accepted: export"),
        ({"max_streams": 1}, r"has 2 streams; at most 1 are accepted: export"),
    ],
)
def test_a_file_over_a_limit_is_refused_with_the_limit_and_the_remedy(
    limit: dict[str, Any], says: str, film: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=says) as refusal:
        opened(film, tmp_path, replace(SETTINGS, **limit))
    assert_harmless(str(refusal.value), tmp_path)


@pytest.fixture
def webcam(tmp_path: Path) -> Path:
    """What a browser's recorder writes: a live WebM whose header states no duration."""
    path = tmp_path / "webcam.webm"
    encoder = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"]
    make(path, *pattern(3), *tone(3), *encoder, "-f", "webm", "-live", "1")
    assert shown(path, "format=duration") == ["N/A"]
    return path


def test_a_webm_without_a_duration_is_measured_and_copied(webcam: Path, tmp_path: Path) -> None:
    clip = opened(webcam, tmp_path)
    assert clip.path.suffix == ".webm"
    assert clip.facts.duration_s == pytest.approx(3, abs=0.1)
    assert clip.facts.fps == pytest.approx(25, abs=0.5)
    assert float(shown(clip.path, "format=duration")[0]) == pytest.approx(3, abs=0.1)
    assert len(list(frames(clip, SETTINGS, CancelToken()))) == pytest.approx(36, abs=1)
    assert clip.notices == ()


def test_an_unstated_duration_does_not_pass_the_limit(webcam: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is longer than 1 s; at most 1 s are accepted"):
        opened(webcam, tmp_path, replace(SETTINGS, max_seconds=1.0))
    assert not list((tmp_path / "copy").iterdir())


def test_a_copy_that_grows_past_all_bounds_is_refused(tmp_path: Path) -> None:
    source = make(tmp_path / "dense.mkv", *pattern(1, size="640x360"), "-c:v", "libx265", "-x265-params", SMALLEST)
    tight = replace(SETTINGS, max_bytes=source.stat().st_size)
    assert opened(source, tmp_path / "a").path.stat().st_size > 3 * tight.max_bytes
    with pytest.raises(InputError, match="unpacks to far more"):
        opened(source, tmp_path / "b", tight)
    assert not list((tmp_path / "b" / "copy").iterdir())
