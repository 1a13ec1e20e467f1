"""The filters above a ranking: what a system reads, and how large it is."""

from dataclasses import dataclass

from leaderboard.board.ranking import Row
from submissions.checks.systems import parameters

READS = ("A", "V", "T", "AV", "AT", "VT", "AVT")
SIZES = ("1B", "10B", "100B")
NOT_TOLD, ABOVE = "-", "+"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a visitor wants to see: `reads` are some of `READS` and `NOT_TOLD`, any of which will do; `size` is the most
    of `SIZES`, or `ABOVE` (the last of them), or `NOT_TOLD`.

    An empty choice shows every row; an unknown one shows none.
    """

    reads: frozenset[str] = frozenset()
    size: str = ""

    def __bool__(self) -> bool:
        return bool(self.reads or self.size)

    def match(self, row: Row) -> bool:
        """Whether to show the row."""
        if self.reads and (row.inputs or NOT_TOLD) not in self.reads:
            return False
        number = parameters(row.size)
        if not self.size or self.size == NOT_TOLD:
            return not self.size or number is None
        most = parameters(SIZES[-1] if self.size == ABOVE else self.size)
        return number is not None and most is not None and (number > most) == (self.size == ABOVE)
