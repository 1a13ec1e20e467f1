"""Sightings of faces, joined into tracks of people through the clip and its cuts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from emer_space.models.roles import Face

MAX_GAP_S = 0.7
"""Longest absence of a face that is still tracked, in seconds."""
CUT = 0.16
"""Mean change of brightness (0…1) between two frames that only a cut causes."""
SAME_SHOT = 0.06
"""Two frames that differ less come from the same camera set-up."""
HALF_SEEN = 0.5
"""Factor on the quality of a face whose mouth is covered."""
SPEAKER = 3.0
"""Factor on the weight of the person who speaks."""
MIN_SIGHTINGS = 3
MIN_SHARE = 0.08
"""A face in a smaller share of the frames is a passer-by or a false detection."""


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A face in the frame `index` at `t` seconds; `expression` is (8,) probabilities or None.

    `inside` is the share of its landmarks inside the picture, `reach` the face's side over the picture's shorter side,
    `central` is 1 in the middle of the picture and 0 at its edge. `detail` is the number of pixels read per pixel of
    the first look. `covered` is 1 if the mouth is covered, `drawn` 1 if the face is drawn; 0 if not, NaN if unknown.
    """

    index: int
    t: float
    face: Face
    expression: NDArray[np.float32] | None
    inside: float
    reach: float
    central: float
    detail: float = 1.0
    covered: float = math.nan
    drawn: float = math.nan

    @property
    def quality(self) -> float:
        """How well the face can be read, 0…1: fully from 64 pixels, up to 35° of yaw, upright, mouth uncovered."""
        size = np.interp(self.face.size * self.detail, (16, 28, 64), (0.15, 0.5, 1.0))
        turn = np.interp(abs(self.face.yaw), (35, 60, 80), (1.0, 0.5, 0.1))
        whole = np.interp(self.inside, (0.5, 0.95), (0.1, 1.0))
        upright = 1.0 if abs(self.face.roll) < 60 else 0.8
        uncovered = HALF_SEEN if self.covered == 1.0 else 1.0
        return float(size * turn * whole * upright * uncovered)


@dataclass(slots=True, eq=False)
class Track:
    """One person's sightings in order of time; `shot` is a thumbnail of the last frame with that person."""

    sightings: list[Sighting] = field(default_factory=list)
    shot: NDArray[np.float32] | None = None

    @property
    def last(self) -> Sighting:
        """The latest sighting."""
        return self.sightings[-1]

    @property
    def drawn(self) -> bool:
        """Whether this is a drawing and not a person, by the majority of the sightings that know."""
        votes = [s.drawn for s in self.sightings if not math.isnan(s.drawn)]
        return sum(votes) * 2 > len(votes)

    @property
    def weight(self) -> float:
        """How much of a main character this is: size × place × visibility, summed over the sightings."""
        return sum(s.reach * (0.4 + 0.6 * s.central) * (0.3 + 0.7 * s.quality) for s in self.sightings)


def sighting(
    index: int, t: float, face: Face, expression: NDArray[np.float32] | None, height: int, width: int
) -> Sighting:
    """A sighting with its place in a picture of `height` × `width` pixels."""
    x, y = face.landmarks[:, 0], face.landmarks[:, 1]
    inside = float(np.mean((x >= 0) & (x < width) & (y >= 0) & (y < height)))
    across, down = face.centre
    offset = max(abs(across / width - 0.5), abs(down / height - 0.5)) * 2
    return Sighting(index, t, face, expression, inside, face.size / min(height, width), max(0.0, 1.0 - offset))


class Tracker:
    """Joins the faces of each frame to the tracks of earlier frames, by distance and size.

    A cut ends every track. After it, a face continues an earlier track only if the camera set-up is the same as then
    and the face is in its old place (shot and reverse shot).
    """

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self._open: list[Track] = []
        self._before: NDArray[np.float32] | None = None
        self.frames = 0
        self.cuts: list[float] = []

    def add(self, t: float, thumbnail: NDArray[np.float32], seen: Sequence[Sighting]) -> None:
        """Add the next frame at `t` seconds: its thumbnail (grey, 0…1) and the faces in it."""
        if self._before is not None and _difference(self._before, thumbnail) > CUT:
            self._open = []
            self.cuts.append(t)
        self._before = thumbnail
        self.frames += 1
        self._open = [track for track in self._open if t - track.last.t <= MAX_GAP_S]
        pairs = sorted(
            ((likeness(track.last.face, new.face), number, place) for number, new in enumerate(seen)
             for place, track in enumerate(self._open)),
            reverse=True,
        )  # fmt: skip
        joined: dict[int, int] = {}
        for alike, number, place in pairs:
            if alike > 0 and number not in joined and place not in joined.values():
                joined[number] = place
        tracks = [self._open[joined[n]] if n in joined else None for n in range(len(seen))]
        for new, track in zip(seen, tracks, strict=True):
            chosen = track or self._returning(new, thumbnail) or self._fresh()
            chosen.sightings.append(new)
            chosen.shot = thumbnail

    def people(self) -> list[Track]:
        """The tracks that last long enough to be people, in order of appearance, then from left to right."""
        least = min(MIN_SIGHTINGS, self.frames)
        kept = [t for t in self.tracks if len(t.sightings) >= max(least, MIN_SHARE * self.frames)]
        return sorted(kept, key=lambda track: (track.sightings[0].index, track.sightings[0].face.centre[0]))

    def _returning(self, new: Sighting, thumbnail: NDArray[np.float32]) -> Track | None:
        for track in reversed(self.tracks):
            old = track.last
            same_shot = track.shot is not None and _difference(track.shot, thumbnail) < SAME_SHOT
            if old.index < new.index and track not in self._open and same_shot and likeness(old.face, new.face) > 0:
                self._open.append(track)
                return track
        return None

    def _fresh(self) -> Track:
        track = Track()
        self.tracks.append(track)
        self._open.append(track)
        return track


def main_track(tracks: Sequence[Track], speaking: Sequence[float] = ()) -> Track:
    """The main character: the track with the greatest weight. `speaking` says for each track how well its mouth moves
    with the voice, 0…1; the weight of a speaker counts up to `SPEAKER` times."""
    voices = speaking or [0.0] * len(tracks)
    weights = [track.weight * (1 + (SPEAKER - 1) * voice) for track, voice in zip(tracks, voices, strict=True)]
    return tracks[int(np.argmax(weights))]


def likeness(old: Face, new: Face) -> float:
    """1 for the same box; 0 or less for boxes that cannot be of the same face."""
    scale = max(old.size, new.size, 1e-6)
    if min(old.size, new.size) / scale < 0.55:
        return -1.0
    distance = float(np.hypot(*np.subtract(old.centre, new.centre))) / scale
    return 1.0 - distance / 0.8


def _difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.abs(a - b).mean())
