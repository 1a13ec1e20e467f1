"""Which of two descriptions people prefer (MER2026 track 3)."""

from emer_space.files.tables import Column, Table
from leaderboard.metrics.classification import SCORES, Classes
from leaderboard.metrics.metric import Metric, Resources, Undecided
from leaderboard.metrics.tally import Tally
from leaderboard.metrics.two_classes import of_two

A1, A2, SAME = "a1", "a2", "same"
PREFERENCE = Column("preference", "choice", choices=(A1, A2, SAME))


def preference(references: Classes, predictions: Classes, undecided: Undecided = "official") -> Tally:
    """The scores for choosing `a1` or `a2`. References `same` are skipped."""
    return of_two(SAME, A1, references, predictions, undecided)


def _preference(references: Table, predictions: Table, resources: Resources) -> Tally:
    return preference(references.column("preference"), predictions.column("preference"), resources.undecided)


METRIC = Metric(
    name="preference",
    version="2",
    about="`a1` or `a2`; references `same` are skipped",
    primary="waf",
    scores=SCORES,
    references=(PREFERENCE,),
    predictions=(PREFERENCE,),
    tally=_preference,
    pair=(A1, A2),
    needs=("undecided",),
)
