"""One dataset on the Hub: reading, listing and committing, with the patience that its server needs (decision 2)."""

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import quote

from httpx2 import HTTPError, Response
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import EntryNotFoundError, OfflineModeIsEnabled
from huggingface_hub.utils import get_session, hf_raise_for_status, parse_datetime, parse_ratelimit_headers

from submissions.errors import Doubtful, StoreError
from submissions.store.hub_account import endpoint

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

AGAIN = (408, 409, 412, 429)
"""Besides 5xx: answers after which the same request may succeed. 409 and 412 say that another commit was faster."""
HASTY_S = 4.0
TIMEOUT_S = 30.0
COMMIT_TIMEOUT_S = 60.0
"""The client's own methods have none: a server that takes a request and says nothing would hold them for ever."""
MOST_MESSAGE = 10_000
UNKNOWN = (
    "It is not known whether this was stored, because the Hub does not answer; send it again later: the same file is "
    "never entered twice."
)
DOUBTED = (408, *range(500, 600))
"""Answers that do not tell whether the commit took: the Hub is known to say 500 after it did."""


class Moved(StoreError):
    """The dataset is not at the commit any more from which a change was made.

    `doubt`: an earlier request of the same change got no answer, and may be what moved it.
    """

    def __init__(self, doubt: bool) -> None:
        super().__init__("Others keep writing to the Hub, so nothing was accepted; try again later.")
        self.doubt = doubt


@dataclass(frozen=True, slots=True)
class Patience:
    """`budget_s`: how long a request is tried; `most_wait_s`: between two tries, unless the server asks for more.

    Before a commit the client asks how to send its files, and tries that by itself five times, some 30 s in all: a
    commit may take so much longer.
    """

    budget_s: float = 120.0
    first_wait_s: float = 1.0
    most_wait_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Commit:
    """`paths` are the lines of its message: what it stored, if we made it."""

    sha: str
    at: datetime
    title: str
    paths: tuple[str, ...]


