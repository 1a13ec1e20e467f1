"""How much of a described face or voice is read: `python -m benchmarks.described [--half tune|check] [--unread]`.

EMER v2's explanations in English and Chinese, cut into clauses; those that name a feeling or conclude are left out, so
that only descriptions of signs remain. Coverage: clips, and clauses, from which a sign is read that suggests a feeling.
Agreement: signs whose strongest word shares a branch of the official wheels (level 1) with the reference. Labels: the
composer's, from these clauses alone. Rules may be written from the clips of the half `tune` only; `check` is what is
reported. Needs `shared/` beside the checkout.
"""

import argparse
import csv
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.clue_settings import REFERENCE, split
from emer_space.analysis import Clue
from emer_space.commands.clue_file import ClueTexts, explain_clues
from emer_space.text.clue_texts import NAMED, Described, read_clue_text
from emer_space.text.text_labels import claims
from emer_space.text.tokens import plain
from leaderboard.metrics.emotion_wheel import emotion_wheel
from leaderboard.metrics.official_wheels import OfficialWheels, read_official_wheels

HALVES = ("tune", "check")
LANGUAGES = ("english", "chinese")
_SECTION = re.compile(r"在?(视频|音频|文本)(?:中|里|内容)")
_CLAUSE = re.compile(r"[^，。；！？!?;.,]+[，。；！？!?;.,]*")
_CONCLUDES = re.compile(
    r"因此|所以|推测|推断|综合|结合|根据|可能|字幕|这句话|therefore|infer|suggest|indicat|subtitle|based on"
)
KINDS: tuple[Described, ...] = ("visual", "acoustic")
_SECTIONS: Mapping[str, Described] = {"视频": "visual", "音频": "acoustic"}
Sections = dict[Described, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What the clauses of one clip and modality say, and the branches of its reference."""

    name: str
    modality: Described
    clauses: tuple[str, ...]
    branches: frozenset[str]


def half_of(name: str) -> str:
    """The half that a clip belongs to, by its name."""
    return HALVES[zlib.crc32(name.encode()) % 2]


def read_told(language: str, wheels: OfficialWheels) -> Iterator[Told]:
    """The described clips of EMER v2 in one language."""
    references = _references()
    for row in _rows("emer/final-EMER-reason-half.csv"):
        sections = _chinese(row["chinese"]) if language == "chinese" else _english(row["english"])
        for modality, text in sections.items():
            branches = _branches(references[row["name"]], wheels)
            yield Told(row["name"], modality, tuple(_signs_only(text)), branches)


def report(half: str, unread: bool = False) -> None:
    """Print coverage and agreement of each language and modality; with `unread`, also the clauses without a sign."""
    wheels = read_official_wheels(REFERENCE / "emotion_wheel")
    for language in LANGUAGES:
        told = [row for row in read_told(language, wheels) if half_of(row.name) == half and row.clauses]
        for modality in KINDS:
            rows = [row for row in told if row.modality == modality]
            read = [(row, [(clause, _signs(clause, row.modality)) for clause in row.clauses]) for row in rows]
            signs = [(row, clue) for row, clauses in read for _, clues in clauses for clue in clues]
            judged = [_agrees(clue, row, wheels) for row, clue in signs]
            right = [verdict for verdict in judged if verdict is not None]
            clips = sum(any(clues for _, clues in clauses) for _, clauses in read)
            bare = [clause for _, clauses in read for clause, clues in clauses if not clues]
            whole = sum(len(clauses) for _, clauses in read)
            print(
                f"{half} {language} {modality}: clips {clips} of {len(rows)}; clauses {whole - len(bare)} of {whole} "
                f"({1 - len(bare) / whole:.3f}); agreement {sum(right)} of {len(right)} ({sum(right) / len(right):.3f})"
            )
            for clause in bare if unread else ():
                print("   ", clause)
        _report_labels(f"{half} {language}", told, wheels)


def _report_labels(name: str, told: Sequence[Told], wheels: OfficialWheels) -> None:
    """Print the official level-1 F of the labels that the composer gives to these clauses alone."""
    texts: dict[str, dict[str, str]] = {}
    for row in told:
        texts.setdefault(row.name, {})[row.modality] = " ".join(row.clauses)
    given = {
        sample: [
            label.label for label in explain_clues(ClueTexts(sample, *(parts.get(kind, "") for kind in KINDS))).labels
        ]
        for sample, parts in texts.items()
    }
    references = _references()
    f = emotion_wheel({sample: references[sample] for sample in given}, given, wheels, levels_only=True).point()
    labelled = sum(bool(labels) for labels in given.values())
    print(f"{name}: labels for {labelled} of {len(given)} clips, level-1 F {f['level1.f']:.3f}")


def _signs(clause: str, modality: Described) -> list[Clue]:
    return [clue for clue in read_clue_text(clause, modality) if clue.suggests and clue.cue != NAMED[modality]]


def _agrees(clue: Clue, row: Told, wheels: OfficialWheels) -> bool | None:
    """Whether the sign's strongest word is on a branch of the reference; None for a word outside the wheels."""
    own = _branches([max(clue.suggests, key=lambda word: clue.suggests[word])], wheels)
    return bool(own & row.branches) if own and row.branches else None


def _branches(words: Sequence[str], wheels: OfficialWheels) -> frozenset[str]:
    bases = {base for word in words for base in wheels.forms.get(word.strip().lower(), ())}
    return frozenset(
        f"{name}:{ring.level1[b]}" for name, ring in wheels.wheels.items() for b in bases if b in ring.level1
    )


def _signs_only(text: str) -> Iterator[str]:
    """The clauses that neither name a feeling nor conclude."""
    for match in _CLAUSE.finditer(text):
        clause = match.group().strip()
        if len(clause) > 3 and not _CONCLUDES.search(clause.lower()) and not _names_a_feeling(clause):
            yield clause


def _names_a_feeling(clause: str) -> bool:
    return any(not claim.place.startswith("cue:") for claim in claims(plain(clause)))


def _english(explanation: str) -> Sections:
    told = split(explanation)
    return {"visual": told.visual_clue, "acoustic": told.acoustic_clue} if told else {}


def _chinese(explanation: str) -> Sections:
    cuts = list(_SECTION.finditer(explanation))
    sections: Sections = {}
    for number, cut in enumerate(cuts):
        if cut[1] not in _SECTIONS:
            break
        end = cuts[number + 1].start() if number + 1 < len(cuts) else len(explanation)
        kind = _SECTIONS[cut[1]]
        sections[kind] = sections.get(kind, "") + explanation[cut.end() : end]
    return sections


def _references() -> dict[str, list[str]]:
    return {row["name"]: _words(row["openset"]) for row in _rows("mer2024/check-openset.csv")}


def _words(listed: str) -> list[str]:
    return re.findall(r"['\"]([^'\"]+)['\"]", listed)


def _rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.described", description="How much of a description is read."
    )
    parser.add_argument("--half", choices=HALVES, default="check")
    parser.add_argument(
        "--unread", action="store_true", help="list the clauses without a sign; of the half `tune` only"
    )
    chosen = parser.parse_args()
    if chosen.unread and chosen.half != "tune":
        parser.error(
            "--unread: only the half `tune` may be looked at, because `check` measures what is written from it"
        )
    if not REFERENCE.is_dir():
        print("described signs: not measured, because the reference files are missing")
        return
    report(chosen.half, chosen.unread)


if __name__ == "__main__":
    main()
