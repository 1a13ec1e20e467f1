"""A project on this machine with clips that were never filmed, and people who answer about them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from board_making import ORGANISER, Clock

from annotation.records import Answer, Clip, Clips, Draft, SpanClue
from annotation.service import Annotation
from submissions.store.folder_store import FolderStore
from submissions.store.ledger import Ledger
from submissions.store.records import new_id

SMILE = SpanClue("v1", "visual", "The mouth smiles.", 0.5, 1.5, "model")
SIGH = SpanClue("a1", "acoustic", "A sigh is heard.", 2.0, 2.5, "model")
DRAFT = Answer(("happy",), (SMILE, SIGH), {"en": "The person smiles."})


class Lab:
    """The project `lab` of a service; `another()` is a second process that shares the home."""

    def __init__(self, home: Path, clips: Sequence[str] = ("a", "b", "c"), **settings: Any) -> None:
        self.folder, self.clock = home, Clock()
        self.service = self.another()
        self.service.new(ORGANISER, "lab", "The lab", **{"annotators": (2, 1), "agreed": (1, 1), **settings})
        self.fill(clips)

    def another(self) -> Annotation:
        return Annotation(self.folder, Ledger(FolderStore(self.folder)), clock=self.clock)

    def fill(self, clips: Sequence[str]) -> None:
        """Clips with files and drafts, as if they had been added and read."""
        book, now = self.service.book, self.clock()
        about = {"made": now.isoformat(), "project": "lab", "person": ORGANISER.id, "name": ORGANISER.name}
        folder = self.folder / "projects" / "lab"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = tuple(Clip(name, f"{name:0>64}", 4.0, True, True, f"{name:0>64}.mp4") for name in clips)
        for clip in made:
            (folder / clip.file).write_bytes(clip.name.encode())
            book.add(Draft(new_id(now), **about, clip=clip.name, answer=DRAFT, subtitle=f"Words of {clip.name}."))
        book.add(Clips(new_id(now), **about, clips=made))

    def key(self, name: str, rounds: Sequence[int] = (1, 2)) -> str:
        return self.service.invite(ORGANISER, "lab", display=name, rounds=rounds)

    def save(self, key: str, clip: str, round: int = 1, **more: Any) -> Any:
        answer = more.pop("answer", said("happy"))
        return self.service.save(None, "lab", round, clip, answer, key=key, **{"done": True, **more})

    def on_disk(self) -> str:
        """Everything in the home, as one text: names and contents."""
        files = [path for path in sorted(self.folder.rglob("*")) if path.is_file() and path.name != "journal"]
        return "\n".join(f"{path}\n{path.read_bytes().decode('utf-8', 'replace')}" for path in files)


def said(*labels: str, clues: Sequence[SpanClue] = DRAFT.clues, text: str = "The person smiles.") -> dict[str, Any]:
    """An answer as a page sends it."""
    from dataclasses import asdict

    told: dict[str, Any] = json.loads(json.dumps(asdict(Answer(labels, tuple(clues), {"en": text}))))
    return told
