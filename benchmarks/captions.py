"""How well subtitles in the picture are read: `python -m benchmarks.captions --clips 60 --seed 7 [FOLDER of mp4s]`.

Draws subtitles over moving pictures with ffmpeg, in the sizes, styles and compressions of the field, beside a watermark
and a station's name, and reports the share of wrong letters (edit distance over length; blanks and case do not count),
subtitles that were missed, the seconds by which times are off, words read where nobody wrote subtitles, and processor
seconds. FOLDER gives the pictures, for example of faces; without it, ffmpeg's patterns do.
"""

import argparse
import random
import subprocess
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from emer_space.analysis import Subtitle
from emer_space.cancellation import CancelToken
from emer_space.models.roles import CAPTIONS
from emer_space.pipeline import Finished, Request, analyze
from emer_space.profiles import load_profile
from emer_space.settings import Settings

HAN_FONT = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
LATIN_FONTS = ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf")
CHINESE = (
    *("我没事，你别管我了", "你为什么要骗我？", "我再也不想见到你了！", "这件事跟你没关系", "妈，我回来了"),
    *("对不起，是我错了", "你到底有没有爱过我", "太好了，我们赢了！", "别哭了，一切都会好的", "他怎么可能做出这种事"),
    *("你给我滚出去", "我真的很害怕", "医生说还有希望", "那天晚上你在哪里", "谢谢你一直陪着我", "随便你怎么想"),
)
ENGLISH = (
    *(
        "I'm fine. Really.",
        "Why did you lie to me?",
        "I never want to see you again!",
        "This is none of your business.",
    ),
    *("Mom, I'm home.", "I'm sorry, it was my fault.", "Did you ever love me at all?", "I can't believe it, we won!"),
    *("Don't cry, it'll be all right.", "How could he do such a thing?", "Get out of my house.", "I'm really scared."),
    *(
        "The doctor says there's hope.",
        "Where were you that night?",
        "Thanks for staying with me.",
        "Think what you like.",
    ),
)
SIZES = ((640, 360), (854, 480), (1280, 720), (540, 960))
STYLES = {
    "outline": "fontcolor=white:borderw={edge}:bordercolor=black",
    "shadow": "fontcolor=white:shadowx={edge}:shadowy={edge}:shadowcolor=black@0.8",
    "box": "fontcolor=white:box=1:boxcolor=black@0.5:boxborderw=6",
    "yellow": "fontcolor=yellow:borderw={edge}:bordercolor=black",
    "plain": "fontcolor=white",
}
KINDS = ("chinese", "english", "two lines", "bilingual", "none")
PATTERNS = ("testsrc2", "gradients=speed=0.05", "life=ratio=0.1:mold=10")
SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A clip with what stands in it: each subtitle's start, end and words, and their English lines."""

    path: Path
    kind: str
    style: str
    size: tuple[int, int]
    crf: int
    said: tuple[tuple[float, float, str], ...]
    below: tuple[str, ...]


