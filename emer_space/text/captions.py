"""Subtitles that are part of the picture: lines of text that stay for a moment where subtitles stand, with their times.

A line may be misread in one frame, so each frame of a line has a vote. Watermarks, station names, credits, tickers and
name plates are told from subtitles by where they stand, whether they change, and how long they stay.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise

from emer_space.analysis import Notice, Segment, Subtitle
from emer_space.clues.rules import read_toml
from emer_space.media.clip import Clip, Frame, frames
from emer_space.models.roles import Captions, Line
from emer_space.readers import Context
from emer_space.text.tokens import HAN
from emer_space.text.utterance import guess_language

RATE = 3.0
"""Frames a second that are read; a subtitle is in at least two of them."""
MOST_FRAMES = 240
SIDE = 960
"""The longer side of the frames in pixels: where there is much text in a picture, letters of a subtitle are 30 high."""
TOP = 0.45
"""Subtitles stand below this share of the picture's height."""
LEAST_SURE = 0.8
"""Lines whose letters are less sure on average are not read."""
LEAST_HEIGHT, MOST_HEIGHT = 0.02, 0.16
"""Height of a line's box, over the shorter side of the picture."""
SAME = 0.7
"""Two readings of one line have at least this share of letters in common."""
SHORTEST_S = 0.6
MIDDLE = 0.12
"""A centred line's middle is at most this share of the width from the picture's middle."""
LASTING = 0.9
LONGEST_S = 8.0
"""A line that lasts for this share of a clip, longer than any subtitle, or while others change, is a watermark."""
MOST_LINES = 3
"""More lines at once are credits or a document."""
MERGE_S = 0.5
SENTENCE_ENDS = (".", "?", "!", "…", '"', "”")


NOTICES = {
    "words-from-picture": "No speech was recognised for sure, so the words were read from the subtitles in the "
    "picture; mend them where they are misread.",
    "words-from-picture-alike": "The words were read from the subtitles in the picture, because the speech was not "
    "recognised for sure; what was heard is similar.",
}
HEARD_ALIKE = 0.5
"""From this share of common letters on, the words heard and the words read are taken for the same."""


@dataclass(slots=True)
class Track:
    """One line of text over time: times in seconds, and each reading of it with its votes."""

    box: tuple[float, float, float, float]
    start: float
    end: float
    votes: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def text(self) -> str:
        """The reading with most votes."""
        return max(self.votes, key=lambda text: self.votes[text])

    def add(self, line: Line, end: float) -> None:
        """Another frame shows the line, until `end`."""
        self.end = end
        self.votes[line.text] += line.sureness

    def beside(self, other: "Track") -> bool:
        """Whether both are seen at the same time."""
        return min(self.end, other.end) - max(self.start, other.start) > 0

    def level(self, other: "Track") -> bool:
        """Whether both stand in the same row."""
        (_, top, _, bottom), (_, other_top, _, other_bottom) = self.box, other.box
        return min(bottom, other_bottom) - max(top, other_top) > 0.5 * min(bottom - top, other_bottom - other_top)


def read_captions(clip: Clip, reader: Captions, context: Context) -> Subtitle:
    """The subtitles in a clip's picture, source "picture"; without any, the text is empty and its source "none".

    Of subtitles in Chinese and English at once, the English are the `translation`. Raises `Cancelled`,
    `ModelUnavailable`, and `InputError` if the picture cannot be decoded.
    """
    facts, settings = clip.facts, context.settings
    sampled = replace(settings, frame_rate=RATE, max_frames=min(settings.max_frames, MOST_FRAMES), frame_side=SIDE)
    step = max(1 / RATE, facts.duration_s / sampled.max_frames)
    tracks: list[Track] = []
    size = (1, 1)
    for frame, lines in _looked(frames(clip, sampled, context.token), reader):
        context.token.check()
        size = frame.rgb.shape[1], frame.rgb.shape[0]
        for line in lines:
            _follow(tracks, line, frame.t, min(frame.t + step, facts.duration_s), step)
        context.progress(min(1.0, frame.t / max(facts.duration_s, step)))
    return _subtitle(subtitle_tracks(tracks, size[0], facts.duration_s))


def read_instead(heard: Subtitle | None, written: Subtitle) -> Notice:
    """Says that the subtitles in the picture stand for the speech, and whether the doubtful words heard are similar."""
    similar = heard is not None and alike(heard.text, written.text) >= HEARD_ALIKE
    code = "words-from-picture-alike" if similar else "words-from-picture"
    return Notice(code, NOTICES[code])


