"""Makes a dataset of an annotation project: files in the field's columns, splits, and a card.

What is released follows from the project's records and what is asked, so that the same release has the same bytes.
Every file may be published: answers that are not public are only in the material of the track.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from huggingface_hub import DatasetCardData
from jinja2 import Environment, StrictUndefined

from annotation.agreement import alpha_of_labels
from annotation.book import Book
from annotation.projects import Final, Project, subtitle_of
from annotation.records import LANGUAGES, Round, Save
from emer_space.files.problems import counted
from emer_space.files.rows import Row
from emer_space.files.tables import NAME
from emer_space.files.writing import csv_bytes
from leaderboard.errors import LeaderboardError
from leaderboard.hosting.release_splits import draw, groups_of
from leaderboard.hosting.track_material import Material, guessed_metric
from leaderboard.scoring.scorer import code_version

SCHEMA = "emer-release/1"
WORDS = Path(__file__).with_suffix(".toml")
CARD = Path(__file__).parent / "cards" / "dataset.md"
CARD_FILE, FACTS, SUMS, TRACK = "README.md", "release.json", "SHA256SUMS", "track"
ROUNDS: tuple[Round, Round] = (1, 2)
Shown = Literal["public", "all", "none"]
"""Whose answers are in the dataset: those of the public split, all, or none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a project is released.

    `private` is the share of the samples in 0…1 whose answers stay hidden and rank after the closing, `decoys` the
    number of samples that are never scored. Both are drawn by a secret of the project; another `seed` is another draw.
    `group` is a csv with name and group, or a pattern that finds the group in a name: a group is not torn apart by
    the split. `id` is the track's (default: the project's).
    """

    private: float = 0.0
    decoys: int = 0
    seed: int | None = None
    group: str = ""
    answers: Shown = "public"
    id: str = ""
    metric: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """A dataset in memory. `files` may all be published. `splits` may not, if some answers are hidden.

    `names` are those of all clips of the project, also of those that were taken out.
    """

    project: str
    files: Mapping[str, bytes]
    splits: Mapping[str, str]
    seed: int | None
    hidden: bool
    material: Material
    metric: str
    left_out: Mapping[str, int]
    said: tuple[str, ...]
    names: frozenset[str] = frozenset()

    @property
    def missing(self) -> list[str]:
        """Which clips are not in it, and why."""
        return _missing(self.left_out)

    @property
    def counts(self) -> dict[str, int]:
        """The number of samples by split."""
        found = Counter(self.splits.values())
        return {split: found[split] for split in ("public", "private", "decoy")}


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))


def released(book: Book, project: Project, asked: Asked) -> Release:
    """The dataset of a project. Raises `LeaderboardError` if there is nothing to release, or no public sample left.

    A draw of private samples and decoys is kept with the project.
    """
    finals, left_out = _finals(project)
    if not finals:
        reasons = "; ".join(_missing(left_out)) or "it holds no clips"
        raise LeaderboardError(f"{project.id} has nothing to release: {reasons}.")
    groups, lone = groups_of(asked.group, finals)
    splits, told = draw(book, project, finals, groups, asked.private, asked.decoys, asked.seed)
    hidden = asked.answers == "none" or (asked.answers == "public" and set(splits.values()) != {"public"})
    kept = {"all": set(splits.values()), "public": {"public"}, "none": set()}[asked.answers]
    open_ones = {name: final for name, final in finals.items() if splits[name] in kept}
    material = _material(project, finals)
    files = {
        **_answers(project, open_ones, _people(project, finals)),
        **_inputs(project, finals, groups if asked.group else {}),
    }
    said = []
    if asked.private or asked.decoys:
        said.append(
            "No clip changes its split while --private, --decoys, --seed and whether there is a --group stay the same."
        )
        if not asked.group:
            said.append("If a person is in several clips, say by --group which ones, so that no split has them both.")
    if told and kept:
        said.append(
            f"Hidden by an earlier draw with other options, and public now: {counted(len(told), 'clip')}. If that is "
            "not meant, delete this release and give the options of before."
        )
    if lone:
        said.append(f"{counted(lone, 'clip')} without a group count as one each.")
    if hidden and kept:
        said.append(
            "The answers of the public split are in the dataset, so the public ranking proves nothing until the track "
            "closes and the private samples rank; --answers none keeps them out."
        )
    if asked.answers == "all" and (asked.private or asked.decoys):
        said.append("All answers are in the dataset, so its track is one for practice, and nobody ranks as verified.")
    metric = asked.metric or guessed_metric(material)[0]
    facts = _facts(project, asked, finals, len(open_ones), left_out, None if hidden else asked.seed)
    files[CARD_FILE] = card(project, facts, finals, files, "decoy" in splits.values())
    files[FACTS] = _json(facts)
    return Release(
        project.id,
        files,
        splits,
        asked.seed,
        hidden,
        material,
        metric,
        left_out,
        tuple(said),
        frozenset({*project.clips, *project.removed}),
    )


def _finals(project: Project) -> tuple[dict[str, Final], dict[str, int]]:
    """The clips that can be released, by name, and how many cannot, by reason."""
    finals: dict[str, Final] = {}
    out = Counter[str](withdrawn=len(project.removed), aside=len(project.aside))
    for name in sorted(project.clips):
        final = project.final(name)
        if final is None:
            out["unfinished"] += 1
        elif not final.answer.labels and not final.answer.explanation:
            out["split"] += 1
        else:
            finals[name] = final
    return finals, dict(out)


REASONS = {
    "unfinished": "not enough people have answered about {}",
    "split": "people agreed on nothing in {}",
    "aside": "the files of {} could not be used",
    "withdrawn": "consent was withdrawn, or the organiser took it out: {}",
}


def _missing(left_out: Mapping[str, int]) -> list[str]:
    return [
        words.format(counted(left_out[reason], "clip")) for reason, words in REASONS.items() if left_out.get(reason)
    ]


# Files


def _material(project: Project, finals: Mapping[str, Final]) -> Material:
    """The answers of a track: labels if there are any, else explanations."""
    labels = {name: str(list(final.answer.labels)) for name, final in finals.items() if final.answer.labels}
    column, cells = ("openset", labels) if labels else ("reason", _reasons(project, finals))
    rows = tuple(Row(number, {NAME.name: name, column: cells[name]}) for number, name in enumerate(cells, 2))
    return Material(project.id, rows, frozenset((NAME.name, column)))


def _reasons(project: Project, finals: Mapping[str, Final]) -> dict[str, str]:
    language = project.settings.language
    return {name: text for name, final in finals.items() if (text := final.answer.explanation.get(language, ""))}


def _answers(project: Project, finals: Mapping[str, Final], people: Mapping[str, int]) -> dict[str, bytes]:
    """The files that hold answers, with `people` by their numbers; those without a row are left out."""
    both = {
        name: final.answer.explanation
        for name, final in finals.items()
        if all(final.answer.explanation.get(language) for language in LANGUAGES)
    }
    labels = [
        {"name": name, "openset": str(list(final.answer.labels))}
        for name, final in finals.items()
        if final.answer.labels
    ]
    reasons = [{"name": name, "reason": text} for name, text in _reasons(project, finals).items()]
    texts = [{"name": name, "chinese": said["zh"], "english": said["en"]} for name, said in both.items()]
    files = {
        "openset.csv": csv_bytes(("name", "openset"), labels) if labels else b"",
        "reason.csv": csv_bytes(("name", "reason"), reasons) if reasons else b"",
        "bilingual.csv": csv_bytes(("name", "chinese", "english"), texts) if texts else b"",
        "clues.jsonl": _lines(_clues(finals)),
        "votes.jsonl": _lines(_votes(project, finals, people)),
    }
    return {name: content for name, content in files.items() if content}


def _clues(finals: Mapping[str, Final]) -> Iterable[dict[str, Any]]:
    for name, final in finals.items():
        kept = {clue.id for clue in final.answer.clues}
        for one in sorted(final.merged.clues, key=lambda one: (one.clue.start, one.clue.id)):
            if one.clue.id in kept:
                yield {
                    "name": name,
                    "modality": one.clue.modality,
                    "statement": one.clue.statement,
                    "start": one.clue.start,
                    "end": one.clue.end,
                    "source": ", ".join(sorted(one.sources)),
                    "votes": one.votes,
                    "of": one.of,
                }


def _counted(project: Project, finals: Mapping[str, Final]) -> dict[Round, list[Save]]:
    """The answers that count, by round: those about clips that enough people answered."""
    rounds = ROUNDS if project.settings.annotators[1] else ROUNDS[:1]
    asked_about = [name for name, final in finals.items() if final.annotators]
    return {round: [save for name in asked_about for save in project.done(round, name)] for round in rounds}


def _people(project: Project, finals: Mapping[str, Final]) -> dict[str, int]:
    """The annotators of what is released, by the numbers that stand for them."""
    saves = sorted(chain(*_counted(project, finals).values()), key=lambda save: (save.made, save.id))
    return {person: number for number, person in enumerate(dict.fromkeys(save.person for save in saves), 1)}


def _votes(project: Project, finals: Mapping[str, Final], people: Mapping[str, int]) -> Iterable[dict[str, Any]]:
    answers: dict[str, list[dict[str, Any]]] = {}
    for round, saves in _counted(project, finals).items():
        for save in sorted(saves, key=lambda save: people[save.person]):
            answers.setdefault(save.clip, []).append(
                {
                    "round": round,
                    "annotator": people[save.person],
                    "labels": list(save.answer.labels),
                    "valence": save.answer.valence,
                    "arousal": save.answer.arousal,
                }
            )
    for name, given in answers.items():
        final = finals[name]
        yield {
            "name": name,
            "of": final.annotators,
            "labels": [{"label": one.label, "votes": one.votes} for one in final.merged.labels],
            "valence": final.merged.valence,
            "arousal": final.merged.arousal,
            "answers": given,
        }


def _inputs(project: Project, finals: Mapping[str, Final], groups: Mapping[str, str]) -> dict[str, bytes]:
    """What is known of every clip without its answer."""
    said = {name: text for name in finals if (text := subtitle_of(project, name))}
    numbers = {group: str(number) for number, group in enumerate(dict.fromkeys(map(groups.get, finals)), 1) if group}
    columns = ["name", "sha256", "duration_s", "has_audio", "has_video", *(["group"] if groups else [])]
    clips = []
    for name in finals:
        clip = project.clips[name]
        row = {"name": name, "sha256": clip.sha256, "duration_s": f"{clip.duration_s:.3f}"}
        row |= {"has_audio": str(clip.has_audio).lower(), "has_video": str(clip.has_video).lower()}
        clips.append(row | ({"group": numbers.get(groups.get(name, ""), "")} if groups else {}))
    files = {"clips.csv": csv_bytes(columns, clips)}
    if said:
        subtitles = ({"name": name, "subtitle": text} for name, text in said.items())
        files["subtitles.csv"] = csv_bytes(("name", "subtitle"), subtitles)
    return files


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def _facts(
    project: Project,
    asked: Asked,
    finals: Mapping[str, Final],
    shown: int,
    left_out: Mapping[str, int],
    seed: int | None,
) -> dict[str, Any]:
    """What `release.json` says; `shown` is the number of clips whose answers are in the dataset."""
    settings = project.settings
    asked_about = {name for name, final in finals.items() if final.annotators}
    saves = _counted(project, finals)
    imports = [project.drafts[name] for name in finals.keys() - asked_about]
    others = project.without((round, name) for round in ROUNDS for name in project.clips.keys() - asked_about)
    return {
        "schema": SCHEMA,
        "project": project.id,
        "title": settings.title,
        "language": settings.language,
        "date": max(record.made for record in chain(*saves.values(), imports))[:10],
        "code": code_version(),
        "settings": {
            "annotators": list(settings.annotators),
            "agreed": list(settings.agreed),
            "order": settings.order,
            "licence": settings.licence,
            "consent": settings.consent,
        },
        "answers": asked.answers,
        "seed": seed,
        "counts": {
            "released": len(finals),
            "public": shown,
            "hidden": len(finals) - shown,
            **{reason: left_out.get(reason, 0) for reason in REASONS},
        },
        "rounds": [
            {
                "round": round,
                "people": len({save.person for save in saves[round]}),
                "answers": len(saves[round]),
                "agreement": {by: _alpha(others, round, by) for by in ("words", "groups")},
            }
            for round in saves
            if saves[round]
        ],
    }


def _alpha(project: Project, round: Round, by: Literal["words", "groups"]) -> dict[str, float | None]:
    found = alpha_of_labels(project, round, by)
    rounded = (None if value is None else float(f"{value:.4f}") for value in found)
    return dict(zip(("alpha", "low", "high"), rounded, strict=True))


def card(
    project: Project,
    facts: Mapping[str, Any],
    finals: Mapping[str, Final],
    files: Mapping[str, bytes],
    decoys: bool,
) -> bytes:
    """The dataset's card, with the head that the Hub reads. `decoys`: some hidden answers are never scored."""
    settings, words = project.settings, _words()
    asked_about = [name for name, final in finals.items() if final.annotators]
    drafts = {name: project.drafts[name] for name in finals if name in project.drafts}
    imported = [draft for name, draft in drafts.items() if not finals[name].annotators]
    drafted = [draft for name in asked_about if (draft := drafts.get(name)) and not draft.imported and draft.answer]
    values: dict[str, Any] = {
        **facts,
        "title": _line(settings.title) or project.id,
        "guide": _line(settings.guide),
        "labels": any(final.answer.labels for final in finals.values()),
        "reasons": any(final.answer.explanation for final in finals.values()),
        "asked_about": len(asked_about),
        "drafted": len(drafted),
        "made_by": ", ".join(sorted(filter(None, {_line(draft.made_by) for draft in drafted}))) or "EMER Space",
        "imported": len(imported),
        "imported_from": ", ".join(sorted({_line(draft.made_by).removeprefix("imported from ") for draft in imported})),
        "people": len(_people(project, finals)),
        "decoys": decoys,
        "there": sorted(files),
        "grouped": b"group" in files["clips.csv"].split(b"\n")[0],
        "rounds": [
            {
                **row,
                "number": row["round"],
                "a_clip": _range(len(project.done(row["round"], name)) for name in asked_about),
                "agreed": settings.agreed[row["round"] - 1],
            }
            for row in facts["rounds"]
        ],
        "agreement": [
            {"round": row["round"], **{by: _interval(row["agreement"][by]) for by in ("words", "groups")}}
            for row in facts["rounds"]
            if any(found["alpha"] is not None for found in row["agreement"].values())
        ],
        "missing": _missing(facts["counts"]) or ["Nothing: every clip of the project is here."],
        "licence": _line(settings.licence) or "None has been named, so nobody may use this dataset yet.",
        "consent": _line(settings.consent) or "The organiser has not said whether the people in the clips agreed.",
    }
    templates = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    values["files"] = {
        name: templates.from_string(about).render(values)
        for name, about in words["files"].items()
        if name in (*files, FACTS, SUMS, f"{TRACK}/")
    }
    text = templates.from_string(CARD.read_text(encoding="utf-8")).render(values)
    return f"---\n{_head(project, facts, finals, files).to_yaml()}\n---\n\n{text}".encode()


