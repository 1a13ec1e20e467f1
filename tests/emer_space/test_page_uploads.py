"""What of an upload is passed on to Gradio."""

import pytest
from starlette.formparsers import MultiPartException
from starlette.types import Message

from emer_space.page.uploads import OVERHEAD, bounded


def passed_on(most_bytes: int, *messages: Message) -> int:
    """How many bytes arrive."""
    coming = list(messages)

    async def receive() -> Message:
        return coming.pop(0)

    async def read() -> int:
        taken, arrived, more = bounded(receive, most_bytes), 0, True
        while more:
            message = await taken()
            arrived, more = arrived + len(message["body"]), message["more_body"]
        return arrived

    with pytest.raises(StopIteration) as done:  # nothing is waited for, so no loop is needed
        read().send(None)
    return int(done.value.value)


def part(size: int, more: bool = True) -> Message:
    return {"type": "http.request", "body": bytes(size), "more_body": more}


def test_the_bound_is_on_all_files_together() -> None:
    parts = [part(500_000)] * 4
    assert passed_on(1_000_000, *parts, part(OVERHEAD - 1_000_000, more=False)) == 1_000_000 + OVERHEAD
    with pytest.raises(MultiPartException, match="maximum allowed size of 1,000,000 bytes"):  # Gradio answers with 413
        passed_on(1_000_000, *parts, part(OVERHEAD), part(1, more=False))


def test_an_upload_that_breaks_off_is_told_as_one() -> None:
    """Then Gradio removes what has arrived; of a client that is gone it would not."""
    with pytest.raises(MultiPartException, match="broke off"):
        passed_on(1_000_000, part(10), {"type": "http.disconnect"})
