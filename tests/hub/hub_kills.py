"""Kills and faults over the Hub store: `python tests/hub/hub_kills.py --kills 100 --seed 7`.

An app with an empty disk takes files in and scores them, while commits fail in every way that the Hub is known for; it
is killed before or after a commit takes effect, or at any moment; another one goes on, while the Hub may still be at
the dead one's last request. Then everything is looked at.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

from board_making import answers, write_track  # noqa: E402
from lab import NAME, TOKEN  # noqa: E402
from server import LoopbackHub  # noqa: E402

from submissions.store.compacted import FOLDER as COMPACTED  # noqa: E402
from submissions.store.compacted import unpacked  # noqa: E402

PEOPLE, SENT_IN_A_LIFE, FAULTY, LIFE_S = 5, 6, 0.35, 60.0
HELD_S = 6.0
"""The most seconds for which the Hub holds a dead sender's request; the next life is running by then."""
Key = tuple[str, str]


@dataclass(slots=True)
class Tally:
    kills: int = 0
    lives: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    receipts: dict[Key, str] = field(default_factory=dict)
    sent: set[Key] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    held: int = 0
    gathered: int = 0

    def __str__(self) -> str:
        faults = ", ".join(f"{count} {kind}" for kind, count in sorted(self.faults.items()))
        kills = f"{self.kills} kills ({self.held} of them while the Hub sat on a commit)"
        told = f"{kills} and {self.faults.total()} faults ({faults}) in {self.lives} lives"
        return f"{told}, {len(self.receipts)} receipts, {self.gathered} parquet files, {len(self.problems)} problems"


def run(folder: Path, events: int, seed: int) -> Tally:
    """Run lives until there were that many kills and faults, then one more without any."""
    chance, tally = random.Random(seed), Tally()
    with LoopbackHub() as hub:
        hub.add_person("olga", TOKEN, orgs=["lab"])
        hub.create(NAME)
        while tally.kills + tally.faults.total() < events:
            hub.fail_by_chance(chance.randrange(10**9), FAULTY)
            fresh = [
                (f"person-{chance.randrange(PEOPLE)}", f"word{len(tally.sent) + n}") for n in range(SENT_IN_A_LIFE)
            ]
            tally.sent.update(fresh)
            live(hub, folder, tally, chance)
            tally.faults = Counter(each.fault for each in hub.asked if each.fault)
        hub.fail_by_chance(0, 0)
        live(hub, folder, tally, None)
        hub.settle()
        check(hub, tally)
    return tally


