"""A dataset on the Hub: reading, listing and committing, with the retries that its server needs (decision 2)."""

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar
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
"""Status codes, besides 5xx, after which the same request may succeed. 409 and 412: another commit was faster."""
READERS = 8
"""How many files are read at a time."""
HASTY_S = 4.0
TIMEOUT_S = 30.0
COMMIT_TIMEOUT_S = 60.0
"""The client's own methods have no timeout: a server that takes a request and never answers would block them."""
MOST_MESSAGE = 10_000
UNKNOWN = (
    "It is not known whether this was stored, because the Hub does not answer; send it again later: the same file is "
    "never entered twice."
)
DOUBTED = (408, *range(500, 600))
"""Status codes that leave open whether a commit succeeded: the Hub may answer 500 although it did."""


class Moved(StoreError):
    """The dataset is no longer at the commit on which a change was based.

    `doubt`: an earlier request with the same change got no answer, and may be the one that moved it.
    """

    def __init__(self, doubt: bool) -> None:
        super().__init__("Others keep writing to the Hub, so nothing was accepted; try again later.")
        self.doubt = doubt


@dataclass(frozen=True, slots=True)
class Patience:
    """`budget_s`: how long to retry a request; `most_wait_s`: the longest pause, unless the server asks for more.

    Before a commit the client asks how to send its files, with five tries of its own, about 30 s in all. A commit may
    take that much longer.
    """

    budget_s: float = 120.0
    first_wait_s: float = 1.0
    most_wait_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit. `paths` are the lines of its message: the files it stored, if this app made it."""

    sha: str
    at: datetime
    title: str
    paths: tuple[str, ...]


class Listed(NamedTuple):
    """A file of a tree. `blob` is the hash of its content: git's, or SHA-256 for a file that the Hub stores apart."""

    blob: str
    size: int


