"""Labels → negative, neutral or positive, where a system gives no sentiment of its own.

MER-UniBench lets a language model map the labels; here the open vocabulary's valences do (Russell & Mehrabian 1977).
"""

from collections.abc import Sequence

from emer_space.vocabulary import load_vocabulary


def polarity(labels: Sequence[str]) -> str:
    """The sign of the mean valence of the labels that are known; neutral where none is."""
    known = [entry.valence for label in labels if (entry := load_vocabulary().lookup(label)) is not None]
    total = round(sum(known), 9)
    return "positive" if total > 0 else "negative" if total < 0 else "neutral"
