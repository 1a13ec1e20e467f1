"""The hub's routes: the part of its API that `huggingface_hub` 2.x uses."""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from repositories import Refused, blob

if TYPE_CHECKING:
    from server import LoopbackHub, Reply, Route

COMMITS_PAGE = 50
REPOSITORY = r"/api/datasets/(?P<name>[\w.-]+/[\w.-]+)"


def routes_of(hub: "LoopbackHub") -> "list[Route]":
    """The routes: a pattern of paths, and its handler (person, body, query, **groups of the pattern)."""

    def plain(value: Any) -> "Reply":
        return 200, {"content-type": "application/json"}, json.dumps(value).encode()

    def paged(values: list[Any], query: dict[str, str], path: str, most: int) -> "Reply":
        begin = int(query.get("cursor", 0))
        status, headers, content = plain(values[begin : begin + most])
        if begin + most < len(values):
            headers["link"] = f'<{hub.url}{path}?cursor={begin + most}&recursive=True>; rel="next"'
        return status, headers, content

    def info(person: Any, body: bytes, query: dict[str, str], name: str, revision: str = "main") -> "Reply":
        dataset = hub.of(person, name)
        return plain({"id": name, "sha": dataset.at(revision or "main").sha, "private": dataset.private})

    def tree(person: Any, body: bytes, query: dict[str, str], name: str, revision: str, below: str) -> "Reply":
        found = hub.tree(hub.of(person, name).at(revision), below)
        if query.get("recursive", "").lower() != "true":
            found = children(found, below)
        return paged(found, query, f"/api/datasets/{name}/tree/{revision}{f'/{below}' if below else ''}", hub.page)

    def paths(person: Any, body: bytes, query: dict[str, str], name: str, revision: str) -> "Reply":
        there = hub.of(person, name).at(revision).tree
        asked = parse_qs(body.decode())["paths"]
        folders = [path for path in asked if any(other.startswith(f"{path}/") for other in there)]
        told = [{"type": "directory", "oid": "0" * 40, "path": path} for path in folders]
        return plain([*told, *(file_of(path, there[path]) for path in asked if path in there)])

    def commits(person: Any, body: bytes, query: dict[str, str], name: str) -> "Reply":
        told = [
            {
                "id": each.sha,
                "title": each.title,
                "message": each.message,
                "authors": [],
                "date": f"{each.at:%FT%T.%f}Z",
            }
            for each in reversed(hub.of(person, name).history)
        ]
        return paged(told, query, f"/api/datasets/{name}/commits/main", COMMITS_PAGE)

    def preupload(person: Any, body: bytes, query: dict[str, str], name: str) -> "Reply":
        there = hub.of(person, name, writing=True).head.tree
        asked = [file["path"] for file in json.loads(body)["files"]]
        told = [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in asked]
        return plain({"files": [{**each, "oid": _oid(there, str(each["path"]))} for each in told]})

    def commit(person: Any, body: bytes, query: dict[str, str], name: str) -> "Reply":
        made = hub.take(hub.of(person, name, writing=True), [json.loads(line) for line in body.splitlines()])
        return plain(
            {"success": True, "commitOid": made.sha, "commitUrl": f"{hub.url}/datasets/{name}/commit/{made.sha}"}
        )

    def resolve(person: Any, body: bytes, query: dict[str, str], name: str, revision: str, path: str) -> "Reply":
        at = hub.of(person, name).at(revision)
        if path not in at.tree:
            raise Refused(404, "EntryNotFound")
        content = at.tree[path]
        return 200, {"etag": f'"{blob(content)}"', "x-repo-commit": at.sha}, content

    return [
        (r"/api/whoami-v2", lambda person, body, query: plain(hub.whoami(person))),
        (r"/api/validate-yaml", lambda person, body, query: plain({"errors": [], "warnings": []})),
        (r"/api/repos/create", lambda person, body, query: plain(hub.make(person, json.loads(body)))),
        (REPOSITORY, info),
        (REPOSITORY + r"/revision/(?P<revision>[^/]+)", info),
        (REPOSITORY + r"/tree/(?P<revision>[^/]+)/?(?P<below>.*)", tree),
        (REPOSITORY + r"/paths-info/(?P<revision>[^/]+)", paths),
        (REPOSITORY + r"/commits/main", commits),
        (REPOSITORY + r"/preupload/main", preupload),
        (REPOSITORY + r"/commit/main", commit),
        (r"/datasets/(?P<name>[\w.-]+/[\w.-]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)", resolve),
    ]


def file_of(path: str, content: bytes) -> dict[str, Any]:
    return {"type": "file", "oid": blob(content), "size": len(content), "path": path}


def children(files: list[dict[str, Any]], below: str) -> list[dict[str, Any]]:
    """The files right below a folder, and its folders."""
    start = len(f"{below}/") if below else 0
    names = {file["path"]: file["path"][start:].partition("/") for file in files}
    folders = dict.fromkeys(path[:start] + first for path, (first, more, _) in names.items() if more)
    return [
        *({"type": "directory", "oid": "0" * 40, "size": 0, "path": folder} for folder in folders),
        *(file for file in files if not names[file["path"]][1]),
    ]


def _oid(tree: dict[str, bytes], path: str) -> str | None:
    return blob(tree[path]) if path in tree else None
