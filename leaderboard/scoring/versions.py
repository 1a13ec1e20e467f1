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
        self._queue: tuple[Any, list[tuple[Submission, str]]] = None, []

    def current(self, track: Track) -> str:
        """The version that a track is scored in now."""
        return self._ledger.version(track.id, track.version)

    def queue(self) -> list[tuple[Submission, str]]:
        """The submissions to score, with their version: first those without any score, in the order of arrival.

        A submission withdrawn before it was scored needs no score; one withdrawn later does, as it may be restored.
        """
        ledger = self._ledger
        revision = ledger.refresh().revision  # before the versions, which a new rescoring changes
        versions = {track.id: self.current(track) for track in self._usable()}
        mark = (revision, versions)
        if self._queue[0] != mark:
            wanted = []
            for name, version in versions.items():
                for submission in ledger.of_track(name):
                    results = ledger.results(submission.id)
                    if version not in results and (results or not ledger.standing(submission.id).withdrawn):
                        wanted.append((bool(results), submission.received, submission, version))
            wanted.sort(key=lambda entry: entry[:2])
            self._queue = mark, [entry[2:] for entry in wanted]
        return list(self._queue[1])

    def shown(self, track: Track) -> str:
        """The newest complete version. During a rescoring the old ranking is still shown."""
        ledger, current = self._ledger, self.current(track)
        staying = [entry for entry in ledger.of_track(track.id) if not ledger.standing(entry.id).withdrawn]
        scored_in = [set(map(version_key, results)) for entry in staying if (results := ledger.results(entry.id))]
        for version in sorted({version_key(current)}.union(*scored_in), reverse=True):
            if all(version in own or min(own) > version for own in scored_in):  # later submissions lack old versions
                return ".".join(map(str, version))
        return current
