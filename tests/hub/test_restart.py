"""The whole app with its state on the Hub: killed, and started again with an empty disk, as a Space is."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gradio_client import Client, handle_file
from lab import NAME, TOKEN
from server import LoopbackHub
from serving import free_port, wait_until_served

PREDICTIONS = "name,openset\n" + "".join(f"clue-{number:03},happy\n" for number in range(1, 201))


@contextmanager
def running(project: Path, hub: LoopbackHub, home: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    home.mkdir()
    log = home.with_suffix(".log")
    own = {"EMER_HOME": str(home), "GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(home / "uploads")}
    on_the_hub = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "EMER_OWNER": "lab", "HF_HUB_OFFLINE": "0"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=project,
            env={**os.environ, **own, **on_the_hub},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_served(url, process, log)
        yield url, process
    finally:
        process.kill()
        process.wait()
    assert TOKEN not in log.read_text(errors="replace")


def scored(client: Client, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while (told := client.predict(name, api_name="/status"))["state"] == "queued" and time.monotonic() < deadline:
        time.sleep(0.5)
    return told


def test_what_was_sent_to_a_space_is_there_after_it_was_killed_and_begins_with_an_empty_disk(
    hub: LoopbackHub, project: Path, tmp_path: Path
) -> None:
    hub.create("lab/emer-references")
    hub.create("lab/emer-results", private=False)
    path = tmp_path / "P.csv"
    path.write_text(PREDICTIONS)
    with running(project, hub, tmp_path / "first") as (url, process):
        client = Client(url, verbose=False)
        receipt = client.predict("clue-practice", handle_file(path), "Ada's system", api_name="/submit")
        process.kill()
    assert receipt["ok"] and any(receipt["id"] in each for each in hub.files(NAME))
    with running(project, hub, tmp_path / "second") as (url, _):
        client = Client(url, verbose=False)
        first = scored(client, receipt["id"])
        assert first["state"] == "scored" and first["name"] == "Ada's system"
        again = client.predict("clue-practice", handle_file(path), "Ada's system", api_name="/submit")
        assert again["id"] == receipt["id"] and again["again"]
        rows = client.predict("clue-practice", api_name="/table")["rows"]
        assert receipt["id"] in [row["id"] for row in rows]
        deadline = time.monotonic() + 60
        while "data/clue-practice.csv" not in hub.files("lab/emer-results") and time.monotonic() < deadline:
            time.sleep(0.5)
    assert receipt["id"] in hub.files("lab/emer-results")["data/clue-practice.csv"].decode()
