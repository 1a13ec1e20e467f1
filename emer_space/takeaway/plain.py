"""A reading as a few lines of plain text: what the command line prints, and what an agent reads first."""

from emer_space.analysis import Analysis
from emer_space.page.words import load_words


def plain(analysis: Analysis) -> str:
    """Headline, explanation, labels with their confidence, and notices, in the language of the analysis."""
    words, told = load_words(analysis.language), analysis.explanation
    labels = ", ".join(f"{label.name or label.label} ({label.confidence:.2f})" for label in analysis.labels)
    notes = [words("plain.note", message=notice.message) for notice in analysis.warnings]
    lines = [told.headline, told.text, words("plain.labels", labels=labels or words("plain.none")), *notes]
    return "\n".join(filter(None, lines))
