"""The pitch track of a long wave, and where in it a voice sounds."""

import numpy as np
import pytest
from voice_making import RATE, melody, voice

from emer_space.cancellation import CancelToken
from emer_space.clues.voice.activity import voice_activity
from emer_space.errors import Cancelled
from emer_space.models.pitch import PitchTracker


@pytest.fixture(scope="module")
def pitch() -> PitchTracker:
    return PitchTracker()


def test_a_long_wave_is_tracked_in_parts_as_if_in_one(pitch: PitchTracker) -> None:
    sound = np.tile(voice(melody(4.0, swing=5.0)), 17)[: 65 * RATE + 100]
    parts, whole = pitch.track(sound), pitch._detector.detect(sound, RATE)
    assert np.array_equal(parts.t, whole.timestamps)
    assert np.array_equal(parts.voiced, whole.confidence >= 0.5)
    assert np.allclose(parts.hz[parts.voiced], whole.pitch_hz[parts.voiced], rtol=1e-6)
    assert np.allclose(parts.loudness_db, whole.loudness_db, atol=1e-4)


def test_tracking_stops_between_its_parts(pitch: PitchTracker) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        pitch.track(np.zeros(RATE, np.float32), token)


def test_voice_activity_follows_the_voice_and_is_none_without_one(pitch: PitchTracker) -> None:
    sound = np.concatenate([np.zeros(RATE), voice(melody(4.0, swing=5.0))[: 2 * RATE], np.zeros(RATE)])
    activity = voice_activity(pitch.track(sound.astype(np.float32)))
    assert activity is not None
    assert activity.level[activity.t < 0.9].max() == 0
    assert activity.level[(activity.t > 1.2) & (activity.t < 2.8)].mean() > 0.4
    assert activity.level.min() >= 0 and activity.level.max() <= 1
    assert voice_activity(pitch.track(np.zeros(RATE, np.float32))) is None
