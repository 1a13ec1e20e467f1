"""A file scored by a track's rules: all numbers, interval, counts, provenance, and no reference told."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emer_space.files.problems import SubmissionError
from emer_space.files.tables import read_table
from leaderboard.errors import LeaderboardError, ReferencesUnavailable
from leaderboard.metrics.classification import classification
from leaderboard.metrics.emotion_wheel import emotion_wheel
from leaderboard.metrics.official_wheels import read_official_wheels
from leaderboard.metrics.open_wheels import OpenWheels
from leaderboard.scoring.bootstrap import RESAMPLES, interval, resampled
from leaderboard.scoring.comparison import Comparison
from leaderboard.scoring.report import Report
from leaderboard.scoring.scorer import code_version, score
from leaderboard.tracks import load_track
from leaderboard.tracks.references import ReferenceFile, read_references, reference_file

SECRET = "zzsecretzz"


def no_model() -> Any:
    raise AssertionError("no description is scored here")


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def scored(name: str, references: Path | None, predictions: Path, wheels: Any = None, **options: Any) -> Report:
    track = load_track(name)
    asked = read_references(track, ReferenceFile.at(references) if references else reference_file(track))
    given = read_table(predictions, track.rules.columns, track.rules.key)
    comparison = Comparison(track, asked, given, "0" * 64, wheels or OpenWheels())
    return score(comparison, load_embed=options.pop("load_embed", no_model), **options)


def test_the_answers_of_the_practice_track_score_one() -> None:
    report = scored("clue-practice", None, load_track("clue-practice").references or Path()).to_dict()
    assert report["primary"]["name"] == "level1.f" and report["primary"]["value"] == pytest.approx(1)
    bounds = report["primary"]["interval"]
    assert (bounds["low"], bounds["high"]) == pytest.approx((1, 1))
    assert (bounds["level"], bounds["resamples"], bounds["seed"]) == (0.95, RESAMPLES, 0)
    assert report["samples"]["references"] == 200 and report["samples"]["missing"] == 0
    provenance = report["provenance"]
    assert provenance["track"] == {"id": "clue-practice", "version": 3} and provenance["metrics"] == {"ew": "1"}
    assert provenance["vocabulary"]["name"] == "open" and provenance["vocabulary"]["version"]
    assert provenance["code"] == code_version() and len(provenance["sha256"]["references"]) == 64


def test_what_is_missing_and_what_is_not_asked_for_is_counted(tmp_path: Path) -> None:
    given = lines(
        tmp_path / "p.jsonl", {"name": "clue-001", "openset": ["happy", "blorpy"]}, {"name": "x", "openset": []}
    )
    report = scored("clue-practice", None, given)
    assert dict(report.samples) == {
        "references": 200,
        "predicted": 1,
        "missing": 199,
        "ignored": 1,
        "scored": report.samples["scored"],
        "skipped": 200 - report.samples["scored"],
    }
    assert report.value is not None and report.value < 0.05
    assert report.uncounted["words"] == {"blorpy": 1}


def test_public_private_and_decoys_are_scored_apart(tmp_path: Path) -> None:
    references = lines(
        tmp_path / "r.jsonl",
        {"name": "a", "openset": ["happy"], "split": "public"},
        {"name": "b", "openset": ["sad"], "split": "private"},
        {"name": "c", "openset": ["angry"], "split": "decoy"},
    )
    given = lines(tmp_path / "p.jsonl", *({"name": name, "openset": ["happy"]} for name in "abc"))
    values = {split: scored("emer-ov", references, given, split=split) for split in ("all", "public", "private")}
    assert {split: report.value for split, report in values.items()} == {"all": 0.5, "public": 1.0, "private": 0.0}
    assert values["public"].samples["references"] == 1 and values["public"].samples["ignored"] == 2
    assert values["all"].samples["references"] == 2


def test_no_reference_is_told_in_a_report_or_an_error(tmp_path: Path) -> None:
    references = lines(
        tmp_path / "r.jsonl", {"name": "a", "openset": [SECRET, "happy"]}, {"name": SECRET, "openset": []}
    )
    given = lines(tmp_path / "p.jsonl", {"name": "a", "openset": ["happy"]})
    for name in ("emer-ov", "clue-practice"):
        assert SECRET not in json.dumps(scored(name, references, given).to_dict())
    broken = lines(tmp_path / "b.jsonl", {"name": "a", "openset": f"['{SECRET}'"}, {"name": SECRET, "openset": []})
    with pytest.raises(ReferencesUnavailable) as caught:
        scored("emer-ov", broken, given)
    assert SECRET not in str(caught.value) and "row 1" in str(caught.value)
    classes = lines(tmp_path / "c.jsonl", {"name": "a", "discrete": "happy"}, {"name": "b", "discrete": SECRET})
    answer = lines(tmp_path / "d.jsonl", {"name": "a", "discrete": "happy"}, {"name": "b", "discrete": "sad"})
    with pytest.raises(ReferencesUnavailable, match="row 2, column 'discrete'") as caught:
        scored("mer-semi", classes, answer)
    assert SECRET not in str(caught.value)


def test_words_of_ones_own_do_not_tell_which_rows_are_scored(tmp_path: Path) -> None:
    splits = {"a": "public", "b": "private", "c": "decoy"}
    rows = ({"name": name, "openset": ["happy"], "split": split} for name, split in splits.items())
    references = lines(tmp_path / "r.jsonl", *rows)
    given = lines(tmp_path / "p.jsonl", *({"name": name, "openset": [f"own{name}"]} for name in "abcd"))
    for split in ("all", "public", "private"):
        report = scored("clue-practice", references, given, split=split)
        assert set(report.uncounted["words"]) == {"owna", "ownb", "ownc", "ownd"}


def test_hidden_references_are_found_where_the_organiser_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track = load_track("mer-semi")
    with pytest.raises(ReferencesUnavailable, match="EMER_REFERENCES"):
        reference_file(track)
    monkeypatch.setenv("EMER_REFERENCES", str(tmp_path))
    with pytest.raises(ReferencesUnavailable, match=r"put mer-semi\.csv there"):
        reference_file(track)
    (tmp_path / "mer-semi.csv").write_text("name,discrete\na,happy\nb,sad\nc,sad\n")
    given = tmp_path / "p.csv"
    given.write_text("name,discrete\na,happy\nb,sad\nc,angry\n")
    report = scored("mer-semi", None, given)
    # F of happy 1, of sad 2*1/(2+1) = 2/3: WAF (1 + 2*2/3)/3 = 7/9
    assert report.value == pytest.approx(7 / 9) and report.provenance["vocabulary"] is None


def test_references_without_the_samples_of_a_split_are_told(tmp_path: Path) -> None:
    references = lines(tmp_path / "r.jsonl", {"name": "a", "openset": ["happy"], "split": "public"})
    given = lines(tmp_path / "p.jsonl", {"name": "a", "openset": ["happy"]})
    with pytest.raises(ReferencesUnavailable, match="no samples"):
        scored("emer-ov", references, given, split="private")
    nothing = lines(tmp_path / "n.jsonl", {"name": "a", "openset": ["xyzzy"]})
    with pytest.raises(ReferencesUnavailable, match="no score"):
        scored("clue-practice", nothing, given)


@pytest.fixture
def unibench(tmp_path: Path) -> Path:
    """Two samples a part; the references of the sentiment parts are numbers."""
    rows = []
    for part in load_track("mer-unibench").parts:
        if part in ("mosi", "mosei", "sims", "simsv2"):
            rows += [{"part": part, "name": "a", "sentiment": 1.2}, {"part": part, "name": "b", "sentiment": "-0.4"}]
            rows.append({"part": part, "name": "zero", "sentiment": 0})
        else:
            rows += [{"part": part, "name": "a", "openset": ["happy"]}, {"part": part, "name": "b", "openset": ["sad"]}]
    return lines(tmp_path / "mer-unibench.jsonl", *rows)


def test_unibench_is_the_mean_of_its_nine_parts(unibench: Path, tmp_path: Path) -> None:
    parts = list(load_track("mer-unibench").parts)
    rows = [{"part": part, "name": name, "openset": ["happy"]} for part in parts for name in ("a", "b", "zero")]
    rows[parts.index("mosi") * 3 + 1]["sentiment"] = "negative"
    report = scored("mer-unibench", unibench, lines(tmp_path / "p.jsonl", *rows)).to_dict()
    scores = report["scores"]
    # HIT 1/2; sentiment: all positive, WAF 1/2 * 2*1/(1+2) = 1/3; mosi told one rightly; ov-merd+: F of 1/2 and 1/2
    expected = dict.fromkeys(parts, 1 / 2) | dict.fromkeys(("mosei", "sims", "simsv2"), 1 / 3) | {"mosi": 1.0}
    assert {part: scores[part] for part in parts} == pytest.approx(expected)
    assert report["primary"]["value"] == pytest.approx(sum(expected.values()) / 9)
    assert report["primary"]["interval"]["low"] <= report["primary"]["value"] <= report["primary"]["interval"]["high"]
    source = report["provenance"]["sentiment"]["mosi"]
    assert (source["sentiment"], source["labels by the open vocabulary's valence"]) == (1, 2)
    assert source["open vocabulary"]
    assert scores["parts"]["mosi"]["confusion"]["rows"] == ["negative", "positive"]
    assert report["samples"]["skipped"] == 4


def test_a_part_handed_in_alone_has_its_score_and_no_mean(unibench: Path, tmp_path: Path) -> None:
    given = lines(tmp_path / "p.jsonl", {"part": "MELD", "name": "a", "openset": ["joyful"]})
    report = scored("mer-unibench", unibench, given).to_dict()
    assert report["primary"]["value"] is None and report["primary"]["interval"] is None
    assert "all 9 parts" in report["primary"]["note"]
    assert report["scores"]["meld"] == pytest.approx(1 / 2) and list(report["scores"]["parts"]) == ["meld"]
    assert report["samples"]["missing"] == 1


def test_a_sentiment_part_needs_no_labels_and_a_label_part_does(unibench: Path, tmp_path: Path) -> None:
    rows = ({"part": "mosi", "name": name, "sentiment": value} for name, value in (("a", "positive"), ("b", "-1")))
    report = scored("mer-unibench", unibench, lines(tmp_path / "p.jsonl", *rows))
    assert report.scores["mosi"] == 1 and report.uncounted["words"] == {}
    empty = lines(tmp_path / "e.jsonl", {"part": "mosi", "name": "a", "openset": []})
    assert scored("mer-unibench", unibench, empty).samples["predicted"] == 1, "an empty answer is one"
    with pytest.raises(SubmissionError, match="column 'openset'"):
        scored("mer-unibench", unibench, lines(tmp_path / "q.jsonl", {"part": "meld", "name": "a", "sentiment": 1}))


def test_descriptions_are_scored_with_the_real_sentence_model(tmp_path: Path) -> None:
    from leaderboard.scoring.resources import sentence_model

    reason = "He frowns and looks away. His voice trembles. He is sad."
    references = lines(tmp_path / "r.jsonl", {"name": "a", "reason": reason}, {"name": "b", "reason": "She laughs."})
    values = {}
    for kind, other in (("same", "She laughs."), ("near", "A woman is laughing."), ("far", "The invoice is overdue.")):
        given = lines(tmp_path / "p.jsonl", {"name": "a", "reason": reason}, {"name": "b", "reason": other})
        values[kind] = scored("emer-reason", references, given, load_embed=sentence_model).value
    assert values["same"] == pytest.approx(1) and values["same"] > values["near"] > values["far"]


def test_the_official_score_of_the_fixture(shared: Path) -> None:
    folder = shared / "reference"
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["emotion_wheel"]
    files = folder / "mer2024" / "check-openset.csv", folder / "mer2024" / "predict-openset.csv"
    report = scored("mer-fg-2025", *files, read_official_wheels(folder / "emotion_wheel"))
    assert report.value == pytest.approx((expected["level1"]["f"] + expected["level2"]["f"]) / 2, abs=1e-12)
    assert report.interval is not None and report.interval.low < report.value < report.interval.high
    assert report.provenance["vocabulary"]["name"] == "official"


def test_the_interval_covers_what_it_says() -> None:
    """WAF of balanced coin tosses is near its expectation; of 200 intervals some 190 cover it (here at least 180)."""
    random = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        truth = random.integers(2, size=100)
        right = random.random(100) < 0.7
        given = np.where(right, truth, 1 - truth)
        tally = classification(dict(enumerate(truth.astype(str))), dict(enumerate(given.astype(str))))
        bounds = interval([resampled(tally, ("acc",))])
        covered += bounds.low <= 0.7 <= bounds.high
    assert 180 <= covered <= 199


def test_a_resample_of_one_kind_has_no_spread_and_the_seed_decides() -> None:
    wheels = OpenWheels()
    sets = {str(number): ["happy"] if number % 2 else ["sad"] for number in range(50)}
    same = resampled(emotion_wheel(sets, sets, wheels), ("level1.f",))
    assert same.shape == (RESAMPLES,) and same.min() == same.max() == 1
    half = emotion_wheel(sets, dict.fromkeys(sets, ("sad",)), wheels)
    assert (resampled(half, ("level1.f",)) == resampled(half, ("level1.f",))).all()
    assert (resampled(half, ("level1.f",)) != resampled(half, ("level1.f",), stream=1)).any()
    assert issubclass(ReferencesUnavailable, LeaderboardError)
