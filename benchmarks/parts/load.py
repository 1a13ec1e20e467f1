"""50 readers, 10 submitters and two clips at once."""

import shutil
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, Found, percentile
from benchmarks.load import EXPLAINED_AT_ONCE, LIMIT_MS, READERS, READING, SHARE, SUBMITTERS, VIEW_S, run

TITLE = "Readers, submitters and clips at once"
MINUTES = 5


def measure(runs: int) -> Found:
    """One run, of five minutes or as many as runs were asked for. Raises `RuntimeError` for a wrong answer."""
    folder = Path(tempfile.mkdtemp(prefix="emer-load-"))
    load = run(folder, min(runs, MINUTES))
    if load.tally.problems:
        raise RuntimeError(f"{'; '.join(load.tally.problems)}; the app's log is in {folder}")
    shutil.rmtree(folder)
    figures = [
        Figure("reading: 95th percentile", "ms", (percentile(load.reading(), SHARE),), LIMIT_MS),
        Figure("reading: median", "ms", (percentile(load.reading(), 0.5),)),
    ]
    for kind in READING:
        figures.append(Figure(f"{kind}: 95th percentile", "ms", (percentile(load.took[kind], SHARE),)))
        figures.append(Figure(f"{kind}: longest", "ms", (max(load.took[kind]),)))
    figures += [
        Figure("a submission until its receipt: 95th percentile", "ms", (percentile(load.took["submission"], SHARE),)),
        Figure("submissions with a receipt", "", (len(load.took["submission"]),)),
        Figure("a clip until its explanation, waiting included", "s", tuple(ms / 1000 for ms in load.took["clip"])),
        Figure("requests a second", "", (load.requests / load.seconds,)),
        Figure("cores that the app took", "", (load.processor / load.seconds,)),
        Figure("memory at most", "MB", (load.memory / 1e6,)),
        Figure("wrong answers", "", (0,), 0),
    ]
    notes = (
        f"{READERS} readers, each with an address of its own, one visit after another with {VIEW_S:g} s between on "
        f"average: {', '.join(READING)}. {SUBMITTERS} submitters, each a new file every 20 to 30 s under a raised "
        "quota, since outside a Space all are one person; every file is scored. "
        f"{EXPLAINED_AT_ONCE} clips (the examples) at any time: one is analysed, the other waits. All share"
        " the cores.",
        f"{load.seconds:.0f} s, after a warm-up that does not count.",
    )
    return Found(figures, notes)
