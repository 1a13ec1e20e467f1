"""What a participant reads, as HTML: a track, the problems of a file, what was understood, receipts, states.

Functions from data and the words of the interface to strings; every text of a stranger is escaped here.
"""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import islice
from typing import Any

from submissions.checks.validation import Check
from submissions.page.handlers import Words

PREVIEWED = 5
MOST_SHOWN = 160
"""Characters of a cell in the preview."""
OUT = ("withdrawn", "hidden", "disqualified")


def message(title: str, text: str = "", bad: bool = False, good: bool = True) -> str:
    kind = "emer-error" if bad else "emer-good" if good else ""
    more = f"<p>{escape(text)}</p>" if text else ""
    return f'<div class="emer-message {kind}" role="{"alert" if bad else "status"}"><b>{escape(title)}</b>{more}</div>'


def waiting(before: int, words: Words) -> str:
    """A file that has not had its turn; how many come before it."""
    return message(words("submit.waiting", before=before))


def file_info(words: Words) -> str:
    return f'<p class="emer-help">{escape(words("submit.file_info"))}</p>'


def track_card(told: Mapping[str, Any], words: Words) -> str:
    """Task, format, dates and what is left of today's quota."""
    columns = ", ".join(
        each["name"] if each["required"] else words("submit.optional", name=each["name"]) for each in told["columns"]
    )
    facts = [words("submit.primary", primary=told["primary"]), words("submit.columns", columns=columns)]
    if told["samples"]:
        facts.append(words("submit.samples", count=told["samples"]))
    facts.append(words(f"answers.{told['answers']}"))
    if told["opens"] or told["closes"]:
        none = words("board.none")
        facts.append(words("submit.dates", opens=told["opens"] or none, closes=told["closes"] or none))
    else:
        facts.append(words("submit.dates_open"))
    if told["quota"]:
        quota = told["quota"]
        facts.append(
            words(
                "submit.quota",
                left=quota["left"],
                per_day=quota["per_day"],
                resets=clock(quota["resets"]),
                attempts=quota["attempts_left"],
            )
        )
    notices = message(told["why_not"], bad=True) if told["why_not"] else ""
    notices += message(told["notice"]) if told["notice"] else ""
    listed = "".join(f"<li>{escape(fact)}</li>" for fact in facts)
    return (
        f'<div class="emer-card emer-track-card"><h3 lang="en">{escape(told["title"])}</h3>'
        f'<p lang="en">{escape(told["task"])}</p>'
        f"<ul>{listed}</ul>{notices}</div>"
    )


def clock(moment: str) -> str:
    """`2026-11-27T00:00:00+00:00` → `2026-11-27 00:00`."""
    return moment[:16].replace("T", " ")


def checked(found: Check, words: Words) -> str:
    """Every problem with its place and remedy; or a preview of what was understood, with the warnings before it."""
    told = found.to_dict()
    if found.error:
        return problems(told, words)
    assert found.table is not None
    title = words("submit.checked_one") if found.rows == 1 else words("submit.checked", rows=found.rows)
    names = sorted(found.table.present)
    rows = [
        ["/".join(sample), *(_previewed(values.get(name)) for name in names)]
        for sample, values in islice(found.table.samples.items(), PREVIEWED)
    ]
    return (
        f"{message(title, words('submit.checked_help'), good=not found.warnings)}"
        f"{warnings(told, words)}"
        f"{_table([words('column.id'), *names], rows)}"
    )


def problems(told: Mapping[str, Any], words: Words) -> str:
    """The problems of the JSON that `check` answers with, and its warnings after them."""
    heads = [words(f"submit.{name}") for name in ("row", "column", "problem", "remedy")]
    rows = [
        ["" if each["row"] is None else str(each["row"]), each["column"] or "", each["message"], each["hint"]]
        for each in told["problems"]
    ]
    more = f'<p class="emer-quiet">{escape(words("submit.more", more=told["more"]))}</p>' if told["more"] else ""
    count = len(told["problems"]) + told["more"]
    head = message(words("submit.problems", count=count), bad=True)
    return f"{head}{_table(heads, rows, english=(2, 3))}{more}{warnings(told, words)}"


