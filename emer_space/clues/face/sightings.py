"""Who is in the picture: sightings of faces, followed through the clip and its cuts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from emer_space.models.roles import Face

MAX_GAP_S = 0.7
"""A face that is gone no longer than this is still followed."""
CUT = 0.16
"""Mean change of brightness (0…1) from one frame to the next that only a cut makes."""
SAME_SHOT = 0.06
"""Two frames that differ less are views of one camera set-up."""
HALF_SEEN = 0.5
"""What a face counts whose mouth is covered."""
SPEAKER = 3.0
MIN_SIGHTINGS = 3
MIN_SHARE = 0.08
"""A face in fewer of the frames than this is a passer-by or a mistake of the detector."""


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A face in the frame `index` at `t` seconds; `expression` is (8,) probabilities or None.

    `inside` is the share of its landmarks that lie in the picture, `reach` the face's side over the picture's
    shorter side, `central` 1 in the middle of the picture and 0 at its edge. `detail` is how many pixels it was read in
    for one of the picture's, `covered` 1 where its mouth is covered and `drawn` 1 where it is no filmed face, 0 where
    not, NaN where that is not known.
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
        """How far the face can be read, 0…1: full from 64 pixels on, up to 35° of profile, upright."""
        size = np.interp(self.face.size * self.detail, (16, 28, 64), (0.15, 0.5, 1.0))
        turn = np.interp(abs(self.face.yaw), (35, 60, 80), (1.0, 0.5, 0.1))
        whole = np.interp(self.inside, (0.5, 0.95), (0.1, 1.0))
        upright = 1.0 if abs(self.face.roll) < 60 else 0.8
        uncovered = HALF_SEEN if self.covered == 1.0 else 1.0
        return float(size * turn * whole * upright * uncovered)


@dataclass(slots=True, eq=False)
class Track:
    """One person's sightings in the order of time; `shot` is a thumbnail of the last frame they were in."""

    sightings: list[Sighting] = field(default_factory=list)
    shot: NDArray[np.float32] | None = None

    @property
    def last(self) -> Sighting:
        return self.sightings[-1]

    @property
    def drawn(self) -> bool:
        """Whether it is no person but a drawing, by the majority of the sightings that tell."""
        told = [s.drawn for s in self.sightings if not math.isnan(s.drawn)]
        return sum(told) * 2 > len(told)

    @property
    def weight(self) -> float:
        """What makes a main character: size × place × presence (and how well they can be seen)."""
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
    """Joins the faces of each frame to the tracks of the frames before: by overlap, distance and size.

    A cut ends every track; afterwards a face continues an earlier track only where the camera set-up is the
    same as then and the face is in its old place (shot and reverse shot).
    """

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self._open: list[Track] = []
        self._before: NDArray[np.float32] | None = None
        self.frames = 0
        self.cuts: list[float] = []

    def add(self, t: float, thumbnail: NDArray[np.float32], seen: Sequence[Sighting]) -> None:
        """The faces of the next frame and its thumbnail (grey, 0…1)."""
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
        """Tracks that are people, first come first, from left to right."""
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
    """The main character: the track of the greatest weight. `speaking` says for each track how far its mouth moves
    with the voice, 0…1; the one who speaks counts up to `SPEAKER` times."""
    voices = speaking or [0.0] * len(tracks)
    weights = [track.weight * (1 + (SPEAKER - 1) * voice) for track, voice in zip(tracks, voices, strict=True)]
    return tracks[int(np.argmax(weights))]


def likeness(old: Face, new: Face) -> float:
    """1 for the same box, 0 and below for boxes that cannot be the same face."""
    scale = max(old.size, new.size, 1e-6)
    if min(old.size, new.size) / scale < 0.55:
        return -1.0
    distance = float(np.hypot(*np.subtract(old.centre, new.centre))) / scale
    return 1.0 - distance / 0.8


def _difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.abs(one - other).mean())
