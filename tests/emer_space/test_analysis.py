import json

import pytest

from emer_space.analysis import (
    Analysis,
    ClipFacts,
    Clue,
    Explanation,
    Label,
    Notice,
    Person,
    Posterior,
    ProfileFacts,
    Provenance,
    Segment,
    Sentence,
    Series,
    Subtitle,
    numbered,
)


def clue(cue: str, start: float, absent: bool = False) -> Clue:
    return Clue("", "visual", cue, "The brows rise.", start, start + 1, 0.5, absent=absent)


def example() -> Analysis:
    return Analysis(
        id="20260101T000000Z-aaaaaaaaaa",
        created="2026-01-01T00:00:00Z",
        clip=ClipFacts("0" * 64, 2.5, 640, 360, 25.0, True, True),
        modalities=("video", "text"),
        profile=ProfileFacts("bundled", {"face": "x==1"}),
        people=(Person("p1", "main", 0.0, 2.5),),
        subtitle=Subtitle("Oh — “no”.", "recognised", "en", None, (Segment(0.1, 1.0, "Oh"),)),
        clues=(
            Clue(
                "v1", "visual", "brows", "The brows rise.", 0, 1, 0.5, "p1", {"peak_s": 0.5}, -0.1, 0.4, {"afraid": 0.3}
            ),
        ),
        series=(Series("visual", "p1", (0.0, 0.5), (0.1, None), (None, 0.2)),),
        posteriors=(Posterior("visual", {"fearful": 0.7, "neutral": 0.3}, 0.5),),
        explanation=Explanation("He starts.", "en", (Sentence("He starts.", ("v1",)),), "bundled", "single-modality"),
        labels=(Label("afraid", 0.4, ("v1",), ("fearful", "afraid")),),
        warnings=(Notice("still", "The picture is still."),),
        timings={"total": 1.0},
        provenance=Provenance("emer-space 0", "f" * 64, "1", {"max_seconds": 180.0}),
    )


def test_json_carries_the_schema_first_and_reads_back_equal() -> None:
    text = json.dumps(example().to_dict(), ensure_ascii=False)
    assert text.startswith('{"schema": "emer-analysis/1"')
    assert Analysis.from_dict(json.loads(text)) == example()


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="emer-analysis/1"):
        Analysis.from_dict({**example().to_dict(), "schema": "emer-analysis/2"})


def test_clues_are_numbered_by_time_with_absences_last() -> None:
    ordered = numbered([clue("late", 2.0), clue("gone", 0.0, absent=True), clue("early", 0.5)], "v")
    assert [(one.id, one.cue) for one in ordered] == [("v1", "early"), ("v2", "late"), ("v3", "gone")]