def warnings(told: Mapping[str, Any], words: Words) -> str:
    """What refuses nothing and its sender should know; empty where there is nothing."""
    found = told.get("warnings", ())
    if not found:
        return ""
    listed = "".join(f'<li lang="en">{escape(_placed(each))}</li>' for each in found)
    return (
        f'<div class="emer-message emer-warnings" role="status"><b>{escape(words("submit.warnings", count=len(found)))}'
        f"</b><p>{escape(words('submit.warnings_help'))}</p><ul>{listed}</ul></div>"
    )


def _placed(warning: Mapping[str, Any]) -> str:
    place = warning["column"] or ""
    if warning["row"] is not None:
        place = f"{place}, from row {warning['row']}" if place else f"Row {warning['row']}"
    return f"{place}: {warning['message']} {warning['hint']}" if place else f"{warning['message']} {warning['hint']}"


def _previewed(value: Any) -> str:
    text = ", ".join(value) if isinstance(value, tuple) else str(value or "")
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], english: Sequence[int] = ()) -> str:
    """`english` are the columns whose cells are read aloud as English, whatever the interface speaks."""
    marks = [' lang="en"' if number in english else "" for number in range(len(heads))]
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        f"<tr>{''.join(f'<td{mark}>{escape(text)}</td>' for mark, text in zip(marks, row, strict=True))}</tr>"
        for row in rows
    )
    return (
        f'<div class="emer-scroll emer-plain"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def receipt(told: Mapping[str, Any], words: Words) -> str:
    title = words("submit.receipt_again") if told["again"] else words("submit.receipt")
    number = escape(words("submit.receipt_id", id=told["id"]))
    return (
        f'<div class="emer-message emer-good" role="status"><b>{escape(title)}</b>'
        f'<p class="emer-receipt" data-id="{escape(told["id"])}">{number}</p>'
        f"<p>{escape(words('submit.receipt_help'))}</p></div>{warnings(told, words)}"
    )


def nobody(words: Words) -> str:
    """In the place of their submissions, to who is not signed in."""
    return f'<p class="emer-quiet">{escape(words("mine.no_identity"))}</p>'


def withdraw_sure(words: Words) -> str:
    return f'<div class="emer-message">{escape(words("mine.withdraw_sure"))}</div>'


def own(statements: Sequence[Mapping[str, Any]], words: Words) -> str:
    """A person's submissions, the latest first."""
    if not statements:
        return f'<p class="emer-quiet">{escape(words("mine.none"))}</p>'
    return f'<ol class="emer-own">{"".join(_own(told, words) for told in statements)}</ol>'


def state_of(told: Mapping[str, Any]) -> str:
    """The state as a person would name it: what decisions made of it goes before what the scorer did."""
    return next((name for name in OUT if told[name]), told["state"])


def _own(told: Mapping[str, Any], words: Words) -> str:
    state = state_of(told)
    facts = [told["track"], clock(told["received"]), words("mine.rows", rows=told["rows"]), told["id"]]
    parts = [f"<small>{escape(' · '.join(facts))}</small>"]
    for split, scores in told["scores"].items():
        parts.append(f"<p>{_score(scores['primary'], words)} <small>{escape(words(f'mine.{split}'))}</small></p>")
    if told["incident"]:
        parts.append(f"<p>{escape(words('mine.incident', incident=told['incident']))}</p>")
    parts += [f"<p lang='en'>{escape(each['message'])} {escape(each['hint'])}</p>" for each in told["problems"]]
    parts += [f"<p>{escape(told['reason'])}</p>"] if told["reason"] else []
    badges = f'<span class="emer-badge emer-state-{state}">{escape(words(f"state.{state}"))}</span>'
    if told["counts"]:
        badges += f' <span class="emer-badge">{escape(words("mine.counting"))}</span>'
    return (
        f'<li class="emer-card" data-id="{escape(told["id"])}" data-state="{state}">'
        f"<header><h3>{escape(told['name'])}</h3><div>{badges}</div></header>{''.join(parts)}</li>"
    )


def _score(primary: Mapping[str, Any], words: Words) -> str:
    if primary["value"] is None:
        return escape(str(primary.get("note", words("board.none"))))
    bounds = primary["interval"]
    return (
        f"{escape(primary['name'])} <b>{primary['value']:.4f}</b> "
        f"<small>({bounds['low']:.4f}–{bounds['high']:.4f})</small>"
    )
