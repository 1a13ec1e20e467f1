"""Visitors' corrections of readings: "this reading is wrong". They are kept with consent, for an organiser to review.

An entry holds the words that would be right, why, and the reading itself. The clip is kept only with a second consent.
Whoever has the receipt (the id and a secret) can withdraw the entry, which deletes it; so can an organiser.
"""

import contextlib
import csv
import hashlib
import hmac
import io
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from emer_space.files.formulas import no_formula
from emer_space.files.problems import plain
from emer_space.files.writing import write_whole
from submissions.errors import Refusal, StoreError
from submissions.people.quota import Attempts
from submissions.person import Person, organiser
from submissions.store.ledger import Ledger
from submissions.store.records import Action, Correction, Decision, is_id, month, new_id

ANALYSIS = "analysis.json"
MOST_LABELS, MOST_LABEL, MOST_WHY = 12, 40, 1_000
"""How many words, and how many characters in a word and in the reason."""
MOST_CLIP_BYTES = 50_000_000
MOST_A_DAY, MOST_OF_CLIENT = 500, 20
"""How many corrections a day are kept in all, and of one client."""
MOST_CLIPS_A_DAY, MOST_CLIPS_OF_CLIENT = 100, 5
"""The same for those with a clip, so that nobody can fill the disk."""
REVIEWS = ("accept", "dismiss")
COLUMNS = ("name", "openset", "reason", "read", "review", "clip")
"""Of an export: the id, the visitor's words and reason, the machine's words, the review, the clip's file."""
UNKNOWN = "There is no correction with this receipt; it may have been deleted already."
_BETWEEN = re.compile(r"[,;/\n，；、]+")


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a visitor says against a reading. `keep` and `keep_clip` are two separate consents.

    Raises `Refusal` without consent or words, or if a text is too long.
    """

    labels: tuple[str, ...]
    why: str
    keep: bool
    keep_clip: bool = False

    def __post_init__(self) -> None:
        if not self.keep:
            raise Refusal("consent", "Nothing was kept: tick that your words may be kept, then send them.")
        labels = tuple(dict.fromkeys(_line(label, MOST_LABEL) for label in self.labels if label.strip()))
        if not labels or len(labels) > MOST_LABELS:
            raise Refusal("labels", f"Say which words would be right: 1 to {MOST_LABELS}, separated by commas.")
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "why", _line(self.why, MOST_WHY))


def split_labels(text: str) -> tuple[str, ...]:
    """The words of a typed list: `sad, a little proud` → (`sad`, `a little proud`)."""
    return tuple(part.strip() for part in _BETWEEN.split(text) if part.strip())


class Corrections:
    """Takes corrections in, and lets organisers review them. `clock` returns the current time."""

    def __init__(
        self, ledger: Ledger, attempts: Attempts, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.ledger, self.attempts, self.clock = ledger, attempts, clock

    def send(
        self, client: str, opinion: Opinion, analysis: Mapping[str, Any], clip: tuple[str, bytes] | None = None
    ) -> tuple[Correction, str]:
        """Keep an opinion about an analysis (its JSON); returns the entry and its receipt, once it is stored durably.

        `clip` is the file's name and content; it is left out unless the opinion has the consent for it. Raises
        `Refusal` (too much, too large) or `StoreError`.
        """
        now = self.clock()
        name, content = clip if clip and opinion.keep_clip else ("", b"")
        if len(content) > MOST_CLIP_BYTES:
            raise Refusal(
                "clip",
                f"The clip is larger than {MOST_CLIP_BYTES // 1_000_000} MB and cannot be kept; untick it and send the "
                "words alone.",
            )
        self._count(client, now, with_clip=bool(content))
        file = f"clip{PurePath(name).suffix.lower()}" if content else ""
        secret = secrets.token_hex(12)
        record = Correction(
            new_id(now),
            now.isoformat(),
            opinion.labels,
            opinion.why,
            tuple(str(label["label"]) for label in analysis["labels"]),
            str(analysis["id"]),
            str(analysis["clip"]["sha256"]),
            file,
            _digest(secret),
        )
        files = {ANALYSIS: json.dumps(analysis, ensure_ascii=False).encode(), **({file: content} if file else {})}
        self.ledger.add(record, files)
        return record, f"{record.id}-{secret}"

    def withdraw(self, receipt: str) -> None:
        """Delete the correction with this receipt. Raises `Refusal` if there is none, or `StoreError`."""
        name, _, secret = receipt.rpartition("-")
        correction = self._named(name)
        if not hmac.compare_digest(correction.secret_sha256, _digest(secret)):
            raise Refusal("unknown", UNKNOWN)
        self._remove(Person("sender", "its sender"), correction, "consent withdrawn")

    def review(self, by: Person | None, name: str, action: str, reason: str = "") -> Decision:
        """An organiser accepts, dismisses or withdraws a correction; the last deletes it. Raises `Refusal`."""
        person, correction = organiser(by), self._named(name)
        if action == "withdraw":
            return self._remove(person, correction, _line(reason, MOST_WHY))
        if action not in REVIEWS:
            raise Refusal("action", f"Choose one of {', '.join((*REVIEWS, 'withdraw'))}.")
        made: Action = "accept" if action == "accept" else "dismiss"
        decision = Decision.made_by(person, self.clock(), made, _line(reason, MOST_WHY), correction=correction.id)
        self.ledger.add(decision)
        return decision

    def has(self, name: str) -> bool:
        """Whether there is a correction with this id."""
        return any(correction.id == name for correction in self.ledger.refresh().corrections())

    def listed(self, by: Person | None) -> list[dict[str, Any]]:
        """All corrections as JSON, latest first, each with the words of the machine. Raises `Refusal`."""
        organiser(by)
        return [
            {**_public(correction), "read": list(correction.read), "review": self.ledger.verdict(correction.id)}
            for correction in self.ledger.refresh().corrections()
        ]

    def export(self, by: Person | None, folder: Path) -> Path:
        """Write `corrections.csv` in the field's columns, with each reading and clip below `<id>/`; returns its path.

        Dismissed corrections are left out. Raises `Refusal`, or `OSError` if the folder cannot be written.
        """
        listed = [entry for entry in self.listed(by) if entry["review"] != "dismiss"]
        for entry in listed:
            place = folder / entry["id"]
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            source = f"corrections/{month(entry['id'])}/{entry['id']}"
            for name in filter(None, (ANALYSIS, entry["clip"])):
                write_whole(place / name, self.ledger.store.read(f"{source}/{name}"))
        lines = io.StringIO()
        table = csv.DictWriter(lines, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows({column: _cell(entry, column) for column in COLUMNS} for entry in listed)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(folder / "corrections.csv", lines.getvalue().encode())
        return folder / "corrections.csv"

    def _named(self, name: str) -> Correction:
        kept = self.ledger.refresh().corrections() if is_id(name) else []
        for correction in kept:
            if correction.id == name:
                return correction
        raise Refusal("unknown", UNKNOWN)

    def _remove(self, by: Person, correction: Correction, reason: str) -> Decision:
        with contextlib.suppress(FileNotFoundError):  # an earlier try got no further
            self.ledger.store.remove(correction.path)
        decision = Decision.made_by(by, self.clock(), "withdraw", reason, correction=correction.id)
        self.ledger.add(decision)
        return decision

    def _count(self, client: str, now: datetime, with_clip: bool) -> None:
        own = f"client {client}"
        bounds = [("corrections", own, MOST_OF_CLIENT), ("corrections", "all", MOST_A_DAY)]
        if with_clip:
            bounds += [("clips", own, MOST_CLIPS_OF_CLIENT), ("clips", "all", MOST_CLIPS_A_DAY)]
        for what, who, most in bounds:
            if self.attempts.count(what, who, now) >= most:
                remedy = "untick the clip and send the words alone" if what == "clips" else "try again tomorrow"
                raise Refusal("quota", f"So many {what} came today that no more can be kept; {remedy}.")
        try:
            for what, who, _ in bounds:
                self.attempts.add(what, who, now)
        except OSError as problem:
            raise StoreError(
                f"Nothing can be stored here at the moment ({problem.strerror}), so nothing was kept; try again later."
            ) from problem


def _public(correction: Correction) -> dict[str, Any]:
    record = correction.to_dict()
    record.pop("secret_sha256", None)
    return record


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _cell(entry: Mapping[str, Any], column: str) -> str:
    labels = {"openset": "labels", "read": "read"}
    if column in labels:
        return str(list(entry[labels[column]]))
    return no_formula(str(entry[{"name": "id", "reason": "why"}.get(column, column)]))


def _line(text: str, most: int) -> str:
    text = " ".join(text.split())
    if len(text) > most:
        raise Refusal("text", f"“{plain(text, 30)}…” is longer than {most} characters; shorten it.")
    if plain(text, most) != text:
        raise Refusal("text", "The text contains characters that cannot be shown; leave them out.")
    return text