class HubDataset:
    """`token` is used for this dataset alone and never told. Raises `StoreError` with one sentence."""

    def __init__(self, name: str, token: str, patience: Patience | None = None) -> None:
        self.name = name
        self.patience = patience or Patience()
        self._api = HfApi(endpoint=endpoint(), token=token)
        self._headers = {"authorization": f"Bearer {token}"}
        self._url = f"{self._api.endpoint}/api/datasets/{name}"

    def hasty(self) -> "HubDataset":
        """The same, for whoever has others waiting: it gives up soon."""
        other = copy(self)
        other.patience = Patience(budget_s=HASTY_S)
        return other

    # Reading

    def head(self) -> str:
        """The sha of the latest commit."""
        return self._patiently(self._head)

    def date(self) -> str:
        """What time the Hub says it is, as HTTP writes it."""
        return str(self._patiently(lambda: self._get(self._url).headers["date"]))

    def is_private(self) -> bool:
        return bool(self._patiently(lambda: self._get(self._url).json()["private"]))

    def read(self, path: str, revision: str = "main") -> bytes:
        """A file, into memory alone. Raises `FileNotFoundError`."""
        url = f"{self._api.endpoint}/datasets/{self.name}/resolve/{quote(revision, safe='')}/{quote(path)}"
        return self._patiently(lambda: self._get(url).content, missing=path)

    def tree(self, revision: str = "main", below: str | None = None) -> list[str]:
        """The paths of all files of a revision, or of those below a folder."""
        url = f"{self._url}/tree/{quote(revision, safe='')}{f'/{quote(below)}' if below else ''}?recursive=true"
        try:
            entries = self._patiently(lambda: list(self._pages(url)), missing=below or "/")
            return [str(entry["path"]) for entry in entries if entry["type"] == "file"]
        except FileNotFoundError:
            return []

    def commits(self, most: int) -> list[Commit]:
        """The latest commits, the newest first."""
        return self._patiently(
            lambda: [_commit(commit) for commit in islice(self._pages(f"{self._url}/commits/main"), most)]
        )

    # Writing

    def commit(
        self, files: Mapping[str, bytes], title: str, parent: str | None = None, deleted: Iterable[str] = ()
    ) -> str:
        """Store files in one commit; returns its sha, or nothing where it took and no answer told. Then it is durable.

        With a `parent` nothing is stored, and `Moved` raised, where the dataset is at another commit by now.
        Raises `StoreError` where nothing is stored, and `Doubtful` where that is not known.
        """
        gone, doubt = tuple(deleted), False

        def attempt() -> str:
            nonlocal doubt
            if doubt and self._took(files, gone):
                return ""
            try:
                return self._commit(files, title, parent, gone)
            except (HTTPError, OSError) as problem:
                answer = getattr(problem, "response", None)
                if parent and answer is not None and answer.status_code == 412:
                    raise Moved(doubt) from problem
                if not isinstance(problem, OfflineModeIsEnabled):  # nothing was sent
                    doubt = doubt or answer is None or answer.status_code in DOUBTED
                raise

        try:
            return self._patiently(attempt)
        except Moved:
            raise
        except StoreError as problem:
            if doubt:
                raise Doubtful(UNKNOWN) from problem
            raise

    def _head(self) -> str:
        return str(self._get(self._url).json()["sha"])

    def _get(self, url: str) -> Response:
        """Without the retries of the client's own methods, which know no budget and double ours."""
        answer = get_session().get(
            url, headers=self._headers, follow_redirects=True, timeout=min(TIMEOUT_S, self.patience.budget_s)
        )
        hf_raise_for_status(answer)
        return answer

    def _pages(self, url: str) -> Iterator[dict[str, Any]]:
        more: str | None = url
        while more:
            answer = self._get(more)
            yield from answer.json()
            more = answer.links.get("next", {}).get("url")

    def _commit(self, files: Mapping[str, bytes], title: str, parent: str | None, deleted: tuple[str, ...]) -> str:
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            *(CommitOperationAdd(path, content) for path, content in files.items()),
            *(CommitOperationDelete(path) for path in deleted),
        ]
        added = [operation for operation in operations if isinstance(operation, CommitOperationAdd)]
        get_session().timeout = COMMIT_TIMEOUT_S
        done = self._api.create_commit(
            self.name,
            operations,
            commit_message=title,
            commit_description=_message([*files, *(f"-{path}" for path in deleted)]),
            repo_type="dataset",
            parent_commit=parent,
        )
        # Where nothing would change the client sends nothing, looks at no parent, and names the head, whoever made it.
        sent = not added or any(getattr(operation, "_is_committed", False) for operation in added)
        return str(done.oid) if sent else ""

    def _took(self, files: Mapping[str, bytes], deleted: tuple[str, ...]) -> bool:
        """Whether a commit of which nobody knows is there: it is whole or not at all."""
        asked = [*files, *deleted]
        get_session().timeout = TIMEOUT_S
        there = {info.path for info in self._api.get_paths_info(self.name, asked, repo_type="dataset")}
        return there.issuperset(files) and there.isdisjoint(deleted)

    def _patiently(self, ask: Callable[[], Answer], missing: str = "") -> Answer:
        """Ask until there is an answer. Raises `FileNotFoundError` for a path that is `missing`."""
        deadline, wait = time.monotonic() + self.patience.budget_s, self.patience.first_wait_s
        while True:
            try:
                return ask()
            except (HTTPError, OSError) as problem:
                answer = getattr(problem, "response", None)
                if isinstance(problem, OfflineModeIsEnabled):
                    raise StoreError(f"HF_HUB_OFFLINE is set, so {self.name} cannot be asked; unset it.") from None
                if missing and isinstance(problem, EntryNotFoundError):
                    raise FileNotFoundError(missing) from None
                if answer is not None and answer.status_code not in AGAIN and answer.status_code < 500:
                    raise _refused(answer) from problem
                pause = max(_asked_wait(answer), random.uniform(wait / 2, wait))
                if time.monotonic() + pause > deadline:
                    raise _unanswered(answer) from problem
                log.info("%s is asked again in %.1f s (%s)", self.name, pause, type(problem).__name__)
            time.sleep(pause)
            wait = min(2 * wait, self.patience.most_wait_s)


def _message(paths: list[str]) -> str:
    """What a commit stored, and with a minus what it deleted; a minus alone where that is too much to tell."""
    message = "\n".join(paths)
    return message if len(message) <= MOST_MESSAGE else "-"


def _commit(answer: Mapping[str, Any]) -> Commit:
    return Commit(answer["id"], parse_datetime(answer["date"]), answer["title"], tuple(answer["message"].split("\n")))


def _asked_wait(answer: Response | None) -> float:
    """How many seconds the server asks to wait."""
    if answer is None:
        return 0.0
    limit = parse_ratelimit_headers(answer.headers)
    if limit is not None and limit.remaining == 0:
        return limit.reset_in_seconds + 1.0
    try:
        return float(answer.headers.get("retry-after", 0))
    except ValueError:  # a date: then our own patience has to do
        return 0.0


def _refused(answer: Response) -> StoreError:
    """The token's rights, or the name of the dataset: nothing that waiting mends."""
    return StoreError(
        f"The Hub refused this ({answer.status_code}), so nothing was accepted; tell the organiser, whose token or "
        "dataset is not right."
    )


def _unanswered(answer: Response | None) -> StoreError:
    reason = "it cannot be reached" if answer is None else f"it answers {answer.status_code}"
    return StoreError(f"The Hub does not answer as it should ({reason}), so nothing was accepted; try again later.")
