"""A second look for faces: in turned pictures, and for small faces in parts of the picture.

The first look takes a whole frame as upright, and in few pixels (128 × 128 for the detector). The second look searches
some frames, kept during the first, in other orientations and in tiles. Only if that finds a face are all frames seen
again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emer_space.clues.face.sightings import Sighting, likeness
from emer_space.models.face import placed
from emer_space.models.roles import Face, FaceFinder, FaceTracker, Spot

if TYPE_CHECKING:
    from emer_space.media.clip import Frame

Picture = NDArray[np.uint8]

KEPT = 16
"""Most frames kept for the second look, spread over the clip."""
TURN_FRAMES = 3
UPRIGHT = 0.88
"""Detector score from which a face needs no turning: upright faces have 0.86…0.97, upside-down ones 0.5…0.83, sideways
ones 0.7…0.93."""
AHEAD = 0.06
"""Margin by which a turned picture must score better than the upright one."""
LIKELY = 0.75
"""Lowest score that counts for a turned frame."""
LOOKS_A_FRAME, LEAST_LOOKS = 0.6, 46
"""Budget of looks at tiles: so many per frame of the clip (a look costs a third of watching a frame without a face),
but at least so many in all."""
TILE_SIDES = ((1.0, 0.2), (0.5, 0.6), (1 / 3, 1.0))
"""Side of the tiles over the frame's shorter side, and the share of the budget after which the next size follows."""
STRIDE = 0.67
"""Step between tiles over their side: any face of up to a third of a tile lies wholly within one tile."""
FLAT = 6.0
"""Levels of brightness (of 256): a tile with less contrast shows nothing."""
WORTH = 0.55
"""Score in a tile from which a closer look is worthwhile; textures reach 0.8."""
SURE = 0.85
"""Lowest score of a face in a square of `CLOSE` times its side; nothing else reached 0.8 there."""
CLOSE = 2.4
BEST_SPOTS = 3
NEAR_S = 1.0
"""Seconds for which a face is searched where it last was."""
AGAIN = 0.7
"""Lowest score if a face was found there in a nearby frame."""
NEIGHBOURS = 2
"""A face found only by a closer look counts if it appears again within this many frames before or after."""
SLANT = 60.0
CLOSER_SIDE = 1280
"""Longer side in pixels of the frames in which small faces are read."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a face was at `t` seconds: its centre over the picture's width and height, its side over the shorter side.

    The picture is turned anticlockwise by `turn` quarter turns.
    """

    t: float
    x: float
    y: float
    size: float
    turn: int = 0

    def turned(self, quarters: int) -> "Place":
        """The same place after so many more quarter turns anticlockwise."""
        x, y = self.x, self.y
        for _ in range(quarters % 4):
            x, y = y, 1.0 - x
        return Place(self.t, x, y, self.size, (self.turn + quarters) % 4)


@dataclass(frozen=True, slots=True)
class Search:
    """The result of a search: quarter turns anticlockwise that the clip needs, and faces' places in the turned clip."""

    turn: int = 0
    places: tuple[Place, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.turn or self.places)


@dataclass(slots=True)
class Kept:
    """At most `KEPT` frames (index, frame), evenly spread over a clip of unknown length."""

    frames: list[tuple[int, "Frame"]] = field(default_factory=list)
    every: int = 1

    def add(self, index: int, frame: "Frame") -> None:
        """Offer the next frame."""
        if index % self.every:
            return
        self.frames.append((index, frame))
        if len(self.frames) > KEPT:
            self.frames = self.frames[::2]
            self.every *= 2


def search(kept: Kept, empty: Sequence[bool], finder: FaceFinder, check: Callable[[], None]) -> Search:
    """Search the kept frames for turned and small faces; `empty` says which frames had no face at the first look.

    `check` is called between two looks, and may raise.
    """
    turn = _turn(kept, finder, check)
    if turn:
        return Search(turn)
    missed = [frame for index, frame in _spread(kept.frames) if empty[index]]
    places = _in_tiles(missed, finder, max(LEAST_LOOKS, LOOKS_A_FRAME * len(empty)), check)
    turns = [place.turn for place in places]
    usual = max(set(turns), key=turns.count) if turns else 0
    if usual and not all(empty):
        usual = 0  # somebody is upright
    return Search(usual, tuple(place for place in places if place.turn == usual))


def turned(rgb: Picture, quarters: int) -> Picture:
    """The picture after so many quarter turns anticlockwise."""
    return np.ascontiguousarray(np.rot90(rgb, quarters)) if quarters % 4 else rgb


