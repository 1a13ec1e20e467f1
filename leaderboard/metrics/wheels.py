"""What a metric asks of an emotion-wheel vocabulary; the official and the open one both answer it (decision 9)."""

from typing import Literal, Protocol

VocabularyName = Literal["official", "open"]


class Wheels(Protocol):
    """Labels come lower-cased and stripped; every answer is None outside the vocabulary."""

    @property
    def vocabulary(self) -> VocabularyName: ...

    @property
    def version(self) -> str:
        """What the tables were, for provenance."""
        ...

    @property
    def edition(self) -> str:
        """Which of the pinned official sets it is (`mer2026`); empty for any other."""
        ...

    @property
    def zero_unscored(self) -> bool:
        """Whether a wheel on which no sample is scored counts as 0 in the mean over wheels; else it is left out."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The wheels, in the order in which scores list them."""
        ...

    def knows(self, label: str) -> bool: ...

    def form(self, label: str) -> str | None:
        """M1: the base word."""
        ...

    def synonym(self, label: str) -> str | None:
        """M2: the word that stands for its synonyms."""
        ...

    def group(self, label: str, wheel: str, level: int) -> str | None:
        """M3: the word of the inner (level 1) or middle ring (level 2) of a wheel."""
        ...
