"""How long a project of a thousand clips takes to open, list, search, answer: `python -m benchmarks.annotation`.

CPU seconds of this process, with which other work on the machine does not count, and seconds by the clock.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from annotation.records import Answer, Clip, Clips, Draft, Entry, Save, SpanClue
from annotation.records import Settings as ProjectSettings
from annotation.service import Annotation
from submissions.person import LOCAL
from submissions.store.folder_store import FolderStore
from submissions.store.ledger import Ledger
from submissions.store.records import new_id

PROJECT, CLUES = "large", 8
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


def fill(home: Path, clips: int) -> None:
    """A project with a draft and eight saves for each clip, four in a round, written past the store for speed."""
    made = [
        Clip(f"clip{number:05}", f"{number:064x}", 6.0, True, True, f"{number:064x}.mp4") for number in range(clips)
    ]
    _keep(home, 0, ProjectSettings, title="Large")
    _keep(home, 1, Clips, clips=tuple(made))
    clues = tuple(SpanClue(f"v{n}", "visual", f"Clue {n} is seen.", n / 2, n / 2 + 1, "model") for n in range(CLUES))
    answer = Answer(("happy", "relieved"), clues, {"en": "They smile, and look relieved. " * 4}, 0.5, 0.1)
    place = 2
    for clip in made:
        _keep(home, place, Draft, clip=clip.name, answer=answer, confidence=0.7, subtitle=f"Words of {clip.name}.")
        for number in range(8):
            person = f"person{number}"
            place += 1
            _keep(home, place, Save, person, clip=clip.name, round=1 + number // 4, answer=answer, done=True)
        place += 1


def _keep(home: Path, place: int, kind: Callable[..., Entry], person: str = "local", **about: object) -> None:
    at = BEGAN + timedelta(seconds=place)
    entry = kind(id=new_id(at), made=at.isoformat(), project=PROJECT, person=person, name=person, **about)
    path = home / entry.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entry.to_dict()), encoding="utf-8")


def measured(what: str, work: Callable[[], object]) -> None:
    """Print the seconds that some work takes: of the CPU, and by the clock."""
    began, clock = time.process_time(), time.perf_counter()
    work()
    print(f"{what:42} {time.process_time() - began:6.3f} s {time.perf_counter() - clock:9.3f} s")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=1000, metavar="N")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="emer-large-") as folder:
        home = Path(folder)
        fill(home, options.clips)
        ledger = Ledger(FolderStore(home))
        print(f"{'':42} {'CPU':>8} {'clock':>11}")
        measured("the app's start (paths alone)", ledger.refresh)
        service = Annotation(home, ledger)
        measured("open: every record, and the first page", lambda: service.clips(LOCAL, PROJECT))
        measured("a page of the list", lambda: service.clips(LOCAL, PROJECT, page=7))
        measured("a search", lambda: service.clips(LOCAL, PROJECT, "words of clip009"))
        measured("the overview", lambda: service.overview(LOCAL, PROJECT))
        service.change(LOCAL, PROJECT, annotators=(5, 4))
        measured("the list after a change", lambda: service.clips(LOCAL, PROJECT))
        measured("the overview after a change", lambda: service.overview(LOCAL, PROJECT))
        (home / "projects" / PROJECT).mkdir(parents=True)
        measured("the next clip", lambda: service.task(LOCAL, PROJECT, 1))
        measured("a save", lambda: service.save(LOCAL, PROJECT, 1, "clip00000", {"labels": ["glad"]}, done=True))
        measured("the list after a save", lambda: service.clips(LOCAL, PROJECT))
        measured("the agreement", lambda: service.agreement(LOCAL, PROJECT))


if __name__ == "__main__":
    main()
