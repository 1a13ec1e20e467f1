"""Sets up a leaderboard on the Hub: three datasets with their cards, and the files of a hidden track."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from leaderboard.errors import LeaderboardError
from leaderboard.hosting.publishing import DATASET as RESULTS
from leaderboard.hosting.publishing import card
from leaderboard.tracks import Track, load_track
from leaderboard.tracks.hub_references import DATASET as REFERENCES
from leaderboard.tracks.hub_references import FOLDER, TRACKS
from leaderboard.tracks.references import ReferenceFile, read_references
from submissions.store.hub_account import DATASET as SUBMISSIONS
from submissions.store.hub_account import endpoint
from submissions.store.hub_dataset import HubDataset

CARDS = Path(__file__).parent / "cards"
PRIVATE = {SUBMISSIONS: True, REFERENCES: True, RESULTS: False}
"""Dataset → whether it must be private."""


def set_up(owner: str, token: str, track: Path | None = None, references: Path | None = None) -> Iterator[str]:
    """Create what is missing; yields a line for each step. Of what exists, only the files of a track are replaced.

    Raises `LeaderboardError` and `StoreError`.
    """
    files = track_files(track, references)
    api = HfApi(endpoint=endpoint(), token=token)
    for name, private in PRIVATE.items():
        dataset = HubDataset(f"{owner}/{name}", token)
        try:
            api.create_repo(dataset.name, repo_type="dataset", private=private, exist_ok=True)
        except HfHubHTTPError as problem:
            status = problem.response.status_code
            raise LeaderboardError(
                f"{dataset.name} cannot be created ({status}); use a token that may write to {owner}."
            ) from None
        if dataset.is_private() != private:
            wanted = "private" if private else "public"
            raise LeaderboardError(f"{dataset.name} is not {wanted}; change that in its settings, and run this again.")
        if "README.md" not in dataset.tree():
            text = card([]) if name == RESULTS else (CARDS / f"{name.removeprefix('emer-')}.md").read_bytes()
            dataset.commit({"README.md": text}, "EMER Space: the card")
            yield f"{dataset.name} has its card now."
        yield f"{dataset.name} exists and is {'private' if private else 'public'}."
    if files:
        HubDataset(f"{owner}/{REFERENCES}", token).commit(files, f"EMER Space: the track {_id(files)}")
        yield f"The track {_id(files)} is stored; restart the Space to use it."


def _id(files: dict[str, bytes]) -> str:
    return Path(next(iter(files))).stem


def track_files(track: Path | None, references: Path | None) -> dict[str, bytes]:
    """The files of a hidden track by path in the dataset. Both are checked first, so that no wrong file is sent."""
    if references is None and track is None:
        return {}
    if references is None or track is None:
        raise LeaderboardError("Give --track and --references together: a track file and its answers.")
    try:
        about = _load(track)
        read_references(about, ReferenceFile.at(references))
        return {
            f"{TRACKS}{track.name}": track.read_bytes(),
            **_beside(track),
            f"{FOLDER}{track.stem}{references.suffix.lower()}": references.read_bytes(),
        }
    except OSError as problem:
        raise LeaderboardError(f"{problem.filename} cannot be read ({problem.strerror}).") from None


def _beside(track: Path) -> dict[str, bytes]:
    """The manifest and the inputs that a track file names, by path. Raises `LeaderboardError` if they lie elsewhere."""
    table, files = tomllib.loads(track.read_text(encoding="utf-8")), {}
    for field in ("manifest", "inputs"):
        named = table.get(field)
        if named is None or named.startswith(("https://", "http://")):
            continue
        if not re.fullmatch(rf"{re.escape(track.stem)}/[^/]+", named):
            raise LeaderboardError(
                f"The {field} {named!r} cannot be stored; put it into the folder {track.stem} beside {track.name}."
            )
        files[f"{TRACKS}{named}"] = (track.parent / named).read_bytes()
    return files


def _load(track: Path) -> Track:
    if track.suffix != ".toml":
        raise LeaderboardError(f"{track.name} is not a track file; name it after the track's id, ending in .toml.")
    about = load_track(track.stem, track.parent)
    if about.answers != "hidden":
        raise LeaderboardError(f'{track.name} says that its answers are public; say `answers = "hidden"` there.')
    return about
