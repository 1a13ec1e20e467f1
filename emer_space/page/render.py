"""Renders the page's HTML: results, progress, errors and notices. The markup is in `templates/`.

The functions map data and the words of the interface to strings. Buttons carry `data-clues` (ids of clues) and
`data-at` (seconds), which `page/result.js` reads. What an analysis says is marked with its language for screen readers,
since it may differ from that of the interface.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from emer_space.analysis import MODALITIES, MODALITY_OF, Analysis, Clue, Label, Language, Segment, modalities_of
from emer_space.language_model.answering import Answer
from emer_space.language_model.dialogue import VERSION
from emer_space.page.examples import Example
from emer_space.page.figures import timeline as timelines
from emer_space.page.figures import wheel as wheels
from emer_space.page.kept import Loan
from emer_space.page.languages import TAGS, TITLES
from emer_space.page.shares import Link
from emer_space.page.templates import UNKNOWN, Templates
from emer_space.page.words import Words
from emer_space.rewording import stored_in
from emer_space.settings import Settings
from emer_space.text.tokens import HAN
from emer_space.vocabulary import load_vocabulary

CONFIDENCE_BOUNDS = ((0.7, "high"), (0.45, "moderate"), (0.0, "low"))
QUOTED = re.compile(r"“[^“”]*”|\"[^\"]*\"|「[^「」]*」|‘[^‘’]*’")
html = Templates()


def header(words: Words) -> str:
    """The name of the app, what it does, and the switch of language."""
    return html("header", words=words, languages=[(name, TAGS[name], TITLES[name]) for name in TAGS])


def notice(words: Words, sends: Mapping[str, str]) -> str:
    """The notice before the first upload (decision 10). `sends`: hosts that get parts of each clip, by model role."""
    return html("notice", words=words, sends=sends)


def gallery(words: Words, examples: Sequence[Example]) -> str:
    """The example clips as buttons with `data-example`, which `page/gallery.js` reads."""
    return html("gallery", words=words, examples=examples)


def progress(stages: Mapping[str, float | None], words: Words, now: str = "", notes: Sequence[str] = ()) -> str:
    """The stages as steps; a fraction in 0…1 once a stage has begun, None before.

    `now` is a status that replaces the stages'; `notes` are sentences on what takes long.
    """
    under_way = [name for name, fraction in stages.items() if fraction is not None and fraction < 1]
    stage = " · ".join(words(f"stage.{name}") for name in under_way)
    now = now or (words("run.working", stage=stage) if stage else words("run.starting"))
    return html("progress", words=words, stages=stages, status=" ".join([now, *notes]))


def waiting(key: str, before: int, wait_s: float | None, words: Words) -> str:
    """The words `key` for whoever waits, with the number of those `before` and about how long it takes, if known."""
    told = words(key, before=before)
    if wait_s is None:
        return told
    many = wait_s > 60
    count = math.ceil(wait_s / 60) if many else max(5, 5 * math.ceil(wait_s / 5))
    return f"{told} {words('run.wait_min' if many else 'run.wait_s', count=count)}"


def message(title: str, text: str = "", kind: Literal["error", "good", ""] = "", language: str = "") -> str:
    """A box with a bold title; `language`: the language of `text`, if it is not that of the interface."""
    return html("message", title=title, text=text, kind=kind, language=language)


def error(text: str, words: Words, language: str = "") -> str:
    """The box that says why a clip could not be explained; `language` as for `message`."""
    return message(words("run.error_title"), text, "error", language)


def cancelled(words: Words) -> str:
    """The box that says that a run was stopped, and what to do next."""
    return message(words("run.cancelled"), words("run.cancelled_next"))


def limits(words: Words, settings: Settings) -> str:
    """What may be sent, said before it is."""
    return html("limits", words=words, settings=settings)


def correct(words: Words) -> str:
    """What the form for corrections is for, with the emotion words that it suggests."""
    vocabulary = load_vocabulary()
    names = sorted({vocabulary.name(path[-1], words.language) for path in vocabulary.primary.paths()})
    return html("correct", words=words, names=names)


def promise(words: Words, history: bool) -> str:
    """Who sees a correction, and for how long. `history`: deleted files stay in a history."""
    return html("promise", words=words, history=history)


def kept_correction(receipt: str, with_clip: bool, words: Words) -> str:
    """The receipt of a correction."""
    return html("kept_correction", words=words, receipt=receipt, with_clip=with_clip)


def answer(analysis: Analysis, words: Words, key: str = "", rendered: bool = False) -> str:
    """The answer: headline and labels, then the caveat and facts about the clip. `key`: see `page/kept.py`.

    `rendered`: the clip shows nobody real.
    """
    shown = {"headline": _headline(analysis, words), "key": key, "rendered": rendered}
    return html("answer", words=words, **shown, **_result(analysis))


def _headline(analysis: Analysis, words: Words) -> str:
    return analysis.explanation.headline or _names(analysis.labels, words)


def _names(labels: Sequence[Label], words: Words) -> str:
    """A headline for an analysis that has none."""
    names = [label.name or label.label for label in labels]
    joined = words("answer.separator").join(names)
    return joined[:1].upper() + joined[1:] if names else words("labels.none")


def transcript(analysis: Analysis, words: Words) -> str:
    """The words of the clip with their times."""
    return html("transcript", words=words, **_result(analysis))


def timeline(analysis: Analysis, words: Words) -> str:
    """The clues and the curves on one time axis, and the same as a table."""
    return html("timeline", words=words, timeline=timelines.timeline(analysis), still=False, **_result(analysis))


def verdict(analysis: Analysis, tree: wheels.Tree, wheel_title: str, words: Words) -> str:
    """Under the explanation: warnings, and the labels on their wheel."""
    return html(
        "verdict", words=words, **_wheel(analysis.labels, tree, wheel_title, words.language), **_result(analysis)
    )


def explanation(analysis: Analysis, words: Words) -> str:
    """The sentences as buttons that lead to their clues, and whether the modalities agree."""
    return html("explanation", words=words, **_result(analysis))


def history(words: Words, most: int, most_characters: int) -> str:
    """The list of earlier results, which the browser fills with at most so many results and characters."""
    return html("history", words=words, most=most, most_characters=most_characters)


def comparison(first: Analysis, second: Analysis, words: Words) -> str:
    """Two results on one time axis, as long as the longer clip."""
    over_s = max(first.clip.duration_s, second.clip.duration_s, 0.1)
    sides = [
        {
            "analysis": analysis,
            "headline": _headline(analysis, words),
            "timeline": timelines.timeline(analysis, over_s),
            "end": 100 * analysis.clip.duration_s / over_s,
        }
        for analysis in (first, second)
    ]
    named = {label.label for label in second.labels}
    common = words("answer.separator").join(label.name or label.label for label in first.labels if label.label in named)
    return html("comparison", words=words, sides=sides, common=common, still=True, language_of=_language_of)


def ask(words: Words, host: str) -> str:
    """Heading of the field for questions; `host`: where the language model is, empty if on this machine."""
    return html("ask", words=words, host=host)


def answered(answer: Answer, question: str, analysis: Analysis, words: Words) -> str:
    """A language model's answer to a question, its sentences as buttons that lead to their clues."""
    return html("answered", words=words, answer=answer, question=question, **_result(analysis))


