"""A leaderboard elsewhere, over its API, with the same calls and answers as the one on this machine."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from httpx import HTTPError

from emer_space.files.formats import read_file
from emer_space.files.problems import Limits, SubmissionError
from submissions.checks.validation import Check
from submissions.errors import IntakeError, Refusal

TOKEN = "EMER_TOKEN"
"""Variable: the access token to send. It has its own variable, so that no other token goes to any address given."""


class RemoteBoard:
    """The leaderboard at `url`. Raises `Refusal` with the server's message, and `IntakeError` if it does not answer."""

    def __init__(self, url: str) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise Refusal("url", "The address of a leaderboard must begin with https:// or http://; correct --to.")
        self.url = url
        token = os.environ.get(TOKEN)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._client: Client = self._asked(lambda: Client(url, token=False, headers=headers, verbose=False))

    def check(self, track: str, file: Path) -> dict[str, Any]:
        """Check a prediction file, as `Service.check`."""
        try:
            read_file(file, Limits())  # before anything is sent
        except SubmissionError as error:
            return Check(0, error=error).to_dict()
        return self._predict("/check", track, handle_file(file))

    def submit(
        self,
        track: str,
        file: Path,
        name: str,
        method: str,
        link: str,
        anonymous: bool,
        inputs: str = "",
        size: str = "",
    ) -> dict[str, Any]:
        """Send a prediction file, as `Service.submit`."""
        try:
            read_file(file, Limits())  # before anything is sent
        except SubmissionError as error:
            return Check(0, error=error).to_dict()
        more = (inputs, size) if inputs or size else ()  # an older server does not know them
        return self._predict("/submit", track, handle_file(file), name, method, link, anonymous, *more)

    def status(self, name: str = "") -> Any:
        """The state of all submissions, or of one, as `Service.status`."""
        return self._predict("/status", name)

    def withdraw(self, name: str) -> dict[str, Any]:
        """Withdraw a submission, as `Service.withdraw`."""
        return self._predict("/withdraw", name)

    def choose(self, name: str) -> dict[str, Any]:
        """Let a submission count, as `Service.choose`."""
        return self._predict("/choose", name)

    def _predict(self, api_name: str, *values: Any) -> Any:
        return self._asked(lambda: self._client.predict(*values, api_name=api_name))

    def _asked(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except AppError as problem:
            raise Refusal("refused", str(problem)) from None
        except (HTTPError, OSError, ValueError) as problem:
            raise IntakeError(
                f"{self.url} does not answer like a leaderboard ({problem}); check with `status` whether the file "
                "arrived before you send it again: the same file is never entered twice."
            ) from None
