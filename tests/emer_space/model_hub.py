"""A hub on this machine that serves models to the real `huggingface_hub` client, and can move their `main`."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


class ModelHub:
    """A context manager; `url` is its endpoint. `asked` lists all requests; the file `refused` is given to nobody."""

    def __init__(self) -> None:
        self.commits: dict[str, dict[str, dict[str, bytes]]] = {}
        self.main: dict[str, str] = {}
        self.asked: list[str] = []
        self.refused = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "ModelHub":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def commit(self, name: str, folder: Path) -> str:
        """Make what a folder holds the model's `main`; returns the commit."""
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        sha = hashlib.sha1(b"".join(key.encode() + value for key, value in files.items())).hexdigest()
        self.commits.setdefault(name, {})[sha] = files
        self.main[name] = sha
        return sha


def _handler(hub: ModelHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *told: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path).strip("/")
            hub.asked.append(f"{self.command} {path}")
            status, headers, content = self._found(path)
            self.send_response(status)
            for key, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def _found(self, path: str) -> tuple[int, dict[str, str], bytes]:
            parts = path.split("/")
            if parts[:2] == ["api", "models"]:
                return self._info("/".join(parts[2:4]), parts[4:])
            name, revision = "/".join(parts[:2]), parts[3] if len(parts) > 4 else ""
            sha = self._sha(name, revision)
            content = hub.commits.get(name, {}).get(sha, {}).get("/".join(parts[4:]))
            if hub.refused and parts[-1] == hub.refused:
                return 403, {}, b""
            if content is None:
                return 404, {"X-Error-Code": "EntryNotFound"}, b""
            return 200, {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": sha}, content

        def _info(self, name: str, more: list[str]) -> tuple[int, dict[str, str], bytes]:
            if name not in hub.main:
                return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
            sha = self._sha(name, more[1] if len(more) > 1 else "main")
            if sha not in hub.commits[name]:
                return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
            files = hub.commits[name][sha]
            if more and more[0] == "tree":
                entries = [
                    {"type": "file", "path": key, "size": len(value), "oid": hashlib.sha1(value).hexdigest()}
                    for key, value in files.items()
                ]
                return 200, {"Content-Type": "application/json"}, json.dumps(entries).encode()
            told = {"id": name, "modelId": name, "sha": sha, "siblings": [{"rfilename": key} for key in files]}
            return (
                200,
                {"Content-Type": "application/json"},
                json.dumps({**told, "tags": [], "private": False}).encode(),
            )

        def _sha(self, name: str, revision: str) -> str:
            return hub.main.get(name, "") if revision == "main" else revision

    return Handler
