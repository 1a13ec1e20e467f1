"""Stores beside an example clip what the app says of it."""

import json
import tempfile
from pathlib import Path

from emer_space.cancellation import CancelToken
from emer_space.pipeline import Finished, Request, analyze
from emer_space.profiles import load_profile
from emer_space.settings import Settings


def analyse(clip: Path) -> str:
    """Analyse a clip as the page does, and write the result as it is; returns a line that sums it up."""
    with tempfile.TemporaryDirectory() as temporary:
        *_, last = analyze(clip, Request(), load_profile(), Settings(), CancelToken(), Path(temporary))
    assert isinstance(last, Finished)
    plain = json.dumps(last.analysis.to_dict(), ensure_ascii=False, separators=(",", ":"))
    clip.with_suffix(".json").write_text(plain + "\n", encoding="utf-8")
    told = ", ".join(f"{label.label} {label.confidence:.2f}" for label in last.analysis.labels)
    return f"{told} ({last.analysis.explanation.agreement})"