class HubDataset:
    """A dataset by name. `token` is used only for this dataset and never shown. Raises `StoreError`."""

    def __init__(self, name: str, token: str, patience: Patience | None = None) -> None:
        self.name = name
        self.patience = patience or Patience()
        self._api = HfApi(endpoint=endpoint(), token=token)
        self._headers = {"authorization": f"Bearer {token}"}
        self._url = f"{self._api.endpoint}/api/datasets/{name}"

    def hasty(self) -> "HubDataset":
        """The same dataset with a short `HASTY_S` budget, for callers that others wait for."""
        other = copy(self)
        other.patience = Patience(budget_s=HASTY_S)
        return other

    # Reading

    def head(self) -> str:
        """The sha of the latest commit."""
        return self._patiently(self._head)

    def date(self) -> str:
        """The Hub's current time, as an HTTP date."""
        return str(self._patiently(lambda: self._get(self._url).headers["date"]))

    def is_private(self) -> bool:
        """Whether the dataset is private."""
        return bool(self._patiently(lambda: self._get(self._url).json()["private"]))

    def read(self, path: str, revision: str = "main") -> bytes:
        """The content of a file, never written to disk. Raises `FileNotFoundError`."""
        url = f"{self._api.endpoint}/datasets/{self.name}/resolve/{quote(revision, safe='')}/{quote(path)}"
        return self._patiently(lambda: self._get(url).content, missing=path)

    def read_all(self, paths: Iterable[str], revision: str) -> dict[str, bytes]:
        """The contents of files by path, read several at a time. Raises `FileNotFoundError`."""
        asked = sorted(paths)
        with ThreadPoolExecutor(READERS) as pool:
            return dict(zip(asked, pool.map(lambda path: self.read(path, revision), asked), strict=True))

    def read_part(self, path: str, start: int, size: int) -> bytes:
        """A part of a file: `size` bytes from `start`. Raises `FileNotFoundError`."""
        url = f"{self._api.endpoint}/datasets/{self.name}/resolve/main/{quote(path)}"
        part = {"range": f"bytes={start}-{start + size - 1}"}

        def ask() -> bytes:
            answer = self._get(url, part)
            content = answer.content if answer.status_code == 206 else answer.content[start : start + size]
            if len(content) != size:  # a proxy may send less than it is asked for
                raise OSError(f"{len(content)} bytes of {path} came, not {size}")
            return content

        return self._patiently(ask, missing=path)

    def read_parts(self, path: str, ranges: Iterable[tuple[int, int]]) -> dict[int, bytes]:
        """Parts of a file (start and size) by where they start, read several at a time. Raises `FileNotFoundError`."""
        asked = list(ranges)
        with ThreadPoolExecutor(READERS) as pool:
            parts = pool.map(lambda each: self.read_part(path, *each), asked)
            return {start: content for (start, _), content in zip(asked, parts, strict=True)}

    def tree(self, revision: str = "main", below: str | None = None) -> list[str]:
        """The paths of all files of a revision, or of the files below a folder."""
        return list(self.listing(revision, below))

    def listing(self, revision: str = "main", below: str | None = None) -> dict[str, Listed]:
        """All files of a revision by path, or the files below a folder."""
        url = f"{self._url}/tree/{quote(revision, safe='')}{f'/{quote(below)}' if below else ''}?recursive=true"
        try:
            entries = self._patiently(lambda: list(self._pages(url)), missing=below or "/")
            return {str(entry["path"]): _listed(entry) for entry in entries if entry["type"] == "file"}
        except FileNotFoundError:
            return {}

    def commits(self, most: int) -> list[Commit]:
        """The latest commits, newest first."""
        return self._patiently(
            lambda: [_commit(commit) for commit in islice(self._pages(f"{self._url}/commits/main"), most)]
        )

    # Writing

    def commit(
        self, files: Mapping[str, bytes], title: str, parent: str | None = None, deleted: Iterable[str] = ()
    ) -> str:
        """Store files durably in one commit; returns its sha, or "" if it is stored but its sha is not known.

        A path in `deleted` that ends with a slash is a folder, which goes with all files below it.

        With a `parent`, raises `Moved` and stores nothing if the dataset has moved on to another commit. Raises
        `StoreError` if nothing is stored, and `Doubtful` if that is not known.
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
                if not isinstance(problem, OfflineModeIsEnabled):  # offline, nothing was sent
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

    def _get(self, url: str, more: Mapping[str, str] | None = None) -> Response:
        """A GET request without the client's own retries, which ignore the budget and would multiply ours."""
        answer = get_session().get(
            url,
            headers={**self._headers, **(more or {})},
            follow_redirects=True,
            timeout=min(TIMEOUT_S, self.patience.budget_s),
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
        # If nothing would change, the client sends nothing, ignores the parent, and returns the head, anybody's commit.
        sent = not added or any(getattr(operation, "_is_committed", False) for operation in added)
        return str(done.oid) if sent else ""

    def _took(self, files: Mapping[str, bytes], deleted: tuple[str, ...]) -> bool:
        """Whether a commit without an answer succeeded; it is stored as a whole or not at all."""
        gone = [path.rstrip("/") for path in deleted]
        asked = [*files, *gone]
        get_session().timeout = TIMEOUT_S
        existing = {info.path for info in self._api.get_paths_info(self.name, asked, repo_type="dataset")}
        return existing.issuperset(files) and existing.isdisjoint(gone)

    def _patiently(self, ask: Callable[[], Answer], missing: str = "") -> Answer:
        """Ask until there is an answer. Raises `FileNotFoundError` if the path `missing` does not exist."""
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
    """A commit's message: the stored paths, and the deleted ones after a minus; only a minus if that is too long."""
    message = "\n".join(paths)
    return message if len(message) <= MOST_MESSAGE else "-"


def _listed(entry: Mapping[str, Any]) -> Listed:
    return Listed(str((entry.get("lfs") or entry)["oid"]), int(entry["size"]))


def _commit(answer: Mapping[str, Any]) -> Commit:
    return Commit(answer["id"], parse_datetime(answer["date"]), answer["title"], tuple(answer["message"].split("\n")))


def _asked_wait(answer: Response | None) -> float:
    """How many seconds the server asks us to wait."""
    if answer is None:
        return 0.0
    limit = parse_ratelimit_headers(answer.headers)
    if limit is not None and limit.remaining == 0:
        return limit.reset_in_seconds + 1.0
    try:
        return float(answer.headers.get("retry-after", 0))
    except ValueError:  # a date: our own pause has to do
        return 0.0


def _refused(answer: Response) -> StoreError:
    """The error for a refusal that waiting does not mend: the token's rights, or the dataset's name."""
    return StoreError(
        f"The Hub refused this ({answer.status_code}), so nothing was accepted; tell the organiser that the token or "
        "the dataset is not right."
    )


def _unanswered(answer: Response | None) -> StoreError:
    reason = "it cannot be reached" if answer is None else f"it answers {answer.status_code}"
    return StoreError(f"The Hub does not answer as it should ({reason}), so nothing was accepted; try again later.")
