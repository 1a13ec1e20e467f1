"""The tracks of the project, and what a track file may not say."""

import json
from datetime import date
from pathlib import Path

import pytest

from emer_space.files.formats import read_rows
from emer_space.files.tables import table_of
from leaderboard.errors import TrackError
from leaderboard.metrics.registry import METRICS
from leaderboard.tracks import load_track, track_ids
from leaderboard.tracks.references import read_references, reference_file
from submissions.checks.sample_file import sample_csv

IDS = (
    "clue-practice",
    "emer-ov",
    "emer-reason",
    "mer-fg-2025",
    "mer-fg-2026",
    "mer-prefer",
    "mer-semi",
    "mer-unibench",
)


def test_the_tracks_are_these() -> None:
    assert set(track_ids()) >= set(IDS)


@pytest.mark.parametrize("name", IDS)
def test_a_track_names_scores_that_its_metric_has_and_an_example_that_it_takes(name: str, tmp_path: Path) -> None:
    track = load_track(name)
    assert track.rules.title and track.rules.task and track.version >= 1
    for part in track.parts.values():
        assert part.metric in METRICS and part.primary
    path = tmp_path / "example.jsonl"
    path.write_text(json.dumps(dict(track.rules.example)), encoding="utf-8")
    assert len(table_of(read_rows(path), track.rules.columns, track.rules.key).samples) == 1
    for row in track.published:
        assert row.source and (row.score is None or 0 < row.score < 1)
        assert row.score is not None or row.scores


def test_unibench_has_nine_parts_and_the_published_means_are_those_of_their_parts() -> None:
    track = load_track("mer-unibench")
    assert len(track.parts) == 9
    whole = [row for row in track.published if row.scores]
    assert len(whole) == 17
    for row in whole:
        assert set(row.scores) == set(track.parts)
        assert sum(row.scores.values()) / 9 == pytest.approx(row.score, abs=1.1e-4), row.name


def test_the_practice_data_is_whole_and_a_third_of_it_or_more_conflicts() -> None:
    track = load_track("clue-practice")
    path = track.references
    assert path is not None
    references = read_references(track, reference_file(track))
    assert references.table.samples.keys() == track.rules.manifest
    rows = read_rows(path, required=("name", "openset", "reason", "conflict"))
    assert len(rows) >= 200 and 3 * sum(row.text("conflict") == "true" for row in rows) >= len(rows)
    assert references.splits == {"public": len(rows), "private": 0, "decoy": 0}


def write(folder: Path, extra: str = "", **changes: str) -> Path:
    fields = {
        "title": '"Mine"',
        "version": "1",
        "task": '"Do it."',
        "answers": '"hidden"',
        "vocabulary": '"open"',
        "metric": '"ew"',
        **changes,
    }
    lines = [f"{name} = {value}" for name, value in fields.items() if value]
    (folder / "mine.toml").write_text("\n".join(lines) + f'\n{extra}\n[columns.openset]\nkind = "labels"\n')
    return folder


def test_a_track_is_read_from_its_file(tmp_path: Path) -> None:
    extra = "[dates]\nopens = 2026-01-01\ncloses = 2026-02-01\n[quota]\nper_day = 2\nattempts_per_day = 9\n"
    track = load_track("mine", write(tmp_path, extra))
    assert (track.id, track.rules.opens, track.rules.closes) == ("mine", date(2026, 1, 1), date(2026, 2, 1))
    assert track.rules.quota.per_day == 2 and track.primary == "level1.f" and track.rules.manifest is None


def test_a_column_under_another_name_of_the_metric_s_is_told_what_to_be_called(tmp_path: Path) -> None:
    file = write(tmp_path, metric='"hit"') / "mine.toml"
    text = file.read_text()
    file.write_text(text.replace("[columns.openset]", "[columns.discrete]"))
    remedy = r"columns has no openset, which hit reads; rename discrete, and add aliases = \['discrete'\]"
    with pytest.raises(TrackError, match=remedy):
        load_track("mine", tmp_path)
    file.write_text(f"{text}aliases = ['discrete']\n")
    (column,) = load_track("mine", tmp_path).rules.columns
    assert (column.name, column.aliases) == ("openset", ("discrete",))


