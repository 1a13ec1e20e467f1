"""A result as HTML: explanation, labels, clues, transcript and provenance; progress and errors as well.

Functions from data and the words of the interface to strings; every text of a clip is escaped here. Buttons carry
`data-clues` (the ids they rest on) and `data-at` (seconds); `page/result.js` reads both. What an analysis says is
English whatever the interface speaks, and marked as such for screen readers.
"""

from collections.abc import Mapping, Sequence
from html import escape

from emer_space.analysis import MODALITIES, MODALITY_OF, Analysis, Clue, Modality, Segment, Sentence
from emer_space.language_model.dialogue import VERSION
from emer_space.page.figures import percent, seconds, timeline, wheel
from emer_space.page.figures.wheel import Tree
from emer_space.page.words import Words

CHAT = f"{VERSION} "
CONFIDENCE_BOUNDS = ((0.7, "high"), (0.45, "moderate"), (0.0, "low"))


def confidence_word(value: float, words: Words) -> str:
    """The word for a confidence in 0…1."""
    return words(f"confidence.{next(name for bound, name in CONFIDENCE_BOUNDS if value >= bound)}")


def notice(words: Words, sends: Mapping[str, str]) -> str:
    """What a visitor reads before the first upload (decision 10); `sends`: role → host that gets of each clip."""
    told = [words(f"notice.{name}") for name in ("consent", "limits", "kept" if sends else "privacy")]
    told += [words(f"notice.sent_{role}", host=host) for role, host in sends.items()]
    texts = "".join(f"<p>{escape(text)}</p>" for text in told)
    return f'<aside class="emer-notice" aria-label="{escape(words("notice.title"))}">{texts}</aside>'


def examples(words: Words) -> str:
    return f"<h3>{escape(words('form.examples'))}</h3>"


def progress(stages: Mapping[str, float | None], words: Words, now: str = "", notes: Sequence[str] = ()) -> str:
    """The stages as steps; a fraction in 0…1 once a stage has begun, None before.

    `now` says what is going on when it is not one of the stages; `notes` say what takes long.
    """
    steps = []
    under_way = [name for name, fraction in stages.items() if fraction is not None and fraction < 1]
    for name, fraction in stages.items():
        state = "to_come" if fraction is None else "done" if fraction >= 1 else "under_way"
        steps.append(
            f'<li class="emer-{state.replace("_", "-")}" style="--done:{fraction or 0:.2f}">'
            f"<b>{escape(words(f'stage.{name}'))}</b> <span>{escape(words(f'stage_help.{name}'))}</span>"
            f'<em class="emer-unseen">{escape(words(f"run.{state}"))}</em></li>'
        )
    stage = " · ".join(words(f"stage.{name}") for name in under_way)
    now = now or (words("run.working", stage=stage) if stage else words("run.starting"))
    return (
        f'<section class="emer-progress"><h3>{escape(words("run.heading"))}</h3><ol>{"".join(steps)}</ol>'
        f'<p class="emer-help" role="status" aria-live="polite">{escape(" ".join([now, *notes]))}</p></section>'
    )


def error(message: str, words: Words, language: str | None = None) -> str:
    """What went wrong; `language` where that is not said in the words of the interface."""
    marked = f' lang="{language}"' if language else ""
    return (
        f'<div class="emer-message emer-error" role="alert"><b>{escape(words("run.error_title"))}</b>'
        f"<p{marked}>{escape(message)}</p></div>"
    )


def cancelled(words: Words) -> str:
    return (
        f'<div class="emer-message" role="status"><b>{escape(words("run.cancelled"))}</b>'
        f"<p>{escape(words('run.cancelled_next'))}</p></div>"
    )


def evidence(analysis: Analysis, words: Words) -> str:
    """What stands under the player: transcript and timeline."""
    return f'<div class="emer-stack">{transcript(analysis, words)}{timeline(analysis, words)}</div>'


def verdict(analysis: Analysis, tree: Tree, wheel_title: str, words: Words) -> str:
    """What was made of the evidence: warnings, explanation, labels and their wheel."""
    figure = wheel(analysis.labels, tree, wheel_title, words)
    return (
        f'<div class="emer-stack">{explanation(analysis, words)}{warnings(analysis, words)}'
        f'<section class="emer-card"><h3>{escape(words("labels.title"))}</h3>{labels(analysis, words)}{figure}'
        "</section></div>"
    )


