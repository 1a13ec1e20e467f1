"""Whether a described sign belongs to the main person or to somebody else."""

import re
from functools import cache

from emer_space.clues.rules import read_toml

_OWN = r"(?:his|her|their)"
_DETERMINER = rf"(?:the|a|an|another|one of the|this|that|{_OWN})"


def is_of_another(sentence: str, start: int, end: int, earlier: str = "") -> bool:
    """Whether characters `start` to `end` of a lower-case sentence describe somebody other than the main person.

    They do as an attribute ("hugs the crying child"), in a relative clause ("greets a guest, who is crying") or with
    a relative or a role as subject ("his wife cries"), if the main person was named before, in the sentence or in
    the text `earlier`.
    """
    before, after = sentence[:start], sentence[end:]
    return _is_attribute(before, after, earlier) or _is_in_relative(before) or _has_other_subject(before, earlier)


def _is_attribute(before: str, after: str, earlier: str) -> bool:
    patterns = _patterns()
    if not (determiner := patterns["determined"].search(before)) or not patterns["noun"].match(after):
        return False
    owned = patterns["owned"].search(before) is not None
    return owned or bool(patterns["person"].search(before[: determiner.start()]))


def _is_in_relative(before: str) -> bool:
    relative = _patterns()["relative"].search(before)
    if not relative:
        return False
    people = _patterns()["person"].findall(before[: relative.start()])
    return len(people) > 1 or bool(_patterns()["own_role"].search(before[: relative.start()]))


def _has_other_subject(before: str, earlier: str) -> bool:
    subjects = list(_patterns()["subject"].finditer(before))
    if not subjects or _patterns()["pronoun"].search(before[subjects[-1].end() :]):
        return False
    subject = subjects[-1]
    context = f"{earlier} {before[: subject.start()]}"
    main = _patterns()["person"].search(context)
    if subject["own"]:
        return True
    acts_before = any(
        earlier_subject["noun"] == subject["noun"] for earlier_subject in _patterns()["subject"].finditer(context)
    )
    # "A man in a doctor's coat … the doctor": the role is the main person's own.
    dressed = f"{subject['noun']}'s " in context
    return main is not None and main.group() != subject["noun"] and not (acts_before or dressed)


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    people = read_toml("text/described.toml")["people"]
    anyone, role = people["anyone"], people["role"]
    someone = rf"(?:{anyone}|{role})"
    starts = r"(?:^|[,;]|\b(?:while|as|because|when|and|since|but))\s*"
    return {
        "person": re.compile(rf"(?<!\w){someone}(?!\w)"),
        "noun": re.compile(rf"\s+{someone}(?!\w)(?!'s? (?:face|eyes|voice))"),
        "determined": re.compile(rf"(?<!\w){_DETERMINER}\s+(?:\w+ly\s+)?$"),
        "owned": re.compile(rf"(?<!\w){_OWN}\s+(?:\w+ly\s+)?$"),
        "relative": re.compile(r",?\s+(?:who|whose)\b(?=[^,;]*$)"),
        "own_role": re.compile(rf"(?<!\w){_OWN}\s+(?:\w+\s+)?{role}$"),
        "subject": re.compile(rf"{starts}(?:(?P<own>{_OWN})|the|a|an|another)\s+(?:\w+\s+)?(?P<noun>{role})(?!\w)"),
        "pronoun": re.compile(r"\b(?:he|she)\b"),
    }
