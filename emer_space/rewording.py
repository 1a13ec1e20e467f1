"""An analysis in the other language: statements, names of labels, notices and the composer's explanation.

Nothing is computed anew from the clip: the words come from the rules, the measurements and the verdict that the
analysis holds. The pipeline always reads in English and ends here, so an analysis reworded later equals one made in
that language.
"""

from collections.abc import Iterable
from dataclasses import replace

from emer_space.analysis import LANGUAGES, Analysis, Explanation, Label, Language, Notice
from emer_space.clues import wording
from emer_space.disambiguation import Verdict, weigh
from emer_space.errors import InputError, RuleError
from emer_space.explanation import COMPOSER, compose, headline
from emer_space.messages import in_language
from emer_space.vocabulary import load_vocabulary

UNWORDED, KEPT = "wording-missing", "explanation-language"
"""Codes of the notices that rewording itself gives."""
NOTICES = {
    UNWORDED: "Some clues have no wording in Chinese, so they are shown in English ({cues}).",
    KEPT: "The language model wrote the explanation in another language, and it is shown as written.",
}

OTHER_VERSION = (
    "This result is of another version of the app, or of tables that are not here, and can only be shown in its own "
    "language; choose that language."
)
UNFIT = (ArithmeticError, LookupError, RuleError, TypeError, ValueError)
"""What the tables of rules and words raise for clues that they do not know or that lack what the rule measures."""


def checked_language(language: str) -> Language:
    """The language, if explanations are written in it. Raises `InputError` for any other."""
    for known in LANGUAGES:
        if known == language:
            return known
    raise InputError(f"There are no explanations in the language {language!r}; choose en (English) or zh (Chinese).")


def reworded(analysis: Analysis, language: Language) -> Analysis:
    """The analysis in a language; unchanged if that is its own.

    A language model's explanation stays as it was written, and a clue without words in the language keeps its
    statement; a notice says so.
    """
    if language == analysis.language:
        return analysis
    clues, unworded = wording.reworded(analysis.clues, analysis.people, language)
    labels = named(analysis.labels, language)
    verdict = weighed(replace(analysis, clues=clues))
    explanation = recomposed(analysis.explanation, verdict, labels, analysis.clip.sha256, language)
    notices = [
        replace(notice, message=in_language(notice.message, language) or notice.message)
        for notice in analysis.warnings
        if notice.code not in NOTICES
    ]
    own: dict[str, str] = {}
    if unworded and language == "zh":
        own[UNWORDED] = NOTICES[UNWORDED].format(cues=", ".join(unworded))
    by_model = explanation.composer != COMPOSER
    if by_model and explanation.language != language and not explanation.translation:
        own[KEPT] = NOTICES[KEPT]
    notices += [Notice(code, in_language(message, language) or message) for code, message in own.items()]
    doubtful = analysis.subtitle.doubtful
    return replace(
        analysis,
        clues=clues,
        labels=labels,
        explanation=explanation,
        warnings=tuple(sorted(notices, key=lambda notice: notice.code)),
        subtitle=replace(analysis.subtitle, doubtful=doubtful and (in_language(doubtful, language) or doubtful)),
        language=language,
    )


def stored_in(analysis: Analysis, language: Language) -> Analysis:
    """As `reworded`, for an analysis that another version may have made. Raises `InputError` if it cannot be put so."""
    try:
        return reworded(analysis, language)
    except UNFIT:
        raise InputError(OTHER_VERSION) from None


def weighed(analysis: Analysis) -> Verdict:
    """The verdict that an analysis rests on, from its clues and posteriors."""
    witnesses = [posterior for posterior in analysis.posteriors if posterior.modality != "pooled"]
    return weigh(analysis.clues, analysis.people, witnesses)


def named(labels: Iterable[Label], language: Language) -> tuple[Label, ...]:
    """The labels, each with its name in a language."""
    vocabulary = load_vocabulary()
    return tuple(replace(label, name=vocabulary.name(label.label, language)) for label in labels)


def recomposed(
    explanation: Explanation, verdict: Verdict, labels: tuple[Label, ...], seed: str, language: Language
) -> Explanation:
    """The composer's explanation in a language; of a language model's, only the headline, which the composer wrote.

    The clues of `verdict` and the names of `labels` are in the language already; `seed` is that of the explanation.
    """
    if explanation.composer != COMPOSER:
        return replace(explanation, headline=headline(verdict, labels, language))
    return replace(compose(verdict, labels, seed, language), grounded=explanation.grounded)
