"""The leaderboard as `gradio_client` sees it, for the local person and for others; and the command line over it."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from board_making import write_track
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from serving import wait_for

from leaderboard.board.board import Board
from leaderboard.hosting.schedule import Schedule
from leaderboard.tracks import load_track
from submissions.person import Person

TRACK = "clue-practice"
NAMES = sorted(name for (name,) in load_track(TRACK).rules.manifest or ())
PEOPLE = {
    "ada": Person("id-ada", "Ada"),
    "ben": Person("id-ben", "Ben"),
    "org": Person("id-org", "Organiser", organiser=True),
}


def predictions(path: Path, label: str) -> Path:
    path.write_text("name,openset\n" + "".join(f"{name},{label}\n" for name in NAMES), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def client(app_url: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(app_url, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


def scored(client: Client, name: str) -> dict[str, Any]:
    wait_for(lambda: client.predict(name, api_name="/status")["state"] != "queued", 60)
    return client.predict(name, api_name="/status")


def test_a_file_is_checked_sent_scored_and_ranked(client: Client, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("name,openset\nclue-001,[happy\n")
    told = client.predict(TRACK, handle_file(bad), api_name="/check")
    assert not told["ok"] and (told["problems"][0]["row"], told["problems"][0]["column"]) == (2, "openset")
    assert client.predict(TRACK, handle_file(bad), "Bad", api_name="/submit")["problems"] == told["problems"]

    good = predictions(tmp_path / "good.csv", "happy")
    told = client.predict(TRACK, handle_file(good), api_name="/check")
    assert (told["ok"], told["rows"], told["problems"], told["more"]) == (True, 200, [], 0)
    assert [each["code"] for each in told["warnings"]] == ["all-alike"], "a warning refuses nothing"
    receipt = client.predict(TRACK, handle_file(good), "=1+1", "all happy", api_name="/submit")
    assert receipt["ok"] and not receipt["again"] and receipt["rows"] == 200
    assert receipt["warnings"] == told["warnings"]
    assert client.predict(TRACK, handle_file(good), "Other", api_name="/submit")["id"] == receipt["id"]

    status = scored(client, receipt["id"])
    assert status["state"] == "scored" and status["name"] == "=1+1"
    rows = client.predict(TRACK, True, api_name="/table")["rows"]
    (row,) = [row for row in rows if row["id"] == receipt["id"]]
    assert row["score"] == status["scores"]["public"]["primary"]["value"] and row["badge"] == "practice"

    assert client.predict(receipt["id"], api_name="/withdraw")["withdrawn"]
    assert receipt["id"] not in [row["id"] for row in client.predict(TRACK, api_name="/table")["rows"]]


def test_what_the_card_offers_is_in_the_api_and_the_sample_can_be_sent(client: Client, tmp_path: Path) -> None:
    inputs = client.predict(TRACK, "inputs", api_name="/material")
    assert inputs["name"] == "clues.jsonl" and inputs["text"].count("\n") == 200
    sample = client.predict(TRACK, "sample", api_name="/material")
    file = tmp_path / sample["name"]
    file.write_text(sample["text"], encoding="utf-8")
    told = client.predict(TRACK, handle_file(file), api_name="/check")
    assert told["ok"] and len(told["preview"]) == 10
    assert told["preview"][0]["cells"][0]["labels"][0] == {"label": "happy", "known": True}
    for track, what, reason in ((TRACK, "references", "inputs or sample"), ("emer-ov", "inputs", "see https://")):
        with pytest.raises(AppError, match=reason):
            client.predict(track, what, api_name="/material")


def test_the_practice_track_is_not_empty(client: Client) -> None:
    def baselines() -> dict[str, dict[str, Any]]:
        rows = client.predict(TRACK, api_name="/table")["rows"]
        return {row["name"]: row for row in rows if row["badge"] == "baseline"}

    wait_for(lambda: len(baselines()) == 8, 240)  # the composer explains two hundred clips four times
    rows = baselines()
    simple = {"Constant", "Majority", "Random", "Keywords"}
    assert set(rows) == {"CLUE-Multi", "CLUE-Video", "CLUE-Audio", "CLUE-Text", *simple}
    assert rows["CLUE-Multi"]["score"] > rows["CLUE-Video"]["score"] > rows["CLUE-Text"]["score"] > 0
    assert {row["badge"] for row in client.predict("emer-ov", api_name="/table")["rows"]} == {"paper"}


def test_the_snippet_of_the_docs_works_as_it_stands(
    app_url: str, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (project / "docs" / "leaderboard.md").read_text(encoding="utf-8")
    snippet = page.split("```python\n")[1].split("```")[0]
    predictions(tmp_path / "predictions.csv", "sad")
    monkeypatch.chdir(tmp_path)
    exec(snippet.replace("http://127.0.0.1:7860", app_url), {})  # our own docs
    assert "scored" in capsys.readouterr().out


def test_the_command_line_reaches_another_leaderboard(app_url: str, project: Path, tmp_path: Path) -> None:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "submissions", *map(str, arguments), "--to", app_url, "--json", "-"]
        return subprocess.run(command, cwd=project, capture_output=True, text=True)

    file = predictions(tmp_path / "p.csv", "angry")
    sent = run("submit", "--track", TRACK, "--name", "Remote", file)
    assert sent.returncode == 0, sent.stderr
    name = json.loads(sent.stdout)["id"]
    assert json.loads(run("status", name).stdout)["name"] == "Remote"
    assert name in [each["id"] for each in json.loads(run("status").stdout)]
    assert json.loads(run("withdraw", name).stdout)["withdrawn"]
    file.write_text("name,openset\n")
    assert run("submit", "--track", TRACK, "--name", "Remote", file).returncode == 1
    strange = run("status", "../../etc/passwd")
    assert strange.returncode == 2 and "no submission" in strange.stderr and "Traceback" not in strange.stderr


@pytest.mark.parametrize("arguments", [("nope", None, "x"), (TRACK, None, "x"), (None, None, None)])
def test_a_call_that_makes_no_sense_gets_one_sentence(client: Client, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(AppError) as problem:
        client.predict(*arguments, api_name="/submit")
    assert "Traceback" not in str(problem.value) and str(problem.value).rstrip().endswith(".")


# Others than the local person: the same page with an identity of the tests' own.


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Board]]:
    """The page for people who say in a header who they are, in this process."""
    import app

    environment = pytest.MonkeyPatch()
    environment.setenv("EMER_HOME", str(tmp_path_factory.mktemp("home")))
    board = Board()
    page = app.build_app(board=board, identity=lambda request: PEOPLE.get(request.headers.get("x-person", "")))
    schedule = Schedule(board)
    schedule.start()
    _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, ssr_mode=False)
    yield url, board
    page.close()
    schedule.stop()
    environment.undo()


@pytest.fixture(scope="module")
def as_person(served: tuple[str, Board]) -> Callable[[str], Client]:
    return lambda who: Client(served[0], verbose=False, headers={"x-person": who})


def test_a_visitor_can_look_and_not_submit(as_person: Callable[[str], Client], tmp_path: Path) -> None:
    visitor, file = as_person("nobody"), predictions(tmp_path / "p.csv", "calm")
    assert visitor.predict(TRACK, api_name="/table")["track"] == TRACK
    assert visitor.predict(TRACK, handle_file(file), api_name="/check")["ok"]
    for api_name, arguments in (("/submit", (TRACK, handle_file(file), "Me")), ("/status", ()), ("/withdraw", ("x",))):
        with pytest.raises(AppError, match="not signed in"):
            visitor.predict(*arguments, api_name=api_name)


def test_nobody_reaches_what_is_anothers(as_person: Callable[[str], Client], tmp_path: Path) -> None:
    ada, ben = as_person("ada"), as_person("ben")
    name = ada.predict(TRACK, handle_file(predictions(tmp_path / "p.csv", "proud")), "Ada", api_name="/submit")["id"]
    assert [each["id"] for each in ada.predict(api_name="/status")] == [name]
    assert ben.predict(api_name="/status") == []
    for api_name in ("/status", "/withdraw", "/choose"):
        with pytest.raises(AppError, match="You have no submission"):
            ben.predict(name, api_name=api_name)
    assert not scored(ada, name)["withdrawn"]


def test_only_organisers_organise_whichever_handler_is_called(
    as_person: Callable[[str], Client], served: tuple[str, Board], tmp_path: Path
) -> None:
    """By raw calls of every handler of the page too, whether or not the API offers it."""
    url, board = served
    ada, organiser = as_person("ada"), as_person("org")
    name = ada.predict(TRACK, handle_file(predictions(tmp_path / "q.csv", "shy")), "Ada", api_name="/submit")["id"]
    calls = (("/overview", ()), ("/decide", (name, "hide", "because")), ("/rescore", (TRACK, "because")))
    for api_name, arguments in calls:
        with pytest.raises(AppError, match="organisers only"):
            ada.predict(*arguments, api_name=api_name)
    three = [number for number, each in enumerate(ada.config["dependencies"]) if len(each["inputs"]) == 3]
    for number in three:
        _raw_call(url, "ada", number, [name, "hide", "because"])
    assert board.ledger.refresh().decisions() == []
    _raw_call(url, "org", next(number for number in three if _decides(organiser, number)), [name, "hide", "because"])
    assert board.ledger.refresh().standing(name).hidden

    assert organiser.predict(api_name="/overview")["decisions"][0]["name"] == "Organiser"
    assert ada.predict(name, api_name="/status")["hidden"]


def test_only_organisers_close_and_extend_a_track(
    as_person: Callable[[str], Client], served: tuple[str, Board]
) -> None:
    _, board = served
    write_track(board.home, "dated")
    calls = {"/close_track": ("dated", "the end"), "/extend_track": ("dated", "2999-12-31", "asked for")}
    for who in ("nobody", "ada"):
        for api_name, arguments in calls.items():
            with pytest.raises(AppError, match="organisers only"):
                as_person(who).predict(*arguments, api_name=api_name)
    assert board.ledger.refresh().dated("dated") is None
    organiser = as_person("org")
    closed = organiser.predict(*calls["/close_track"], api_name="/close_track")
    assert (closed["action"], closed["track"], closed["name"]) == ("close", "dated", "Organiser")
    assert board.closed("dated")
    with pytest.raises(AppError, match="closed already"):
        organiser.predict(*calls["/close_track"], api_name="/close_track")
    extended = organiser.predict(*calls["/extend_track"], api_name="/extend_track")
    assert extended["closes"] == "2999-12-31" and not board.closed("dated")
    for day, reason in (("soon", "is not a day"), ("2020-01-01", "is over")):
        with pytest.raises(AppError, match=reason):
            organiser.predict("dated", day, "because", api_name="/extend_track")


def test_inputs_wait_for_the_opening_and_the_sample_does_not(
    as_person: Callable[[str], Client], served: tuple[str, Board]
) -> None:
    folder = served[1].home / "tracks"
    write_track(served[1].home, "early", dates="[dates]\nopens = 2999-01-01\n")
    file = folder / "early.toml"
    file.write_text(f'inputs = "clues.txt"\n{file.read_text(encoding="utf-8")}', encoding="utf-8")
    (folder / "clues.txt").write_text("She smiles.", encoding="utf-8")
    for who in ("nobody", "ada"):
        assert as_person(who).predict("early", "sample", api_name="/material")["text"].startswith("name,openset")
        with pytest.raises(AppError, match="from 2999-01-01 on"):
            as_person(who).predict("early", "inputs", api_name="/material")
    assert as_person("org").predict("early", "inputs", api_name="/material")["text"] == "She smiles."
    told = {track["id"]: track["inputs_withheld"] for track in as_person("ada").predict(api_name="/tracks")}
    assert told["early"] and not told[TRACK]


def _decides(client: Client, number: int) -> bool:
    """Whether the handler is the one behind the button of the tab Organise."""
    ids = {each["id"] for each in client.config["components"] if each["props"].get("elem_id") == "emer-decide"}
    return any(target in ids for target, _ in client.config["dependencies"][number]["targets"])


def _raw_call(url: str, who: str, number: int, values: list[Any]) -> None:
    """A handler by its number, as the page itself calls it; what it answers is not of interest."""
    import httpx

    body = {"data": values, "fn_index": number, "session_hash": f"raw{number}", "trigger_id": None}
    httpx.post(f"{url.rstrip('/')}/gradio_api/queue/join", json=body, headers={"x-person": who}, timeout=30)
    with httpx.stream(
        "GET",
        f"{url.rstrip('/')}/gradio_api/queue/data",
        params={"session_hash": f"raw{number}"},
        headers={"x-person": who},
        timeout=30,
    ) as answer:
        for line in answer.iter_lines():
            if "process_completed" in line or "close_stream" in line or "unexpected" in line:
                return


def test_many_clients_at_once_each_get_their_own_receipt(as_person: Callable[[str], Client], tmp_path: Path) -> None:
    receipts: dict[str, dict[str, Any]] = {}

    def send(who: str, label: str) -> None:
        file = predictions(tmp_path / f"{label}.csv", label)
        receipts[label] = as_person(who).predict(TRACK, handle_file(file), label, api_name="/submit")

    labels = [("ada" if number % 2 else "ben", f"word{number}") for number in range(8)]
    threads = [threading.Thread(target=send, args=each) for each in labels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({receipt["id"] for receipt in receipts.values()}) == len(labels)
    for who, label in labels:
        assert as_person(who).predict(receipts[label]["id"], api_name="/status")["name"] == label