def explanation(analysis: Analysis, words: Words) -> str:
    agreement = analysis.explanation.agreement
    sentences = "".join(_sentence(sentence, analysis.clues, words) for sentence in analysis.explanation.sentences)
    language = f' lang="{escape(analysis.explanation.language)}"' if sentences else ""
    if not sentences:
        sentences = f'<li class="emer-quiet">{escape(words("explanation.none"))}</li>'
    return (
        f'<section class="emer-card emer-explanation"><header><h3>{escape(words("explanation.title"))}</h3>'
        f'<span class="emer-badge emer-{agreement}">{escape(words(f"agreement_short.{agreement}"))}</span></header>'
        f'<ol class="emer-prose"{language}>{sentences}</ol>'
        f'<p class="emer-agreement"><span class="emer-unseen">{escape(words("agreement.title"))}</span> '
        f"{escape(words(f'agreement.{agreement}'))}</p>{_translation(analysis, words)}{_composer(analysis, words)}"
        f'<p class="emer-help">{escape(words("explanation.help"))}</p></section>'
    )


def _translation(analysis: Analysis, words: Words) -> str:
    text = analysis.explanation.translation
    if not text:
        return ""
    title = escape(words("explanation.translation"))
    return f'<p class="emer-quiet"><b>{title}</b> <span lang="en">{escape(text)}</span></p>'


def _composer(analysis: Analysis, words: Words) -> str:
    """Who wrote it, where that was a language model, and how much of what it said rested on clues."""
    made = analysis.explanation
    if not made.composer.startswith(CHAT):
        return ""
    told = words("explanation.by_model", model=made.composer.removeprefix(CHAT), share=percent(made.grounded))
    return f'<p class="emer-help">{escape(told)}</p>'


def labels(analysis: Analysis, words: Words) -> str:
    """The labels as chips, each a button that points at its clues."""
    if not analysis.labels:
        return f'<p class="emer-quiet">{escape(words("labels.none"))}</p>'
    chips = "".join(
        f'<li><button type="button" class="emer-chip" aria-pressed="false" {_points(label.clues, analysis.clues)} '
        f'style="--strength:{label.confidence:.2f}"><b lang="en">{escape(label.label)}</b> '
        f"<small>{escape(words('labels.probability', number=percent(label.confidence)))}</small></button></li>"
        for label in analysis.labels
    )
    return f'<ul class="emer-chips">{chips}</ul><p class="emer-help">{escape(words("labels.help"))}</p>'


def warnings(analysis: Analysis, words: Words) -> str:
    if not analysis.warnings:
        return ""
    items = "".join(f"<li>{escape(one.message)}</li>" for one in analysis.warnings)
    return f'<section class="emer-message"><b>{escape(words("warnings.title"))}</b><ul lang="en">{items}</ul></section>'


def transcript(analysis: Analysis, words: Words) -> str:
    """The words with their times, in their own language and, where there is one, in translation."""
    subtitle = analysis.subtitle
    title = f"<h3>{escape(words('transcript.title'))}</h3>"
    if not subtitle.text:
        quiet = escape(words("transcript.none"))
        return f'<section class="emer-card"><header>{title}</header><p class="emer-quiet">{quiet}</p></section>'
    source = words(f"transcript.{subtitle.source}") if subtitle.source != "none" else ""
    if subtitle.language:
        source += " · " + words("transcript.language", language=subtitle.language)
    language = f' lang="{escape(subtitle.language)}"' if subtitle.language else ""
    if subtitle.segments:
        lines = "".join(_line(segment, analysis.clues) for segment in subtitle.segments)
        body = f'<ol class="emer-lines"{language}>{lines}</ol>'
    else:
        body = f'<p class="emer-said"{language}>{escape(subtitle.text)}</p>'
    if subtitle.translation:
        body += (
            f'<p class="emer-translation"><small>{escape(words("transcript.translation"))}</small> '
            f'<span lang="en">{escape(subtitle.translation)}</span></p>'
        )
    if subtitle.doubtful:
        doubt = words("transcript.doubtful", reason=subtitle.doubtful)
        body += f'<p class="emer-message">{escape(doubt)}</p>'
    return f'<section class="emer-card"><header>{title}<small>{escape(source)}</small></header>{body}</section>'


def details(analysis: Analysis, words: Words) -> str:
    """Below the two columns: every clue by modality, and how the result was made."""
    asked = {MODALITY_OF[name] for name in analysis.modalities}
    columns = "".join(_clue_column(analysis, modality, modality in asked, words) for modality in MODALITIES)
    return (
        f'<section class="emer-card"><h3>{escape(words("clues.title"))}</h3><div class="emer-columns">{columns}</div>'
        f"</section>{provenance(analysis, words)}"
    )


