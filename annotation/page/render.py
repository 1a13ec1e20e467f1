"""The HTML of the tab: `templates/annotate.html`, with the words that `annotate.js` says."""

from pathlib import Path
from typing import get_args

from annotation.records import Modality
from annotation.service import State
from emer_space.page.templates import Templates
from emer_space.page.words import Words

html = Templates(Path(__file__).parent / "templates")

STATES = get_args(State)
SHORTCUTS = (
    ("next", "↓↑"),
    ("accept", ("Enter",)),
    ("remove", ("Delete", "X")),
    ("edit", "E"),
    ("new", "N"),
    ("span", "IO"),
    ("labels", ("1–9",)),
    ("word", "L"),
    ("text", "T"),
    ("play", ("Space",)),
    ("seek", "←→"),
    ("escape", ("Esc",)),
    ("save", ("Ctrl+S",)),
    ("done", ("Ctrl+Enter",)),
)
"""What the keys do, as `annotate.js` takes them."""
SAID = "annotate_say."


def annotate(words: Words, who: str, organiser: bool, local: bool) -> str:
    """The tab for somebody; `who` tells one person's unsent answers in a browser from another's.

    `organiser`: with the parts for organisers; `local`: with the field for a folder of this machine.
    """
    modalities = get_args(Modality)
    say = {key.removeprefix(SAID): text for key, text in words.texts.items() if key.startswith(SAID)}
    say |= {f"state_{state}": words(f"annotate_state.{state.replace(' ', '_')}") for state in STATES}
    say |= {f"modality_{modality}": words(f"modality.{modality}") for modality in modalities}
    say |= {name: words(f"annotate.{name}") for name in ("round_1", "round_2", "labels")}
    return html(
        "annotate",
        words=words,
        say=say,
        who=who,
        organiser=organiser,
        local=local,
        states=STATES,
        modalities=modalities,
        shortcuts=SHORTCUTS,
    )
