"""Into which split each clip of a release is drawn: once, so that no later release makes a hidden answer public.

A project keeps its draws, and the secret by which they are made, among its records, which nobody else reads. Neither is
in a release.
"""

import csv
import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from annotation.book import Book
from annotation.projects import Project
from annotation.records import Draw
from emer_space.files.problems import counted, shown
from leaderboard.errors import LeaderboardError
from submissions.person import LOCAL
from submissions.store.records import new_id

PUBLIC, PRIVATE, DECOY = "public", "private", "decoy"
SECRET_BYTES = 32


def draw(
    book: Book,
    project: Project,
    names: Collection[str],
    groups: Mapping[str, str],
    private: float,
    decoys: int,
    seed: int | None = None,
) -> tuple[dict[str, str], frozenset[str]]:
    """The split of each name, and the names that an earlier draw with other options hid and that are public now.

    Clips that were drawn with the same options before keep their split; the draw of the others is kept. Another `seed`
    is another draw. Raises `LeaderboardError` if no name is public, or if a record of the project cannot be read, which
    may be an earlier draw; and `StoreError`.
    """
    if (private or decoys) and book.has_unread(project.id):
        raise LeaderboardError(
            f"A record of {project.id} cannot be read: perhaps an earlier draw, without which hidden answers would "
            "become public; put it back from a backup, or delete it from damaged/ in the app's home."
        )
    with book.ledger.store.exclusive():
        draws = book.records(project.id, Draw)
        secret = draws[0].secret if draws else secrets.token_hex(SECRET_BYTES)
        options = (private, decoys, seed, bool(groups))
        drawn: dict[str, str] = {}
        hidden: dict[int | None, set[str]] = {}
        for one in draws:
            hidden.setdefault(one.seed, set()).update(name for name, split in one.splits.items() if split != PUBLIC)
            if (one.private, one.decoys, one.seed, one.grouped) == options:
                drawn = {**one.splits, **drawn}  # the first draw of a clip counts
        key = f"{secret} {'' if seed is None else seed}".encode()
        splits = split(names, groups, private, decoys, key, drawn, hidden.get(seed, ()))
        new = {name: one for name, one in splits.items() if name not in drawn}
        if new and (private or decoys):
            now = datetime.now(UTC)
            book.add(
                Draw(
                    new_id(now),
                    now.isoformat(),
                    project.id,
                    LOCAL.id,
                    LOCAL.name,
                    secret=secret,
                    private=private,
                    decoys=decoys,
                    seed=seed,
                    grouped=bool(groups),
                    splits=new,
                )
            )
    before = set[str]().union(*hidden.values())
    return splits, frozenset(name for name in before if splits.get(name) == PUBLIC)


def split(
    names: Iterable[str],
    groups: Mapping[str, str],
    private: float,
    decoys: int,
    key: bytes,
    drawn: Mapping[str, str] | None = None,
    hidden: Collection[str] = (),
) -> dict[str, str]:
    """The split of each name, by a secret `key`; `groups` (name → group) stay together, but for decoys.

    Those `drawn` before (name → split) keep theirs. Those `hidden` are the first to be hidden again. Raises
    `LeaderboardError` if no name is public.
    """
    if not 0 <= private < 1 or decoys < 0:
        raise LeaderboardError("--private is a share from 0 to below 1, and --decoys a number from 0.")
    every = sorted(set(names))
    chosen = {name: drawn[name] for name in every if name in drawn} if drawn else {}

    def order(purpose: str, name: str, members: Iterable[str]) -> tuple[bool, bytes]:
        digest = hmac.digest(key, f"{purpose} {name}".encode(), hashlib.sha256)
        return not any(member in hidden for member in members), digest

    new = sorted((name for name in every if name not in chosen), key=lambda name: order(DECOY, name, [name]))
    lacking = max(0, decoys - sum(one == DECOY for one in chosen.values()))
    chosen |= dict.fromkeys(new[:lacking], DECOY)
    rest: dict[str, list[str]] = {}
    for name in every:
        if chosen.get(name) != DECOY:
            rest.setdefault(groups.get(name, f"clip {name}"), []).append(name)
    wanted, open_groups = round(private * sum(map(len, rest.values()))), []
    for group, members in rest.items():
        before = {chosen[name] for name in members if name in chosen}
        if before:
            side = PRIVATE if PRIVATE in before else PUBLIC
            chosen |= {name: side for name in members if name not in chosen}
        else:
            open_groups.append(group)
    taken = sum(one == PRIVATE for one in chosen.values())
    for group in sorted(open_groups, key=lambda group: order(PRIVATE, group, rest[group])):
        nearer = taken + len(rest[group]) / 2 < wanted  # to what is wanted than without it
        taken += len(rest[group]) if nearer else 0
        chosen |= dict.fromkeys(rest[group], PRIVATE if nearer else PUBLIC)
    if PUBLIC not in chosen.values():
        raise LeaderboardError(
            f"Of {counted(len(chosen), 'clip')}, {decoys} decoys and a private share of {private:g} leave none that is "
            "public; choose fewer decoys and a smaller share, or smaller groups."
        )
    return {name: chosen[name] for name in every}


def groups_of(group: str, names: Iterable[str]) -> tuple[dict[str, str], int]:
    """Name → group by a csv or a pattern, and how many names have none. Raises `LeaderboardError`."""
    if not group:
        return {}, 0
    names = sorted(names)
    if Path(group).is_file():
        with Path(group).open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
        if not rows or {"name", "group"} - rows[0].keys():
            raise LeaderboardError(f"{group} must have the columns name and group; add them.")
        table = {row["name"]: row["group"] for row in rows}
        found = {name: table[name] for name in names if table.get(name)}
    else:
        try:
            pattern = re.compile(group)
        except re.error as problem:
            raise LeaderboardError(f"--group {shown(group)} is neither a file nor a pattern ({problem}).") from None
        matches = {name: match for name in names if (match := pattern.search(name))}
        found = {name: match[1] if pattern.groups else match[0] for name, match in matches.items()}
    return found, len(names) - len(found)
