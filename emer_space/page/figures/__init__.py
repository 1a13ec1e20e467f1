"""Figures of a result, each a string of HTML and SVG with a table that says the same for those who cannot see it.

They take an `Analysis` and the words of the interface and touch no component; every text is escaped here, since
subtitles come from strangers. Their look is in `page/style.css`.
"""

from emer_space.page.figures.timeline import cue_name, seconds, timeline
from emer_space.page.figures.wheel import percent, wheel

__all__ = ["cue_name", "percent", "seconds", "timeline", "wheel"]
