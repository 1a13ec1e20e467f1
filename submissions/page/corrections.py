"""Hands what visitors say on the page against a reading to `Corrections`."""

from collections.abc import Mapping
from typing import Any

from emer_space.page.correcting import Said
from submissions.corrections import MOST_CLIP_BYTES, Corrections, Opinion, split_labels


class KeptCorrections:
    """The page's `Keep`."""

    most_clip_bytes = MOST_CLIP_BYTES

    def __init__(self, corrections: Corrections) -> None:
        self.corrections = corrections
        self.history = corrections.ledger.store.history

    def send(self, client: str, said: Said, analysis: Mapping[str, Any], clip: tuple[str, bytes] | None) -> str:
        """Keep it; returns its receipt. Raises `Refusal` or `StoreError`."""
        opinion = Opinion(split_labels(said.words), said.why, said.keep, said.keep_clip)
        return self.corrections.send(client, opinion, analysis, clip)[1]

    def withdraw(self, receipt: str) -> None:
        """Delete it. Raises `Refusal` or `StoreError`."""
        self.corrections.withdraw(receipt)
