"""Makes annotation projects from records, as people's saves would leave them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from annotation.book import Book
from annotation.projects import Project, load_project
from annotation.records import Answer, Clip, Clips, Draft, Removal, Save, Settings, SpanClue
from submissions.store.folder_store import FolderStore
from submissions.store.ledger import Ledger
from submissions.store.records import new_id

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
WORDS = ("happy", "sad", "angry", "calm")
CONSENT = "Everybody in the clips signed a form."


class Lab:
    """A project of clips and what four people say of them; people `a` and `b` answer first, `c` and `d` confirm."""

    def __init__(self, home: Path, project: str = "lab", **settings: Any) -> None:
        self.book = Book(Ledger(FolderStore(home)))
        self.name, self._at = project, START
        told = {"annotators": (2, 2), "agreed": (1, 2), "licence": "CC BY 4.0", "consent": CONSENT, **settings}
        self.book.add(Settings(**self._about(), title="Lab: clips of ours", **told))

    def _about(self, person: str = "olga") -> dict[str, Any]:
        self._at += timedelta(seconds=7)
        about = {"id": new_id(self._at), "made": self._at.isoformat()}
        return {**about, "project": self.name, "person": person, "name": person}

    def clips(self, names: Sequence[str]) -> None:
        """Clips with a draft each."""
        made = tuple(
            Clip(name, f"{number:064x}", 2.5, True, True, f"{number:064x}.mp4") for number, name in enumerate(names)
        )
        self.book.add(Clips(**self._about(), clips=made, aside={"broken.mp4": "no picture and no sound"}))
        for name in names:
            answer = Answer(("happy",), (SpanClue("v1", "visual", "A smile.", 0.0, 1.0, "model"),))
            self.book.add(
                Draft(**self._about(), clip=name, answer=answer, subtitle=f"Words, of {name}", made_by="bundled")
            )

    def say(self, clip: str, round: int, person: str, labels: Sequence[str], **more: Any) -> None:
        """A finished answer."""
        clues = (
            SpanClue("v1", "visual", "A smile.", 0.0, 1.0, "model"),
            SpanClue(f"p{person}", "acoustic", f"{person} heard it.", 1.0, 2.0),
        )
        texts = {"en": f"Why {clip}, so it is.", "zh": f"为什么{clip}。"}
        answer = Answer(tuple(labels), clues, texts, **more)
        self.book.add(Save(**self._about(person), clip=clip, round=round, answer=answer, done=True))  # type: ignore[arg-type]

    def bring(self, clip: str, word: str) -> None:
        """An answer of others that was imported."""
        self.book.add(Clips(**self._about(), clips=(Clip(clip),)))
        about = {"answer": Answer((word,), (), {"en": "So."}), "made_by": "imported from theirs.csv", "imported": True}
        self.book.add(Draft(**self._about(), clip=clip, **about))

    def label(self, clip: str, word: str) -> None:
        """All four people answer: the word is shared, and each adds one of their own."""
        for round, people in ((1, "ab"), (2, "cd")):
            for person in people:
                self.say(clip, round, f"key-{person}", (word, f"only-{person}"), valence=0.5)

    def withdraw(self, clip: str) -> None:
        """Take a clip out, with all that was said of it."""
        records = (*self.book.records(self.name, Save), *self.book.records(self.name, Draft))
        self.book.remove(record for record in records if record.clip == clip)
        self.book.add(Removal(**self._about(), clip=clip, reason="consent"))

    @property
    def project(self) -> Project:
        return load_project(self.book, self.name)


def labelled(home: Path, count: int = 12, **settings: Any) -> Lab:
    """A project in which all clips but the last are done; two clips a person, whose names say which."""
    lab = Lab(home, **settings)
    names = [f"p{number // 2:02d}_{number % 2}" for number in range(count)]
    lab.clips(names)
    for number, name in enumerate(names[:-1]):
        lab.label(name, WORDS[number % 4])
    return lab