def take_away(words: Words) -> str:
    """The menu of what can be taken away from a result: buttons with `data-format`."""
    return html("take_away", words=words)


def ready(file: Path, words: Words) -> str:
    """A link to a file that was made for the visitor, which `page/ready.js` follows at once."""
    return html("ready", words=words, file=file)


def citation(text: str, bibtex: str, words: Words) -> str:
    """How to cite a result, to be copied."""
    return html("citation", words=words, text=text, bibtex=bibtex)


def share(words: Words, days: int) -> str:
    """What a link to a result shows, and for how long."""
    return html("share", words=words, days=days)


def link(link: Link, with_clip: bool, analysis: Analysis, words: Words) -> str:
    """A link that was just made, with its secret for the browser."""
    title = _headline(analysis, words)
    return html("link", words=words, link=link, with_clip=with_clip, title=title)


def lent(loan: Loan, words: Words) -> str:
    """Above a result that was opened from a link: until when it is kept."""
    return html("lent", words=words, loan=loan)


def stopped(key: str, words: Words) -> str:
    """A link shows nothing any more."""
    return html("stopped", words=words, key=key)


def links(words: Words) -> str:
    """The place for the links that a browser has made."""
    return html("links", words=words)


def several_help(words: Words, settings: Settings) -> str:
    """How many clips may be sent at once."""
    return html("several_help", words=words, settings=settings)


