"""The page's form for corrections: what it hands on, whatever a call says; nothing without a consent."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from starlette.requests import Request

from emer_space.page.correcting import Correcting, Reading, correctable
from emer_space.page.kept import Kept, Loan
from emer_space.page.languages import Languages
from emer_space.page.turns import Line
from emer_space.page.words import load_words
from leaderboard.board.board import Board
from submissions.page.corrections import KeptCorrections
from submissions.person import LOCAL

WORDS = load_words()
KEY = "the key of an open result"
READING: dict[str, Any] = {"id": "20261126T000000Z-abc", "clip": {"sha256": "ab" * 32}, "labels": [{"label": "angry"}]}


@dataclass(frozen=True)
class Read:
    """What the form needs of an analysis."""

    def to_dict(self) -> dict[str, Any]:
        return READING


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip-x.mp4"
    path.write_bytes(b"a clip")
    return path


@pytest.fixture
def send(board: Board, clip: Path) -> Callable[..., tuple[str, str]]:
    """Sends as the page does: with what the fields hold. Returns the answer's HTML and the receipt."""
    readings = {KEY: Reading(Read(), clip), "without clip": Reading(Read())}  # type: ignore[arg-type]
    with gr.Blocks(analytics_enabled=False):
        form = Correcting(KeptCorrections(board.corrections), Languages(), Line(1, 2, 2), gr.State(""), readings.get)

    def sent(key: str = KEY, words: Any = "calm", keep: Any = True, keep_clip: Any = False) -> tuple[str, str]:
        *_, answer, _, receipt = form._correct(key, words, "", keep, keep_clip, request())
        return answer, receipt

    return sent


def request(language: str = "en") -> gr.Request:
    return gr.Request(Request({"type": "http", "headers": [(b"accept-language", language.encode())]}))


def kept(board: Board) -> list[tuple[tuple[str, ...], str]]:
    return [(one["labels"], one["clip"]) for one in board.corrections.listed(LOCAL)]


def test_words_are_kept_with_one_consent_and_the_clip_with_both(
    board: Board, send: Callable[..., tuple[str, str]]
) -> None:
    answer, receipt = send(words=" calm， a little  proud")
    assert receipt and receipt in answer and WORDS("correct.kept") in answer
    assert kept(board) == [(("calm", "a little proud"), "")]
    answer, _ = send(keep_clip=True)
    assert WORDS("correct.kept_with_clip") in answer
    assert kept(board)[0] == (("calm",), "clip.mp4")


@pytest.mark.parametrize("keep", [False, None, "true", 1])
def test_nothing_but_a_tick_is_a_consent(board: Board, send: Callable[..., tuple[str, str]], keep: Any) -> None:
    answer, receipt = send(keep=keep, keep_clip=True)
    assert WORDS("correct.no_consent") in answer and not receipt and kept(board) == []
    assert send(keep_clip=keep)[1] and kept(board) == [(("calm",), "")]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"words": " "}, WORDS("correct.no_words")),
        ({"words": None}, WORDS("correct.no_words")),
        ({"words": ",,"}, "Say which words would be right"),
        ({"words": "x" * 100_000}, "longer than 40"),
        ({"words": ", ".join("abcdefghijklm")}, "1 to 12"),
        ({"key": "another's"}, WORDS("correct.gone")),
        ({"key": "without clip", "keep_clip": True}, WORDS("correct.clip_gone")),
    ],
)
def test_what_cannot_be_kept_is_said_and_not_kept(
    board: Board, send: Callable[..., tuple[str, str]], sent: dict[str, Any], said: str
) -> None:
    answer, receipt = send(**sent)
    assert said in answer and not receipt and kept(board) == []


@pytest.mark.parametrize("way", ["swept", "too large"])
def test_a_clip_that_is_gone_or_too_large_is_said(
    board: Board, send: Callable[..., tuple[str, str]], clip: Path, way: str
) -> None:
    if way == "swept":
        clip.unlink()
    else:
        with clip.open("r+b") as file:
            file.truncate(KeptCorrections.most_clip_bytes + 1)
    answer, receipt = send(keep_clip=True)
    assert WORDS("correct.clip_gone") in answer and not receipt and kept(board) == []
    assert send()[1]


def test_the_clip_is_asked_for_only_while_it_is_there(board: Board, clip: Path) -> None:
    readings = {KEY: Reading(Read(), clip), "without clip": Reading(Read())}  # type: ignore[arg-type]
    with gr.Blocks(analytics_enabled=False):
        form = Correcting(KeptCorrections(board.corrections), Languages(), Line(1, 2, 2), gr.State(""), readings.get)

    def offered(key: str) -> tuple[bool, bool]:
        part, _, _, _, consent, clip_consent, *_ = form._offer(key)
        assert consent is False and clip_consent.value is False, "no consent outlives its result"
        return part.visible, clip_consent.visible

    assert offered(KEY) == (True, True) and offered("without clip") == (True, False) and offered("") == (False, False)
    clip.unlink()
    assert offered(KEY) == (True, False)


def test_a_reading_of_a_link_is_kept_without_its_clip_and_one_from_a_browser_not_at_all(
    tmp_path: Path, clip: Path
) -> None:
    results, read = Kept(tmp_path / "uploads"), Read()
    lent = results.find(results.open(read, "somebody", Loan("link", "2099-12-01T00:00:00Z", clip)))  # type: ignore[arg-type]
    assert correctable(lent) == Reading(read)  # type: ignore[arg-type]
    assert correctable(results.find(results.open(read, "somebody"))) is None  # type: ignore[arg-type]
    assert correctable(results.find("nobody's")) is None


def test_a_receipt_withdraws_once(board: Board, send: Callable[..., tuple[str, str]], clip: Path) -> None:
    _, receipt = send(keep_clip=True)
    with gr.Blocks(analytics_enabled=False):
        form = Correcting(KeptCorrections(board.corrections), Languages(), Line(1, 2, 2), gr.State(""), {}.get)
    assert "no correction with this receipt" in form._withdraw_typed("../" * 50, request())[1]
    field, answer = form._withdraw_typed(f" {receipt} ", request())
    assert field == "" and WORDS("withdrawal.done") in answer
    assert kept(board) == [] and not [path for path in (board.home / "corrections").rglob("*") if path.is_file()]
    assert "may have been deleted already" in form._withdraw_typed(receipt, request())[1]
