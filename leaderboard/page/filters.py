"""The filters above a ranking: what a system reads, and how large it is."""

from dataclasses import dataclass
from functools import cache

from leaderboard.board.rows import Rows
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

    def of(self, rows: Rows) -> Rows:
        """The rows to show."""
        fit = cache(self._fit)
        told = zip(rows.values("inputs"), rows.values("size"), strict=True)
        return rows.take([at for at, (inputs, size) in enumerate(told) if fit(inputs, size)]) if self else rows

    def _fit(self, inputs: str, size: str) -> bool:
        if self.reads and (inputs or NOT_TOLD) not in self.reads:
            return False
        number = parameters(size)
        if not self.size or self.size == NOT_TOLD:
            return not self.size or number is None
        most = parameters(SIZES[-1] if self.size == ABOVE else self.size)
        return number is not None and most is not None and (number > most) == (self.size == ABOVE)
