"""A chat model behind any OpenAI-compatible server: vLLM, llama.cpp, an inference provider.

    EMER_CHAT_URL    the server's address, for example http://127.0.0.1:8080/v1
    EMER_CHAT_MODEL  the model's name on the server
    EMER_CHAT_KEY    the key, if one is needed

`EMER_VISION_*` and `EMER_AUDIO_*` do the same for pictures and sound; `EMER_OMNI_*` sets all roles not set otherwise.
"""

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
from huggingface_hub import InferenceClient, is_offline_mode, set_client_factory
from huggingface_hub.errors import InferenceTimeoutError, OfflineModeIsEnabled, TextGenerationError

from emer_space.errors import InputError, ModelUnavailable
from emer_space.models.roles import CHAT, MOST_TOKENS, OMNI, ChatModel, Message, Role, never
from emer_space.models.supply import Supply
from emer_space.settings import number_from_environment

ROLES = OMNI
SECONDS = 120.0
"""How long a complete answer may take."""
MOST_S = 1_000_000
"""The highest value that a host may set for these limits."""
SILENT_S = 30.0
"""How long the server may be silent, also before its first word, when it reads the prompt."""
MOST_CHARACTERS = 40_000
"""A longer answer is babble: the longest one that is asked for has a few thousand."""
CIRCLE = 480
"""Characters at the end of an answer that are searched for repetitions: small models go round in circles."""
CHECKED_S = 0.2
"""Time between two checks whether to stop, while the server is silent."""
TRIES = 3
MOST_WAIT_S = 20.0
"""Longest wait between two tries, if the server asks for one (429, 503)."""
AGAIN = (408, 429, 500, 502, 503, 504)
MALFORMED = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, TextGenerationError)
"""What the client raises for a malformed stream."""
NO_KEY = "none"
"""Sent if there is no key: otherwise the client would send the machine's own Hub token."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a role's model is. `seconds`, `silent_s` and `most_wait_s` limit how long an answer may take."""

    url: str
    model: str
    key: str = NO_KEY
    seconds: float = SECONDS
    silent_s: float = SILENT_S
    most_wait_s: float = MOST_WAIT_S

    @property
    def elsewhere(self) -> str:
        """The host to which parts of clips are sent; empty if it is this machine."""
        host = urlsplit(self.url).hostname or ""
        return "" if host in ("localhost", "::1") or host.startswith("127.") else host


def endpoint_of(role: str, environment: Mapping[str, str] = os.environ) -> Endpoint | None:
    """The endpoint that the environment sets for a role; None if it names no model.

    A role's own variables take precedence over `EMER_OMNI_*`; address and key default to those of the chat model.
    Raises `InputError` for a model without a valid address, or a wrong limit.
    """
    own, omni = f"EMER_{role.upper()}_", "EMER_OMNI_"
    prefix = own if environment.get(f"{own}MODEL") else omni
    model = environment.get(f"{prefix}MODEL", "").strip()
    if not model:
        return None
    url = (environment.get(f"{prefix}URL") or environment.get("EMER_CHAT_URL") or "").strip()
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise InputError(
            f"{prefix}MODEL is set, but {prefix}URL names no server; set it, for example to http://127.0.0.1:8080/v1."
        )
    key = environment.get(f"{prefix}KEY") or environment.get("EMER_CHAT_KEY") or NO_KEY
    return Endpoint(url, model, key, *_limits(environment))


def _limits(environment: Mapping[str, str]) -> tuple[float, ...]:
    variables = (("EMER_CHAT_SECONDS", SECONDS), ("EMER_CHAT_SILENT_SECONDS", SILENT_S))
    return tuple(number_from_environment(name, default, None, MOST_S, environment) for name, default in variables)


