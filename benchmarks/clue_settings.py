"""Measures the papers' CLUE settings: `python -m benchmarks.clue_settings [--profile endpoint]`.

EMER v2's human-checked explanations are split into clues at "In the video / audio / text", without their concluding
sentences, and read by `explain-clues` from one modality and from all. F is the official EW metric, level 1. Then come
the planted conflicts of the tests.
"""

import argparse
import csv
import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from emer_space.analysis import INPUTS, Input
from emer_space.commands.clue_file import WORKERS, ClueTexts, explain_clues
from emer_space.language_model.answer_cache import KeptAnswers
from emer_space.language_model.dialogue import Explained
from emer_space.models.roles import CHAT
from emer_space.profiles import load_profile
from emer_space.settings import app_home
from leaderboard.metrics.emotion_wheel import emotion_wheel
from leaderboard.metrics.official_wheels import OfficialWheels, read_official_wheels

PROJECT = Path(__file__).resolve().parent.parent
REFERENCE = PROJECT.parent / "shared" / "reference"
PLANTED = PROJECT / "tests" / "emer_space" / "conflicts.json"
SETTINGS: Mapping[str, tuple[Input, ...]] = {
    "CLUE-Video": ("video",),
    "CLUE-Audio": ("audio",),
    "CLUE-Text": ("text",),
    "CLUE-Multi": INPUTS,
}
RESAMPLES = 500
SEED = 0
_SECTION = re.compile(r"\bin the (video|audio|text)\b", re.IGNORECASE)
_RESTART = re.compile(r"\boutput\s*:", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?]+[.!?]*[\"”']?")
_QUOTE = re.compile(r"[\"“]([^\"”]+)[\"”]|'([A-Z][^\"]*?[.!?,])'")
_CONCLUDES = re.compile(
    r"\b(?:based on|therefore|thus|hence|combin(?:ed|ing)|tak(?:ing|en) (?:\w+ ){1,4}(?:together|into)|"
    r"in (?:summary|conclusion)|to sum up|overall,|considering|"
    r"(?:we|it|one) (?:can|could|may) (?:also |be )*(?:infer|deduc|speculat|conclud|seen))",
    re.IGNORECASE,
)


def split(explanation: str) -> ClueTexts | None:
    """An explanation as clues, without its conclusions; None if it has no sections."""
    text = _RESTART.split(explanation)[-1]
    parts: dict[str, str] = {}
    order = ("video", "audio", "text")
    cuts = [(match.start(), match.end(), match[1].lower()) for match in _SECTION.finditer(text)]
    begun: list[tuple[int, int, str]] = []
    for start, end, part in cuts:
        if len(begun) < len(order) and part == order[len(begun)]:
            begun.append((start, end, part))
    for number, (_, end, part) in enumerate(begun):
        parts[part] = text[end : begun[number + 1][0] if number + 1 < len(begun) else len(text)]
    if not parts:
        return None
    quoted = _QUOTE.search(parts.get("text", ""))
    subtitle = next((words for words in quoted.groups() if words), "") if quoted else ""
    return ClueTexts("", _described(parts.get("video", "")), _described(parts.get("audio", "")), subtitle)


def _described(section: str) -> str:
    """A section without its concluding sentences."""
    kept = []
    for sentence in _SENTENCE.findall(section):
        if _CONCLUDES.search(sentence) or sentence.strip().lower().startswith("the subtitle"):
            continue
        kept.append(sentence.strip(" ,"))
    return " ".join(kept)


def report(chat: KeptAnswers | None = None) -> None:
    """Print CLUE-Video, CLUE-Audio, CLUE-Text and CLUE-Multi with 95 % intervals, then the planted conflicts."""
    if REFERENCE.is_dir():
        _report_settings(chat)
    else:
        print("CLUE settings: not measured, because the reference files are missing")
    _report_planted(chat)