def test_what_is_empty_or_a_list_and_harmless_is_read(tmp_path: Path) -> None:
    found = load_track("mine", write(tmp_path, '[example]\nopenset = ["happy", "sad"]\n', published="[]", source='""'))
    assert found.published == () and found.rules.example == {"openset": "['happy', 'sad']"}
    assert "\"['happy', 'sad']\"" in sample_csv(found.rules)


@pytest.mark.parametrize(
    ("changes", "extra", "told"),
    [
        ({"metric": '"bleu"'}, "", "metric: 'bleu' is unknown; known: .*ew"),
        ({"vocabulary": '"mine"'}, "", "vocabulary: 'mine' is unknown; known: none, official, open"),
        ({"title": ""}, "", "'title' is missing"),
        ({"colour": '"red"'}, "", "'colour' is unknown"),
        ({"answers": '"public"'}, "", "names its references"),
        ({"version": '"one"'}, "", "version: 'one' is not a whole number above 0"),
        ({"version": "0"}, "", "version: 0 is not a whole number above 0"),
        ({"task": "5"}, "", "task: 5 is not text"),
        ({"key": '["name", "name"]'}, "", "a column name occurs twice in name, name, openset"),
        ({"key": '"name"'}, "", "key: expected a list of at least 1"),
        ({"primary": '["level1.f", "bleu"]'}, "", "primary 'bleu' is not a score of ew; its default is level1.f"),
        ({"vocabulary": '"none"'}, "", "ew needs a vocabulary"),
        ({"metric": '"description"'}, "", "columns has no reason, which description reads"),
        ({}, "[example]\nopenset = [5]\n", "example › openset › number 1: 5 is not text"),
        ({"wheels": '"mer2026"'}, "", 'wheels goes with vocabulary = "official"'),
        (
            {"vocabulary": '"official"', "wheels": '"mer2024"'},
            "",
            "'mer2024' is unknown; known: mer2025, mer2026",
        ),
        ({"undecided": '"strict"'}, "", "undecided goes with a metric of two classes, not with ew"),
        ({"undecided": '"never"'}, "", "'never' is unknown; known: official, strict"),
        ({"parts": "5", "metric": ""}, "", "parts: expected a table"),
        ({"parts": '{ a = { metric = "ew" } }'}, "", "metric must be set in the parts"),
        ({"metric": "", "parts": '{ Mosi = { metric = "ew" } }'}, "", "not in lower case"),
        ({}, "[dates]\nclose = 2026-01-01\n", "dates: 'close' is unknown"),
        ({}, "[dates]\ncloses = 9999-12-31\n", "closes has no day after it"),
        ({}, '[quota]\nper_day = "5"\n', "quota › per_day: '5' is not a whole number"),
        ({}, '[[published]]\nname = "Otter"\nscore = nan\n', "published › Otter › score: nan is not a number"),
        ({}, '[columns.more]\nkind = "colour"\n', "columns › more › kind: 'colour' is unknown"),
        ({}, '[columns.more]\nkind = "choice"\nchoices = ["Happy"]\n', "must be in lower case"),
        ({"title": f'{"[" * 5_000}"Mine"{"]" * 5_000}'}, "", "nested too deeply"),
        ({}, "[quota]\nper_day = 0\n", "per_day"),
        ({}, "[dates]\nopens = 2026-02-01\ncloses = 2026-01-01\n", "closes lies before opens"),
        ({}, '[dates]\ncloses = "2026-01-01"\n', "closes is not a day"),
        ({}, "[dates]\nopens = 2026-01-01T12:00:00Z\n", "opens is not a day"),
        ({"title": "Mine"}, "", "Invalid value"),
    ],
)
def test_a_wrong_track_file_is_told(tmp_path: Path, changes: dict[str, str], extra: str, told: str) -> None:
    with pytest.raises(TrackError, match=told):
        load_track("mine", write(tmp_path, extra, **changes))


@pytest.mark.parametrize("name", ["nothing", "../tracks/emer-ov", "README"])
def test_a_track_that_is_not_there_is_told_with_those_that_are(name: str) -> None:
    with pytest.raises(TrackError, match="clue-practice, emer-ov"):
        load_track(name)
