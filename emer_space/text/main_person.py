"""Whether a described sign belongs to the main person or to somebody else."""

import re
from functools import cache

from emer_space.clues.rules import read_toml
from emer_space.text.tokens import HAN

_OWN = r"(?:his|her|their)"
_DETERMINER = rf"(?:the|a|an|another|one of the|this|that|{_OWN})"


def is_of_another(sentence: str, start: int, end: int, earlier: str = "") -> bool:
    """Whether characters `start` to `end` of a lower-case sentence describe somebody other than the main person.

    They do as an attribute ("hugs the crying child"), in a relative clause ("greets a guest, who is crying") or with
    a relative or a role as subject ("his wife cries"), if the main person was named before, in the sentence or in
    the text `earlier`.
    """
    before, after = sentence[:start], sentence[end:]
    if HAN.search(sentence, start, end):
        return _is_attribute_zh(before, after, earlier) or _has_other_subject_zh(before, earlier)
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


def _is_attribute_zh(before: str, after: str, earlier: str) -> bool:
    """Whether a Chinese sign modifies a noun for somebody else: 看着哭泣的孩子."""
    patterns = _patterns()
    noun = patterns["noun_zh"].match(after)
    named = patterns["person_zh"].search(f"{earlier}{before}")
    return noun is not None and named is not None and named.group() != noun["noun"]


def _has_other_subject_zh(before: str, earlier: str) -> bool:
    """Whether the subject of a Chinese clause, or of the clauses whose subject it shares, is a relative or a role."""
    patterns = _patterns()
    subjects = list(patterns["subject_zh"].finditer(before))
    if not subjects or patterns["back_zh"].search(before, subjects[-1].end()):
        return False
    noun = subjects[-1]["noun"]
    context = earlier + before[: subjects[-1].start()]
    main = patterns["person_zh"].search(context)
    if main is None or main.group() == noun:
        return False
    # 男性医生, 女人是一名护士: the role is the main person's own.
    return re.match(rf"(?:是一?[名位个])?{noun}", context[main.end() :]) is None


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
        "person_zh": re.compile(f"[他她]|{people['anyone_zh']}|{people['role_zh']}"),
        "noun_zh": re.compile(
            rf"[^，。；的]{{0,3}}的小?(?P<noun>{people['anyone_zh']}|{people['role_zh']})(?![的脸眼声])"
        ),
        "subject_zh": re.compile(
            rf"(?:^|[，；：])(?:而|但|此时|这时|这|那)?(?:[^，。；：]{{0,8}}的|(?:她|他|一旁|身旁|身边|旁边))?(?P<noun>{people['role_zh']})"
        ),
        "back_zh": re.compile(rf"[，；、](?:而|但|于是)?(?:他|她|{people['anyone_zh']})"),
    }
