"""A home written by processes that are killed, with what was sent to it, reported from it and found in it."""

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from material import HIDDEN, PRACTICE, PROJECT, Key, Material, Sent

WORKER = Path(__file__).with_name("worker.py")
PEOPLE = ("ada", "boris", "chen", "dora")
LIFE_LIMIT_S = 300.0
GONE_S = 30.0
"""How long a scoring process may take to notice that its parent is gone, on a busy machine."""


@dataclass(frozen=True, slots=True)
class Place:
    """A point at which a worker can be killed: before or after a step. `times` is how often a life passes it."""

    step: str
    side: str
    times: int = field(default=1, compare=False)

    @property
    def doing(self) -> str:
        return self.step.split(":")[0]

    def __str__(self) -> str:
        return f"{self.side} {self.step!r}"


@dataclass(slots=True)
class Tally:
    """The counts over all homes."""

    inside: int = 0
    outside: int = 0
    app: int = 0
    homes: int = 0
    receipts: int = 0
    scored: int = 0
    places: set[Place] = field(default_factory=set)
    known: set[Place] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        for name in ("inside", "outside", "app", "homes", "receipts", "scored"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.places |= other.places
        self.problems += other.problems

    def __str__(self) -> str:
        """The counts on one line."""
        told = [
            f"{self.inside + self.outside} kills of the worker ({self.outside} from outside while it scored; the others"
            f" at {len(self.places)} of {len(self.known)} places)",
            f"{self.app} of the whole app",
            f"{self.homes} homes",
            f"{self.receipts} receipts",
            f"{self.scored} scores",
            f"{len(self.problems)} problems",
        ]
        return ", ".join(told)


@dataclass(slots=True)
class Life:
    """What a worker reported, and whether it was killed."""

    killed: bool = False
    steps: Counter[tuple[str, str]] = field(default_factory=Counter)
    told: dict[str, Any] = field(default_factory=dict)

    def places(self) -> list[Place]:
        """All points at which a worker with the same task can be killed. Writes take effect when they are flushed."""
        return [
            Place(step, "during" if ": write " in step else side, times)
            for (side, step), times in self.steps.items()
            if not (": write " in step and side == "after")
        ]


class Home:
    """A home written by processes that are killed, with what was sent to it, reported from it and found in it."""

    def __init__(self, material: Material, number: int, seed: int) -> None:
        from submissions.store.folder_store import FolderStore
        from submissions.store.ledger import Ledger

        self.material, self.number, self.random = material, number, random.Random(seed)
        self.folder = material.folder / f"home-{number}"
        self.receipts: dict[Key, str] = {}
        self.sent: dict[Key, Sent] = {}
        self.waiting: list[Sent] = []
        self.problems: list[str] = []
        self.seen: dict[str, str] = {}
        self.witness = Ledger(FolderStore(self.folder))
        self.lives = 0
        self.decided: list[tuple[str, str]] = []
        self.corrected: dict[str, str] = {}  # the word by id
        self.retractions: dict[str, str] = {}  # the receipt by id
        self.asked_to_retract: set[str] = set()
        self.retracted: set[str] = set()
        self.annotated: dict[str, tuple[str, str]] = {}  # clip and word by id
        self.about: dict[str, set[str]] = {}  # the clips that a stored annotation is about
        self.asked_to_forget: set[str] = set()
        self.forgotten: set[str] = set()

    # What comes to pass

    def receipt(self, name: str, key: Key) -> None:
        """Note a receipt that was reported."""
        if key not in self.sent:
            self.wrong(f"the receipt {name} is for what nobody sent")
        if (before := self.receipts.setdefault(key, name)) != name:
            self.wrong(f"the same file got the receipts {before} and {name}")
        self.waiting = [each for each in self.waiting if each.key != key]

    def some(self, count: int, people: Sequence[str] = PEOPLE, practice: float = 0.15) -> list[Sent]:
        """The files still without a receipt, with new ones up to `count`, and sometimes one that is stored already."""
        while len(self.waiting) < count:
            person, known = self.random.choice(people), [*self.sent.values()]
            if known and self.random.random() < 0.15:
                before = self.random.choice(known)  # the content of somebody, from this person
                made = Sent(person, before.track, before.file, before.sha256)
            else:
                made = self.material.new(PRACTICE if self.random.random() < practice else HIDDEN, person, self.random)
            if made.key in self.sent:
                break
            self.sent[made.key] = made
            self.waiting.append(made)
        again = [self.random.choice([*self.sent.values()])] if self.random.random() < 0.2 else []
        return [*self.waiting, *(each for each in again if each.key in self.receipts)]

    def wrong(self, problem: str) -> None:
        self.problems.append(f"home {self.number}: {problem}")

    def live(self, tasks: Sequence[Sequence[str]], kill: Place | None = None, outside: float | None = None) -> Life:
        """Run one life. `outside`: how many seconds after feeding a scoring process the worker is killed."""
        self.lives += 1
        plan: dict[str, Any] = {"days": 31 * self.lives, "tasks": tasks, "kill": None}
        if kill:
            time = self.random.randint(1, min(kill.times, 2)) if kill.doing == "submit" else 1
            plan["kill"] = {"step": kill.step, "time": time, "side": kill.side}
        path = self.material.folder / f"life-{self.number}-{self.lives}.json"
        path.write_text(json.dumps(plan), encoding="utf-8")
        life, errors = Life(), path.with_suffix(".log")
        with errors.open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, str(WORKER), str(path)],
                cwd=PROJECT,
                env=environment(self.folder, self.material.references),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        watchdog = threading.Timer(LIFE_LIMIT_S, self._hung, (worker,))
        watchdog.start()
        timers = [watchdog]
        assert worker.stdout
        with worker.stdout:
            for line in worker.stdout:
                about, _, rest = line.rstrip("\n").partition(" ")
                self._heard(life, about, rest)
                if outside is not None and (about, rest) == ("after", "score: flush the scoring process"):
                    timers.append(threading.Timer(outside, worker.kill))
                    timers[-1].start()
                    outside = None
        code = worker.wait()
        for timer in timers:
            timer.cancel()
        life.killed = code == -signal.SIGKILL
        if code not in (0, -signal.SIGKILL):
            self.wrong(f"a worker ended with {code}: {errors.read_text(encoding='utf-8')[-2000:]}")
        self.look(f"life {self.lives}, which ended {kill or 'otherwise'}")
        return life

    def _hung(self, worker: subprocess.Popen[str]) -> None:
        self.wrong(f"a worker lived longer than {LIFE_LIMIT_S:g} s")
        worker.kill()

    def _heard(self, life: Life, about: str, rest: str) -> None:
        words = rest.split(" ")
        if about in ("before", "after"):
            life.steps[about, rest] += 1
        elif about == "receipt":
            name, person, track, digest = words
            self.receipt(name, (person, track, digest))
        elif about == "corrected":
            name = words[0].rpartition("-")[0]
            self.corrected[name], self.retractions[name] = words[1], words[0]
        elif about == "annotated":
            self.annotated[words[0]] = (words[1], words[2])
        elif about == "forgotten":
            self.forgotten.add(rest)
        elif about == "retracted":
            self.retracted.add(rest.rpartition("-")[0])
        elif about in ("withdrawn", "chosen", "rescored"):
            self.decided.append((about, rest))
        elif about == "swept" and (words[1:4] != ["0", "0", "alone"] or len(words) > 4):
            self.wrong(f"a sweep came to {rest}")
        elif about == "told":
            life.told = json.loads(rest)

    # What is there

    def tree(self) -> dict[str, str]:
        """Stored file → the SHA-256 of its content."""
        return {
            path.relative_to(self.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for kind in ("submissions", "results", "decisions", "corrections", "annotations")
            for path in sorted((self.folder / kind).rglob("*"))
            if path.is_file()
        }

    def look(self, when: str) -> None:
        """Check that everything stored is unchanged, and that every receipt has its submission."""
        tree = self.tree()
        for path, digest in self.seen.items():
            retracted = path.startswith("corrections/") and path.split("/")[2] in self.asked_to_retract
            forgotten = self.about.get(path, set()) & self.asked_to_forget
            if tree.get(path) != digest and not ((retracted or forgotten) and path not in tree):
                self.wrong(f"{path} was {'changed' if path in tree else 'lost'} in {when}")
        self.seen = tree
        stored = {path.split("/")[2] for path in tree if path.endswith("/request.json")}
        for name in self.receipts.values():
            if name not in stored:
                self.wrong(f"{name} got a receipt and is not there after {when}")
        self.look_at_corrections(tree, when)
        self.look_at_annotations(tree, when)
        if self.folder.exists():  # else it would make one
            self.witness.refresh()

    def look_at_corrections(self, tree: dict[str, str], when: str) -> None:
        """Check that corrections are there whole if they have a receipt, and gone if they are withdrawn (8)."""
        found: dict[str, set[str]] = {}
        for path in tree:
            if path.startswith("corrections/"):
                found.setdefault(path.split("/")[2], set()).add(path.split("/")[3])
        for name, files in found.items():
            if files != {"request.json", "analysis.json", "clip.mp4"}:
                self.wrong(f"the correction {name} has the files {sorted(files)} after {when}")
        for name in self.retracted & found.keys():
            self.wrong(f"the correction {name} was withdrawn and is there after {when}")
        for name in self.corrected.keys() - self.asked_to_retract:
            clip = self.folder / "corrections" / f"{name[:4]}-{name[4:6]}" / name / "clip.mp4"
            if name not in found or clip.read_text() != self.corrected[name]:
                self.wrong(f"the correction {name} got a receipt and is not there after {when}")

    def look_at_annotations(self, tree: dict[str, str], when: str) -> None:
        """Check that saves are there if they have a receipt, and that nothing is left of a clip taken out (9)."""
        words: dict[str, list[str]] = {}
        for path in tree:
            if path.startswith("annotations/"):
                stored = json.loads((self.folder / path).read_text(encoding="utf-8"))
                removal = stored["schema"].startswith("emer-removal")
                named = {stored.get("clip", "")} | {clip["name"] for clip in stored.get("clips", ())} - {"stays"}
                self.about[path] = named - {""}
                words[stored["id"]] = stored["answer"]["labels"] if "answer" in stored else []
                if not removal and (left := named & self.forgotten):
                    self.wrong(f"{path} is about {sorted(left)}, taken out for good, after {when}")
        for clip in self.forgotten:
            if list(self.folder.glob(f"projects/*/{clip}.*")):
                self.wrong(f"the file of {clip}, taken out for good, is there after {when}")
        for name, (clip, word) in self.annotated.items():
            if clip not in self.asked_to_forget and words.get(name) != [word]:
                self.wrong(f"the save {name} about {clip} got a receipt and is not there after {when}")

    def checked(self) -> dict[str, Any]:
        """Check everything that must hold in any home; returns what a new process reports."""
        told = self.live([["tell"]]).told
        self.check_tree()
        self.check_left_overs()
        self.check_witness()
        if told:
            self.check_told(told)
        else:
            self.wrong("a process that starts anew cannot tell what is there")
        return told

    def check_told(self, told: dict[str, Any]) -> None:
        """Check that ledger, queue and ranking agree with the receipts and the files (1 to 4)."""
        keys = {name: (each["person"], each["track"], each["sha256"]) for name, each in told["submissions"].items()}
        baselines = [each["person"] for each in told["submissions"].values() if each["baseline"]]
        entered = {name: key for name, key in keys.items() if key[0] not in baselines}
        if entered != {name: key for key, name in self.receipts.items()}:
            self.wrong(f"a new ledger has the submissions {entered}")
        if len(baselines) != len(set(baselines)):
            self.wrong(f"there are the baselines {sorted(baselines)}")
        if told["corrections"] != sorted(path.name for path in (self.folder / "corrections").glob("*/*")):
            self.wrong(f"a new ledger has the corrections {told['corrections']}")
        if told["annotations"] != sorted(path.stem for path in (self.folder / "annotations").glob("*/*/*.json")):
            self.wrong(f"a new ledger has the annotations {told['annotations']}")
        if told["queue"]:
            self.wrong(f"{told['queue']} are still queued")
        for track in (HIDDEN, PRACTICE):
            own = {name for name, key in keys.items() if key[1] == track}
            scored = self.scored(track, told["versions"][track])
            if not own - set(told["withdrawn"]) <= scored <= own:
                self.wrong(f"of {track}, {sorted(own)} are there and {sorted(scored)} are scored")
            if Counter(told["ranked"][track]) != Counter(scored):
                self.wrong(f"the ranking of {track} has {told['ranked'][track]}, scored are {sorted(scored)}")

    def check_tree(self) -> None:
        """Check the files of submissions and results, without the ledger (1, 2, 3)."""
        requests: dict[str, dict[str, Any]] = {}
        for folder in sorted((self.folder / "submissions").glob("*/*")):
            told = requests[folder.name] = json.loads((folder / "request.json").read_text(encoding="utf-8"))
            files = sorted(path.name for path in folder.iterdir())
            if files != [told["file"], "request.json"]:
                self.wrong(f"{folder.name} has the files {files}")
            if hashlib.sha256((folder / told["file"]).read_bytes()).hexdigest() != told["sha256"]:
                self.wrong(f"{folder.name} has another content than it says")
        entered = {name: told for name, told in requests.items() if not told["baseline"]}
        keys = {name: (told["person"], told["track"], told["sha256"]) for name, told in entered.items()}
        for key, name in self.receipts.items():
            if keys.get(name) != key:
                self.wrong(f"{name} is there as {keys.get(name)}, and its receipt was for {key}")
        for name in entered.keys() - set(self.receipts.values()):
            self.wrong(f"{name} is there without a receipt")
        for key, times in Counter(keys.values()).items():
            if times > 1:
                self.wrong(f"{key} is there {times} times")
        for each in self.waiting:
            self.wrong(f"{each.key} never got a receipt")
        self._check_results(requests)

    def _check_results(self, requests: dict[str, dict[str, Any]]) -> None:
        found: Counter[tuple[str, str]] = Counter()
        for path in sorted((self.folder / "results").glob("*/*/*.json")):
            result = json.loads(path.read_text(encoding="utf-8"))
            name, version = path.stem, path.parts[-3]
            found[name, version] += 1
            request = requests.get(name)
            if request is None:
                self.wrong(f"there is a result of {name}, and no submission")
                continue
            if (result["id"], f"{result['track']}@{result['version']}") != (name, version):
                self.wrong(f"the result of {name} in {version} says that it is another's")
            if result["state"] != "scored":
                self.wrong(f"{name} is {result['state']}: {result['problems']} {result['traceback']}")
                continue
            values = {split: report["primary"]["value"] for split, report in result["reports"].items()}
            sent = self.sent.get((request["person"], request["track"], request["sha256"]))
            if sent is not None and values != self.material.scores(sent.track, sent.file):
                self.wrong(f"{name} scored {values}, and directly {self.material.scores(sent.track, sent.file)}")
        for (name, version), times in found.items():
            if times != 1:
                self.wrong(f"{name} has {times} results in {version}")

    def results(self) -> int:
        return len(list((self.folder / "results").glob("*/*/*.json")))

    def scored(self, track: str, version: str) -> set[str]:
        return {path.stem for path in (self.folder / "results" / f"{track}@{version}").glob("*/*.json")}

    def check_left_overs(self) -> None:
        """Check that nothing is unfinished or damaged and that no scoring process is left (5, 6)."""
        for place in ("unfinished/*", "damaged/*"):
            for path in self.folder.glob(place):
                self.wrong(f"{path.relative_to(self.folder)} is left over")
        deadline = time.monotonic() + GONE_S
        while (left := scoring_processes(self.folder)) and time.monotonic() < deadline:
            time.sleep(0.2)
        for process in left:
            self.wrong(f"the scoring process {process} still runs")

    def check_witness(self) -> None:
        """Check that a process that ran all the time sees the same as a new one (7)."""
        ledger = self.witness.refresh()
        stored = {path.split("/")[2] for path in self.seen if path.startswith("submissions/")}
        if missing := stored - ledger.submissions.keys():
            self.wrong(f"an open ledger was never told of the submissions {sorted(missing)}")
        results = [path.split("/") for path in self.seen if path.startswith("results/")]
        for _, folder, _, file in results:
            name, version = file.removesuffix(".json"), folder.split("@")[1]
            if name in ledger.submissions and version not in ledger.results(name):
                self.wrong(f"an open ledger was never told of the result of {name} in {version}")
        decisions = {Path(path).stem for path in self.seen if path.startswith("decisions/")}
        if missing := decisions - {each.id for each in ledger.decisions()}:
            self.wrong(f"an open ledger was never told of the decisions {sorted(missing)}")


def scoring_processes(home: Path) -> list[int]:
    """The processes that score for a home."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if "leaderboard.scoring.scoring_process" not in process.cmdline():
                continue
            if process.environ().get("EMER_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def environment(home: Path, references: Path) -> dict[str, str]:
    """The environment for a worker, without the person's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EMER_", "GRADIO_"))}
    return {**kept, "EMER_HOME": str(home), "EMER_REFERENCES": str(references), "PYTHONPATH": str(PROJECT)}