def provenance(analysis: Analysis, words: Words) -> str:
    made = analysis.provenance
    models = "; ".join(f"{role}: {name}" for role, name in analysis.profile.models.items())
    rows = {
        "id": analysis.id,
        "created": analysis.created,
        "app": made.app,
        "profile": analysis.profile.name,
        "models": models,
        "composer": analysis.explanation.composer,
        "prompts": ", ".join(made.prompts) or "–",
        "vocabulary": made.vocabulary_version,
        "rules": made.rules_sha256,
        "sha256": analysis.clip.sha256,
        "timings": ", ".join(f"{stage} {spent:.2f}" for stage, spent in analysis.timings.items()),
    }
    terms = "".join(
        f"<dt>{escape(words(f'provenance.{name}'))}</dt><dd>{escape(str(value))}</dd>" for name, value in rows.items()
    )
    return (
        f'<details class="emer-provenance"><summary>{escape(words("provenance.title"))}</summary>'
        f"<dl>{terms}</dl></details>"
    )


def summary(analysis: Analysis, words: Words) -> str:
    """The line above a result: what the clip is, and what a reading of it can be worth."""
    clip = analysis.clip
    facts = [words("result.facts", seconds=seconds(clip.duration_s))]
    if clip.has_video and clip.width and clip.height:
        facts.append(words("result.facts_size", width=clip.width, height=clip.height))
    facts += [] if clip.has_video else [words("result.facts_blind")]
    facts += [] if clip.has_audio else [words("result.facts_silent")]
    caveat = escape(words("result.caveat"))
    return f'<div class="emer-summary"><p>{caveat}</p><small>{escape(" · ".join(facts))}</small></div>'


def _clue_column(analysis: Analysis, modality: Modality, asked: bool, words: Words) -> str:
    clues = [clue for clue in analysis.clues if clue.modality == modality]
    others = {person.id for person in analysis.people if person.role == "other"}
    items = "".join(
        _clue(clue, clue.person in others, words) for clue in sorted(clues, key=lambda clue: (clue.absent, clue.start))
    )
    if not items:
        quiet = words("clues.none" if asked else "clues.none_unread")
        items = f'<li class="emer-quiet">{escape(quiet)}</li>'
    name = escape(words(f"modality.{modality}"))
    return f'<div class="emer-{modality}"><h4>{name}</h4><ul class="emer-clues">{items}</ul></div>'


def _clue(clue: Clue, other: bool, words: Words) -> str:
    time = words("timeline.span", start=seconds(clue.start), end=seconds(clue.end))
    confidence = (
        words("clues.absent")
        if clue.absent
        else words("clues.confidence", word=confidence_word(clue.confidence, words), number=percent(clue.confidence))
    )
    if other:
        confidence += " · " + words("people.other", id=clue.person)
    measured = ""
    if clue.measurements:
        rows = "".join(
            f"<dt>{escape(str(name).replace('_', ' '))}</dt><dd>{escape(_number(value))}</dd>"
            for name, value in clue.measurements.items()
        )
        measured = f"<details><summary>{escape(words('clues.measured'))}</summary><dl lang='en'>{rows}</dl></details>"
    return (
        f'<li data-clue="{escape(clue.id)}"{" class=emer-missing" if clue.absent else ""}>'
        f'<button type="button" class="emer-time" aria-pressed="false" {_points((clue.id,), (clue,))}>'
        f'{escape(time)}</button><p lang="en">{escape(clue.statement)}</p>'
        f"<small>{escape(confidence)}</small>{measured}</li>"
    )


def _line(segment: Segment, clues: Sequence[Clue]) -> str:
    there = [
        clue.id
        for clue in clues
        if clue.modality == "textual" and not clue.absent and clue.start < segment.end and clue.end > segment.start
    ]
    return (
        f'<li><button type="button" class="emer-line" aria-pressed="false" data-clues="{escape(" ".join(there))}" '
        f'data-at="{segment.start:g}"><small>{seconds(segment.start)}</small>'
        f"<span>{escape(segment.text)}</span></button></li>"
    )


def _sentence(sentence: Sentence, clues: Sequence[Clue], words: Words) -> str:
    """A sentence as a button, with a dot for each modality that it rests on."""
    rests = [clue.modality for clue in clues if clue.id in sentence.clues]
    dots = "".join(
        f'<i class="emer-{modality}" title="{escape(words(f"modality.{modality}"))}"></i>'
        for modality in MODALITIES
        if modality in rests
    )
    return (
        f'<li><button type="button" class="emer-sentence" aria-pressed="false" {_points(sentence.clues, clues)}>'
        f'<span class="emer-dots">{dots}</span><span>{escape(sentence.text)}</span></button></li>'
    )


def _points(ids: Sequence[str], clues: Sequence[Clue]) -> str:
    """The attributes of a button that leads to clues: their ids, and the moment of the most certain one."""
    there = [clue for clue in clues if clue.id in ids]
    best = min(there, key=lambda clue: (clue.absent, -clue.confidence, clue.start), default=None)
    return f'data-clues="{escape(" ".join(ids))}" data-at="{best.start if best else 0:g}"'


def _number(value: float | int | str | bool | None) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "–" if value is None else str(value)
