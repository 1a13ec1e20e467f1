"""Writes the files of a track or an arena: a commented TOML, tables, all of them or none."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tomlkit

from emer_space.files.writing import write_whole
from leaderboard.errors import LeaderboardError
from leaderboard.tracks.references import REFERENCES

TRACK_ID = re.compile(r"[a-z0-9][a-z0-9._+-]{0,59}")


def track_toml(table: Mapping[str, Any], name: str, comments: Mapping[str, str]) -> bytes:
    """A track file, with a comment before each field that has one."""
    document = tomlkit.document()
    plain = {key: value for key, value in table.items() if not _is_table(value) or key == "example"}
    for key, value in {**plain, **table}.items():
        if key in comments:
            if key not in plain:
                document.add(tomlkit.nl())
            document.add(tomlkit.comment(comments[key].format(id=name)))
        document.add(key, _item(value, inline=key == "example"))
    text = tomlkit.dumps(document)
    text = re.sub(r"\n+(?=\[)", "\n\n", text)
    return re.sub(r"(\n# .*\n)\n(?=\[)", r"\1", text).encode()  # a comment belongs to the table below it


def _item(value: Any, inline: bool = False) -> Any:
    """A value as it is written: long texts over several lines, tables within tables on one."""
    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(f"\n{value}\n", multiline=True)
    if isinstance(value, list) and _is_table(value):
        return [_item(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    table: Any = tomlkit.inline_table() if inline else tomlkit.table()
    for name, one in value.items():
        table.add(name, _item(one, inline=True))
    return table


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and bool(value) and isinstance(value[0], Mapping))


@contextlib.contextmanager
def made_folders(*folders: Path) -> Iterator[None]:
    """Makes folders, and removes those that stayed empty if the work with them fails. Raises `LeaderboardError`."""
    new = [path for folder in dict.fromkeys(folders) for path in (folder, *folder.parents) if not path.exists()]
    try:
        for folder in folders:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as problem:
                remedy = f"set {REFERENCES} or --out to a folder that you may write to"
                raise LeaderboardError(f"{folder} cannot be made ({problem.strerror}); {remedy}.") from None
        yield
    except BaseException:
        for path in sorted(set(new), key=lambda path: -len(path.parts)):
            with contextlib.suppress(OSError):  # another process put something there
                path.rmdir()
        raise


def write_all(files: Mapping[Path, bytes], private: Path) -> None:
    """Write all files or none; those in `private` only their owner may read. Raises `LeaderboardError`."""
    before = {path: path.read_bytes() if path.is_file() else None for path in files}
    try:
        for path, content in files.items():
            write_whole(path, content)
            if path.parent == private:
                path.chmod(0o600)
    except OSError as problem:
        for path, old in before.items():
            if old is not None:
                write_whole(path, old)
            elif path.is_file():
                path.unlink()
        named = problem.filename2 or problem.filename
        raise LeaderboardError(f"{named} cannot be written ({problem.strerror}); nothing was.") from None
