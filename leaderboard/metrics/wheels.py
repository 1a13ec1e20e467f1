"""The interface of an emotion-wheel vocabulary, which the official and the open one share (decision 9)."""

from typing import Literal, Protocol

VocabularyName = Literal["official", "open"]


class Wheels(Protocol):
    """Labels are given lower-cased and stripped; the answer for a label outside the vocabulary is None."""

    @property
    def vocabulary(self) -> VocabularyName:
        """Which vocabulary it is."""
        ...

    @property
    def version(self) -> str:
        """The version of the tables, for provenance."""
        ...

    @property
    def edition(self) -> str:
        """The pinned official set that it is, such as `mer2026`; empty for any other vocabulary."""
        ...

    @property
    def zero_unscored(self) -> bool:
        """Whether a wheel without a scored sample counts as 0 in the mean over wheels; else it is left out."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the wheels, in the order of the scores."""
        ...

    def knows(self, label: str) -> bool:
        """Whether a label is in the vocabulary."""
        ...

    def form(self, label: str) -> str | None:
        """M1: the base word of a label."""
        ...

    def synonym(self, label: str) -> str | None:
        """M2: the word that stands for a label and its synonyms."""
        ...

    def group(self, label: str, wheel: str, level: int) -> str | None:
        """M3: the group of a label in the inner ring (level 1) or middle ring (level 2) of a wheel."""
        ...