def _range(numbers: Iterable[int]) -> str:
    found = sorted({*numbers})
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _interval(found: Mapping[str, float | None]) -> str:
    if found["alpha"] is None:
        return "cannot be told"
    bounds = "" if found["low"] is None else f" ({found['low']:.2f} to {found['high']:.2f})"
    return f"{found['alpha']:.2f}{bounds}"


def _head(
    project: Project, facts: Mapping[str, Any], finals: Mapping[str, Final], files: Mapping[str, bytes]
) -> DatasetCardData:
    settings, words = project.settings, _words()
    licence = _line(settings.licence).lower().replace(" ", "-")
    known = licence in words["licences"]
    name = re.sub(r"[^a-z0-9.]+", "-", licence).strip("-") or "none-named"
    tables = [file for file in ("openset.csv", "reason.csv", "bilingual.csv", "clues.jsonl") if file in files]
    more: dict[str, Any] = {} if known else {"license_name": name, "license_link": "README.md"}
    if tables:
        more["configs"] = [{"config_name": file.split(".")[0], "data_files": file} for file in tables]
    size = next((name for name, most in words["sizes"].items() if facts["counts"]["released"] < most), "n>1M")
    return DatasetCardData(
        language=list(LANGUAGES) if "bilingual.csv" in files else [settings.language],
        license=licence if known else "other",
        annotations_creators=[
            *(["expert-generated"] if facts["rounds"] else []),
            *(["found"] if any(not final.annotators for final in finals.values()) else []),
        ],
        task_categories=words["tasks"],
        size_categories=[size],
        pretty_name=_line(settings.title) or project.id,
        tags=words["tags"],
        **more,
    )
