"""How the command lines end: one sentence and an exit code for what goes wrong, and silence where nobody reads on."""

import ast
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emer_space.commands.run import FAILED, NO_READER, CommandLine
from emer_space.errors import EmerError
from emer_space.files.problems import SubmissionError
from leaderboard.errors import LeaderboardError
from submissions.errors import IntakeError

ENTRANCES = ("annotation", "emer_space", "leaderboard", "submissions", "training")

COMMANDS = {
    "annotation": [
        *("new", "change", "add", "draft", "status", "invite", "clips", "agreement", "order"),
        *("withdraw", "delete", "import", "export"),
    ],
    "emer_space": ["analyze", "report", "batch", "labels", "explain-clues", "benchmark", "translate", "models"],
    "leaderboard": [
        *("metric", "metrics", "score", "prefer", "tracks", "wheels"),
        *("run-once", "table", "decide", "rescore", "export"),
        *("setup", "doctor", "reindex", "compact"),
        *("new-track", "export-codabench", "export-hub-results", "import-results"),
    ],
    "submissions": ["check", "submit", "status", "withdraw", "choose"],
    "training": [],
}
HELPS = [(entrance, command) for entrance in ENTRANCES for command in [[], *([each] for each in COMMANDS[entrance])]]


def entrance_of(name: str) -> Callable[[list[str]], int]:
    called: Callable[[list[str]], int] = importlib.import_module(f"{name}.__main__").main
    return called