def live(hub: LoopbackHub, folder: Path, tally: Tally, chance: random.Random | None) -> None:
    """Run one life, until it is killed or, without `chance`, to its end."""
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    write_track(home, per_day=10_000, attempts=10_000)
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "EMER_HOME": str(home), "HF_HUB_OFFLINE": "0"}
    process = subprocess.Popen(
        [sys.executable, str(HERE / "hub_worker.py")],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if chance:
        doom(hub, process, chance, tally)
    waiting = sorted(tally.sent - tally.receipts.keys())
    again = sorted(tally.receipts)[: len(waiting) // 2]  # and some who got their receipt send the same once more
    try:
        out, err = process.communicate(json.dumps([*waiting, *again]), timeout=LIFE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        tally.problems.append(f"life {tally.lives} did not come to its end")
    hub.on_commit = lambda moment: None
    tally.lives += 1
    tally.kills += process.returncode == -9
    if process.returncode not in (0, -9) or (not chance and "done" not in out):
        tally.problems.append(f"life {tally.lives} ended with {process.returncode}: {err[:300] + err[-600:]}")
    for line in out.splitlines():
        match line.split():
            case ["receipt", person, word, name]:
                known = tally.receipts.setdefault((person, word), name)
                if known != name:
                    tally.problems.append(f"{person} {word} has two receipts, {known} and {name}")


def doom(hub: LoopbackHub, process: "subprocess.Popen[str]", chance: random.Random, tally: Tally) -> None:
    """Kill a life at one of its next commits, before or after it takes effect, or at a random time."""
    if chance.random() < 0.25:
        timer = threading.Timer(chance.uniform(1.0, 5.0), process.kill)
        timer.daemon = True
        timer.start()
        return
    left, when = [chance.randrange(1, 10)], chance.choice(["before", "after"])

    def on_commit(moment: str) -> None:
        if moment == when:
            left[0] -= 1
            if left[0] == 0:
                process.kill()
                if when == "before":
                    tally.held += 1
                    time.sleep(chance.uniform(0, HELD_S))

    hub.on_commit = on_commit


def check(hub: LoopbackHub, tally: Tally) -> None:
    """Compare what is stored with what was sent and reported."""
    now, wrong = hub.files(NAME), tally.problems.append
    tally.gathered = sum(path.startswith(COMPACTED) for path in now)
    files = whole(now)
    if twice := [path for path in now if path in files and files[path] != now[path]]:
        wrong(f"compacted with another content: {twice}")
    requests = {path: json.loads(each) for path, each in files.items() if path.endswith("/request.json")}
    there = {each["id"]: (each["person"], path) for path, each in requests.items()}
    for (person, word), name in tally.receipts.items():
        owner, path = there.pop(name, ("", ""))
        if owner != person or files.get(path.replace("request.json", "predictions.csv")) != answers(a=word):
            wrong(f"{name} of {person} is not as it was sent")
    if there:
        wrong(f"there without a receipt at the end: {sorted(there)}")
    if missing := tally.sent - tally.receipts.keys():
        wrong(f"never got a receipt: {sorted(missing)}")
    scored = Counter(Path(path).stem for path in files if path.startswith("results/"))
    wanted = Counter(tally.receipts.values())
    if scored != wanted:
        wrong(f"without a score: {sorted(wanted - scored)}, with one too many: {sorted(scored - wanted)}")
    if damaged := [path for path in files if path.startswith("damaged/")]:
        wrong(f"set aside: {damaged}")
    changes: Counter[str] = Counter()
    before: dict[str, bytes] = {}
    before_whole: set[str] = set()
    for commit in hub.commits(NAME):
        changes.update(path for path, content in commit.tree.items() if before.get(path) != content)
        tree = whole(commit.tree)
        if lost := before_whole - tree.keys():
            wrong(f"lost by {commit.title}: {sorted(lost)}")
        before_whole = {path for path in tree if path.startswith(("submissions/", "results/"))}
        files_of = Counter(path.rpartition("/")[0] for path in tree if path.startswith("submissions/"))
        if half := [entry for entry, count in files_of.items() if count != 2]:
            wrong(f"half of a submission in {commit.title}: {half}")
        before = commit.tree
    if twice := [path for path, times in changes.items() if times > 1 and not path.startswith(".")]:
        wrong(f"written more than once: {twice}")


def whole(tree: dict[str, bytes]) -> dict[str, bytes]:
    """The files of a tree with those that are in its parquet files, which count if a file is there twice."""
    parts = [unpacked(content) for path, content in tree.items() if path.startswith(COMPACTED)]
    return tree | {path: content for part in parts for path, content in part.items()}


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Kill an app on the Hub, let the Hub fail, and see that nothing is lost."
    )
    parser.add_argument("--kills", type=int, default=100, metavar="N", help="kills and faults, together (default 100)")
    parser.add_argument("--seed", type=int, default=7, metavar="S")
    options = parser.parse_args()
    began, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix="emer-hub-kills-"))
    tally = run(folder, options.kills, options.seed)
    shutil.rmtree(folder, ignore_errors=True)
    for problem in tally.problems:
        print(problem, file=sys.stderr)
    print(f"{tally} (seed {options.seed}, {time.monotonic() - began:.0f} s)")
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())
