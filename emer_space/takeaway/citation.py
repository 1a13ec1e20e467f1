"""How to cite a result: the task's paper, and this software with the analysis; as text and as BibTeX."""

import functools
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from emer_space import __version__
from emer_space.analysis import Analysis

TABLE = Path(__file__).with_name("citation.toml")
MOST_NAMED = 3
"""Authors that a text names; more become “et al.”. BibTeX names all."""


@dataclass(frozen=True, slots=True)
class Work:
    """A work to cite: `kind` is BibTeX's, authors are given name and surname, `eprint` is a number of arXiv."""

    key: str
    kind: str
    title: str
    authors: tuple[tuple[str, str], ...]
    year: int
    eprint: str = ""
    version: str = ""
    note: str = ""


@functools.cache
def works() -> tuple[Work, ...]:
    """The paper and the software, in the version that runs."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    paper, software = (
        Work(**{**table[name], "authors": tuple((given, surname) for given, surname in table[name]["authors"])})
        for name in ("paper", "software")
    )
    return paper, replace(software, version=__version__)


def cited(analysis: Analysis | None = None) -> tuple[Work, ...]:
    """What to cite for an analysis, or for the app alone: the version is the one that made the analysis."""
    paper, software = works()
    if analysis is None:
        return paper, software
    version = analysis.provenance.app.rpartition(" ")[2]
    return paper, replace(software, version=version, note=f"analysis {analysis.id}")


def text(analysis: Analysis | None = None) -> bytes:
    """One line a work, as in a list of references; UTF-8."""
    return ("\n".join(line(work) for work in cited(analysis)) + "\n").encode()


def line(work: Work) -> str:
    """`Lian, Z., Sun, H., Sun, L., et al. (2023). Title. arXiv:2306.15401.`"""
    names = [f"{surname}, {given[0]}." if given else surname for given, surname in work.authors[:MOST_NAMED]]
    more = ["et al."] if len(work.authors) > MOST_NAMED else []
    parts = [
        f"{', '.join(names + more)} ({work.year}). {work.title}",
        f"Version {work.version}" if work.version else "",
        f"arXiv:{work.eprint}" if work.eprint else "",
        work.note[:1].upper() + work.note[1:],
    ]
    return ". ".join(part for part in parts if part) + "."


def bibtex(analysis: Analysis | None = None) -> bytes:
    """One entry a work, UTF-8. `software` is an entry of biblatex; plain BibTeX reads it as `misc`."""
    return ("\n\n".join(_entry(work) for work in cited(analysis)) + "\n").encode()


def _entry(work: Work) -> str:
    authors = " and ".join(
        f"{surname}, {given}" if given else f"{{{_plain(surname)}}}" for given, surname in work.authors
    )
    fields = {
        "title": f"{{{_plain(work.title)}}}",
        "author": authors,
        "year": str(work.year),
        **({"eprint": work.eprint, "archiveprefix": "arXiv"} if work.eprint else {}),
        **({"version": _plain(work.version)} if work.version else {}),
        **({"note": _plain(work.note)} if work.note else {}),
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@{work.kind}{{{work.key},\n{lines}\n}}"


def _plain(text: str) -> str:
    """What BibTeX would read as markup is left out: an analysis that somebody hands in may hold anything."""
    return "".join(letter for letter in text if letter.isalnum() or letter in " .,:-+")
