"""The HTML for participants: a track, the problems of a file, a preview, receipts, states.

The functions turn data and the words of the interface into strings; the markup is in `templates/`.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from emer_space.page.render import message
from emer_space.page.templates import Templates
from emer_space.page.words import Words
from submissions.checks.validation import Check

MOST_NAMES = 12
"""The most rows named that a submission cannot be told from."""
OUT = ("withdrawn", "hidden", "disqualified")
"""The states that a decision gives."""
html = Templates(Path(__file__).parent / "templates")


def waiting(before: int, words: Words) -> str:
    """The note for a file that waits for its turn, with the number of files before it."""
    return message(words("submit.waiting", before=before), kind="good")


def file_info(words: Words) -> str:
    """The note about accepted files."""
    return html("note", kind="help", text=words("submit.file_info"))


def nobody(words: Words) -> str:
    """The note in place of the submissions if nobody is signed in."""
    return html("note", kind="quiet", text=words("mine.no_identity"))


def withdraw_sure(words: Words) -> str:
    """The question before a submission is withdrawn."""
    return html("withdraw_sure", words=words)


def track_card(track: Mapping[str, Any], words: Words) -> str:
    """What a participant needs to know about a track; `track` comes from `Service.tracks`."""
    columns = [_column(column, words) for column in track["columns"]]
    reasons = dict.fromkeys(_said(words, metric["unscored"]) for metric in track["metrics"] if metric["unscored"])
    about = {"columns": columns, "reasons": words("submit.or").join(reasons) or words("board.none")}
    return html("track_card", words=words, track=track, said=partial(_said, words), **about)


def _column(column: Mapping[str, Any], words: Words) -> str:
    """A column's name with its choices; whether it is optional."""
    name = f"{column['name']} ({' | '.join(column['choices'])})" if column.get("choices") else column["name"]
    return name if column["required"] else words("submit.optional", name=name)


def not_scored(track: Mapping[str, Any], words: Words) -> str:
    """Why a track is not scored here, and the commands that mend it; empty if it is scored."""
    return html("not_scored", words=words, track=track) if track["why_not"] else ""


def _said(words: Words, texts: Mapping[str, str]) -> str:
    """A text in the interface's language, or in English."""
    return texts.get(words.language) or texts.get("en", "")


def checked(check: Check, words: Words) -> str:
    """All problems of a file with place and remedy, or its warnings and a preview of what was read."""
    answer = check.to_dict(preview=True)
    if check.table is None:
        return problems(answer, words)
    preview = answer["preview"]
    columns = [cell["column"] for cell in preview[0]["cells"]] if preview else []
    about = {"rows": check.rows, "columns": columns, "preview": preview, "warnings": answer["warnings"]}
    unknown = any(label["known"] is False for row in preview for cell in row["cells"] for label in cell["labels"])
    return html("understood", words=words, unknown=unknown, **about)


def problems(answer: Mapping[str, Any], words: Words) -> str:
    """The problems in the JSON of a check, followed by its warnings."""
    about = {"problems": answer["problems"], "more": answer["more"], "warnings": answer.get("warnings", ())}
    return html("problems", words=words, **about)


def receipt(answer: Mapping[str, Any], words: Words) -> str:
    """A receipt: the file was accepted, and its id. Answers of older servers have no warnings."""
    about = {"id": answer["id"], "again": answer["again"], "warnings": answer.get("warnings", ())}
    return html("receipt", words=words, **about)


def own(statements: Sequence[Mapping[str, Any]], words: Words) -> str:
    """A person's submissions, latest first."""
    return html("own", words=words, statements=statements, state_of=state_of)


def one(statement: Mapping[str, Any], words: Words) -> str:
    """The page of a submission: where it stands, against the sender's own earlier files, and the unknown words."""
    return html("one", words=words, submission=statement, most=MOST_NAMES)


def state_of(statement: Mapping[str, Any]) -> str:
    """The state to show: that of a decision, if there is one, else that of the scorer."""
    return next((name for name in OUT if statement[name]), statement["state"])