def several(rows: Sequence[Any], most_labels: int, words: Words) -> str:
    """The table of several clips; `rows` are those of `page/several.py`."""
    return html("several", words=words, rows=rows, most_labels=most_labels, in_language=stored_in)


def wheel(labels: Sequence[Label], tree: wheels.Tree, title: str, words: Words) -> str:
    """The emotion wheel with the labels lit, and the same as a table."""
    return html("wheel", words=words, **_wheel(labels, tree, title, words.language))


def details(analysis: Analysis, words: Words) -> str:
    """The part under the two columns: every clue by modality, and the provenance."""
    asked = {MODALITY_OF[name] for name in analysis.modalities}
    clues = sorted(analysis.clues, key=lambda clue: (clue.absent, clue.start))
    columns = [
        {
            "modality": modality,
            "asked": modality in asked,
            "clues": [clue for clue in clues if clue.modality == modality],
        }
        for modality in MODALITIES
    ]
    others = {person.id for person in analysis.people if person.role == "other"}
    values = {"columns": columns, "others": others, "provenance": _provenance(analysis), **_result(analysis)}
    return html("details", words=words, confidence_of=confidence, **values)


def confidence(clue: Clue) -> str:
    """How certain a clue is: `high`, `moderate` or `low`."""
    return next(name for bound, name in CONFIDENCE_BOUNDS if clue.confidence >= bound)


def _provenance(analysis: Analysis) -> dict[str, str]:
    made = analysis.provenance
    return {
        "id": analysis.id,
        "created": analysis.created,
        "app": made.app,
        "profile": analysis.profile.name,
        "models": "; ".join(f"{role}: {name}" for role, name in analysis.profile.models.items()),
        "composer": analysis.explanation.composer,
        "prompts": ", ".join(made.prompts) or UNKNOWN,
        "vocabulary": made.vocabulary_version,
        "rules": made.rules_sha256,
        "sha256": analysis.clip.sha256,
        "timings": ", ".join(f"{stage} {spent:.2f}" for stage, spent in analysis.timings.items()),
    }


def _wheel(labels: Sequence[Label], tree: wheels.Tree, title: str, language: Language) -> dict[str, Any]:
    name = load_vocabulary().name
    return {
        "wheel": wheels.wheel(labels, tree, language),
        "wheel_title": title,
        "labels": labels,
        "places": {label.label: " › ".join(name(word, language) for word in label.wheel) for label in labels},
    }


def _result(analysis: Analysis) -> dict[str, Any]:
    """The values of a result's templates: the analysis, and functions that link labels and sentences to clues."""

    def of(ids: Collection[str]) -> list[Clue]:
        return [clue for clue in analysis.clues if clue.id in ids]

    def moment_of(ids: Collection[str]) -> float:
        """The start of the most certain of these clues, in seconds."""
        best = min(of(ids), key=lambda clue: (clue.absent, -clue.confidence, clue.start), default=None)
        return best.start if best else 0.0

    def clues_in(segment: Segment) -> list[str]:
        """The ids of the textual clues within a segment."""
        textual = [clue for clue in analysis.clues if clue.modality == "textual" and not clue.absent]
        return [clue.id for clue in textual if clue.start < segment.end and clue.end > segment.start]

    version, _, model = analysis.explanation.composer.partition(" ")
    return {
        "analysis": analysis,
        "moment_of": moment_of,
        "modalities_of": lambda ids: modalities_of(of(ids)),
        "clues_in": clues_in,
        "language_of": _language_of,
        "language_model": model if version == VERSION else "",
    }


def _language_of(text: str) -> str:
    """The language in which a sentence of the analysis is written, whatever it quotes."""
    own = QUOTED.sub("", text)
    return "zh" if HAN.search(own) else "en"
