"""One person's sightings as channels over time: muscles, head movement, and the expression of the face as a whole.

Muscle channels are blendshapes, averaged over both sides, smoothed over time, and measured from the face at rest: from
the person's own neutral frames if the clip has some, else from a typical face (`[rest]` of visual.toml).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from emer_space.clues.face.shape import eyes_wider
from emer_space.clues.face.sightings import Sighting
from emer_space.clues.posteriors import with_prior
from emer_space.clues.rules import read_toml
from emer_space.clues.spans import Floats, held, runs, smoothed, swing
from emer_space.feelings import AROUSAL, VALENCE, log_softmax, softmax
from emer_space.models.expression import EVIDENCE as EVIDENCE
from emer_space.models.expression import EXPRESSIONS, LEAST, face_table, usual
from emer_space.models.face import Face

MUSCLE_SIGMA_S = 0.07
EXPRESSION_SIGMA_S = 0.2
HEAD_SIGMA_S = 0.1
READABLE = 0.45
"""Below this quality of a sighting, only the face as a whole is read, not single muscles."""
NEUTRAL_PROBABILITY = 0.6
NEUTRAL_SECONDS = 0.4
GAP_S = 0.5
SHUT, BLINK_S, BLINK_CLIP_S = 0.35, 0.4, 4.0
"""Eyes are closed above `SHUT` (smoothing flattens a blink), a blink lasts at most `BLINK_S`, and blinks are counted in
clips of at least `BLINK_CLIP_S`."""
COVERED_SIGMA_S, COVERED = 0.2, 0.5
"""Seconds over which "the mouth is covered" is smoothed, and the value from which it is covered."""
COVERED_TRUST = 0.1
"""Weight of the classifiers' answers if the mouth is covered: they were fitted to whole faces, and the mouth is half of
what tells expressions apart (Smith, Cottrell, Gosselin & Schyns 2005)."""
MOUTH = (
    "mouth_corners", "smile_left", "smile_right", "smile_asymmetry", "mouth_frown", "chin_raise", "lips_pressed",
    "lips_rolled", "pucker", "pucker_held", "jaw_open", "jaw_held", "upper_lip", "lower_lip", "mouth_stretch",
    "mouth_movement", "nose_wrinkle", "eyes_wide", "eyes_wide_shape",
)  # fmt: skip
"""The channels that are unknown while the mouth is covered: those of the mouth and of the nose's wings, and wide eyes,
which the landmarks of a half-covered face invent."""
JOY_WITH_SHUT_EYES = 0.4
"""Weight of "happy" while the eyes stay shut and no teeth show: few people smile like this, many weep like this."""


@cache
def table() -> Mapping[str, Any]:
    """The tables beside the rules in visual.toml: blendshapes, rest, kin."""
    return read_toml("clues/face/visual.toml")


def times(sightings: Sequence[Sighting]) -> Floats:
    """The times of the sightings in seconds, (n,)."""
    return np.array([sighting.t for sighting in sightings])


def breaks(t: Floats, cuts: Sequence[float]) -> list[int]:
    """Indices of the first samples after a gap without the face, or after a cut."""
    return [
        i for i in range(1, len(t)) if t[i] - t[i - 1] > GAP_S or any(t[i - 1] < cut <= t[i] for cut in cuts)
    ]  # fmt: skip


def face_channels(sightings: Sequence[Sighting], cuts: Sequence[float]) -> dict[str, Floats]:
    """All channels of visual.toml's rules, each (n,), NaN where unknown."""
    t = times(sightings)
    gaps = breaks(t, cuts)
    quality = np.array([sighting.quality for sighting in sightings])
    readable = quality >= READABLE
    expressions = _expressions(sightings, t, gaps)
    covered = smoothed(np.array([sighting.covered for sighting in sightings]), t, COVERED_SIGMA_S, gaps)
    muscles = _muscles(sightings, t, gaps, np.where(readable, 1.0, np.nan), expressions)
    seen = ~(np.nan_to_num(covered) >= COVERED)
    muscles |= {name: np.where(seen, muscles[name], np.nan) for name in MOUTH}
    head = _head(sightings, t, gaps)
    channels = {"quality": quality, "mouth_covered": covered, **muscles, **head}
    channels |= {f"expr_{name}": values for name, values in expressions.items()}
    channels |= _weighed_smile(channels)
    channels["marked"] = np.max([w * np.nan_to_num(channels[name]) for name, w in table()["marked"].items()], axis=0)
    channels["marked"] = np.where(readable & seen, channels["marked"], np.nan)
    channels["outside"] = np.array([1.0 - sighting.inside for sighting in sightings])
    faces = face_reading(channels)
    channels |= {f"reads_{name}": values for name, values in faces.items()}
    for name, value in overall(faces, quality * channels["settled"]).items():
        channels[f"overall_{name}"] = np.full(len(t), value)
    channels["median_marked"] = np.full(len(t), _quantile(channels["marked"], 0.75))
    channels["overall_blinks"] = np.full(len(t), _blinks_a_minute(channels["eyes_shut"], t, gaps))
    channels["median_quality"] = np.full(len(t), float(np.median(quality)))
    return channels