def _report_settings(chat: KeptAnswers | None) -> None:
    wheels = read_official_wheels(REFERENCE / "emotion_wheel")
    references = _references(REFERENCE / "mer2024" / "check-openset.csv")
    clues = _read_clues(REFERENCE / "emer" / "final-EMER-reason-half.csv")
    names = [name for name in clues if name in references]
    print(f"EMER v2, {len(names)} explanations as clues, EW level-1 F:")
    sampled = np.random.default_rng(SEED).integers(0, len(names), (RESAMPLES, len(names)))
    scores = {}
    for setting, modalities in SETTINGS.items():
        results = _explained([clues[name] for name in names], modalities, chat)
        labels = {name: [label.label for label in result.labels] for name, result in zip(names, results, strict=True)}
        score = emotion_wheel({name: references[name] for name in names}, labels, wheels).point()
        spread = [_resampled(names, chosen, references, labels, wheels) for chosen in sampled]
        scores[setting] = spread
        low, high = np.percentile(spread, [2.5, 97.5])
        print(
            f"  {setting:<11} F {100 * score['level1.f']:.1f} [{100 * low:.1f}, {100 * high:.1f}]  "
            f"P {100 * score['level1.precision']:.1f}  R {100 * score['level1.recall']:.1f}  "
            f"labels {np.mean([len(row) for row in labels.values()]):.2f}  "
            f"by the model {np.mean([result.explanation.composer.startswith('chat') for result in results]):.2f}"
        )
    for setting in list(SETTINGS)[:3]:
        ahead = np.mean(np.array(scores["CLUE-Multi"]) > np.array(scores[setting]))
        print(f"  CLUE-Multi beats {setting} in {100 * ahead:.1f} % of {RESAMPLES} resamples")


def _explained(rows: Sequence[ClueTexts], modalities: tuple[Input, ...], chat: KeptAnswers | None) -> list[Explained]:
    with ThreadPoolExecutor(WORKERS if chat else 1) as pool:
        return list(pool.map(lambda row: explain_clues(row, modalities, chat), rows))


def _resampled(
    names: Sequence[str],
    chosen: Sequence[int],
    references: Mapping[str, Sequence[str]],
    labels: Mapping[str, Sequence[str]],
    wheels: OfficialWheels,
) -> float:
    drawn = {str(number): names[index] for number, index in enumerate(chosen)}
    wanted = {number: references[name] for number, name in drawn.items()}
    given = {number: labels[name] for number, name in drawn.items()}
    return emotion_wheel(wanted, given, wheels, levels_only=True).point()["level1.f"]


def _read_clues(path: Path) -> dict[str, ClueTexts]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        parts = {row["name"]: split(row["english"]) for row in csv.DictReader(file)}
    return {name: clue for name, clue in parts.items() if clue}


def _references(path: Path) -> dict[str, list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["name"]: re.findall(r"['\"]([^'\"]+)['\"]", row["openset"]) for row in csv.DictReader(file)}


def _report_planted(chat: KeptAnswers | None) -> None:
    rows = json.loads(PLANTED.read_text(encoding="utf-8"))
    counts = {"conflict": [0, 0], "agree": [0, 0]}
    for row in rows:
        texts = ClueTexts(row["name"], row["visual_clue"], row["acoustic_clue"], row["subtitle"])
        conflicting = explain_clues(texts, chat=chat).explanation.agreement == "conflicting"
        counts[row["expected"]][0] += conflicting
        counts[row["expected"]][1] += 1
    hits, alarms = counts["conflict"], counts["agree"]
    print(f"Planted conflicts recognised: {hits[0]} of {hits[1]}; false alarms: {alarms[0]} of {alarms[1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the papers' CLUE settings on EMER v2's texts.")
    parser.add_argument(
        "--profile", default="bundled", help="the profile that gives the language model, if any (default: bundled)"
    )
    profile = load_profile(parser.parse_args().profile)
    report(KeptAnswers(profile.get(CHAT), app_home() / "answers.jsonl") if profile.has("chat") else None)


if __name__ == "__main__":
    main()
