"""A verdict → the explanation: prose in the order of the field (video, audio, text, then the inference).

The bundled composer: `outline.py` decides what to say, `prose.py` writes it. Each sentence carries the ids of its
clues, at least one.
"""

from collections.abc import Sequence

from emer_space.analysis import Explanation, Label, Language
from emer_space.disambiguation import Verdict
from emer_space.outline import outline
from emer_space.prose import REALISERS

COMPOSER = "bundled/1"


def compose(verdict: Verdict, labels: Sequence[Label], seed: str, language: Language = "en") -> Explanation:
    """The explanation of a verdict; `seed` (the clip's hash) picks among wordings of the same meaning.

    Raises `RuleError` if a phrase names a measurement that the clue lacks.
    """
    prose = REALISERS[language](verdict, seed)
    told = outline(verdict, labels)
    sentences = tuple(prose.sentences(told))
    text = prose.joint.join(sentence.text for sentence in sentences)
    return Explanation(text, language, sentences, COMPOSER, verdict.agreement, headline=prose.headline(told))


def headline(verdict: Verdict, labels: Sequence[Label], language: Language = "en") -> str:
    """The answer in one or two short sentences: the labels, then what matters most (a conflict, a turn, a doubt)."""
    return REALISERS[language](verdict, "").headline(outline(verdict, labels))