def _blinks_a_minute(eyes_shut: Floats, t: Floats, gaps: Sequence[int]) -> float:
    """Blinks per minute (at most `BLINK_S` long). This is a lower bound, since frames miss some; NaN if the clip is too
    short to count them."""
    seen = float(np.diff(t)[[i for i in range(len(t) - 1) if i + 1 not in gaps]].sum()) if len(t) > 1 else 0.0
    if seen < BLINK_CLIP_S:
        return float("nan")
    lengths = [t[last] - t[first] for first, last in runs(np.nan_to_num(eyes_shut) > SHUT, gaps)]
    return 60.0 * sum(length <= BLINK_S for length in lengths) / seen


def face_reading(channels: Mapping[str, Floats]) -> dict[str, Floats]:
    """The expression of the face, frame by frame: probabilities of the eight expressions, which sum to 1.

    A logarithmic opinion pool (Genest & Zidek 1986) of the classifiers and the muscles, with weights that were fitted
    to people's votes (`face.toml`) and the prior `feelings.PRIOR`. A missing source does not count; NaN if both are
    missing. Where the mouth is covered, the classifiers count less.
    """
    calls = np.vstack([channels[f"expr_{name}"] for name in EXPRESSIONS]).T
    covered = np.nan_to_num(channels.get("mouth_covered", np.zeros(1))) >= COVERED
    before = usual()
    trust = np.where(covered, COVERED_TRUST, 1.0)[:, None]
    calls = np.maximum(calls, LEAST) ** trust * before ** (1.0 - trust)
    calls = calls / calls.sum(axis=1, keepdims=True)
    shares = still_reading(calls, np.vstack([channels[name] for name in EVIDENCE]).T).T
    return dict(zip(EXPRESSIONS, shares, strict=True))


def still_reading(calls: Floats, moves: Floats) -> Floats:
    """Probabilities (n, expressions) with the prior `feelings.PRIOR`, from the classifiers' answers `calls`
    (n, expressions) and the muscles' `moves` (n, channels of `EVIDENCE`). Where one is NaN, the other decides."""
    weights = face_table()
    before, seen_before = usual(), np.array([weights["seen_before"][name] for name in EXPRESSIONS])
    rows = weights["muscles"]
    evidence = moves @ np.array([[rows[name][channel] for channel in EVIDENCE] for name in EXPRESSIONS]).T
    evidence = evidence + np.array([rows[name]["bias"] for name in EXPRESSIONS])
    called, moved = ~np.isnan(calls[:, :1]), ~np.isnan(evidence[:, :1])
    by_calls = np.where(moved, weights["pool"]["classifiers"], 1.0)
    by_moves = np.where(called, weights["pool"]["muscles"], 1.0)
    said = by_calls * np.nan_to_num(np.log(np.maximum(calls, LEAST) / before))
    said += by_moves * np.nan_to_num(log_softmax(evidence) - np.log(seen_before))
    shares = with_prior(softmax(np.log(before) + said), before)
    return np.where(called | moved, shares, np.nan)


def overall(reading: Mapping[str, Floats], weight: Floats) -> dict[str, float]:
    """The expression over the whole clip: mean and strongest quarter of each expression, only the mean of neutral.

    People judge a clip by its expressive moments and not by the frames between them (peak-end rule, Fredrickson &
    Kahneman 1993): hence the quarter, and the discount on neutral frames. `weight` is (n,). The shares sum to 1; NaN if
    nothing could be read.
    """
    readable = ~np.isnan(reading["neutral"])
    if not readable.any():
        return dict.fromkeys(reading, np.nan)
    shares = {}
    for name, values in reading.items():
        mean = float(np.average(values[readable], weights=weight[readable] + 1e-6))
        strongest = _strongest_quarter(values[readable], weight[readable])
        neutral = name == "neutral"
        shares[name] = mean * table()["trust"]["neutral_frames"] if neutral else 0.6 * mean + 0.4 * strongest
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}


