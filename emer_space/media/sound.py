"""Chooses the sound track of a file to use, and its channel: one that is not silent.

A recorder may leave the first track, or all channels but one, empty; a wire soldered the wrong way round makes two
channels cancel each other out when mixed. So each track is measured before the copy is made, in the band of voices,
where neither hum nor an offset counts.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Notice
from emer_space.cancellation import CancelToken
from emer_space.media.ffmpeg import guards, run, url
from emer_space.media.source import Source, Stream
from emer_space.settings import Settings

RATE = 8_000
FRAME = 800
"""Samples: a tenth of a second."""
BAND_HZ = (250.0, 3_500.0)
LASTING = 5
"""Frames: the loudest half second sets a track's level, so that a click does not count as sound."""
AUDIBLE_DB, LOUDER_DB = -50.0, 15.0
"""A first track below this level (dB of full scale) gives way to one that is this much louder."""
NOTHING_DB = -80.0
"""Below this level a track's channels are mixed as usual."""
EMPTY_DB = 40.0
"""A channel this much softer than the loudest one is empty."""
CANCELLED = 0.5
"""Channels cancel each other out if their mix has less than this share of the summed energy."""
MOST_CHANNELS = 8
SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class Level:
    """How loud a track is, in dB of full scale, and the only channel to use; None to mix all of them."""

    db: float
    channel: int | None = None
    cancelled: bool = False


def choose_sound(
    path: Path, source: Source, settings: Settings, token: CancelToken
) -> tuple[Source, tuple[Notice, ...]]:
    """The source with the chosen track and channel, and notices about the choice.

    A file with a single track of one channel is not measured. Raises `InputError` if measuring all tracks takes longer
    than `settings.ffmpeg_timeout_s`.
    """
    tracks = source.sounds
    if not tracks or (len(tracks) == 1 and tracks[0].channels == 1):
        return source, ()
    started, levels = time.monotonic(), list[Level]()
    for track in tracks:
        left_s = max(1, round(settings.ffmpeg_timeout_s - (time.monotonic() - started)))
        levels.append(_measured(path, track, settings, left_s, token))
    place = _chosen([level.db for level in levels])
    track, level = tracks[place], levels[place]
    notices = [_other_track(tracks, place)] if place else []
    if level.channel is not None:
        notices.append(_one_channel(level, track))
    return replace(source, audio=replace(track, channel=level.channel)), tuple(notices)


def _chosen(levels: Sequence[float]) -> int:
    """Index of the first track or, if that is silent beside another, of the first that is not."""
    if levels[0] >= AUDIBLE_DB or max(levels) < levels[0] + LOUDER_DB:
        return 0
    return next(place for place, level in enumerate(levels) if level > max(levels) - LOUDER_DB)


def _measured(path: Path, track: Stream, settings: Settings, timeout_s: float, token: CancelToken) -> Level:
    """The level of a track. One that cannot be decoded is silent; one with very many channels is always mixed."""
    channels = track.channels if 0 < track.channels <= MOST_CHANNELS else 1
    command = (
        ffmpeg.input(url(path), t=settings.max_seconds, **guards(settings))[str(track.index)]
        .output("pipe:1", format="s16le", acodec="pcm_s16le", ar=RATE, ac=channels)
        .global_args("-nostdin", "-hide_banner", "-nostats", "-loglevel", "error")
        .compile()
    )
    most_bytes = round((settings.max_seconds + 2) * RATE) * channels * 2
    finished = run(command, timeout_s, token, most_bytes)
    whole = len(finished.stdout) // (2 * channels * FRAME) * (2 * channels * FRAME)
    return level_of(np.frombuffer(finished.stdout[:whole], "<i2").reshape(-1, channels))


def level_of(samples: NDArray[np.int16]) -> Level:
    """The level of samples (n, channels) at `RATE`."""
    channels = samples.shape[1]
    frames = len(samples) // FRAME
    if not frames:
        return Level(float("-inf"))
    window = np.hanning(FRAME)
    hz = np.fft.rfftfreq(FRAME, 1 / RATE)
    band = (hz >= BAND_HZ[0]) & (hz <= BAND_HZ[1])
    scale = 32_768 * np.sqrt(FRAME * (window**2).sum() / 2)
    spectra = [
        np.fft.rfft(samples[: frames * FRAME, channel].reshape(frames, FRAME) * window)[:, band] / scale
        for channel in range(channels)
    ]
    energy = np.array([(np.abs(spectrum) ** 2).sum(1) for spectrum in spectra])
    whole = energy.sum(1)
    loudest = int(whole.argmax())
    lasting = float(np.sort(energy[loudest])[-min(LASTING, frames)])
    db = 10 * float(np.log10(max(lasting, 1e-12)))
    full = np.flatnonzero(whole > whole[loudest] * 10 ** (-EMPTY_DB / 10))
    if channels == 1 or db < NOTHING_DB:
        return Level(db)
    if len(full) == 1:
        return Level(db, loudest)
    mixed = float((np.abs(np.sum([spectra[channel] for channel in full], axis=0)) ** 2).sum())
    cancelled = mixed < CANCELLED * whole[full].sum()
    return Level(db, loudest if cancelled else None, cancelled)


def _other_track(tracks: Sequence[Stream], place: int) -> Notice:
    silent, number = (1 + sum(other.index < track.index for other in tracks) for track in (tracks[0], tracks[place]))
    message = f"Sound track {silent} of this file is silent or nearly so; track {number} of {len(tracks)} was heard."
    return Notice("other-track", message)


def _one_channel(level: Level, track: Stream) -> Notice:
    assert level.channel is not None
    which = f"the {SIDES[level.channel]} one" if track.channels == 2 else f"number {level.channel + 1}"
    if level.cancelled:
        why = "The channels of the sound cancel each other out when they are mixed"
    else:
        why = "Only one channel has sound"
    return Notice("one-channel", f"{why}; {which} was heard.")
