"""Limits uploads to files of a bounded total size, and leaves nothing of an upload that breaks off."""

from gradio.route_utils import GradioMultiPartParser
from starlette.formparsers import MultiPartException
from starlette.types import Message, Receive

OVERHEAD = 1_000_000
"""Allowance in bytes for the parts of an upload that are not file content."""


def bounded(receive: Receive, most_bytes: int) -> Receive:
    """The same messages; raises `MultiPartException` if the upload is too large or breaks off.

    Gradio then removes what has arrived of the files.
    """
    left = most_bytes + OVERHEAD

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise MultiPartException(f"An upload has a maximum allowed size of {most_bytes:,} bytes in all.")
        if message["type"] == "http.disconnect":
            raise MultiPartException("The upload broke off.")
        return message

    return counted


def take_files_only() -> None:
    """From now on Gradio refuses form values that are not files, which it would keep in memory, however many come."""
    GradioMultiPartParser.on_headers_finished = _on_headers_finished  # type: ignore[method-assign, assignment]


_began = GradioMultiPartParser.on_headers_finished


def _on_headers_finished(parser: GradioMultiPartParser) -> None:
    _began(parser)
    if parser._current_part.file is None:
        raise MultiPartException("An upload holds files and nothing else.")