def _strongest_quarter(values: Floats, weight: Floats) -> float:
    """Mean over the frames with the highest values that make up a quarter of the weight."""
    order = np.argsort(-values, kind="stable")
    weight = weight[order] + 1e-6
    counted = np.diff(np.minimum(np.cumsum(weight), weight.sum() / 4), prepend=0.0)
    return float(np.average(values[order], weights=counted))


def circumplex(channels: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """Valence and arousal (n,), −1…1: the feelings' places on the circumplex (`feelings.toml`), weighted by the
    expressions' probabilities; arousal also rises with the movement of the head."""
    shares = np.vstack([channels[f"reads_{name}"] for name in EXPRESSIONS])
    restless = 0.25 * np.clip(np.nan_to_num(channels["head_speed"]) / 1.0, 0, 1)
    return np.clip(VALENCE @ shares, -1, 1), np.clip(AROUSAL @ shares + restless, -1, 1)


def still_channels(face: Face) -> dict[str, float]:
    """The channels of `EVIDENCE` in a single picture, 0…1 above a typical face at rest, as used to fit `face.toml`."""
    raw = {
        name: float(np.mean([face.blendshapes[shape] for shape in shapes]))
        for name, shapes in table()["blendshapes"].items()
    }
    rest = {name: table()["rest"].get(name, (0.0,))[0] for name in raw}
    risen = {name: float(np.clip((value - rest[name]) / (1 - rest[name]), 0, 1)) for name, value in raw.items()}
    risen |= {"brow_oblique": max(0.0, risen["brow_inner_up"] - risen["brow_outer_up"])}
    risen |= {"jaw_held": raw["jaw_open"], "pucker_held": risen["pucker"], "eyes_held_shut": raw["eyes_shut"]}
    risen |= {"eyes_wide_shape": risen["eyes_wide"]}
    return {name: risen[name] for name in EVIDENCE}


def _expressions(sightings: Sequence[Sighting], t: Floats, gaps: Sequence[int]) -> dict[str, Floats]:
    unknown = np.full(len(EXPRESSIONS), np.nan)
    rows = np.array([unknown if s.expression is None else s.expression for s in sightings], dtype=np.float64)
    return dict(zip(EXPRESSIONS, smoothed(rows.T, t, EXPRESSION_SIGMA_S, gaps), strict=True))


def _muscles(
    sightings: Sequence[Sighting], t: Floats, gaps: Sequence[int], readable: Floats, expressions: Mapping[str, Floats]
) -> dict[str, Floats]:
    shapes: Mapping[str, Sequence[str]] = table()["blendshapes"]
    used = sorted({shape for several in shapes.values() for shape in several})
    seen = np.array([[s.face.blendshapes[shape] for shape in used] for s in sightings])
    rows = [seen[:, [used.index(shape) for shape in several]].mean(axis=1) for several in shapes.values()]
    raw = dict(zip(shapes, smoothed(np.array(rows) * readable, t, MUSCLE_SIGMA_S, gaps), strict=True))
    raw["jaw_held"] = held(raw["jaw_open"], t, 0.6)
    for lips in ("upper_lip", "lower_lip", "mouth_stretch", "lips_pressed", "chin_raise"):
        raw[lips] = held(raw[lips], t, 0.4)  # speech presses, parts and stretches the lips, too
    raw["pucker_held"] = held(raw["pucker"], t, 0.6)
    raw["eyes_held_shut"] = held(raw["eyes_shut"], t, 0.5)
    raw["mouth_movement"] = swing(raw["jaw_open"], t, 0.8)
    passing = (raw["jaw_open"] - raw["jaw_held"]) + (raw["eyes_shut"] - raw["eyes_held_shut"])
    raw["settled"] = 1.0 - np.clip(1.5 * np.nan_to_num(passing), 0, 0.8)  # speech and blinks distort a face
    raw["smile_asymmetry"] = np.abs(raw["smile_left"] - raw["smile_right"])
    raw["gaze_aside"] = np.maximum(raw["gaze_left"], raw["gaze_right"])
    step = float(np.median(np.diff(t))) if len(t) > 1 else 0.0
    with np.errstate(invalid="ignore"):
        neutral = expressions["neutral"] >= NEUTRAL_PROBABILITY
    own = neutral.sum() * step >= NEUTRAL_SECONDS
    raw["eyes_wide_shape"] = raw["eyes_wide"].copy()
    raw["eyes_wide"] = np.fmax(raw["eyes_wide"], eyes_wider(sightings, t, gaps, raw["mouth_corners"]) * readable)
    trust: Mapping[str, float] = table()["own_rest"]
    for name, (typical, reach) in table()["rest"].items():
        rest = _quantile(raw[name][neutral], 0.3) if own else max(typical, _quantile(raw[name], 0.15))
        offset = float(np.nan_to_num(rest, nan=typical)) - typical
        rest = max(0.0, typical + float(np.clip(trust["neutral" if own else "lowest"] * offset, -reach, reach)))
        raw[name] = np.clip((raw[name] - rest) / (1 - rest), 0, 1)
    raw["brow_oblique"] = np.clip(raw["brow_inner_up"] - raw["brow_outer_up"], 0, 1)
    return raw


def _head(sightings: Sequence[Sighting], t: Floats, gaps: Sequence[int]) -> dict[str, Floats]:
    """Channels of the head, in degrees, except `lean` (growth of the face over its usual size) and `head_speed` (face
    sizes per second); `nod` and `shake` are degrees of swing."""
    seen = [(s.face.yaw, s.face.pitch, s.face.roll, s.face.size, *s.face.centre) for s in sightings]
    yaw, pitch, roll, size, x, y = smoothed(np.array(seen, dtype=np.float64).T, t, HEAD_SIGMA_S, gaps)
    upright = float(np.median(roll))
    upright = upright if abs(upright) > 45 else 0.0  # a picture that lies on its side
    usual = float(np.clip(np.median(pitch), -10, 10))
    speed = np.zeros(len(t))
    if len(t) > 1:
        speed = np.hypot(np.gradient(x, t), np.gradient(y, t)) / np.maximum(size, 1.0)
        speed[[i for gap in gaps for i in (gap - 1, gap)]] = 0.0
    fast_pitch, fast_yaw = (values - smoothed(values, t, 0.4, gaps) for values in (pitch, yaw))
    nod, shake = (swing(values, t, 1.0) * _reversals(values, t, 1.0) for values in (fast_pitch, fast_yaw))
    straight = swing(roll, t, 1.0) < 5.0  # a rolling head is not a nod
    return {
        "head_lowered": np.maximum(-10 - pitch, usual - pitch),  # the pitch includes the camera's own angle
        "head_raised": np.maximum(pitch - 6, np.minimum(pitch + 4, pitch - usual)),
        "turned": np.abs(yaw),
        "tilt": np.abs(roll - upright),
        "lean": size / float(np.median(size)) - 1.0,
        "head_speed": smoothed(speed, t, 0.25, gaps),
        "nod": np.where((nod > 1.5 * shake) & straight, nod, 0.0),
        "shake": np.where((shake > 1.5 * nod) & straight, shake, 0.0),
    }


def _reversals(values: Floats, t: Floats, window: float) -> Floats:
    """1 where the movement reverses at least three times within the window, else 0."""
    turns = np.zeros(len(values))
    if len(values) > 2:
        signs = np.sign(np.diff(values))
        turns[1:-1] = (signs[1:] * signs[:-1] < 0) & (np.abs(values[1:-1]) > 1.2)
    return np.array([float(turns[np.abs(t - now) <= window / 2].sum() >= 3) for now in t])


def _weighed_smile(channels: Mapping[str, Floats]) -> dict[str, Floats]:
    """The blendshape of the drawn-up mouth corners, split between `smile` and `grimace`.

    Weeping stretches the mouth corners, too (Darwin 1872, ch. VI). The rest of the face tells it from a smile: eyes
    shut for long, the upper lip not raised over the teeth, and classifiers that see sadness, fear or disgust rather
    than joy. Anger does not count against a smile: narrowed smiling eyes look angry to the classifiers.
    """
    corners, lip = channels["mouth_corners"], channels["upper_lip"]
    weeping = (channels["eyes_held_shut"] > 0.45) & (lip < 0.3)
    joy = (channels["expr_happy"] + 0.15 + 0.3 * lip) * np.where(weeping, JOY_WITH_SHUT_EYES, 1.0)
    distress = channels["expr_sad"] + channels["expr_fear"] + channels["expr_disgust"]
    by_classifier = joy / (joy + distress)
    share = np.where(np.isnan(by_classifier), np.where(weeping, 0.2, 0.9), by_classifier)
    return {"smile": corners * share, "grimace": corners * (1 - share)}


def _quantile(values: Floats, share: float) -> float:
    numbers = values[~np.isnan(values)]
    return float(np.quantile(numbers, share)) if len(numbers) else float("nan")