def _turn(kept: Kept, finder: FaceFinder, check: Callable[[], None]) -> int:
    """The quarter turns that the clip needs, by a majority of a few frames; 0 if in doubt."""
    votes = []
    frames = [frame for _, frame in kept.frames]
    chosen = [frames[round(k)] for k in np.linspace(0, len(frames) - 1, min(TURN_FRAMES, len(frames)))]
    for frame in chosen:
        check()
        upright = _best(finder, frame.rgb)
        if upright >= UPRIGHT:
            votes.append(0)
        else:
            scores = [_best(finder, turned(frame.rgb, quarters)) for quarters in (1, 2, 3)]
            ahead = max(scores) >= max(LIKELY, upright + AHEAD)
            votes.append(1 + int(np.argmax(scores)) if ahead else 0)
        if votes.count(0) * 2 > len(chosen):
            return 0
    usual = max(set(votes), key=votes.count) if votes else 0
    return usual if votes.count(usual) * 2 > len(chosen) else 0


def _best(finder: FaceFinder, rgb: Picture) -> float:
    return max((spot.score for spot in finder.spots(rgb)), default=0.0)


def _spread(frames: Sequence[tuple[int, "Frame"]]) -> Iterator[tuple[int, "Frame"]]:
    """The middle frame, then the middles of the halves, and so on: a small budget still covers the whole clip."""
    parts = [(0, len(frames))]
    for first, after in parts:
        if first < after:
            middle = (first + after) // 2
            yield frames[middle]
            parts += [(first, middle), (middle + 1, after)]


def _in_tiles(frames: Sequence["Frame"], finder: FaceFinder, looks: float, check: Callable[[], None]) -> list[Place]:
    """Faces in tiles of the frames, in at most `looks` looks: smaller tiles only if larger ones show no face."""
    before = finder.looks
    for side, share in TILE_SIDES:
        places: list[Place] = []
        for frame in frames:
            if finder.looks - before >= looks * share:
                break
            for tile in _tiles(frame.rgb, side):
                if finder.looks - before >= looks:
                    return places
                check()
                places += _faces_in(frame, tile, finder)
        if places:
            return places
    return []


def _tiles(rgb: Picture, share: float) -> Iterator[tuple[int, int, int]]:
    """Left, top and side of overlapping squares that cover the picture, without those that show nothing. The corners,
    where a speaker may be inset, come first."""
    height, width = rgb.shape[:2]
    side = max(1, round(min(height, width) * share))
    corners = [(left, top) for top in _starts(height, side) for left in _starts(width, side)]
    for left, top in sorted(
        corners, key=lambda at: -abs(at[0] + (side - width) / 2) - abs(at[1] + (side - height) / 2)
    ):
        part = rgb[top : top + side : 4, left : left + side : 4]
        if int(part.max()) - int(part.min()) > FLAT:
            yield left, top, side


def _starts(length: int, side: int) -> list[int]:
    count = 1 if length <= side else int(np.ceil((length - side) / (side * STRIDE))) + 1
    return [round(float(start)) for start in np.linspace(0, max(length - side, 0), count)]


def _faces_in(frame: "Frame", tile: tuple[int, int, int], finder: FaceFinder) -> list[Place]:
    left, top, side = tile
    height, width = frame.rgb.shape[:2]
    spots = finder.spots(frame.rgb[top : top + side, left : left + side])[:BEST_SPOTS]
    places = []
    for spot in (spot for spot in spots if spot.score >= WORTH):
        spot = Spot(spot.x + left, spot.y + top, spot.size, spot.score)
        part, _, _ = _around(frame.rgb, spot)
        for quarters in (0, 2, 1, 3):
            if _best(finder, turned(part, quarters)) >= SURE:
                upright = Place(frame.t, spot.x / width, spot.y / height, spot.size / min(height, width))
                places.append(upright.turned(quarters))
                break
    return places


def _around(rgb: Picture, spot: Spot) -> tuple[Picture, int, int]:
    """The square around a spot, cut off at the picture's edge, with its left and top."""
    half = max(8.0, spot.size * CLOSE / 2)
    height, width = rgb.shape[:2]
    left, top = max(0, round(spot.x - half)), max(0, round(spot.y - half))
    right, bottom = min(width, round(spot.x + half)), min(height, round(spot.y + half))
    return rgb[min(top, height - 1) : bottom, min(left, width - 1) : right], left, top


