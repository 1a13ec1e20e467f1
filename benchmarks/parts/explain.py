"""An explanation by length and stage, models loaded and cold, beside an afternoon's script."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.explain import CASES, cold_costs, in_child, make_clip
from benchmarks.figures import Figure, Found, ratios

TITLE = "Explaining a clip"
ASKED = {"5 s": 0.3, "10 s": 0.2, "90 s": 0.15}
"""Asked of the time by the clock, over the clip's length."""
ASKED_COLD_S, ASKED_TIMES, ASKED_MB = 6.0, 10.0, 1000.0
FEWER = {"90 s": 2}
"""At most so many runs of the script, which takes minutes for such a clip."""
PARTS = {"video": "picture alone", "audio": "sound alone", "text": "words alone"}
STAGES = {"watching": "picture", "listening": "words heard", "reading": "sound and words read", "weighing": "composing"}


def measure(runs: int) -> Found:
    """Clips of three lengths, English speech, 720p."""
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, seconds, voice, text in CASES:
            if name in ASKED:
                clip = make_clip(Path(folder), seconds, voice, text)
                app = in_child("--app", clip, runs)
                script = in_child("--script", clip, min(runs, FEWER.get(name, runs)))
                found += _of_length(name, seconds, app, script, cold_costs(clip, runs))
    notes = (
        "The clips: an example's picture in motion, and synthetic speech that fills them. *Alone*: only this part of "
        "the clip was chosen; it has to be opened all the same. Stages are by the clock; "
        "watching runs beside the others.",
        "The script (`benchmarks/afternoon.py`) takes the same clips in the same run: landmarker and classifier on "
        f"every frame, the recogniser as it comes. A clip of 90 s goes through it only {FEWER['90 s']} times.",
        "*Cold* is `python -m emer_space analyze` as a new process: imports, models and the explanation.",
    )
    return Found(found, notes)


def _of_length(
    name: str, seconds: int, app: Mapping[str, Any], script: Mapping[str, Any], cold: Iterable[Mapping[str, float]]
) -> list[Figure]:
    whole, cold = app["all"], list(cold)
    stages = [stage for stage in STAGES if stage in whole[0]]
    return [
        Figure(f"{name}: all", "CPU s", _of(whole, "cpu")),
        Figure(f"{name}: all, by the clock", "s", _of(whole, "wall")),
        Figure(f"{name}: × real time", "", tuple(run["wall"] / seconds for run in whole), ASKED[name]),
        *(Figure(f"{name}: {told}", "CPU s", _of(app[part], "cpu")) for part, told in PARTS.items()),
        *(Figure(f"{name}: {told}, by the clock", "s", _of(app[part], "wall")) for part, told in PARTS.items()),
        *(Figure(f"{name}: stage {stage} ({STAGES[stage]})", "s", _of(whole, stage)) for stage in stages),
        Figure(f"{name}: the script", "CPU s", _of(script["all"], "cpu")),
        Figure(f"{name}: the script, by the clock", "s", _of(script["all"], "wall")),
        ratios(f"{name}: CPU of the script over the app's", _of(script["all"], "cpu"), _of(whole, "cpu"), ASKED_TIMES),
        Figure(f"{name}: cold", "CPU s", _of(cold, "cpu"), ASKED_COLD_S if name == "5 s" else None),
        Figure(f"{name}: cold, by the clock", "s", _of(cold, "wall")),
        Figure(f"{name}: loading the models", "CPU s", (app["loading"],)),
        Figure(f"{name}: peak memory of the process", "MB", (app["peak_mb"],), ASKED_MB),
    ]


def _of(costs: Iterable[Mapping[str, float]], what: str) -> tuple[float, ...]:
    return tuple(round(run[what], 3) for run in costs)
