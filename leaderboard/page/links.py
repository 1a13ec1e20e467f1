"""What the link of a submission leads to: a model's card, a paper, code; by its host (`links.toml`)."""

import functools
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

TABLE = Path(__file__).with_suffix(".toml")


@functools.cache
def _kinds() -> tuple[tuple[str, str, str], ...]:
    """Kind, host and beginning of the path, in the order in which they are tried."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["kind"]
    return tuple((row["name"], *host.partition("/")[::2]) for row in rows for host in row["hosts"])


def kind_of(link: str) -> str:
    """`card`, `paper`, `code`, `demo`, `data` or `site`; empty for a link that is none of the web."""
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    top = parts.path.split("/")[1:2]
    for name, known, folder in _kinds():
        if (host == known or host.endswith(f".{known}")) and (not folder or top == [folder]):
            return name
    return "site"
