"""The versions of tracks: the current one, what is still to be scored in it, and the newest complete one."""

from collections.abc import Callable
from typing import Any

from leaderboard.tracks import Track
from submissions.store.ledger import Ledger
from submissions.store.records import Submission, version_key


class Versions:
    """`usable` returns the tracks with valid files, `is_usable` whether one is. All else is derived from the ledger."""

    def __init__(self, ledger: Ledger, usable: Callable[[], list[Track]], is_usable: Callable[[str], bool]) -> None:
        self._ledger, self._usable, self._is_usable = ledger, usable, is_usable
        self._queue: tuple[Any, list[tuple[Submission, str]]] = None, []
        self._queued: tuple[Any, int] = None, 0

    def current(self, track: Track) -> str:
        """The version that a track is scored in now."""
        return self._ledger.version(track.id, track.version)

    def queue(self) -> list[tuple[Submission, str]]:
        """The submissions to score, with their version: first those without any score, in the order of arrival.

        A submission withdrawn before it was scored needs no score; one withdrawn later does, as it may be restored.
        """
        revision = self._ledger.refresh().revision  # before the versions, which a new rescoring changes
        versions = {track.id: self.current(track) for track in self._usable()}
        mark = (revision, versions)
        if self._queue[0] != mark:
            wanted = sorted(each for name, version in versions.items() for each in self._wanted(name, version))
            self._queue = mark, [(submission, version) for *_, submission, version in wanted]
        return list(self._queue[1])

    def queued(self) -> int:
        """How many submissions of the queue have no score yet. Only the tracks with such ones are looked at."""
        ledger = self._ledger.refresh()
        revision, unscored = ledger.revision, ledger.unscored()
        mark = revision, [track for track in unscored if self._is_usable(track)]
        if self._queued[0] != mark:
            waiting = (name for track in mark[1] for name in unscored[track])
            self._queued = mark, sum(not ledger.standing(name).withdrawn for name in waiting)
        return self._queued[1]

    def pending(self, track: Track) -> int:
        """How many submissions of the queue are to one track."""
        return len(self._wanted(track.id, self.current(track)))

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
