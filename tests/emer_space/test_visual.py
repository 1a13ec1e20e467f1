"""Visual clues on real faces, on pictures without any, and the parts that make them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from emer_space.analysis import ClipFacts, Clue, Reading
from emer_space.cancellation import CancelToken
from emer_space.clues.face.channels import EVIDENCE, face_table, overall, table
from emer_space.clues.face.face_clues import PICTURE_CUES, without_repeats
from emer_space.clues.face.sightings import Tracker, sighting
from emer_space.clues.face.visual import MAX_CLUES, read_visual
from emer_space.clues.rules import Condition, Rule, load_rules
from emer_space.clues.spans import held, smoothed, spans, swing
from emer_space.errors import Cancelled, RuleError
from emer_space.media.clip import Frame, frames, open_clip
from emer_space.models.expression import EXPRESSIONS, FaceWitness
from emer_space.models.face import Face, FaceLandmarks
from emer_space.settings import Settings

CLIPS = Path(__file__).parents[2].parent / "shared" / "clips"
needs_clips = pytest.mark.skipif(not CLIPS.is_dir(), reason="the shared test clips are not beside the project")


@pytest.fixture(scope="module")
def classifier() -> FaceWitness:
    return FaceWitness()


@pytest.fixture(scope="module")
def read(classifier: FaceWitness, tmp_path_factory: pytest.TempPathFactory):
    """Readings of shared clips, each made once."""
    made: dict[str, Reading] = {}

    def reading(name: str) -> Reading:
        if name not in made:
            settings, token = Settings(), CancelToken()
            clip = open_clip(CLIPS / name, tmp_path_factory.mktemp("clip"), settings, token)
            made[name] = watched(frames(clip, settings, token), clip.facts, classifier)
        return made[name]

    return reading


def watched(shown: Iterable[Frame], facts: ClipFacts, classifier: FaceWitness | None) -> Reading:
    settings, token = Settings(), CancelToken()
    with FaceLandmarks(settings.max_faces) as landmarks:
        return read_visual(shown, facts, landmarks, classifier, settings, token, lambda fraction: None)


def facts(duration_s: float) -> ClipFacts:
    return ClipFacts("0" * 64, duration_s, 640, 360, 12.0, False, True)


def repeated(rgb: NDArray[np.uint8], count: int) -> list[Frame]:
    return [Frame(index / 12, rgb) for index in range(count)]


def cues(reading: Reading, person: str | None = None) -> set[str]:
    return {clue.cue for clue in reading.clues if person in (None, clue.person)}


def named(reading: Reading, cue: str) -> list[Clue]:
    return [clue for clue in reading.clues if clue.cue == cue]


@needs_clips
def test_a_smile_is_seen_when_it_is_there(read) -> None:
    reading = read("faces/single_face.mp4")
    (smile,) = named(reading, "smile-with-eyes")
    assert smile.start == pytest.approx(0.65, abs=0.2)
    assert smile.end == pytest.approx(2.4, abs=0.1)
    assert smile.start <= smile.measurements["peak_s"] <= smile.end
    assert smile.suggests["happy"] > 0.5
    assert [(person.id, person.role) for person in reading.people] == [("p1", "main")]
    assert not any(clue.valence is not None and clue.valence < 0 for clue in reading.clues)


@needs_clips
def test_a_weeping_grimace_is_no_smile(read) -> None:
    reading = read("faces/distress_positive_words.mp4")
    assert {"weeping-grimace", "face-reads-sad"} <= cues(reading)
    assert not any(clue.valence is not None and clue.valence > 0.2 for clue in reading.clues)
    assert max(value for value in reading.series[0].valence if value is not None) < 0


@needs_clips
def test_distress_that_turns_to_a_smile_is_told_in_its_order(read) -> None:
    reading = read("faces/distress_to_smile.mp4")
    assert named(reading, "weeping-grimace")[-1].end < named(reading, "smile-with-eyes")[0].start
    assert named(reading, "face-reads-sad")[0].start < named(reading, "face-reads-happy")[0].start
    (series,) = reading.series
    by_time = dict(zip(series.t, series.valence, strict=True))
    assert np.mean([v for t, v in by_time.items() if t < 6]) < -0.4
    assert np.mean([v for t, v in by_time.items() if t > 12]) > 0.4
    assert len(reading.clues) <= MAX_CLUES
    assert 2 <= len(series.t) / (series.t[-1] - series.t[0]) <= 5


@needs_clips
def test_two_people_are_told_apart(read) -> None:
    reading = read("edge/two_faces.mp4")
    assert sorted((person.id, person.role) for person in reading.people) == [("p1", "main"), ("p2", "other")]
    assert "face-reads-fear" in cues(reading, "p1")
    assert "face-reads-fear" not in cues(reading, "p2")
    assert "smile-with-eyes" in cues(reading, "p2")
    assert {series.person for series in reading.series} == {"p1", "p2"}


@needs_clips
def test_a_face_that_leaves_is_said_to_have_left(read) -> None:
    reading = read("faces/face_leaves.mov")
    (away,) = named(reading, "face-away")
    assert away.start == pytest.approx(2.4, abs=0.2)
    assert away.end == pytest.approx(6.4, abs=0.2)
    assert reading.people[0].end == pytest.approx(2.4, abs=0.2)


@needs_clips
def test_a_picture_without_a_person_yields_no_claim_about_a_face(read) -> None:
    reading = read("edge/no_face_testsrc.mp4")
    assert [clue.cue for clue in reading.clues] == ["no-face"]
    assert reading.clues[0].absent
    assert (reading.people, reading.series) == ((), ())


@needs_clips
def test_a_tiny_face_is_read_as_a_whole_and_with_little_confidence(read) -> None:
    reading = read("edge/tiny_64x36.mp4")
    assert "face-small" in cues(reading)
    assert all(clue.confidence < 0.4 for clue in reading.clues if clue.suggests)
    assert not any(clue.cue.startswith(("smile", "eyes", "brow")) for clue in reading.clues)


@needs_clips
def test_a_picture_on_its_side_is_read_and_said_to_lie(read) -> None:
    assert {"picture-turned", "smile-with-eyes"} <= cues(read("edge/rotated_metadata.mp4"))
    assert "head-tilted" not in cues(read("edge/rotated_metadata.mp4"))


@needs_clips
@pytest.mark.parametrize("count", [1, 24])
def test_a_still_face_shows_an_expression_but_never_a_movement(
    classifier: FaceWitness, tmp_path: Path, count: int
) -> None:
    settings, token = Settings(), CancelToken()
    clip = open_clip(CLIPS / "faces/single_face.mp4", tmp_path, settings, token)
    smiling = min(frames(clip, settings, token), key=lambda frame: abs(frame.t - 1.5)).rgb
    reading = watched(repeated(smiling, count), facts(count / 12), classifier)
    assert {"still-picture", "smile-with-eyes"} <= cues(reading)
    assert [notice.code for notice in reading.notices] == ["still-picture"]
    assert not cues(reading) & {"nod", "head-shake", "head-restless", "lean-in", "lean-away", "mouth-moves"}
    assert not any(" from " in clue.statement or "most at" in clue.statement for clue in reading.clues)


@needs_clips
def test_without_the_classifier_the_muscles_speak_alone_and_the_result_says_so(tmp_path: Path) -> None:
    settings, token = Settings(), CancelToken()
    clip = open_clip(CLIPS / "faces/distress_positive_words.mp4", tmp_path, settings, token)
    reading = watched(frames(clip, settings, token), clip.facts, None)
    assert "expression-missing" in {notice.code for notice in reading.notices}
    assert "weeping-grimace" in cues(reading)
    assert not any(cue.startswith("smile") for cue in cues(reading))


def test_a_black_picture_is_said_to_be_black(classifier: FaceWitness) -> None:
    reading = watched(repeated(np.zeros((90, 160, 3), np.uint8), 12), facts(1.0), classifier)
    assert cues(reading) == {"black-picture", "no-face"}
    assert all(clue.absent and (clue.start, clue.end) == (0.0, 1.0) for clue in reading.clues)


def test_a_clip_without_frames_is_no_error(classifier: FaceWitness) -> None:
    reading = watched([], facts(1.0), classifier)
    assert cues(reading) == {"no-face"}
    assert [notice.code for notice in reading.notices] == ["no-frames"]


def test_cancel_stops_between_two_frames(classifier: FaceWitness) -> None:
    token, seen = CancelToken(), []

    def shown() -> Iterable[Frame]:
        for frame in repeated(np.zeros((90, 160, 3), np.uint8), 12):
            seen.append(frame.t)
            if len(seen) == 3:
                token.cancel()
            yield frame

    with FaceLandmarks(1) as landmarks, pytest.raises(Cancelled):
        read_visual(shown(), facts(1.0), landmarks, classifier, Settings(), token, lambda fraction: None)
    assert len(seen) == 3


def test_rules_are_sourced_and_their_tables_agree() -> None:
    rules = {rule.cue: rule for rule in load_rules("visual")}
    for rule in rules.values():
        assert rule.source
        assert rule.when or rule.cue in PICTURE_CUES
        assert rule.statement.endswith(".")
    for cue, less in table()["says_more"].items():
        assert {cue, *less} <= set(rules)
    assert {f"face-reads-{name}" for name in EXPRESSIONS} <= set(rules)
    fitted = face_table()
    assert set(fitted["muscles"]) == set(fitted["before"]) == set(EXPRESSIONS)
    assert all(set(EVIDENCE) <= set(weights) for weights in fitted["muscles"].values())
    suggested = {word for rule in rules.values() for word in rule.suggests}
    assert {word for words in table()["kin"].values() for word in words} <= suggested
    assert set(table()["rest"]) <= {*table()["blendshapes"], "pucker_held", "eyes_wide_shape"}


def rule(min_s: float = 0.0) -> Rule:
    return Rule("cue", "Statement.", "does", "source", (Condition("x", above=0.5),), min_s)


def test_a_span_ends_only_well_below_its_threshold() -> None:
    t = np.arange(10) / 10
    x = np.array([0.1, 0.6, 0.45, 0.7, 0.4, 0.2, 0.2, 0.2, 0.2, 0.2])
    (span,) = spans(rule(), {"x": x}, t, 0.1)
    assert (span.first, span.last, span.peak) == (1, 4, 3)
    assert spans(rule(min_s=0.5), {"x": x}, t, 0.1) == []


def test_a_blink_does_not_split_a_span_but_a_cut_does() -> None:
    t = np.arange(8) / 10
    x = np.array([0.6, 0.6, 0.6, 0.1, 0.1, 0.6, 0.6, 0.6])
    assert [(span.first, span.last) for span in spans(rule(), {"x": x}, t, 0.1)] == [(0, 7)]
    assert [(span.first, span.last) for span in spans(rule(), {"x": x}, t, 0.1, [5])] == [(0, 2), (5, 7)]


def test_a_rule_on_a_channel_that_is_not_measured_is_an_error() -> None:
    with pytest.raises(RuleError, match="'x'"):
        spans(rule(), {"y": np.zeros(3)}, np.arange(3.0), 1.0)


def test_smoothing_neither_crosses_a_break_nor_fills_what_is_unknown() -> None:
    values = np.array([0.0, 0.0, np.nan, 1.0, 1.0])
    result = smoothed(values, np.arange(5) / 10, 0.2, [3])
    assert np.array_equal(np.isnan(result), np.isnan(values))
    assert result[1] == 0.0
    assert result[3] == 1.0


def test_windows_are_those_of_each_sample_alone() -> None:
    """At uneven times, with unknown values, and where all of a window is unknown."""
    dice = np.random.default_rng(0)
    t = np.cumsum(dice.uniform(0.02, 0.3, 60))
    values = np.where(dice.random(60) < 0.3, np.nan, dice.random(60))
    values[20:40] = np.nan
    near = [[value for value in values[np.abs(t - now) <= 0.4] if not np.isnan(value)] for now in t]
    quantiles = [np.quantile(some, 0.25) if some else np.nan for some in near]
    assert held(values, t, 0.8) == pytest.approx(quantiles, nan_ok=True)
    assert swing(values, t, 0.8) == pytest.approx([np.std(some) if some else np.nan for some in near], nan_ok=True)
    rows = np.stack([values, 2 * values])
    assert smoothed(rows, t, 0.1, [7]) == pytest.approx(
        np.stack([smoothed(row, t, 0.1, [7]) for row in rows]), nan_ok=True
    )


def test_a_speaking_mouth_is_not_held_open() -> None:
    t = np.arange(36) / 12
    speaking = np.where(np.arange(36) % 3 == 0, 0.4, 0.05)
    gaping = np.full(36, 0.4)
    assert held(speaking, t, 0.6).max() < 0.1
    assert held(gaping, t, 0.6).min() == pytest.approx(0.4)


def test_few_expressive_moments_outweigh_the_rest_of_a_clip() -> None:
    neutral = np.where(np.arange(20) < 6, 0.05, 0.55)
    angry = np.where(np.arange(20) < 6, 0.9, 0.3)
    reading = {name: np.full(20, 0.01) for name in EXPRESSIONS} | {"neutral": neutral, "angry": angry}
    shares = overall(reading, np.ones(20))
    assert max(shares, key=shares.__getitem__) == "angry"
    assert sum(shares.values()) == pytest.approx(1.0)


def face_at(x: float, size: float = 60.0) -> Face:
    corners = np.array([[x, 20.0], [x + size, 20.0 + size]], dtype=np.float32)
    return Face((x, 20.0, x + size, 20.0 + size), corners, {}, 0.0, 0.0, 0.0)


def tracked(shots: list[tuple[float, list[float]]]) -> Tracker:
    """A tracker that saw frames, each as its brightness and the places of its faces."""
    tracker = Tracker()
    for index, (brightness, places) in enumerate(shots):
        seen = [sighting(index, index / 10, face_at(x), None, 200, 400) for x in places]
        tracker.add(index / 10, np.full((18, 32), brightness, np.float32), seen)
    return tracker


def test_people_keep_their_track_when_the_detector_changes_their_order() -> None:
    tracks = tracked([(0.5, [10 + i, 300 - i] if i % 2 else [300 - i, 10 + i]) for i in range(8)]).people()
    assert [len(track.sightings) for track in tracks] == [8, 8]
    assert [round(track.last.face.box[0]) for track in tracks] == [17, 293]


def test_a_cut_parts_two_people_in_one_place_and_the_reverse_shot_joins_them_again() -> None:
    tracker = tracked([(0.2, [100])] * 4 + [(0.8, [100])] * 4 + [(0.2, [100])] * 4)
    assert [len(track.sightings) for track in tracker.people()] == [8, 4]
    assert tracker.cuts == pytest.approx([0.4, 0.8])


def test_a_face_seen_for_a_moment_only_is_nobody() -> None:
    assert len(tracked([(0.5, [100, 300] if i == 5 else [100]) for i in range(20)]).people()) == 1


def clue(cue: str, start: float, end: float) -> Clue:
    return Clue("", "visual", cue, "Statement.", start, end, 0.5)


def test_what_another_clue_says_more_fully_is_left_out() -> None:
    fuller = [clue("smile-with-eyes", 0, 2), clue("smile-with-eyes", 3, 5)]
    assert without_repeats([*fuller, clue("slight-smile", 1, 4)]) == fuller
    apart = [*fuller, clue("slight-smile", 6, 8)]
    assert without_repeats(apart) == apart
