"""Files that a language model works through over HTTP: labels from explanations, and translations."""

import json
from pathlib import Path

import pytest
from chat_server import ChatServer, Messages, said

from emer_space.__main__ import main


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    rows = [
        {"name": "a", "reason": "她皱着眉头，声音很大，看起来很愤怒。", "openset": ["愤怒", "失望"]},
        {"name": "b", "reason": "She looks happy.", "openset": []},
        {"name": "c", "reason": "", "openset": ["sad"]},
    ]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def run(server: ChatServer, monkeypatch: pytest.MonkeyPatch, file: Path, *arguments: str) -> list[dict[str, object]]:
    monkeypatch.setenv("EMER_CHAT_MODEL", "scripted")
    monkeypatch.setenv("EMER_CHAT_URL", server.url)
    out = file.with_name("out.jsonl")
    assert main([arguments[0], str(file), "--out", str(out), "--profile", "endpoint", *arguments[1:]]) == 0
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def test_labels_are_read_by_a_model_in_the_language_of_the_text(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(messages: Messages) -> str:
        return '["暴怒"]' if "人物表现出哪些情感" in said(messages) else "I cannot say, as it is a matter of taste."

    with ChatServer(answer) as server:
        lines = run(server, monkeypatch, file, "labels")
    assert lines[0] == {"name": "a", "openset": ["暴怒"]}
    assert lines[1]["openset"] == ["happy"] and "by tables" in str(lines[1]["notice"])
    assert lines[2] == {"name": "c", "openset": []} and len(server.asked) == 2, "nothing is asked about no text"


def test_explanations_and_labels_are_translated_together_and_a_failure_stays_in_its_line(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(messages: Messages) -> str:
        wanted = json.loads(said(messages).split("English:\n")[1].split("\n")[0])
        return json.dumps([f"<{text}>" for text in wanted] if "happy" not in wanted[0] else ["one", "too", "many"])

    with ChatServer(answer) as server:
        lines = run(server, monkeypatch, file, "translate", "--to", "en")
    assert lines[0]["openset"] == ["<愤怒>", "<失望>"] and str(lines[0]["reason"]).startswith("<她")
    assert lines[1]["reason"] == "She looks happy." and "3 translations of 1" in str(lines[1]["error"])
    assert lines[2]["openset"] == ["<sad>"] and lines[2]["reason"] == "<>"


def test_translating_takes_a_model(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["translate", str(file), "--to", "zh", "--out", str(file.with_name("o")), "--profile", "bundled"]) == 2
    assert "--profile endpoint" in capsys.readouterr().err
