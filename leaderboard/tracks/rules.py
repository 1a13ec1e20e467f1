"""The rules for checking a file: those of its track, the ids of its references, the words of its vocabulary.

Page, API and command line all use these, so that they give the same answer.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from emer_space.files.problems import Problem
from emer_space.files.spellings import Knows
from emer_space.files.tables import Id, Table
from leaderboard.errors import ReferencesUnavailable, TrackError, Unavailable, WheelsUnavailable
from leaderboard.metrics.wheels import Wheels
from leaderboard.tracks.references import ReferenceFile, read_references, reference_file
from leaderboard.tracks.track import Track
from leaderboard.tracks.vocabularies import official_wheels, open_wheels
from submissions.checks.validation import read_predictions
from submissions.store.ledger import Ledger
from submissions.tracks import TrackRules

Manifest = Callable[[Track, ReferenceFile], frozenset[Id]]


def as_decided(rules: TrackRules, ledger: Ledger) -> TrackRules:
    """The rules of a track or an arena, closing when an organiser says. Raises `TrackError` if it opens later."""
    dated = ledger.dated(rules.id)
    if dated is None:
        return rules
    ended = dated.at if dated.action == "close" else None
    try:
        return replace(rules, closes=date.fromisoformat(dated.closes), ended=ended)
    except ValueError:
        sentence = f"{rules.id} was made to close on {dated.closes}, before it opens by its file; extend it."
        raise TrackError(sentence) from None


def manifest_of(track: Track, file: ReferenceFile) -> frozenset[Id]:
    """The ids in a track's hidden references, decoys included. Raises `ReferencesUnavailable`."""
    return frozenset(read_references(track, file).table.samples)


def full_rules(track: Track, manifest: Manifest = manifest_of) -> TrackRules:
    """The complete rules of a track that is scored here.

    If the references are hidden, their ids are the manifest: a complete file cannot probe which of its rows are scored.
    Raises `ReferencesUnavailable` or `WheelsUnavailable` if the track is not scored here.
    """
    knows, file = known_words(track, track_wheels(track)), reference_file(track)
    ids = track.rules.manifest if track.rules.manifest is not None else manifest(track, file)
    return replace(track.rules, manifest=ids, knows=knows)


def lacks(track: Track, manifest: Manifest = manifest_of) -> tuple[Unavailable, ...]:
    """What is missing here to score a track: the errors that `full_rules` would raise, one after the other."""
    missing: list[Unavailable] = []
    try:
        track_wheels(track)
    except WheelsUnavailable as problem:
        missing.append(problem)
    try:
        file = reference_file(track)
        if track.rules.manifest is None:
            manifest(track, file)
    except ReferencesUnavailable as problem:
        missing.append(problem)
    return tuple(missing)


def rules_here(track: Track) -> tuple[TrackRules, tuple[Problem, ...]]:
    """The rules of a track as far as they are available here, and warnings about what cannot be checked."""
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
            message = f"The ids were not checked, because the sample list of {track.id} is not available here"
            hint = "check the file where the track is hosted, on its page or with --to and its address"
            warnings.append(Problem("ids-unchecked", message, hint))
    return rules, tuple(warnings)


def track_wheels(track: Track, folder: Path | None = None) -> Wheels:
    """The vocabulary that a track is scored with; the open one if the track needs none.

    Raises `WheelsUnavailable` if the official set that it needs is missing.
    """
    return official_wheels(folder, track.wheels) if track.vocabulary == "official" else open_wheels()


def known_words(track: Track, wheels: Wheels) -> Knows | None:
    """A function that says whether a word is in the track's vocabulary; None if the track has no vocabulary."""
    return None if track.vocabulary == "none" else wheels.knows


def predictions_of(track: Track, content: bytes, filename: str, wheels: Wheels) -> Table:
    """The predictions in a file, read by the same rules as in its check. Raises `SubmissionError`."""
    return read_predictions(content, filename, track.rules.columns, track.rules.key, known_words(track, wheels))