@pytest.mark.parametrize(("entrance", "command"), HELPS, ids=lambda value: " ".join(value) if value else "-")
def test_every_entrance_and_command_has_help_in_plain_text(
    capsys: pytest.CaptureFixture[str], entrance: str, command: list[str]
) -> None:
    assert entrance_of(entrance)([*command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and out.startswith(" ".join([f"usage: python -m {entrance}", *command]))
    assert all(f"\n  {name} " in out for name in (COMMANDS[entrance] if not command else ()))
    assert not set("╭│╰\x1b") & set(out), "no boxes and no colours, which a pipe would carry on"
    described = out.split("\n\n")[1].strip()
    assert described[0].isupper() and described.endswith("."), "what it does is a sentence"


@pytest.mark.parametrize(
    ("entrance", "arguments", "message"),
    [
        ("submissions", [], "Missing command"),
        ("submissions", ["send"], "No such command 'send'; the commands are check, "),
        ("submissions", ["check", "P.csv"], "Missing option '--track'"),
        ("submissions", ["status", "--json"], "'--json' requires an argument; see python -m submissions status"),
        ("leaderboard", ["score", "--s", "all"], "Missing option '--track'"),
        ("leaderboard", ["metric", "ew", "--g", "x"], "No such option: --g"),
        ("leaderboard", ["table", "--track", "a", "--format", "xlsx"], "'xlsx' is not one of 'md', 'csv', 'json'"),
        ("leaderboard", ["wheels", "fetch", "--set", "mer1999"], "'mer1999' is not one of"),
        ("leaderboard", ["metric", "ew", "--references", "r", "--predictions", "p", "--at-once", "0"], "'--at-once'"),
        ("emer_space", ["labels", "a.csv", "--out", "b", "--workers", "many"], "'--workers'"),
        ("emer_space", ["analyze", "clip.mp4", "--loud"], "No such option: --loud"),
        ("training", ["nose"], "'nose' is not one of 'face', 'voice', 'fusion'"),
    ],
)
def test_wrong_options_are_one_sentence_that_names_the_help(
    capsys: pytest.CaptureFixture[str], entrance: str, arguments: list[str], message: str
) -> None:
    assert entrance_of(entrance)(arguments) == FAILED
    out, err = capsys.readouterr()
    assert out == "" and message in err and err.count("\n") == 1
    assert f"; see python -m {entrance}" in err and err.endswith(" --help.\n")


def test_a_command_that_the_keyboard_stops_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    commands = CommandLine("wait", "Wait.", single=True)

    @commands.command("wait")
    def wait(how_long: int = 0) -> None:
        raise KeyboardInterrupt

    assert commands.run([]) == 130 and capsys.readouterr().err == "Stopped.\n"


def test_a_check_loads_no_model_library_and_no_page(project: Path, tmp_path: Path) -> None:
    """It runs in a second where these take ten."""
    (tmp_path / "P.csv").write_text("name,openset\nclue-001,happy\n")
    code = (
        "import json, sys; from submissions.__main__ import main; "
        "code = main(['check', '--track', 'clue-practice', sys.argv[1]]); "
        "print(json.dumps([code, sorted({name.split('.')[0] for name in sys.modules})]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "P.csv")]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    ended, loaded = json.loads(done.stdout.splitlines()[-1])
    assert ended == 1 and not {"torch", "gradio", "transformers", "mediapipe", "huggingface_hub", "rich"} & set(loaded)


@pytest.fixture
def start(project: Path, tmp_path: Path) -> Callable[..., "subprocess.Popen[bytes]"]:
    def started(*arguments: str, buffered: bool = True, **pipes: int) -> "subprocess.Popen[bytes]":
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        environment |= {"EMER_HOME": str(tmp_path / "home"), **({} if buffered else {"PYTHONUNBUFFERED": "1"})}
        return subprocess.Popen([sys.executable, "-m", *arguments], cwd=project, env=environment, **pipes)

    return started


def without_reader() -> int:
    """The writing end of a pipe whose other end is closed, as `| head -0` leaves it."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize(
    "command",
    [
        ["leaderboard", "tracks"],
        ["leaderboard", "tracks", "--json", "-"],
        ["leaderboard", "table", "--track", "clue-practice"],
        ["emer_space", "models", "list"],
        ["submissions", "status"],
    ],
    ids=" ".join,
)
def test_an_output_that_nobody_reads_ends_a_command_in_silence(
    command: list[str], buffered: bool, start: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    writing = without_reader()
    with start(*command, buffered=buffered, stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        assert process.stderr and process.stderr.read() == b""
    assert process.returncode == NO_READER


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("buffered", [True, False])
def test_an_output_without_room_is_one_sentence(
    buffered: bool, start: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        start("leaderboard", "tracks", buffered=buffered, stdout=full, stderr=subprocess.PIPE) as process,
    ):
        assert process.stderr
        told = process.stderr.read().decode()
    assert process.returncode == FAILED
    assert told.startswith("The output cannot be written") and told.count("\n") == 1


def test_a_reader_that_has_had_enough_ends_a_command_in_silence(
    start: Callable[..., "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    """More is written than a pipe holds."""
    rows = "".join(f"{number},word{number}\n" for number in range(20_000))
    (tmp_path / "P.csv").write_text(f"name,openset\n{rows}")
    file = str(tmp_path / "P.csv")
    command = ["leaderboard", "metric", "ew", "--references", file, "--predictions", file, "--json", "-"]
    with start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline() == b"{\n"
        process.stdout.close()
        assert b"Broken" not in process.stderr.read()
    assert process.returncode == NO_READER


def test_a_problem_that_nobody_reads_is_no_traceback_either(start: Callable[..., "subprocess.Popen[bytes]"]) -> None:
    writing = without_reader()
    with start("leaderboard", "table", "--track", "nowhere", stdout=writing, stderr=writing) as process:
        os.close(writing)
    assert process.returncode == NO_READER


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_help_that_nobody_reads_is_no_traceback(entrance: str, start: Callable[..., "subprocess.Popen[bytes]"]) -> None:
    writing = without_reader()
    with start(entrance, "--help", stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        assert process.stderr and process.stderr.read() == b""
    assert process.returncode == NO_READER


def test_an_output_that_was_closed_before_the_start_is_none(project: Path) -> None:
    """As under a scheduler that gives none."""
    command = ["sh", "-c", 'exec "$0" -m leaderboard tracks >&-', sys.executable]
    done = subprocess.run(command, cwd=project, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (["emer_space", "analyze", "nothing.mp4"], FAILED, "The clip was not found"),
        (["emer_space", "benchmark", "--track", "mer-semi"], FAILED, "mer-semi has no clues in words"),
        (["leaderboard", "score", "--track", "clue-practice", "--predictions", "nothing.csv"], FAILED, "nothing.csv"),
        (["submissions", "check", "--track", "nowhere", "nothing.csv"], FAILED, "There is no track 'nowhere'"),
        (["submissions", "check", "--track", "clue-practice", "nothing.csv"], 1, "nothing.csv"),
        (["training", "voice", "--corpus", "nothing", "--out", "{home}"], FAILED, "nothing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_goes_wrong_is_told_in_a_sentence(
    command: list[str], code: int, told: str, start: Callable[..., "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    arguments = [part.format(home=tmp_path / "out") for part in command]
    with start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        out, err = (text.decode() for text in process.communicate(timeout=300))
    assert process.returncode == code, err
    assert told in out + err and "Traceback" not in out + err


def test_there_is_one_root_of_errors(project: Path) -> None:
    """Else an entrance that catches the root lets some through."""
    assert issubclass(LeaderboardError, EmerError) and issubclass(IntakeError, EmerError)
    assert issubclass(SubmissionError, EmerError)
    roots = {
        definition.name
        for package in ENTRANCES
        for path in (project / package).rglob("*.py")
        for definition in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(definition, ast.ClassDef) and not definition.name.startswith("_")  # that never leaves its module
        if any(isinstance(base, ast.Name) and base.id in ("Exception", "BaseException") for base in definition.bases)
    }
    assert roots == {"EmerError", "Misfit"}, "a Misfit is told as the error of the table that it is in"
