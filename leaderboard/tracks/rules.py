"""By which rules a file is checked: those of its track, the ids of its references, the words of its vocabulary.

Page, API and command line ask here, so that they give one answer.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from emer_space.files.problems import Problem
from emer_space.files.spellings import Knows
from emer_space.files.tables import Id, Table
from leaderboard.errors import ReferencesUnavailable, WheelsUnavailable
from leaderboard.metrics.wheels import Wheels
from leaderboard.tracks.references import ReferenceFile, read_references, reference_file
from leaderboard.tracks.track import Track
from leaderboard.tracks.vocabularies import official_wheels, open_wheels
from submissions.checks.validation import read_predictions
from submissions.tracks import TrackRules

Manifest = Callable[[Track, ReferenceFile], frozenset[Id]]


def manifest_of(track: Track, file: ReferenceFile) -> frozenset[Id]:
    """The ids of a track whose references are hidden, decoys among them. Raises `ReferencesUnavailable`."""
    return frozenset(read_references(track, file).table.samples)


def full_rules(track: Track, manifest: Manifest = manifest_of) -> TrackRules:
    """The rules of a track that is scored here.

    A track whose references are hidden has their ids as its manifest: a file that is whole cannot ask which of its rows
    are scored. Raises `ReferencesUnavailable` and `WheelsUnavailable` where it is not scored here.
    """
    knows, file = known_words(track, track_wheels(track)), reference_file(track)
    ids = track.rules.manifest if track.rules.manifest is not None else manifest(track, file)
    return replace(track.rules, manifest=ids, knows=knows)


def rules_here(track: Track) -> tuple[TrackRules, tuple[Problem, ...]]:
    """The rules of a track as far as they are known here, and warnings that name what cannot be checked."""
    rules, warnings = track.rules, []
    try:
        rules = replace(rules, knows=known_words(track, track_wheels(track)))
    except WheelsUnavailable:
        message = "The labels were not checked against the official vocabulary, which is not installed"
        warnings.append(Problem("words-unchecked", message, "run `python -m leaderboard wheels fetch`"))
    if rules.manifest is None:
        try:
            rules = replace(rules, manifest=manifest_of(track, reference_file(track)))
        except ReferencesUnavailable:
            message = f"The ids were not checked: the sample list of {track.id} is not available here"
            hint = "check the file where the track is hosted: on its page, or with --to and its address"
            warnings.append(Problem("ids-unchecked", message, hint))
    return rules, tuple(warnings)


def track_wheels(track: Track, folder: Path | None = None) -> Wheels:
    """The vocabulary that a track is scored with; one that needs none has the open one at hand.

    Raises `WheelsUnavailable` where it names an official set that is not there.
    """
    return official_wheels(folder, track.wheels) if track.vocabulary == "official" else open_wheels()


def known_words(track: Track, wheels: Wheels) -> Knows | None:
    """Whether a word is in the vocabulary of a track; None where it has none."""
    return None if track.vocabulary == "none" else wheels.knows


def predictions_of(track: Track, content: bytes, filename: str, wheels: Wheels) -> Table:
    """The predictions of a file, read as they were when it was checked. Raises `SubmissionError`."""
    return read_predictions(content, filename, track.rules.columns, track.rules.key, known_words(track, wheels))
