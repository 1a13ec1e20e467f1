"""Subtitles (SubRip and WebVTT): the words of a clip with the emotion words that rest on evidence beside them.

Where nothing is said, the clues themselves are shown. A cue has at most two lines of 42 columns or 20 Han characters,
the usual limits of broadcasters (BBC, Netflix).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from emer_space.analysis import Analysis, Clue, Language
from emer_space.page.words import Words, load_words

COLUMNS = 42
WIDE = 2.1
"""Columns that a Han character takes: twenty fill a line."""
LINES = 2
SHORTEST_S, LONGEST_S = 1.0, 5.0
"""Seconds that a clue is shown for."""
MOST_LABELS = 2
OPENING, CLOSING = "([{（［｛“‘《〈「『【", ")]}）］｝”’》〉」』】，。、；：！？…,.;:!?%"
UNITS = re.compile(
    rf"[{re.escape(OPENING)}]*(?:[⺀-鿿豈-﫿]|[^\s⺀-鿿豈-﫿{re.escape(OPENING)}]+)[{re.escape(CLOSING)}]*|\S"
)
"""What a line may not be broken within: a word or a Han character, with the punctuation that belongs to it."""
UNMARKED = str.maketrans("<>{}", "‹›()")
"""SubRip has no escapes, and players read these characters as markup."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines of text from `start` to `end`, in seconds."""

    start: float
    end: float
    lines: tuple[str, ...]


def srt(analysis: Analysis, language: Language = "en") -> bytes:
    """The subtitles as SubRip, UTF-8. `language` is that of what is said about the clip; the words stay as they are."""
    blocks = [
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n" + "\n".join(cue.lines).translate(UNMARKED)
        for number, cue in enumerate(cues(analysis, load_words(language)), start=1)
    ]
    return ("\n\n".join(blocks) + "\n").encode()


def vtt(analysis: Analysis, language: Language = "en") -> bytes:
    """The subtitles as WebVTT, UTF-8, with the caveat as a note that players do not show."""
    words = load_words(language)
    note = f"NOTE\n{words('result.caveat')}\n{analysis.provenance.app}, {analysis.id}".replace("-->", "→")
    blocks = [
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n" + "\n".join(map(_escaped, cue.lines))
        for cue in cues(analysis, words)
    ]
    return ("\n\n".join(["WEBVTT", note, *blocks]) + "\n").encode()


def cues(analysis: Analysis, words: Words) -> list[Cue]:
    """The cues in order of time; none overlaps another. There is one even if nothing could be read."""
    said = list(_said(analysis, words))
    found = sorted([*said, *_seen(analysis, said)], key=lambda cue: cue.start)
    end = max(SHORTEST_S, min(LONGEST_S, analysis.clip.duration_s))
    return found or [Cue(0.0, end, _one(words("explanation.none")))]


def wrapped(text: str) -> list[str]:
    """The lines of a text, each at most `COLUMNS` wide; only a word that is wider than a line is broken."""
    lines, line = [], ""
    for before, unit in _units(text):
        longer = f"{line}{before}{unit}" if line else unit
        if line and width(longer) > COLUMNS:
            lines.append(line)
            line = unit
        else:
            line = longer
    return [*lines, line] if line else lines


def width(text: str) -> float:
    """The columns that a text takes."""
    return sum(WIDE if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _said(analysis: Analysis, words: Words) -> Iterator[Cue]:
    """The words by segment, an emotion word before them; long segments become several cues."""
    subtitle, free = analysis.subtitle, 0.0
    for segment in sorted(analysis.subtitle.segments, key=lambda segment: segment.start):
        start, end = max(segment.start, free), min(segment.end, analysis.clip.duration_s)
        mark = "" if subtitle.doubtful is None else f"{words('takeaway.uncertain')} "
        lines = wrapped(_tag(analysis, start, end) + mark + segment.text)
        if end - start < 0.001 or not lines:
            continue
        total, at = sum(map(width, lines)), start
        for first in range(0, len(lines), LINES):
            block = tuple(lines[first : first + LINES])
            until = min(end, at + (end - start) * sum(map(width, block)) / total)
            yield Cue(at, until, block)
            at = until
        free = end


def _seen(analysis: Analysis, said: Sequence[Cue]) -> Iterator[Cue]:
    """Clues of a feeling where nothing is said: those that a label rests on first, then the most certain.

    Clues of words are left to the words.
    """
    taken = [(cue.start, cue.end) for cue in said]
    bearing = {number for label in analysis.labels for number in label.clues}
    clues = [clue for clue in analysis.clues if clue.modality != "textual" and _of_a_feeling(clue)]
    for clue in sorted(clues, key=lambda clue: (clue.id not in bearing, -clue.confidence, clue.start, clue.id)):
        for start, end in _gaps(taken, clue.start, min(clue.end, analysis.clip.duration_s)):
            if end - start >= SHORTEST_S:
                end = min(end, start + LONGEST_S)
                taken.append((start, end))
                yield Cue(start, end, _one(f"{_tag_of(analysis, [clue])}({clue.statement.rstrip('.。')}", ")"))
                break


def _of_a_feeling(clue: Clue) -> bool:
    return not clue.absent and bool(clue.suggests or clue.valence is not None or clue.arousal is not None)


def _gaps(taken: Iterable[tuple[float, float]], start: float, end: float) -> Iterator[tuple[float, float]]:
    """The parts of a span that are not taken."""
    for low, high in sorted(taken):
        if high > start and low < end:
            if low > start:
                yield start, low
            start = max(start, high)
    if start < end:
        yield start, end


def _tag(analysis: Analysis, start: float, end: float) -> str:
    return _tag_of(analysis, [clue for clue in analysis.clues if clue.start < end and clue.end > start])


def _tag_of(analysis: Analysis, clues: Iterable[Clue]) -> str:
    """The likeliest labels that rest on any of these clues, in brackets: `[sad, distressed] `."""
    ids = {clue.id for clue in clues if not clue.absent}
    labels = sorted(analysis.labels, key=lambda label: -label.confidence)
    names = [label.name or label.label for label in labels if ids & set(label.clues)][:MOST_LABELS]
    return f"[{', '.join(names)}] " if names else ""


def _one(text: str, end: str = "") -> tuple[str, ...]:
    """The lines of a text and its end; of a long text the first ones, with “…” where it goes on."""
    lines = wrapped(text + end)
    units = list(_units(text))
    while len(lines) > LINES:
        units.pop()
        lines = wrapped("".join(before + unit for before, unit in units).rstrip(" ,，、") + "…" + end)
    return tuple(lines)


def _units(text: str) -> Iterator[tuple[str, str]]:
    """The units of a text, each with the space before it (or none)."""
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    for match in UNITS.finditer(plain):
        before = " " if match.start() and plain[match.start() - 1] == " " else ""
        unit = match.group()
        while unit:
            length = next((n for n in range(len(unit), 1, -1) if width(unit[:n]) <= COLUMNS), 1)
            yield before, unit[:length]
            unit, before = unit[length:], ""


def _clock(seconds: float, point: str) -> str:
    thousandths = round(1000 * seconds)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"


def _escaped(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
