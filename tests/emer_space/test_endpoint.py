"""A chat model behind a server: real HTTP on this machine, and everything that goes wrong with such servers."""

import time

import pytest
from chat_server import ChatServer, Fault, failing, said

from emer_space.errors import Cancelled, InputError, ModelUnavailable
from emer_space.models.chat import audio_part, image_part
from emer_space.models.endpoint import Endpoint, EndpointChat, endpoint_of

QUESTION = [{"role": "system", "content": "You read emotions."}, {"role": "user", "content": "Which one?"}]


def model(server: ChatServer, **how: float) -> EndpointChat:
    return EndpointChat(Endpoint(server.url, "scripted", "its-key", **{"seconds": 10, "silent_s": 2, **how}))  # type: ignore[arg-type]


def test_the_answer_comes_whole_and_without_chance() -> None:
    with ChatServer(lambda messages: f"Asked: {said(messages)} 开心。") as server:
        assert model(server).ask(QUESTION, 77) == "Asked: You read emotions.\nWhich one? 开心。"
        body = server.asked[0].body
    assert (body["temperature"], body["max_tokens"], body["model"]) == (0.0, 77, "scripted")
    assert server.asked[0].key == "its-key"


def test_pictures_and_sound_go_as_parts() -> None:
    with ChatServer(lambda messages: "seen") as server:
        parts = [{"type": "text", "text": "Look."}, image_part(b"jpeg"), audio_part(b"wav")]
        model(server).ask([{"role": "user", "content": parts}])
        sent = server.asked[0].messages[0]["content"]
    assert [part["type"] for part in sent] == ["text", "image_url", "input_audio"]
    assert sent[1]["image_url"]["url"] == "data:image/jpeg;base64,anBlZw=="


def test_the_machines_own_token_for_the_hub_goes_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret_of_the_host")
    with ChatServer(lambda messages: "x") as server:
        EndpointChat(Endpoint(server.url, "scripted")).ask(QUESTION)
    assert server.asked[0].key == "none"


@pytest.mark.parametrize("fault", ["429", "500", "cut-before"])
def test_what_passes_is_asked_again(fault: str) -> None:
    with ChatServer(failing([fault], lambda messages: "sad")) as server:
        began = time.monotonic()
        assert model(server).ask(QUESTION) == "sad"
        assert time.monotonic() - began >= (0.2 if fault == "429" else 0)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("fault", "told", "asked"),
    [
        ("401", "refused the key", 1),
        ("429", "too often", 3),
        ("500", "answered 500", 3),
        ("cut", "cut the connection", 3),
        ("stalled", "not answer in time", 1),
        ("babble", "did not stop", 1),
        ("nonsense", "does not follow OpenAI's protocol", 1),
        ("empty", "answered nothing", 1),
    ],
)
def test_what_does_not_pass_is_told_in_one_sentence(fault: str, told: str, asked: int) -> None:
    with ChatServer(failing([fault] * 9, lambda messages: "a long enough answer")) as server:
        began = time.monotonic()
        with pytest.raises(ModelUnavailable, match=told) as problem:
            model(server, silent_s=0.5).ask(QUESTION)
        assert time.monotonic() - began < 8
    assert len(server.asked) == asked
    assert server.url not in str(problem.value) and "its-key" not in str(problem.value)


def test_a_server_that_asks_for_a_long_wait_is_not_waited_for() -> None:
    server = ChatServer(lambda messages: Fault(429, retry_after="3600"))
    with server, pytest.raises(ModelUnavailable, match="too often"):
        model(server).ask(QUESTION)
    assert len(server.asked) == 1


def test_a_server_that_is_not_there_is_told() -> None:
    with ChatServer(lambda messages: "x") as server:
        pass
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        model(server).ask(QUESTION)


def test_whoever_cancels_is_heard_while_the_answer_comes() -> None:
    with ChatServer(lambda messages: " ".join(map(str, range(500)))) as server:
        chunks = iter(range(10_000))

        def check() -> None:
            if next(chunks) > 20:
                raise Cancelled("stopped")

        with pytest.raises(Cancelled):
            model(server).ask(QUESTION, check=check)
    assert next(chunks) < 30


def test_whoever_cancels_is_heard_while_the_server_says_nothing() -> None:
    began = time.monotonic()

    def check() -> None:
        if time.monotonic() - began > 0.5:
            raise Cancelled("stopped")

    with ChatServer(lambda messages: "late", delay=20) as server:
        with pytest.raises(Cancelled):
            model(server, silent_s=20, seconds=60).ask(QUESTION, check=check)
        assert time.monotonic() - began < 2


def test_a_model_that_goes_round_in_circles_is_stopped_and_what_came_before_is_kept() -> None:
    with ChatServer(
        lambda messages: "She frowns. " + "The person is of a particular kind of material. " * 500
    ) as server:
        answer = model(server).ask(QUESTION)
    assert answer.startswith("She frowns.") and len(answer) < 1_000


def test_the_hubs_offline_mode_keeps_nobody_from_a_server_that_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with ChatServer(lambda messages: "sad") as server:
        assert model(server).ask(QUESTION) == "sad"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"EMER_CHAT_MODEL": "m", "EMER_CHAT_URL": "http://a:1/v1"}, ("http://a:1/v1", "m", "none")),
        ({"EMER_CHAT_MODEL": "m", "EMER_CHAT_URL": "http://a:1", "EMER_CHAT_KEY": "k"}, ("http://a:1", "m", "k")),
        ({"EMER_OMNI_MODEL": "o", "EMER_OMNI_URL": "http://b:1"}, ("http://b:1", "o", "none")),
        (
            {
                "EMER_OMNI_MODEL": "o",
                "EMER_OMNI_URL": "http://b:1",
                "EMER_CHAT_MODEL": "m",
                "EMER_CHAT_URL": "http://a:1",
            },
            ("http://a:1", "m", "none"),
        ),
    ],
)
def test_the_environment_names_server_and_model(variables: dict[str, str], expected: tuple[str, ...] | None) -> None:
    found = endpoint_of("chat", variables)
    assert (found and (found.url, found.model, found.key)) == expected


def test_a_role_of_its_own_uses_the_server_of_the_chat_model() -> None:
    found = endpoint_of("vision", {"EMER_VISION_MODEL": "v", "EMER_CHAT_URL": "http://a:1", "EMER_CHAT_KEY": "k"})
    assert found and (found.url, found.model, found.key) == ("http://a:1", "v", "k")


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://a/v1", "http://"])
def test_a_model_without_a_server_is_refused_with_the_remedy(url: str) -> None:
    with pytest.raises(InputError, match="EMER_CHAT_URL"):
        endpoint_of("chat", {"EMER_CHAT_MODEL": "m", "EMER_CHAT_URL": url})


@pytest.mark.parametrize("line", ['{"choices":[{"index":0}]}', "null", "[1]", "[" * 200_000])
def test_a_stream_of_another_form_is_told_as_such(line: str) -> None:
    server = ChatServer(lambda messages: Fault(then="garbage", line=line))
    with server, pytest.raises(ModelUnavailable, match="does not follow OpenAI's protocol"):
        model(server).ask(QUESTION)
