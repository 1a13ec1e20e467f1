"""Every file that can be made of an analysis, by the ending of its name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from emer_space.analysis import Analysis, Language
from emer_space.takeaway import citation, report, subtitles

FORMATS: Mapping[str, Callable[[Analysis, Language], bytes]] = MappingProxyType(
    {
        "pdf": report.pdf,
        "png": report.png,
        "srt": subtitles.srt,
        "vtt": subtitles.vtt,
        "bib": lambda analysis, _: citation.bibtex(analysis),
        "txt": lambda analysis, _: citation.text(analysis),
    }
)
"""From an analysis, and the language of headings, to the bytes of a file. The citation is in `bib` and `txt`."""
