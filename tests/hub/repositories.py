"""Datasets with a history, as on a hub: commits, each with its whole tree."""

import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    title: str
    message: str
    at: datetime
    tree: dict[str, bytes]


class Refused(Exception):
    """An error answer: its status, and the code for the header `X-Error-Code`."""

    def __init__(self, status: int, code: str = "", told: str = "") -> None:
        super().__init__(told or code)
        self.status, self.code = status, code


_count = itertools.count()


@dataclass(slots=True)
class Dataset:
    """`history` begins with the oldest."""

    private: bool = True
    history: list[Commit] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.history:
            self.commit({".gitattributes": b""}, (), "initial commit")

    @property
    def head(self) -> Commit:
        return self.history[-1]

    def at(self, revision: str) -> Commit:
        """Raises `Refused`."""
        if revision == "main":
            return self.head
        for commit in self.history:
            if commit.sha == revision:
                return commit
        raise Refused(404, "RevisionNotFound")

    def commit(
        self, files: dict[str, bytes], deleted: tuple[str, ...], title: str, message: str = "", parent: str = ""
    ) -> Commit:
        """Raises `Refused` if the head is no longer the parent, or if a file to delete is missing."""
        tree = dict(self.history[-1].tree) if self.history else {}
        if parent and not self.head.sha.startswith(parent):
            raise Refused(412, told="A commit has happened since. Please refresh and try again.")
        for path in deleted:
            gone = [other for other in tree if other == path or (path.endswith("/") and other.startswith(path))]
            if not gone:
                raise Refused(400, told=f"{path} is not there")
            for other in gone:
                del tree[other]
        tree |= files
        sha = hashlib.sha1(f"{next(_count)} {title}".encode()).hexdigest()
        self.history.append(Commit(sha, title, message, datetime.now(UTC), tree))
        return self.head


def blob(content: bytes) -> str:
    """Git's hash of a content."""
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