class EndpointChat:
    """A `Chat` on a server. The key is sent to its address only and appears in no message."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        _exempt(endpoint.url)

    @property
    def name(self) -> str:
        return f"{self._endpoint.model} (endpoint)"

    @property
    def revision(self) -> str:
        return self.name

    def ask(
        self, messages: Sequence[Message], most_tokens: int = MOST_TOKENS, check: Callable[[], None] = never
    ) -> str:
        deadline = time.monotonic() + self._endpoint.seconds
        for last in (False,) * (TRIES - 1) + (True,):
            check()
            try:
                return self._answer(messages, most_tokens, check, deadline)
            except (InferenceTimeoutError, TimeoutError, httpx2.TimeoutException):
                raise self._failed("it did not answer in time") from None
            except OfflineModeIsEnabled:
                raise self._failed("HF_HUB_OFFLINE is set, so it is not asked; unset it") from None
            except httpx2.HTTPError as problem:
                answer = getattr(problem, "response", None)
                wait = self._wait(answer)
                if last or wait is None or time.monotonic() + wait > deadline:
                    raise self._failed(_reason(answer)) from problem
                _sleep(wait, check)
            except MALFORMED as problem:
                raise self._failed("its answer does not follow OpenAI's protocol") from problem
        raise AssertionError("the last try returns or raises")

    def _answer(self, messages: Sequence[Message], most_tokens: int, check: Callable[[], None], deadline: float) -> str:
        pieces: list[str] = []
        size, ended, latest = 0, False, ""
        with InferenceClient(
            base_url=self._endpoint.url, api_key=self._endpoint.key, timeout=self._endpoint.silent_s
        ) as client:
            for piece, end in _read_aside(lambda: self._stream(client, messages, most_tokens), check, deadline):
                pieces.append(piece)
                ended = ended or end
                size += len(piece)
                latest = (latest + piece)[-CIRCLE:]
                if _repeats(latest):
                    ended = True  # what came before may be useful, more of it will not
                    break
                if size > MOST_CHARACTERS:
                    raise self._failed(f"it did not stop after {MOST_CHARACTERS:,} characters")
        if not ended:
            raise httpx2.RemoteProtocolError("the stream ended before the answer did")
        answer = "".join(pieces).strip()
        if not answer:
            raise self._failed("it answered nothing")
        return answer

    def _stream(
        self, client: InferenceClient, messages: Sequence[Message], most_tokens: int
    ) -> Iterator[tuple[str, bool]]:
        """Pieces of text, and whether the answer ends there: without that, a cut connection would look the same."""
        stream: Any = client.chat_completion(
            list(messages),  # type: ignore[arg-type]
            model=self._endpoint.model,
            max_tokens=most_tokens,
            temperature=0.0,
            seed=0,
            stream=True,
        )
        for chunk in stream:
            for choice in chunk.choices[:1]:
                yield choice.delta.content or "", choice.finish_reason is not None

    def _wait(self, answer: httpx2.Response | None) -> float | None:
        """How long to wait before the next try; None if it would not help or the server wants too long a wait."""
        if answer is None:
            return 0.5
        if answer.status_code not in AGAIN:
            return None
        asked = 1.0
        with suppress(ValueError):  # it may be a date: then wait a second
            asked = float(answer.headers.get("retry-after", asked))
        return asked if asked <= self._endpoint.most_wait_s else None

    def _failed(self, reason: str) -> ModelUnavailable:
        return ModelUnavailable(f"The language model {self._endpoint.model} gave no answer: {reason}.")


def _read_aside(
    begin: Callable[[], Iterator[tuple[str, bool]]], check: Callable[[], None], deadline: float
) -> Iterator[tuple[str, bool]]:
    """The pieces of a stream, read in a thread of its own, so that a call can be stopped while the server is silent.

    Raises what reading raises, `TimeoutError` after the deadline, and what `check` raises.
    """
    pieces: queue.SimpleQueue[tuple[str, bool] | Exception | None] = queue.SimpleQueue()

    def read() -> None:
        try:
            for piece in begin():
                pieces.put(piece)
            pieces.put(None)
        except Exception as problem:  # noqa: BLE001 - carried to the caller's thread and raised there
            pieces.put(problem)

    threading.Thread(target=read, name="chat", daemon=True).start()
    while True:
        check()
        if time.monotonic() > deadline:
            raise TimeoutError
        try:
            piece = pieces.get(timeout=CHECKED_S)
        except queue.Empty:
            continue
        if isinstance(piece, Exception):
            raise piece
        if piece is None:
            return
        yield piece


def _repeats(end: str) -> bool:
    """Whether an answer goes round in circles: its last 60 characters occur at least four times close together."""
    last = end[-60:]
    return len(last) == 60 and end.count(last) >= 4


def _reason(answer: httpx2.Response | None) -> str:
    if answer is None:
        return "its server cannot be reached, or cut the connection"
    if answer.status_code in (401, 403):
        return f"its server refused the key ({answer.status_code})"
    return (
        "its server is asked too often (429)"
        if answer.status_code == 429
        else f"its server answered {answer.status_code}"
    )


def _sleep(seconds: float, check: Callable[[], None]) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        check()
        time.sleep(min(left, 0.2))


_exempted: set[tuple[str, int | None]] = set()


def _exempt(url: str) -> None:
    """Exempt a server from the Hub's offline mode, which its client would otherwise apply to every server."""
    if not is_offline_mode():
        return
    if not _exempted:
        set_client_factory(
            lambda: httpx2.Client(event_hooks={"request": [_check]}, follow_redirects=True, timeout=None)
        )
    _exempted.add(_place(httpx2.URL(url)))


def _check(request: httpx2.Request) -> None:
    if is_offline_mode() and _place(request.url) not in _exempted:
        raise OfflineModeIsEnabled(f"HF_HUB_OFFLINE is set, so {request.url.host} is not asked; unset it.")


def _place(url: httpx2.URL) -> tuple[str, int | None]:
    return url.host, url.port


def _supply(role: Role[ChatModel]) -> Supply[ChatModel]:
    """How the endpoint profile fills a role. Only the chat model is essential; others are used if they are set."""

    def missing() -> str | None:
        upper = role.upper()
        return None if endpoint_of(role) else f"EMER_{upper}_MODEL and EMER_{upper}_URL (or EMER_CHAT_URL)"

    def load() -> ChatModel:
        endpoint = endpoint_of(role)
        if endpoint is None:
            raise ModelUnavailable(f"No model is set for {role}; set {missing()}.")
        return EndpointChat(endpoint)

    def host() -> str | None:
        endpoint = endpoint_of(role)
        return endpoint.elsewhere if endpoint else None

    return Supply("endpoint", role, load, essential=role == CHAT, missing=missing, host=host, apart=True)


SUPPLIES = tuple(_supply(role) for role in ROLES)
