"""One person's channels → clues: when the rules of visual.toml hold, put into words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Clue, Person
from emer_space.clues.face.channels import breaks, table
from emer_space.clues.rules import Rule, load_rules
from emer_space.clues.shapes import PICTURE_CUES, WHOLE_CLIP
from emer_space.clues.spans import Floats, Span, spans
from emer_space.clues.wording import FLEETING_S, has_peak, when
from emer_space.models.roles import EXPRESSIONS

MANY = 3
"""From this number of spans, one clue sums them up and says how many there are."""
COVERED = 0.5
ALWAYS_KEPT = (*PICTURE_CUES, "mouth-covered")
MAIN_SHARE = 0.25
LEAST_SURE = 0.3
LEAST_SUPPORT = 0.4
"""Factor on a movement's confidence if the face as a whole reads otherwise."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The clip's timing: seconds between frames, duration, times of cuts, and whether the picture is still."""

    step: float
    duration_s: float
    cuts: tuple[float, ...] = ()
    still: bool = False

    def until(self, t: float) -> float:
        """The end in seconds of a span whose last sample is at `t`."""
        return min(t + self.step, max(self.duration_s, t))


def face_clues(person: Person, t: Floats, channels: Mapping[str, Floats], pace: Pace) -> list[Clue]:
    """The clues about one person, without repetitions; `t` is (n,) seconds, `channels` come from `face_channels`."""
    gaps = breaks(t, pace.cuts)
    clues = []
    for rule in load_rules("visual"):
        if rule.cue in PICTURE_CUES:
            continue
        whole = rule.when[0].channel in WHOLE_CLIP
        lasting = replace(rule, min_s=0.0) if pace.still else rule  # a still picture shows no durations
        lasting = _relaxed(lasting, channels) if rule.reads and _leads(rule, channels) else lasting
        matches = spans(lasting, channels, t, pace.step, () if whole else gaps)
        if whole and len(matches) > 1:
            matches = [Span(matches[0].first, matches[-1].last, matches[0].peak)]
        matches = _main_spans(matches) if rule.reads else matches
        groups = [matches] if rule.reads or len(matches) >= MANY else [[span] for span in matches]
        clues += [_clue(rule, group, person, t, channels, pace, whole) for group in groups if group]
    return without_repeats(clues)


def _leads(rule: Rule, channels: Mapping[str, Floats]) -> bool:
    """Whether this rule's expression is the likeliest one of the whole clip."""
    shares = {name: float(channels[f"overall_{name}"][0]) for name in EXPRESSIONS}
    return shares[rule.reads or ""] >= max(shares.values())


def _relaxed(rule: Rule, channels: Mapping[str, Floats]) -> Rule:
    """The rule with its threshold lowered so that the face's main expression is reported, however faint."""
    first = rule.when[0]
    values = channels[first.channel]
    return replace(rule, when=(replace(first, above=min(first.above or 0.0, 0.8 * float(np.nanmax(values)))),))


def _main_spans(candidates: Sequence[Span]) -> list[Span]:
    """The spans without those that are short compared with the longest."""
    longest = max((span.last - span.first + 1 for span in candidates), default=0)
    return [span for span in candidates if span.last - span.first + 1 >= MAIN_SHARE * longest]


