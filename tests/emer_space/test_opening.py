"""A page that is opened asks once, outside Gradio's queue, and a part that fails keeps no other from being shown."""

from typing import Any

import gradio as gr
from gradio.routes import App
from starlette.testclient import TestClient

from emer_space.errors import EmerError
from emer_space.page.languages import Languages
from emer_space.page.opening import Opening
from emer_space.page.turns import Line


def test_all_parts_are_answered_by_one_call_and_one_that_fails_is_told() -> None:
    languages = Languages()

    def broken(given: Any, request: gr.Request) -> list[Any]:
        raise EmerError("The store does not answer.")

    with gr.Blocks() as page:
        opening = Opening(languages, Line(1, 1, 1))
        name, address = gr.Textbox("Ada"), gr.Textbox()
        lost, greeting = gr.Textbox("as it was"), gr.Textbox()
        opening.add(broken, [lost])
        opening.add(lambda given, request: [given[opening.address]], [address], [opening.address])
        opening.add(lambda given, request: [f"{given[name]}, {request.headers['x-from']}"], [greeting], {name})
        opening.attach(page)

    config = TestClient(App.create_app(page)).get("/config").json()
    (call,) = [each for each in config["dependencies"] if any(event == "load" for _, event in each["targets"])]
    assert call["queue"] is False
    given = {opening.address._id: "#annotate", name._id: "Ada"}
    body = {"data": [given[number] for number in call["inputs"]], "fn_index": call["id"], "session_hash": "one"}
    client = TestClient(App.create_app(page))
    answer = client.post("/gradio_api/run/predict", json=body, headers={"x-from": "Turin", "accept-language": "zh"})
    shown = dict(zip(call["outputs"], answer.json()["data"], strict=True))
    assert (shown[address._id], shown[greeting._id]) == ("#annotate", "Ada, Turin")
    assert shown[lost._id] == {"__type__": "update"}, "it stays as it was"
    (problem,) = [value for number, value in shown.items() if number not in (lost._id, address._id, greeting._id)]
    assert "本页的一部分未能加载" in problem and "The store does not answer." in problem


def test_the_address_is_the_first_value_that_the_browser_sends() -> None:
    """The script puts it there, whatever parts ask for."""
    with gr.Blocks() as page:
        opening = Opening(Languages(), Line(1, 1, 1))
        others = [gr.Textbox() for _ in range(3)]
        opening.add(lambda given, request: [""], [others[0]], {others[2], opening.address, others[1]})
        opening.attach(page)
    (call,) = [each for each in page.fns.values() if any(event == "load" for _, event in each.targets)]
    assert [block._id for block in call.inputs] == [opening.address._id, others[1]._id, others[2]._id]
