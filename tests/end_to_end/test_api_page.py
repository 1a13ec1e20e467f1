"""docs/api.md against the app: it is what the app says of itself, and its examples run as they stand."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import access
import api_page
import jsonschema
import pytest
from access import Served
from gradio_client import Client

from emer_space.page.endpoints import endpoints
from emer_space.settings import app_home
from leaderboard.hosting.schedule import Schedule

URL = "http://127.0.0.1:7860"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app, in which everybody is an organiser."""
    home = tmp_path_factory.mktemp("home")
    (home / "models").symlink_to(app_home() / "models")
    with access.served(home, everybody="organiser") as served:
        schedule = Schedule(served.board)
        schedule.start()
        served.annotation.drafts.start()
        yield served
        served.annotation.drafts.stop()
        schedule.stop()


def test_the_page_is_what_the_app_says_of_itself() -> None:
    assert api_page.PAGE.read_text(encoding="utf-8") == api_page.text(), f"run {api_page.COMMAND}"


def test_every_endpoint_has_a_description_and_every_value_and_answer_a_name_and_a_type(page: Served) -> None:
    described = page.client.get("/gradio_api/info").json()["named_endpoints"]
    assert {name.lstrip("/") for name in described} == set(endpoints())
    for name, about in endpoints().items():
        told = described[f"/{name}"]
        assert told["description"] == about.about
        assert {value["parameter_name"] for value in told["parameters"]} <= set(about.values)
        (answer,) = told["returns"]
        assert answer["label"] == about.answer and answer["type"], "a name and a schema"


def test_the_examples_of_the_page_run_as_they_stand_and_answers_keep_to_their_types(
    page: Served, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = api_page.PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == len(endpoints()) + 1
    monkeypatch.chdir(project)
    described = page.client.get("/gradio_api/info").json()["named_endpoints"]
    asked, predict = [], Client.predict

    def checked(client: Client, *values: object, api_name: str, **named: object) -> object:
        answer = predict(client, *values, api_name=api_name, **named)
        jsonschema.validate(answer, described[api_name]["returns"][0]["type"])
        asked.append(api_name.lstrip("/"))
        return answer

    monkeypatch.setattr(Client, "predict", checked)
    names: dict[str, object] = {}
    for block in blocks:
        exec(block.replace(URL, page.url), names)  # our own docs
    assert set(asked) == set(endpoints())
    assert "disappointed" in capsys.readouterr().out


def test_a_call_in_order_may_leave_out_what_has_a_default(page: Served) -> None:
    """So an endpoint can get a new value without failing those who call it with the old ones."""
    every = page.client.post("/gradio_api/run/table", json={"data": ["clue-practice", False]})
    fewer = page.client.post("/gradio_api/run/table", json={"data": ["clue-practice"]})
    assert fewer.status_code == 200 and fewer.json()["data"] == every.json()["data"]
    assert page.client.post("/gradio_api/run/table", json={"data": []}).status_code == 500, "the track is required"
    assert page.client.post("/gradio_api/run/table", json={"data": "x"}).status_code in (400, 422, 500)


def test_the_example_for_curl_runs_as_it_stands(page: Served, project: Path) -> None:
    (script,) = re.findall(r"```sh\n(.*?)```", api_page.PAGE.read_text(encoding="utf-8"), re.DOTALL)
    done = subprocess.run(
        ["bash", "-eu", "-c", script.replace(URL, page.url)], cwd=project, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "event: complete" in done.stdout and "emer-analysis/1" in done.stdout and "disappointed" in done.stdout
