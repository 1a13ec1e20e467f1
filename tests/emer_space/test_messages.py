"""Messages in both languages: each that a visitor can get has its row, and no row has lost its message."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from emer_space.media.file_kinds import _KINDS, refused
from emer_space.messages import in_language, load_messages
from emer_space.models.whisper.recognition import doubt_of
from emer_space.tables.load import placeholders
from emer_space.text.tokens import HAN

PACKAGE = Path(__file__).parents[2] / "emer_space"
TOLD = ("Notice", "InputError", "ModelUnavailable", "MissingTool", "Busy")
COVERED = (
    *("media", "clues", "text", "runner.py", "rewording.py", "language_model/dialogue.py"),
    *("language_model/answering.py", "page/history.py", "page/returned.py", "page/shares.py"),
)
"""Where every message that is written out has a row. Messages for who installs or runs the app stay in English."""
PLACES = re.compile(r"\{\w+\}")
APART = re.compile(r"\{\w+\}|[;:,(]")
COMPOSED = {"the left one", "the right one", "1 clip", "1 person", "1 save"}
"""Rows that the code puts together from single words."""


def template(node: ast.expr) -> str | None:
    """A text as it is written, with `7` for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "7" for part in node.values)
        return "".join(map(str, parts))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def written(path: Path) -> Iterator[str]:
    """The messages that a module writes out: in a notice or an error, at once or by way of a name in its function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for scope in (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.Module))):
        named = {
            target.id: node.value
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in (node for node in ast.walk(scope) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id in TOLD and call.args:
                message = call.args[-1]
                message = named.get(message.id, message) if isinstance(message, ast.Name) else message
                if (text := template(message)) and text.endswith((".", "ffmpeg")) and len(text.split()) > 2:
                    yield text


def test_every_message_of_a_result_has_its_row() -> None:
    paths = [path for name in COVERED for path in [PACKAGE / name, *(PACKAGE / name).rglob("*.py")] if path.is_file()]
    told = {(path.name, text) for path in paths if path.suffix == ".py" for text in written(path)}
    assert len(told) > 25
    assert {(name, text) for name, text in told if in_language(text, "zh") is None} == set()


def test_every_refusal_of_an_annotator_has_its_row() -> None:
    tree = ast.parse((PACKAGE.parent / "annotation" / "rounds.py").read_text(encoding="utf-8"))
    (refusing,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "why_not"]
    said = {
        text.replace("7", "two")
        for node in ast.walk(refusing)
        if isinstance(node, ast.Return) and node.value and (text := template(node.value))
    }
    assert len(said) > 8 and {text for text in said if in_language(text, "zh") is None} == set()
    assert in_language("You are not asked for round two of this project.", "zh") == "本项目没有请您参加第二轮。"


@pytest.mark.parametrize("people", ["1 person", "3 people"])
@pytest.mark.parametrize("history", ["", " The data set on the Hub keeps deleted records (never clips) in its history"])
def test_what_became_of_a_clip_is_said_in_chinese(people: str, history: str) -> None:
    told = (
        f"anna is taken out of lab: its file, its draft and what {people} said of it are deleted. Its name and the "
        "hash of its file stay, so that it does not come back; make the release again, so that it lacks the clip too."
    )
    chinese = in_language(told + (f"{history} until you squash that." if history else ""), "zh")
    assert chinese and not re.search("person|people|data set|hash", chinese) and ("历史" in chinese) == bool(history)


def test_every_row_is_said_somewhere() -> None:
    said = [
        text
        for room in ("emer_space", "annotation", "submissions")
        for path in (PACKAGE.parent / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.expr) and (text := template(node))
    ]
    code = "\n".join(said)
    lost = [
        part
        for row in load_messages()
        for piece in APART.split(row.said["en"])
        for part in [piece.strip(" .“”")]
        if len(part) > 3 and part not in code and part not in COMPOSED
    ]
    assert lost == []


@pytest.mark.parametrize("row", load_messages(), ids=lambda row: row.said["en"][:50])
def test_a_row_is_read_back_in_both_directions(row) -> None:
    english, chinese = (PLACES.sub("7", row.said[language]) for language in ("en", "zh"))
    assert in_language(english, "zh") == chinese and in_language(chinese, "en") == english
    assert in_language(english, "en") == english
    assert sorted(placeholders(row.said["en"])) == sorted(placeholders(row.said["zh"]))
    assert HAN.search(chinese) or not re.search("[a-z]{3} [a-z]{3}", english)


def test_a_refused_file_is_refused_in_chinese() -> None:
    heads = [b"\0" * place + start + b"\x01\x02" for place, start, *_ in _KINDS]
    heads += [b"\xff\xd8\xff\0", b"\x89PNG\r\n\x1a\n\0", b"just some words"]
    for head in heads:
        refusal = refused(head)
        assert refusal is not None
        chinese = in_language(refusal, "zh")
        assert chinese is not None and not re.search(r"\b(?:a|an|the|recording|archive)\b", chinese), refusal
        assert in_language(chinese, "en") == refusal


def test_doubts_about_recognised_words_are_said_in_chinese() -> None:
    doubt = doubt_of([], 0.9, unread=True)
    assert doubt is not None and in_language(doubt, "zh") == "话语存疑：识别出的词语多于这段时间里能说的，因此被截断。"


def test_messages_within_messages_are_translated_and_other_values_are_not() -> None:
    remedy = "install it with `pip install --force-reinstall x==1` (the hub profile would use y instead)"
    message = f"The model for face (x) is missing; {remedy}. So the bundled composer wrote the explanation."
    assert in_language(message, "zh") == (
        "缺少人脸模型（x）；请运行 `pip install --force-reinstall x==1` 安装（hub 配置会改用 y）。"
        "因此解释由自带的写作模块写成。"
    )
    assert in_language("Brightness was measured.", "zh") is None
