"""Files for a track with hidden references and for the practice track, and the scores they must get."""

import csv
import hashlib
import io
import json
import random
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HIDDEN, PRACTICE = "emer-ov", "clue-practice"
WORDS = ("happy", "joyful", "sad", "grieving", "angry", "furious", "worried", "afraid", "surprised", "calm", "proud")
SPLITS = ("public",) * 6 + ("private",) * 4 + ("decoy",) * 2
"""The ids of the clips in the hidden references."""

Key = tuple[str, str, str]
"""Person, track, SHA-256 of the content: sending it again gives the same receipt."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that a person sends to a track."""

    person: str
    track: str
    file: Path
    sha256: str

    @property
    def key(self) -> Key:
        return self.person, self.track, self.sha256


class Material:
    """Makes files that all differ, with the caller's random generator."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.references = folder, folder / "references"
        self._made = 0
        self._lock = threading.Lock()
        (folder / "files").mkdir(parents=True)
        self.references.mkdir()
        chance = random.Random(seed)
        rows = [(_clip(number), _labels(chance), split) for number, split in enumerate(SPLITS)]
        (self.references / f"{HIDDEN}.csv").write_text(_csv(("name", "openset", "split"), rows), encoding="utf-8")

    def new(self, track: str, person: str, chance: random.Random) -> Sent:
        """A file for a track, as csv or as jsonl."""
        names = [_clip(number) for number in range(len(SPLITS))] if track == HIDDEN else _practice_names()
        rows = [(name, _labels(chance)) for name in names]
        if chance.random() < 0.7:
            suffix, text = "csv", _csv(("name", "openset"), rows)
        else:
            suffix, text = "jsonl", "".join(json.dumps({"name": n, "openset": o}) + "\n" for n, o in rows)
        with self._lock:
            self._made += 1
            path = self.folder / "files" / f"{self._made}.{suffix}"
        path.write_text(text, encoding="utf-8")
        return Sent(person, track, path, hashlib.sha256(text.encode()).hexdigest())

    @cache  # noqa: B019 - the material lives as long as the process
    def scores(self, track: str, file: Path) -> dict[str, float]:
        """The scores by split that the scorer gives directly, with the same references."""
        from emer_space.files.formats import rows_of
        from emer_space.files.tables import table_of
        from leaderboard.scoring.comparison import Comparison
        from leaderboard.scoring.scorer import score
        from leaderboard.tracks import FOLDER, load_track
        from leaderboard.tracks.references import ReferenceFile, read_references
        from leaderboard.tracks.vocabularies import open_wheels

        loaded = load_track(track, FOLDER)
        references = read_references(loaded, ReferenceFile.at(loaded.references or self.references / f"{track}.csv"))
        content = file.read_bytes()
        table = table_of(rows_of(content, file.name), loaded.rules.columns, loaded.rules.key)
        found = {}
        for split in ("public", "private")[: 2 if references.splits["private"] else 1]:
            report = score(Comparison(loaded, references, table, "", open_wheels()), split)  # type: ignore[arg-type]
            assert report.value is not None
            found[split] = report.value
        return found


def _clip(number: int) -> str:
    return f"clip-{number:02}"


def _labels(chance: random.Random) -> str:
    return str(chance.sample(WORDS, chance.randint(1, 3)))


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


@cache
def _practice_names() -> list[str]:
    lines = (PROJECT / "leaderboard" / "data" / PRACTICE / "clues.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["name"] for line in lines]
