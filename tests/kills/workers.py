"""Workers that are killed at every step, and from outside while they score."""

import csv
import json
import random
from collections import Counter
from typing import Any

from homes import Home, Place, Tally
from material import PRACTICE, Material

UNFINISHED = Place("submit: rename unfinished/<id> to submissions/<month>/<id>", "before")
"""A kill here leaves the most unfinished files, which the next worker then removes."""

OUTSIDE_EVERY = 8
SCORING_S = 2.0
"""About as long as a scoring process runs here: a kill from outside comes within this time."""


class WorkerHome(Home):
    """A home whose workers are killed."""

    def __init__(self, material: Material, number: int, seed: int) -> None:
        super().__init__(material, number, seed)
        self.asked_to_withdraw: set[str] = set()
        self.rescored = False

    # What a life is for

    def submits(self, count: int, practice: float = 0.15) -> list[list[str]]:
        sent = self.some(count, practice=practice)
        return [["submit", each.person, each.track, str(each.file), f"by {each.person}"] for each in sent]

    def decisions(self) -> list[list[str]]:
        """Withdraw one submission and choose one; rescore once per home."""
        tasks: list[list[str]] = []
        people = {name: person for (person, _, _), name in self.receipts.items()}
        scored = {path.stem for path in (self.folder / "results").glob("*/*/*.json")} & people.keys()
        if open_ := sorted(people.keys() - self.asked_to_withdraw):
            name = self.random.choice(open_)
            self.asked_to_withdraw.add(name)
            tasks.append(["withdraw", people[name], name])
        if can := sorted(scored - self.asked_to_withdraw):
            name = self.random.choice(can)
            tasks.append(["choose", people[name], name])
        if not self.rescored and self.random.random() < 0.3:
            self.rescored = True
            tasks.append(["rescore", PRACTICE])
        self.random.shuffle(tasks)
        return tasks

    def corrections(self) -> list[list[str]]:
        """Send one correction; withdraw one, and those whose withdrawal was cut short."""
        if kept := sorted(self.corrected.keys() - self.asked_to_retract):
            self.asked_to_retract.add(self.random.choice(kept))
        retracts = [["retract", self.retractions[name]] for name in sorted(self.asked_to_retract - self.retracted)]
        return [["correct", f"word{self.lives}"], *retracts]

    def annotations(self) -> list[list[str]]:
        """Save two people's answers about a new clip; take out one clip, and those whose removal was cut short."""
        kept = sorted({clip for clip, _ in self.annotated.values()} - self.asked_to_forget)
        if len(kept) > 1:
            self.asked_to_forget.add(self.random.choice(kept))
        forgets = [["forget", clip] for clip in sorted(self.asked_to_forget - self.forgotten)]
        clip = f"clip{self.lives}"
        return [*(["annotate", clip, person, f"word{self.lives}"] for person in ("ada", "boris")), *forgets]

    def tasks(self, doing: str) -> list[list[str]]:
        """The tasks that lead to a step of this kind."""
        return {
            "submit": lambda: self.submits(2),
            "decide": lambda: [*self.submits(0 if len(self.receipts) > 2 else 2), *self.decisions()],
            "correct": self.corrections,
            "annotate": self.annotations,
            "score": lambda: [*self.submits(0 if self.queued() else 1), ["score"]],
            "export": lambda: [*self.submits(0 if self.receipts else 1), ["export"]],
        }[doing]()

    def queued(self) -> int:
        return len(self.receipts) - len({path.stem for path in (self.folder / "results").glob("*/*/*.json")})

    def killed_at(self, kill: Place) -> bool:
        if "remove unfinished/" in kill.step:
            self.live(self.submits(1), UNFINISHED)
        return self.live(self.tasks(kill.doing), kill).killed

    def killed_while_scoring(self) -> bool:
        return self.live(self.tasks("score"), outside=self.random.uniform(0, SCORING_S)).killed

    # The end

    def end(self) -> None:
        """The last run, without a kill, followed by all checks."""
        tasks = [
            *(*self.submits(len(self.waiting) + 1), *self.corrections(), *self.annotations()),
            *(["score"], ["export"]),
        ]
        if self.live(tasks).killed:
            self.wrong("the last worker was killed by somebody else")
        if told := self.checked():
            self.check_decisions(told)
            self.check_exported(told)

    def check_decisions(self, told: dict[str, Any]) -> None:
        """The answers to decisions."""
        for about, what in self.decided:
            action = {"withdrawn": "withdraw", "chosen": "count", "rescored": "rescore"}[about]
            name, _, version = what.partition(" ")
            if [action, name, version] not in told["decisions"]:
                self.wrong(f"{name} was {about}, and there is no such decision")
        withdrawn = set(told["withdrawn"])
        if not {what for about, what in self.decided if about == "withdrawn"} <= withdrawn <= self.asked_to_withdraw:
            self.wrong(f"withdrawn are {sorted(withdrawn)}, asked for were {sorted(self.asked_to_withdraw)}")

    def check_exported(self, told: dict[str, Any]) -> None:
        folder = self.folder.with_name(f"{self.folder.name}-export")
        for track, names in told["ranked"].items():
            if not names:
                continue
            rows = json.loads((folder / track / "ranking.json").read_text(encoding="utf-8"))["rows"]
            with (folder / track / "ranking.csv").open(encoding="utf-8", newline="") as file:
                table = [row["id"] for row in csv.DictReader(file) if row["id"]]
            if table != names or [row["id"] for row in rows if row["id"]] != names:
                self.wrong(f"the export of {track} has {table}, the ranking {names}")