@dataclass(slots=True)
class SecondLook:
    """Sees the frames again, in order of time: turned, and more closely where a face must be.

    `found` is the result of the search. `first` maps each frame to its time and faces at the first look, `size` is the
    height and width of the (turned) frames then. `whole` tracks faces in whole frames, if the clip is turned, and
    `closer` in parts of them. `most` is the number of faces searched for closely.
    """

    found: Search
    first: Mapping[int, tuple[float, Sequence[Face]]]
    size: tuple[int, int]
    finder: FaceFinder
    closer: FaceTracker
    whole: FaceTracker | None
    most: int
    _here: list[Place] = field(default_factory=list)

    def faces(self, index: int, frame: "Frame") -> tuple[Picture, list[Face], bool] | None:
        """The (turned) picture, the faces in its pixels, and whether only a closer look found them; None if the first
        look stands."""
        if self.whole is None and self.first.get(index, (0.0, ()))[1]:
            return None
        rgb = turned(frame.rgb, self.found.turn)
        if self.whole is not None:
            import cv2

            height, small = len(rgb), rgb
            if height > self.size[0]:
                small = np.asarray(cv2.resize(rgb, self.size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
            seen = [placed(face, 0, 0, height / small.shape[0]) for face in self.whole.detect(small, frame.t)]
            if seen:
                self._here = [_place_of(face, frame.t, rgb) for face in seen]
                return rgb, seen, False
        closely: list[Face] = []
        for place in self._places(frame.t):
            face = self._closely(rgb, place)
            if face and not any(likeness(face, other) > 0 for other in closely):
                closely.append(face)
            if len(closely) >= self.most:
                break
        if closely:
            self._here = [_place_of(face, frame.t, rgb) for face in closely]
        return rgb, closely, True

    def _places(self, t: float) -> list[Place]:
        """Where to look, likeliest places first: where faces were just now, where the first look saw them, and where
        the search found them before and after. No place comes twice."""
        near = [place for place in self._here if abs(place.t - t) <= NEAR_S]
        if self.whole is None:
            near += self._first_places(t)
        near += sorted(self.found.places, key=lambda place: abs(place.t - t))
        chosen: list[Place] = []
        for place in near:
            if not any(_same(place, other) for other in chosen):
                chosen.append(place)
        return chosen[: self.most]

    def _first_places(self, t: float) -> list[Place]:
        height, width = self.size
        times = sorted((abs(at - t), at, index) for index, (at, faces) in self.first.items() if faces)[:2]
        return [
            Place(at, face.centre[0] / width, face.centre[1] / height, face.size / min(height, width))
            for away, at, index in times
            if away <= NEAR_S
            for face in self.first[index][1]
        ]

    def _closely(self, rgb: Picture, place: Place) -> Face | None:
        """The face at a place, in pixels of the picture; None if there is nothing like a face."""
        height, width = rgb.shape[:2]
        spot = Spot(place.x * width, place.y * height, place.size * min(height, width), 1.0)
        part, left, top = _around(rgb, spot)
        likely = [seen for seen in self.finder.spots(part) if seen.score >= AGAIN] if part.size else []
        if not likely:
            return None
        seen = self.closer.detect(part, 0.0)
        faces = [placed(face, left, top, 1.0) for face in seen if _plausible(face, likely[0])]
        return faces[0] if faces else None


def confirmed(
    closely: Mapping[int, Sequence[Sighting]], everything: Sequence[Sequence[Sighting]]
) -> dict[int, list[Sighting]]:
    """Frame → those sightings of a closer look whose face appears again in a nearby frame; `everything` holds all
    sightings, frame by frame."""

    def again(here: Sighting, index: int) -> bool:
        near = range(max(0, index - NEIGHBOURS), min(len(everything), index + NEIGHBOURS + 1))
        return any(likeness(here.face, other.face) > 0 for k in near if k != index for other in everything[k])

    return {
        index: [here for here in sightings if len(everything) < 2 or again(here, index)]
        for index, sightings in closely.items()
    }


def _place_of(face: Face, t: float, rgb: Picture) -> Place:
    height, width = rgb.shape[:2]
    x, y = face.centre
    return Place(t, x / width, y / height, face.size / min(height, width))


def _same(a: Place, b: Place) -> bool:
    apart = float(np.hypot(a.x - b.x, a.y - b.y))
    return apart < 0.5 * min(a.size, b.size) and 0.5 < a.size / max(b.size, 1e-6) < 2


def _plausible(face: Face, spot: Spot) -> bool:
    """Whether the landmarks are an upright face where the detector saw one: eyes above the mouth, similar size."""
    eyes, mouth = face.landmarks[[33, 263]].mean(axis=0), face.landmarks[[13, 14]].mean(axis=0)
    near = float(np.hypot(face.centre[0] - spot.x, face.centre[1] - spot.y)) < 0.5 * spot.size
    return bool(abs(face.roll) < SLANT and eyes[1] < mouth[1] and near and 0.5 < face.size / spot.size < 2)
