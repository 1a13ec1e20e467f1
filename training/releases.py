"""Released datasets of annotation projects as corpora: each clip with the one basic feeling that its labels name."""

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emer_space.errors import InputError
from emer_space.feelings import families
from emer_space.files.clips import named_clips
from emer_space.files.label_lists import parse_labels
from emer_space.files.problems import shown
from emer_space.files.writing import csv_bytes
from emer_space.settings import app_home
from training.written import Progress

FACTS = "release.json"
SCHEMA = "emer-release/1"
PROJECT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
"""A project's name: it is a folder in the app's home, and a release may come from anybody."""
REASONS = ("without a basic feeling", "with several", "without a file here")
LACKING = {"has_audio": "without sound", "has_video": "without a picture"}
BORED = ("bored", "boredom")
"""Labels that the voice witness has a class for, though they are no basic feeling."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a release's clips: how many are `used`, and how many are not, by reason."""

    name: str
    facts: dict[str, Any]
    used: int
    left_out: dict[str, int]

    def lines(self) -> list[str]:
        """The release in sentences, for a model's card."""
        settings, counts = self.facts["settings"], ", ".join(f"{n} {why}" for why, n in self.left_out.items() if n)
        said = [
            f"- **{self.facts['title']}** (project {self.facts['project']}, {self.facts['date']}): {self.used} of "
            f"{self.facts['counts']['public']} clips with public answers were used"
            + (f"; left out: {counts}." if counts else "."),
        ]
        for row in self.facts["rounds"]:
            alpha = row["agreement"]["words"]
            if alpha["alpha"] is not None:
                bounds = "" if alpha["low"] is None else f", 95 % interval {alpha['low']:.2f} to {alpha['high']:.2f}"
                said.append(
                    f"  - Round {row['round']}: {row['people']} people, {row['answers']} answers, Krippendorff's alpha "
                    f"{alpha['alpha']:.2f} on the labels (MASI{bounds})."
                )
        said.append(f"  - Licence: {settings['licence'] or 'none named'}. Consent: {settings['consent'] or 'not said'}")
        return said


def is_release(folder: Path) -> bool:
    """Whether a folder is a released dataset."""
    return (folder / FACTS).is_file()


def as_corpus(release: Path, clips: Path | None, folder: Path, progress: Progress, needs: str = "has_audio") -> Taken:
    """Write a release as a corpus of recordings (`labels.csv`) into `folder`; clips that lack what it `needs` are out.

    A clip is found by the hash of its file in the organiser's home, or by its name in the folder `clips`. Its label is
    the basic feeling to which all its labels belong; clips with none or several are left out. Raises `InputError` for
    a folder that is no release, or of which no clip can be used.
    """
    facts = _facts(release)
    if not (release / "openset.csv").is_file():
        raise InputError(f"{release} holds no labels; release the project with --answers public or all.")
    about = {row["name"]: row for row in _rows(release, "clips.csv", "name", "sha256")}
    found = named_clips(clips) if clips else {}
    by_file = {name: path for clip in found.values() for name, path in ((clip.name, clip),)}
    home = app_home() / "projects" / facts["project"]
    left_out = dict.fromkeys((*REASONS, LACKING[needs]), 0)
    used = []
    for row in _rows(release, "openset.csv", "name", "openset"):
        try:
            name, labels = row["name"], parse_labels(row["openset"])
        except ValueError as problem:
            raise InputError(f"openset.csv in {release}, clip {shown(row['name'])}: {problem}") from None
        feelings = {"bored"} if labels and set(map(str.lower, labels)) <= set(BORED) else families(labels)
        file = found.get(name) or by_file.get(name) if clips else _at_home(home, about.get(name, {}).get("sha256", ""))
        if len(feelings) != 1:
            left_out["with several" if feelings else "without a basic feeling"] += 1
        elif about.get(name, {}).get(needs) == "false":
            left_out[LACKING[needs]] += 1
        elif file is None:
            left_out["without a file here"] += 1
        else:
            group = about.get(name, {}).get("group") or name
            speaker = f"{facts['project']} {group}"
            label, language = next(iter(feelings)), facts["language"]
            used.append({"file": str(file.absolute()), "label": label, "speaker": speaker, "language": language})
    if not used:
        missing = ", ".join(f"{count} {reason}" for reason, count in left_out.items() if count)
        raise InputError(f"No clip of {release} can be used ({missing}); name the folder of its clips with --clips.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "labels.csv").write_bytes(csv_bytes(("file", "label", "speaker", "language"), used))
    taken = Taken(release.name, facts, len(used), left_out)
    for line in taken.lines():
        progress(line)
    if not any(row.get("group") for row in about.values()):
        progress(
            f"{release} does not say who is in which clip, so every clip counts as another person. If somebody is in "
            "several, what is measured on people never seen is too good; release the project with --group."
        )
    return taken


def card(witness: str, seed: int, corpora: Iterable[str], releases: Iterable[Taken]) -> str:
    """The card of weights that were fitted to releases, in Markdown."""
    others = "\n".join(f"- {name}" for name in corpora)
    lines = "\n".join(line for taken in releases for line in taken.lines())
    return (
        f"# {witness.capitalize()} witness\n\nFitted by `python -m training {witness}` (seed {seed}) to:\n\n{lines}\n"
        f"{others}{chr(10) if others else ''}\n"
        "The labels are what people saw and heard in the clips, and no judgement of what anybody felt. Measure the "
        "witness on people and recordings that it was not fitted to before you rely on it.\n"
    )


def _facts(release: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads((release / FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        facts = {}
    project = facts.get("project")
    if facts.get("schema") != SCHEMA or not isinstance(project, str) or not PROJECT.fullmatch(project):
        raise InputError(f"{release} is no release of an annotation project that this version can read.")
    return facts


def _rows(release: Path, name: str, *columns: str) -> list[dict[str, str]]:
    """The rows of a file that has at least these columns. Raises `InputError`."""
    try:
        with (release / name).open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, restval=""))
    except (OSError, ValueError, csv.Error) as problem:
        raise InputError(f"{name} in {release} cannot be read ({problem}); fetch or make the release again.") from None
    if missing := [column for column in columns if rows and column not in rows[0]]:
        raise InputError(f"{name} in {release} has no column {missing[0]}; fetch or make the release again.")
    return rows


def _at_home(folder: Path, sha256: str) -> Path | None:
    return next(iter(sorted(folder.glob(f"{sha256}.*"))), None) if sha256.isalnum() else None