def rehearse(home: WorkerHome) -> tuple[list[Place], list[Place]]:
    """Where a worker can be killed: in the first life of a home alone, and in any life.

    One kill is needed: what it leaves unfinished is removed by the next worker, which are steps as well.
    """
    early = home.live(
        [*home.submits(2, practice=0), *home.corrections(), *home.annotations(), ["score"], ["export"]]
    ).places()
    home.live(home.annotations())  # so that there are two clips, and one can go
    early += home.live([*home.decisions(), *home.submits(1, practice=0)], UNFINISHED).places()
    known = home.live(
        [
            *home.submits(2, practice=0),
            *home.corrections(),
            *home.annotations(),
            ["score"],
            *home.decisions(),
            ["export"],
        ]
    ).places()
    return [place for place in dict.fromkeys(early) if place not in known], known


def spread(first: list[Place], known: list[Place], kills: int, homes: int, chance: random.Random) -> list[list[Place]]:
    """The places of each home's kills: all in an order of chance. The new homes begin with those of `first`."""
    order = ("submit", "score", "decide", "correct", "annotate", "export")
    at_first = sorted(chance.sample(first, len(first)), key=lambda kill: order.index(kill.doing))
    line = chance.sample(known, len(known))
    plans: list[list[Place]] = []
    for number in range(homes):
        count = kills // homes + (number < kills % homes)
        begins = at_first[number - 1 :: homes - 1][: min(count, 2)] if number else []
        while len(line) < count:
            line += chance.sample(known, len(known))
        cut = count - len(begins)
        plans.append([*begins, *line[:cut]])
        line = line[cut:]
    return plans


def run_home(home: WorkerHome, plan: list[Place], known: list[Place], outside: int) -> Tally:
    """Kill at each place of the plan and `outside` times while scoring, then end.

    A place that is not reached for what a life happens to do is tried again, twice; then another takes its turn.
    """
    done, tries, line = Tally(homes=1), Counter[Place](), list(plan)
    lives, limit = 0, 6 * (len(plan) + outside) + 20
    while (line or done.outside < outside) and lives < limit and not home.problems:
        lives += 1
        if done.outside < outside and (not line or (lives > 3 and home.random.random() < 1 / OUTSIDE_EVERY)):
            done.outside += home.killed_while_scoring()
            continue
        kill = line.pop(0)
        if home.killed_at(kill):
            done.inside += 1
            done.places.add(kill)
            continue
        tries[kill] += 1
        line.insert(0, kill if tries[kill] < 3 else home.random.choice(known))
    if not home.problems and (done.inside, done.outside) != (len(plan), outside):
        home.wrong(f"only {done.inside} and {done.outside} of {len(plan)} and {outside} kills came about")
    home.end()
    done.receipts, done.scored, done.problems = len(home.receipts), home.results(), home.problems
    return done
