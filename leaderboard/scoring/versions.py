"""The versions of tracks: the current one, what is still to be scored in it, and the newest complete one."""

from collections.abc import Callable
from typing import Any

from leaderboard.tracks import Track
from submissions.store.ledger import Ledger
from submissions.store.records import Submission, version_key


class Versions:
    """`usable` returns the tracks with valid files. Everything else is derived from the ledger."""

    def __init__(self, ledger: Ledger, usable: Callable[[], list[Track]]) -> None:
        self._ledger, self._usable = ledger, usable
        self._queue: tuple[Any, list[tuple[Submission, str]], int] = None, [], 0

    def current(self, track: Track) -> str:
        """The version that a track is scored in now."""
        return self._ledger.version(track.id, track.version)

    def queue(self) -> list[tuple[Submission, str]]:
        """The submissions to score, with their version: first those without any score, in the order of arrival.

        A submission withdrawn before it was scored needs no score; one withdrawn later does, as it may be restored.
        """
        return list(self._now()[1])

    def queued(self) -> int:
        """How many submissions of the queue have no score yet."""
        return self._now()[2]

    def pending(self, track: Track) -> int:
        """How many submissions of the queue are to one track."""
        return len(self._wanted(track.id, self.current(track)))

    def _now(self) -> tuple[Any, list[tuple[Submission, str]], int]:
        """The queue, and how many of it have no score yet."""
        revision = self._ledger.refresh().revision  # before the versions, which a new rescoring changes
        versions = {track.id: self.current(track) for track in self._usable()}
        mark = (revision, versions)
        if self._queue[0] != mark:
            wanted = sorted(each for name, version in versions.items() for each in self._wanted(name, version))
            queue = [(submission, version) for *_, submission, version in wanted]
            self._queue = mark, queue, sum(not scored for scored, *_ in wanted)
        return self._queue

    def _wanted(self, track: str, version: str) -> list[tuple[bool, str, str, Submission, str]]:
        """What is to be scored in a version: whether it has another score, when it was received, its id, and itself."""
        ledger, wanted = self._ledger, []
        for submission in ledger.lacking(track, version):
            scored, name = bool(ledger.results(submission.id)), submission.id
            if scored or not ledger.standing(name).withdrawn:
                wanted.append((scored, submission.received, name, submission, version))
        return wanted

    def shown(self, track: Track) -> str:
        """The newest complete version. During a rescoring the old ranking is still shown."""
        current = self.current(track)
        scored_in = [set(map(version_key, versions)) for versions in self._ledger.versions(track.id)]
        for version in sorted({version_key(current)}.union(*scored_in), reverse=True):
            if all(version in own or min(own) > version for own in scored_in):  # later submissions lack old versions
                return ".".join(map(str, version))
        return current
