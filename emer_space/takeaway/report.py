"""The report: one page (A4, PDF or PNG) with the answer, its evidence in time, what made it and how to cite it.

HTML laid out by WeasyPrint, and rasterised by PDFium for the PNG. It is always one page: longer texts end in “…”.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emer_space.analysis import Analysis, Language, modalities_of
from emer_space.errors import MissingTool
from emer_space.page.figures import timeline as timelines
from emer_space.page.figures import wheel as wheels
from emer_space.page.templates import Templates
from emer_space.page.words import load_words
from emer_space.takeaway.citation import cited, line
from emer_space.vocabulary import load_vocabulary

if TYPE_CHECKING:
    from weasyprint import Document

TEMPLATES = Path(__file__).parent / "templates"
MOST_LABELS = 6


@dataclass(frozen=True, slots=True)
class Room:
    """How much the page holds: sentences, lines of each, and rows of bars of each modality."""

    sentences: int
    lines: int
    rows: int


ROOMS = (Room(7, 5, 9), Room(7, 4, 6), Room(7, 3, 4), Room(6, 2, 3), Room(5, 2, 2), Room(4, 2, 1))
"""From generous to what always fits; the first that fits on one page is taken."""
LANE = (604, 48)
"""Width and height of a lane's curves, in CSS pixels."""
SCALE = 2.5
"""Pixels of the PNG for each point of the page: 1488 × 2105 in all."""
PACKAGES = "libpango-1.0-0, libpangoft2-1.0-0 and libharfbuzz-subset0"

html = Templates(TEMPLATES)


def pdf(analysis: Analysis, language: Language = "en") -> bytes:
    """The report as PDF. `language` is that of the headings; the explanation stays as it is.

    Raises `MissingTool` where the system libraries that lay out text are not installed.
    """
    return bytes(_laid_out(analysis, language).write_pdf())


def png(analysis: Analysis, language: Language = "en") -> bytes:
    """The report as a picture. Raises as `pdf` does."""
    from pypdfium2 import PdfDocument

    with PdfDocument(pdf(analysis, language)) as document:
        picture = document[0].render(scale=SCALE).to_pil()
    written = BytesIO()
    picture.save(written, "PNG", optimize=True)
    return written.getvalue()


def _laid_out(analysis: Analysis, language: Language) -> "Document":
    try:
        from weasyprint import CSS, HTML
    except OSError as problem:
        raise MissingTool(f"The report needs the Debian packages {PACKAGES}; please install them.") from problem
    style = CSS(string=(TEMPLATES / "report.css").read_text(encoding="utf-8"), url_fetcher=_nothing)
    for room in ROOMS:
        laid_out = HTML(string=page(analysis, language, room), url_fetcher=_nothing).render(stylesheets=[style])
        if len(laid_out.pages) == 1:
            break
    return laid_out


def page(analysis: Analysis, language: Language, room: Room) -> str:
    """The report as HTML, with nothing to be fetched from anywhere."""
    words, wheel = load_words(language), load_vocabulary().primary
    clues = {clue.id: clue for clue in analysis.clues}
    labels = analysis.labels[:MOST_LABELS]

    def rests_on(numbers: tuple[str, ...]) -> list[Any]:
        return [clues[number] for number in numbers if number in clues]

    def spans(numbers: tuple[str, ...]) -> str:
        """When its clues are, as one span: `0.4–5.6 s`."""
        found = [clue for clue in rests_on(numbers) if not clue.absent]
        if not found:
            return ""
        start, end = min(clue.start for clue in found), max(clue.end for clue in found)
        return words("timeline.span", start=f"{start:.1f}", end=f"{end:.1f}")

    return html(
        "report",
        words=words,
        analysis=analysis,
        room=room,
        labels=labels,
        spans=spans,
        modalities_of=lambda numbers: modalities_of(rests_on(numbers)),
        timeline=timelines.timeline(analysis),
        lane_size=LANE,
        scaled=_scaled,
        wheel=wheels.wheel(labels, wheel.tree, language),
        wheel_title=wheel.title,
        works=[line(work) for work in cited(analysis)],
    )


def _scaled(path: str) -> str:
    """A curve's path from its 100 × 100 box to the lane's; stretching the box would stretch the pen as well."""
    across, down = LANE[0] / 100, LANE[1] / 100
    moved: Callable[[re.Match[str]], str] = lambda pair: f"{float(pair[1]) * across:.1f} {float(pair[2]) * down:.1f}"  # noqa: E731
    return re.sub(r"([\d.]+) ([\d.]+)", moved, path)


def _nothing(url: str, *_: Any) -> Any:
    """A report fetches nothing, neither from the network nor from the disk."""
    raise ValueError("a report fetches nothing")