def _looked(every: Iterable[Frame], reader: Captions) -> Iterator[tuple[Frame, list[Line]]]:
    """Each frame with its lines. While there are none, only every second frame is looked at."""
    skipped: Frame | None = None
    shown = False
    for frame in every:
        if skipped is None and not shown:
            skipped = frame
            continue
        lines = _lines(frame, reader)
        if lines and skipped is not None:
            yield skipped, _lines(skipped, reader)
        yield frame, lines
        shown, skipped = bool(lines), None
    if skipped is not None:
        yield skipped, _lines(skipped, reader)


def _lines(frame: Frame, reader: Captions) -> list[Line]:
    """The lines of a frame that may be subtitles, their boxes in pixels of the whole frame."""
    height, width = frame.rgb.shape[:2]
    top = round(TOP * height)
    lines = []
    for line in reader.lines(frame.rgb[top:]):
        high = (line.box[3] - line.box[1]) / min(height, width)
        letters = sum(char.isalnum() for char in line.text)
        if line.sureness >= LEAST_SURE and LEAST_HEIGHT <= high <= MOST_HEIGHT and letters > 1:
            left, above, right, below = line.box
            lines.append(replace(line, box=(left, above + top, right, below + top)))
    return lines


def _follow(tracks: list[Track], line: Line, t: float, end: float, step: float) -> None:
    """Add a line to the track that it continues, or begin a new one."""
    new = Track(line.box, t, end)
    for track in reversed(tracks):
        recent = t - track.end <= step  # one frame may be missed
        if recent and track.level(new) and track.end < end and alike(track.text, line.text) >= SAME:
            track.add(line, end)
            return
    new.add(line, end)
    tracks.append(new)


def subtitle_tracks(tracks: Sequence[Track], width: int, duration: float) -> list[Track]:
    """The tracks that are subtitles, in order of time and from top to bottom, in a picture of a width in pixels."""
    stable = [track for track in tracks if track.end - track.start >= min(SHORTEST_S, duration)]
    stable = [track for track in stable if not _not_said().search(track.text.lower())]
    moving = [track for track in stable if track.end - track.start < LASTING * duration]
    kept = []
    for track in stable:
        centred = abs((track.box[0] + track.box[2]) / 2 / width - 0.5) <= MIDDLE
        row = [other for other in moving if track.level(other) and alike(track.text, other.text) < SAME]
        flush = any(abs(other.box[0] - track.box[0]) <= track.box[3] - track.box[1] for other in row)
        lasting = track.end - track.start >= LASTING * duration
        if (centred or flush) and not (lasting and (duration > LONGEST_S or moving)):
            kept.append(track)
    kept = [track for track in kept if sum(track.beside(other) for other in kept) <= MOST_LINES]
    return sorted(kept, key=lambda track: (track.start, track.box[1]))


def _subtitle(tracks: Sequence[Track]) -> Subtitle:
    chinese = [track for track in tracks if HAN.search(track.text)]
    other = [track for track in tracks if not HAN.search(track.text)]
    both = chinese and sum(any(line.beside(zh) for zh in chinese) for line in other) > len(other) / 2
    segments = tuple(_segments(chinese if both else tracks))
    if not segments:
        return Subtitle("", "none")
    # Chinese subtitles have a blank where other texts have a comma or a full stop.
    text = " ".join(segment.text for segment in segments)
    translation = " ".join(segment.text for segment in _segments(other)) if both else None
    return Subtitle(text, "picture", guess_language(text), translation, segments)


def _segments(tracks: Sequence[Track]) -> list[Segment]:
    """The lines that are shown at once as one segment each, and English sentences that go on in the next as one."""
    segments: list[Segment] = []
    last: Track | None = None
    for track in tracks:
        line = Segment(round(track.start, 2), round(track.end, 2), track.text)
        if last and min(last.end, track.end) - max(last.start, track.start) > (track.end - track.start) / 2:
            above = segments[-1]
            segments[-1] = Segment(above.start, max(above.end, line.end), f"{above.text} {line.text}")
        else:
            segments.append(line)
        last = track
    return _sentences(segments)


def _sentences(segments: Sequence[Segment]) -> list[Segment]:
    """Segments of which a sentence that goes on in small letters is one."""
    whole = list(segments[:1])
    for before, segment in pairwise(segments):
        goes_on = segment.text[:1].islower() and not before.text.endswith(SENTENCE_ENDS)
        if goes_on and segment.start - before.end <= MERGE_S:
            whole[-1] = Segment(whole[-1].start, segment.end, f"{whole[-1].text} {segment.text}")
        else:
            whole.append(segment)
    return whole


def alike(one: str, other: str) -> float:
    """The share of letters that two texts have in common, 0…1; case, blanks and punctuation do not count."""
    first, second = ("".join(char for char in text.lower() if char.isalnum()) for text in (one, other))
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


@cache
def _not_said() -> re.Pattern[str]:
    return re.compile("|".join(read_toml("text/captions.toml")["not_said"]))