def main() -> None:
    """Draw the clips, read them, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", action="store_true", help="print each clip that was not read to the letter")
    options = parser.parse_args()
    pictures = sorted(options.folder.rglob("*.mp4")) if options.folder else []
    chance = random.Random(options.seed)
    profile = load_profile()
    profile.get(CAPTIONS)
    wrong, letters = defaultdict[str, int](int), defaultdict[str, int](int)
    missed = given = invented = silent = 0
    late, seconds = [], []
    with tempfile.TemporaryDirectory() as name:
        for number in range(options.clips):
            drawn = draw(Path(name) / f"{number}.mp4", KINDS[number % len(KINDS)], pictures, chance)
            request, folder = Request(modalities=("text",)), Path(name) / str(number)
            started = time.process_time()
            *_, last = analyze(drawn.path, request, profile, Settings(), CancelToken(), folder, readers=())
            assert isinstance(last, Finished)
            read = last.analysis.subtitle
            seconds.append(time.process_time() - started)
            if drawn.kind == "none":
                silent += 1
                invented += bool(read.text)
            else:
                given += 1
                missed += not read.text
                errors, length = misread(drawn, read)
                for group in (drawn.kind, drawn.style, "×".join(map(str, drawn.size)), f"crf {drawn.crf}", "all"):
                    wrong[group] += errors
                    letters[group] += length
                late += [abs(s.start - d[0]) for s, d in zip(read.segments, drawn.said, strict=False)]
            if options.show and (bool(read.text) if drawn.kind == "none" else misread(drawn, read)[0] > 0):
                print(drawn.kind, drawn.style, drawn.size, drawn.crf, *drawn.said, *drawn.below, "→", read)
    for group, length in letters.items():
        print(f"{group:12} {wrong[group] / length:7.1%} of {length} letters wrong")
    print(f"{missed} of {given} clips with subtitles gave none; {invented} of {silent} without gave some")
    print(f"starts are off by {sum(late) / max(1, len(late)):.2f} s on average")
    print(f"{sum(seconds) / len(seconds):.2f} processor seconds for a clip of {SECONDS:.0f} s")


def draw(target: Path, kind: str, pictures: list[Path], chance: random.Random) -> Drawn:
    """A clip of a kind, everything else by chance."""
    width, height = size = chance.choice(SIZES)
    style, crf = chance.choice(list(STYLES)), chance.choice((20, 28, 34))
    high = round(min(width, height) * chance.choice((0.05, 0.06, 0.075)))
    parts = 3 if chance.random() < 0.7 else 1
    times = [(part * SECONDS / parts + 0.3, (part + 1) * SECONDS / parts - 0.2) for part in range(parts)]
    chinese, english = chance.sample(CHINESE, parts), chance.sample(ENGLISH, parts)
    words = {"chinese": chinese, "bilingual": chinese, "none": []}.get(kind, english)
    if kind == "two lines":
        words = [f"{one}\n{two}" for one, two in zip(words, chance.sample(ENGLISH, parts), strict=True)]
    below = english if kind == "bilingual" else []
    latin = chance.choice(LATIN_FONTS)
    look = STYLES[style].format(edge=max(1, high // 14))
    filters = [
        f"scale={width}:{height}:force_original_aspect_ratio=increase",
        f"crop={width}:{height}",
        "format=yuv420p",
    ]

    def add(
        text: str, font: str, size: int, place: str, looks: str = look, when: tuple[float, float] | None = None
    ) -> None:
        file = target.with_suffix(f".{len(filters)}.txt")
        file.write_text(text, encoding="utf-8")
        shown = f":enable='between(t,{when[0]},{when[1]})'" if when else ""
        filters.append(f"drawtext=fontfile={font}:textfile={file}:fontsize={size}:{place}:{looks}{shown}")

    for place, (text, when) in enumerate(zip(words, times, strict=False)):
        font = HAN_FONT if kind in ("chinese", "bilingual") else latin
        lines = text.split("\n")
        for line, part in enumerate([*lines, *below[place : place + 1]]):
            up = (len(lines) + len(below[place : place + 1]) - line) * 1.35 * high
            fit = min(high, round(1.7 * width / max(len(part), 1))) if font == latin or line >= len(lines) else high
            add(part, font if line < len(lines) else latin, fit, f"x=(w-tw)/2:y=h-{up + height // 30}", look, when)
    add("星空卫视" if chance.random() < 0.5 else "STAR TV", HAN_FONT, high, "x=w-tw-12:y=12", "fontcolor=white@0.7")
    if kind == "none" or chance.random() < 0.3:
        add("@somebody", latin, round(0.8 * high), "x=w-tw-8:y=h-th-8", "fontcolor=white@0.6")
    source = (
        ["-stream_loop", "-1", "-i", str(chance.choice(pictures))]
        if pictures
        else ["-f", "lavfi", "-i", chance.choice(PATTERNS)]
    )
    command = ["ffmpeg", "-v", "error", "-y", *source, "-t", str(SECONDS), "-an", "-vf", ",".join(filters), "-r", "25"]
    subprocess.run([*command, "-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), str(target)], check=True)
    said = tuple((*when, text) for text, when in zip(words, times, strict=False))
    return Drawn(target, kind, style, size, crf, said, tuple(below))


def misread(drawn: Drawn, read: Subtitle) -> tuple[int, int]:
    """Wrong letters and all letters of the words drawn."""
    words = " ".join([*(text for *_, text in drawn.said), *drawn.below])
    return distance(bare(words), bare(f"{read.text} {read.translation or ''}")), len(bare(words))


def bare(text: str) -> str:
    """The text without blanks, in lower case, its punctuation in one script."""
    return "".join(text.lower().split()).translate(str.maketrans("，。！？：’", ",.!?:'"))


def distance(one: str, other: str) -> int:
    """Letters to insert, drop or replace to make one text the other (Levenshtein 1966)."""
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, start=1):
        before, row[0] = row[0], place
        for column, wanted in enumerate(other, start=1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (letter != wanted))
    return row[-1]


if __name__ == "__main__":
    main()
