"""The tracks with their metrics, vocabularies, references and rules."""

from leaderboard.tracks.track import FOLDER, PACKAGE, Part, Track, load_track, own_folder, track_ids

__all__ = ["FOLDER", "PACKAGE", "Part", "Track", "load_track", "own_folder", "track_ids"]
