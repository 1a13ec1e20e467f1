"""What `make bench` runs: measures parts and writes RESULTS.md: `python -m benchmarks.results [PART…] [--runs N]`.

A part is a file in benchmarks/parts/ with a `TITLE` and a function `measure(runs)`; its name is the part's. Sections of
parts that are not measured stay as they are.
"""

import argparse
import importlib
import pkgutil
import sys
import time
import traceback
from pathlib import Path

from benchmarks import figures, parts, queue

RUNS = 5
ORDER = ("explain", "page", "scoring", "board", "batch", "load", "soak")


def names() -> list[str]:
    """All parts, in the order of the page."""
    found = {each.name for each in pkgutil.iter_modules(parts.__path__)}
    return [*(name for name in ORDER if name in found), *sorted(found - set(ORDER))]


def measure(part: str, runs: int) -> figures.Section:
    """Measure a part. Raises whatever its measuring raises."""
    module = importlib.import_module(f"benchmarks.parts.{part}")
    began = time.monotonic()
    found = module.measure(runs)
    command = f'make bench PARTS="{part}"' if runs == RUNS else f"python -m benchmarks.results {part} --runs {runs}"
    return figures.section(module.TITLE, command, (time.monotonic() - began) / 60, found)


def write(sections: dict[str, figures.Section]) -> None:
    """The page of all figures, and what other pages take from them."""
    figures.PAGE.write_text(figures.page(sections, ORDER), encoding="utf-8")
    queue.write()


def main() -> int:
    """Measure the parts that were named; returns the exit code: 1 if one could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.results", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(names())} (default: all but soak)")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each figure (default: %(default)s)")
    parser.add_argument("--soak", type=Path, metavar="FILE", help="take the soak's figures from its output, in a file")
    parser.add_argument("--commit", default="", help="the commit that the soak ran with (default: this one)")
    parser.add_argument("--page", action="store_true", help="measure nothing; write the pages from the figures kept")
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - set(names()):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; choose of {', '.join(names())}")
    failed: list[str] = []
    if chosen.page:
        write(figures.read())
        return 0
    if chosen.soak:
        from benchmarks.parts import soak

        minutes, found = soak.told(chosen.soak.read_text(encoding="utf-8"))
        told = figures.section(
            soak.TITLE, f"python -m benchmarks.soak --minutes {minutes:g}", minutes, found, chosen.commit
        )
        write(figures.keep("soak", told))
    for part in chosen.parts or ([] if chosen.soak else [name for name in names() if name != "soak"]):
        print(f"measuring {part} …", flush=True)
        try:
            section = measure(part, chosen.runs)
        except Exception:  # noqa: BLE001 - the other parts are measured, and the trouble is shown
            traceback.print_exc()
            failed.append(part)
            continue
        write(figures.keep(part, section))
        for figure in section.figures:
            print(f"  {figure.name}: {figures.number(figure.median)} {figure.unit}")
    if failed:
        print(f"not measured, and left as they were: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