def _clue(
    rule: Rule,
    group: Sequence[Span],
    person: Person,
    t: Floats,
    channels: Mapping[str, Floats],
    pace: Pace,
    whole: bool,
) -> Clue:
    """One clue for the spans of one cue."""
    channel = channels[rule.when[0].channel]
    sign = 1.0 if rule.when[0].above is not None else -1.0
    best = max(group, key=lambda span: sign * channel[span.peak])
    inside = np.concatenate([np.arange(span.first, span.last + 1) for span in group])
    start, end = float(t[group[0].first]), pace.until(float(t[group[-1].last]))
    lasting = sum(pace.until(float(t[span.last])) - float(t[span.first]) for span in group)
    quality = float(np.mean(channels["quality"][inside]))
    measured: dict[str, float | int | str | bool | None] = {
        rule.when[0].channel: float(np.nanmean(channel[inside])),
        "peak": float(channel[best.peak]),
        "peak_s": float(t[best.peak]),
        "duration_s": lasting,
        "times": len(group),
        "fleeting": lasting / len(group) < FLEETING_S,
        "quality": quality,
    }
    seen_s = person.end - person.start
    peak, peaked = float(t[best.peak]), has_peak(rule.cue)
    words = "" if whole or pace.still else when("en", start, end, peak, len(group), seen_s, peaked)
    clue = rule.clue(
        "visual",
        start,
        end,
        {**measured, "when": words},
        confidence=rule.confidence * _sureness(rule, channels, lasting, quality) * _support(rule, channels, inside),
        person=person.id,
    )
    return replace(clue, measurements={key: value for key, value in clue.measurements.items() if key != "when"})


def _sureness(rule: Rule, channels: Mapping[str, Floats], lasting: float, quality: float) -> float:
    """Factor on confidence, 0…1. An expression counts by its share of the clip (0.7 is full, the factor at least
    `LEAST_SURE`), a movement by its duration; both by how well the face is seen."""
    if rule.when[0].channel == "median_quality":
        return 1.0
    seen = 0.35 + 0.65 * quality
    if rule.reads:
        share = float(channels[f"overall_{rule.reads}"][0]) / 0.7
        return seen * min(1.0, max(LEAST_SURE, share))
    return seen * min(1.0, 0.7 + 0.6 * lasting)


def _support(rule: Rule, channels: Mapping[str, Floats], inside: NDArray[np.int_]) -> float:
    """Factor on confidence, `LEAST_SUPPORT`…1: how well a movement's suggestion (`[kin]`) fits the expression."""
    kin: Mapping[str, Sequence[str]] = table()["kin"]
    weights = {name: max((rule.suggests.get(word, 0.0) for word in words), default=0.0) for name, words in kin.items()}
    if rule.reads or not any(weights.values()):
        return 1.0
    shares = {
        name: (np.nan_to_num(channels[f"reads_{name}"][inside]).mean() + channels[f"overall_{name}"][0]) / 2
        for name in kin
    }
    support = sum(weights[name] * shares[name] for name in kin) / max(weights.values())
    return LEAST_SUPPORT + (1 - LEAST_SUPPORT) * min(1.0, float(support) / 0.4)


def strongest(clues: Sequence[Clue], most: int) -> list[Clue]:
    """At most `most` clues: those about the picture first, then the surest and most telling ones."""
    picture = [clue for clue in clues if clue.cue in ALWAYS_KEPT]
    others = sorted((clue for clue in clues if clue.cue not in ALWAYS_KEPT), key=_worth, reverse=True)
    return [*picture, *others][:most]


def without_repeats(clues: Sequence[Clue]) -> list[Clue]:
    """One person's clues, without those whose time mostly overlaps with clues that say more (`[says_more]`)."""
    more: Mapping[str, Sequence[str]] = table()["says_more"]
    return [
        clue for clue in clues if _covered(clue, [o for o in clues if clue.cue in more.get(o.cue, ())]) <= COVERED
    ]  # fmt: skip


def _covered(clue: Clue, others: Sequence[Clue]) -> float:
    """The share of a clue's time that the others cover."""
    common, until = 0.0, clue.start
    for other in sorted(others, key=lambda other: other.start):
        start, end = max(until, other.start), min(clue.end, other.end)
        common, until = common + max(end - start, 0.0), max(until, end)
    return common / max(clue.end - clue.start, 1e-6)


@cache
def _readings() -> frozenset[str]:
    """The cues for the expression of the face as a whole."""
    return frozenset(rule.cue for rule in load_rules("visual") if rule.reads)


def _worth(clue: Clue) -> float:
    if clue.cue in _readings():
        return 1.0 + clue.confidence
    content = 0.4 + 0.6 * max(clue.suggests.values(), default=0.0)
    return clue.confidence * content
