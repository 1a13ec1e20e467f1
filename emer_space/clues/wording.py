"""A clue in words: its statement and its phrase, in English or Chinese, from its rule and its measurements.

English words stand in the rule itself, Chinese ones in its `zh`; the words of measurements in `clues/wordings.toml`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from emer_space.analysis import Clue, Language, Person
from emer_space.clues.rules import Measurements, Rule, read_toml, rules_by_cue
from emer_space.clues.shapes import WHOLE_CLIP
from emer_space.errors import RuleError
from emer_space.messages import in_language
from emer_space.vocabulary import load_vocabulary

FLEETING_S = 0.5
"""What lasts less than this is said to last a moment."""
THROUGHOUT = 0.9
"""What lasts at least this share of the time that a person is seen is said to last throughout."""
ENDS = ("!", "?", "…", "！", "？")
"""A quotation that ends like this needs no full stop after it."""


def when(
    language: Language, start: float, end: float, peak: float, times: int, seen_s: float, peaked: bool = True
) -> str:
    """The time in words of what a face does `times` times between two seconds of the clip, most at `peak`.

    `seen_s` is for how long the person is seen; `peaked` whether to tell the peak (`has_peak`).
    """
    if times > 1:
        form, lasting = words(language, "often"), "repeated"
        often = form["twice" if times == 2 else "more"].format(times=times)
    else:
        often = ""
        lasts = round(end - start, 3)  # the times of a stored clue are rounded; both must say the same
        lasting = "moment" if lasts < FLEETING_S else "throughout" if lasts >= THROUGHOUT * seen_s else "span"
    most = words(language, "most")["peak"].format(peak=peak) if peaked else ""
    text: str = words(language, "when")[lasting].format(start=start, end=end, peak=peak, often=often, most=most)
    return text


def has_peak(cue: str) -> bool:
    """Whether a cue shows most at some time: a face with little to see does not."""
    return cue not in read_toml("explanation.toml")["unmarked"]


def quoted(statement: str, quote: str, translated: bool, language: Language = "en") -> str:
    """A statement that ends in a quotation, without two full stops, and marked if it was read from a translation."""
    if quote.endswith(ENDS) and statement.endswith(("”.", "”。")):
        statement = statement[:-1]
    if not translated:
        return statement
    text: str = words(language, "translated")["statement"].format(statement=f"{statement[0].lower()}{statement[1:]}")
    return text


def described(modality: str, quote: str, language: Language = "en") -> str:
    """The statement of a clue that was read from a description."""
    text: str = words(language, "described")[modality].format(quote=quote)
    return text


def reworded(
    clues: Sequence[Clue], people: Iterable[Person], language: Language
) -> tuple[tuple[Clue, ...], tuple[str, ...]]:
    """The clues with their statements in a language, and the cues that have no words in it: those keep their own."""
    still = any(clue.cue == "still-picture" for clue in clues)
    seen = {person.id: person.end - person.start for person in people}
    said = [_statement(clue, language, still, seen.get(clue.person or "", 0.0)) for clue in clues]
    kept = tuple(
        clue if statement is None else replace(clue, statement=statement)
        for clue, statement in zip(clues, said, strict=True)
    )
    lacking = (clue.cue for clue, statement in zip(clues, said, strict=True) if statement is None)
    return kept, tuple(dict.fromkeys(lacking))


def phrase(clue: Clue, language: Language = "en") -> str | None:
    """The verb phrase of a clue; None if its rule has none in the language.

    Raises `RuleError` if the phrase names a measurement that the clue lacks.
    """
    rule = rules_by_cue(clue.modality)[clue.cue]
    template = rule.phrase if language == "en" else rule.zh.get("phrase")
    return None if template is None else filled(template, measured(clue, language), rule)


def measured(clue: Clue, language: Language) -> Measurements:
    """A clue's measurements for its wording: those that are words in the words of the language."""
    values = dict(clue.measurements)
    if language == "en":
        return values
    if "how" in values:
        values["how"] = words(language, "how").get(str(values["how"]), values["how"])
    if "feelings" in values:
        listed = str(values["feelings"]).replace(" and ", ", ").split(", ")
        vocabulary = load_vocabulary()
        values["feelings"] = words(language, "list")["joint"].join(vocabulary.name(word, language) for word in listed)
    return values


def words(language: Language, kind: str) -> Mapping[str, Any]:
    """The words of a language of one kind in `clues/wordings.toml`."""
    table: Mapping[str, Any] = read_toml("clues/wordings.toml")[language][kind]
    return table


def _statement(clue: Clue, language: Language, still: bool, seen_s: float) -> str | None:
    """The statement of a clue in a language; None if there are no words for it."""
    rule = rules_by_cue(clue.modality).get(clue.cue)
    if rule is None:  # a reader's own absence, such as a missing model
        return in_language(clue.statement, language)
    quote = clue.measurements.get("quote")
    if clue.modality != "textual" and quote is not None and not rule.absent:
        return described(clue.modality, str(quote), language)
    template = rule.statement if language == "en" else rule.zh.get("statement")
    if template is None:
        return None
    values = {**measured(clue, language), "when": _when(clue, rule, language, still, seen_s)}
    try:
        statement = filled(template, values, rule)
    except RuleError:  # an analysis of another version lacks a measurement
        return None
    return quoted(statement, str(quote or ""), clue.measurements.get("translated") is True, language)


def _when(clue: Clue, rule: Rule, language: Language, still: bool, seen_s: float) -> str:
    """The `{when}` of a face's clue, from its measurements; empty where there is none to tell."""
    peak, times = clue.measurements.get("peak_s"), clue.measurements.get("times")
    whole = bool(rule.when) and rule.when[0].channel in WHOLE_CLIP
    if peak is None or still or whole:
        return ""
    return when(language, clue.start, clue.end, float(peak), int(times or 1), seen_s, has_peak(clue.cue))


def filled(template: str, values: Measurements, rule: Rule) -> str:
    """A wording with its placeholders filled. Raises `RuleError` if a measurement is missing."""
    try:
        return template.format_map(dict(values))
    except (KeyError, ValueError, TypeError) as problem:
        raise RuleError(f"the wording of rule {rule.cue!r} cannot be filled: {problem!r}") from problem
