"""What strangers can reach: every route and every handler, asked through real HTTP."""

import contextlib
import http.client
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import access
import httpx
import pytest
from access import TRACK, Served
from board_making import write_track
from gradio_client import Client
from playwright.sync_api import Browser
from serving import wait_for

from emer_space.page.gate import MOST_CALL_BYTES, decided
from submissions.checks.sample_file import sample_csv
from submissions.store.folder_store import FolderStore

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")
NOT_SERVED = b'{"detail":"Nothing is served here."}'
JSON = {"Content-Type": "application/json"}
MEASURE = "organisers only"


def ask(
    url: str, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """One request with exactly this target and no header but those that must be, and these."""
    host = urlsplit(url).netloc
    with contextlib.closing(http.client.HTTPConnection(host, timeout=60)) as connection:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": host, **({} if body is None else {"Content-Length": str(len(body))})}.items():
            if name not in (headers or {}):
                connection.putheader(name, value)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read()


def run(url: str, name: str, values: list[Any], headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    """A call of the API that is answered at once."""
    body = json.dumps({"data": values}).encode()
    status, answer = ask(url, "POST", f"/gradio_api/run/{name}", body, {**JSON, **(headers or {})})
    return status, answer.decode()


def an_organiser(url: str, headers: Mapping[str, str] | None = None) -> bool:
    status, answer = run(url, "overview", [], headers)
    assert status == 200 or MEASURE in answer, (status, answer)
    return status == 200


def target(route: str) -> tuple[str, str]:
    """A route of the table as a request: its method, and its path with values in the place of names."""
    method, path = route.split(" ", 1)
    return method, re.sub(r"{[^}]*}", "x", path)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with access.served(tmp_path_factory.mktemp("home"), access.watched()) as served:
        yield served


# Routes


def test_every_route_of_gradio_has_been_decided_on() -> None:
    installed, table = access.installed_routes(), decided()
    known = {*table["served"], *table["refused"]}
    new, gone = sorted(installed - known), sorted(known - installed)
    assert not new, (
        f"Gradio has new routes: {new}. Look in its routes.py what each does for a stranger; write it "
        "into emer_space/page/routes.toml: under [served] where the page needs it, or [refused] with the reason."
    )
    assert not gone, f"Gradio has these routes no more; remove them from emer_space/page/routes.toml: {gone}"
    assert not set(table["served"]) & set(table["refused"])


@pytest.mark.parametrize("route", decided()["refused"])
def test_a_refused_route_is_not_there(app_url: str, route: str) -> None:
    served = {target(route) for route in decided()["served"]}
    method, path = target(route)
    for other in (method, *METHODS):
        if (other, path) not in served:
            status, answer = ask(app_url, other, path, b"{}", JSON)
            assert (status, answer or NOT_SERVED) == (404, NOT_SERVED), (other, path)


def test_what_is_served_is_served_by_one_method_alone(app_url: str) -> None:
    served = {target(route) for route in decided()["served"]}
    for _, path in served:
        for method in set(METHODS) - {method for method, other in served if other == path}:
            assert ask(app_url, method, path)[0] == 404, (method, path)


@pytest.mark.parametrize(
    "route", ["POST /gradio_api/process_recording", "GET /monitoring", "POST /gradio_api/vibe-edit"]
)
def test_no_spelling_of_a_path_leads_to_a_refused_route(app_url: str, route: str) -> None:
    method, path = route.split()
    last = path.rsplit("/", 1)[-1]
    spellings = [
        *(f"/{path}", path.replace("/", "//"), f"{path}/", f"{path}//", f"/.{path}", f"/x/..{path}", f"{path}/."),
        *(f"/static/..{path}", f"/static/..%2f{path[1:]}", f"/assets/../..{path}", f"/gradio_api/file=..{path}"),
        *(f"/%{ord(path[1]):x}{path[2:]}", path.replace("/", "%2f"), path.replace("/", "\\"), f"/%2e%2e{path}"),
        *(path.upper(), path.replace(last, last.title()), f"{path};", f"{path};x=1", f"{path}?", f"{path}?x=/"),
        *(f"{path}%00", f"{path}%0a", f"{path}%20", f"{path}%2f", f"{path}%3f", f"{path}%23", f"{path}.json"),
        *(f"http://127.0.0.1{path}", f"http://localhost/{path}", f"/gradio_api{path}", f"/gradio_api/run{path}"),
        *(f"{path}#x", f"{path}/x/.."),
        *(f"/gradio_api/call/..{path}", f"/gradio_api/run/..%2f{last}", f"/gradio_api/upload/..%2f{last}"),
    ]  # fmt: skip
    for spelling in spellings:
        status, answer = ask(app_url, method, spelling, b"{}", JSON)
        assert status in (403, 404) and b"detail" in answer, (spelling, status, answer)


@contextlib.contextmanager
def a_server_of_others() -> Iterator[tuple[str, list[str]]]:
    """Its address, and what it was asked for."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"name,openset\n")

        do_HEAD = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_nothing_is_fetched_from_elsewhere(app_url: str) -> None:
    with a_server_of_others() as (address, asked):
        for spelling in (address, address.upper(), address.replace("http:", "https:"), f"%20{address}", f"x/{address}"):
            for method in ("GET", "HEAD"):
                assert ask(app_url, method, f"/gradio_api/file={spelling}/a.csv")[0] == 404
        meta = {"_type": "gradio.FileData"}
        for file in (
            {"path": address, "meta": meta},
            {"path": "a.csv", "url": f"{address}/a.csv", "meta": meta},
            address,
        ):
            assert run(app_url, "check", [TRACK, file])[0] == 500
            assert run(app_url, "explain", [file, "", ["video"]])[0] == 500
        assert asked == []


def test_no_file_of_the_machine_is_read(app_url: str, project: Path) -> None:
    meta = {"_type": "gradio.FileData"}
    for path in ("/etc/passwd", str(project / "app.py"), "app.py", "../app.py", "/proc/self/environ"):
        status, answer = run(app_url, "check", [TRACK, {"path": path, "meta": meta}])
        assert status == 500 and "root:" not in answer and "import" not in answer
        assert ask(app_url, "GET", f"/gradio_api/file={path}")[0] in (403, 404)


def test_a_websocket_is_closed(app_url: str) -> None:
    headers = {
        **{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"},
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    for path in ("/gradio_api/queue/join", "/gradio_api/stream/x", "/"):
        assert ask(app_url, "GET", path, headers=headers)[0] != 101


def test_a_playlist_gives_nothing_of_this_machine(app: tuple[str, Path], project: Path) -> None:
    """As a recording, which is not served, and as a clip."""
    url, uploads = app
    local = project / "examples" / "glad_words.mp4"
    manifest = f"""<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S"
     profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">
<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">
<BaseURL>file://{local}</BaseURL></Representation></AdaptationSet></Period></MPD>""".encode()
    before = files_in(uploads)
    for name in ("data", "file", "files"):
        answer = httpx.post(f"{url}/gradio_api/process_recording", files={name: ("a.mp4", manifest, "video/mp4")})
        assert (answer.status_code, answer.content) == (404, NOT_SERVED)
    assert files_in(uploads) == before
    with httpx.Client(base_url=url) as client:
        (path,) = client.post("/gradio_api/upload", files={"files": ("a.mp4", manifest)}).json()
    status, answer = run(url, "explain", [{"path": path, "meta": {"_type": "gradio.FileData"}}, "", ["video"]])
    assert status == 500 and json.loads(answer)["error"].endswith(".") and "labels" not in answer
    assert str(local) not in answer
    assert files_in(uploads) == {*before, Path(path).relative_to(uploads)}


def files_in(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


# Pages of others


FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "file://"},
    {"Origin": "http://[broken"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "something-new"},
]


@pytest.mark.parametrize("foreign", FOREIGN, ids=str)
def test_a_page_of_others_changes_nothing(app: tuple[str, Path], foreign: dict[str, str]) -> None:
    url, uploads = app
    before, session = files_in(uploads), secrets.token_hex(4)
    name = f"Foreign {session}"
    sent = {**foreign, **JSON}
    values = json.dumps({"data": [TRACK, None, name], "session_hash": session, "fn_index": 0, "event_id": "x"}).encode()
    for path in ("call/submit", "call/v2/submit", "run/overview", "queue/join", "run/predict", "cancel", "reset"):
        assert ask(url, "POST", f"/gradio_api/{path}", values, sent)[0] == 403, path
    with httpx.Client(base_url=url) as client:
        answer = client.post("/gradio_api/upload", files={"files": ("a.csv", b"name,openset\n")}, headers=foreign)
    assert answer.status_code == 403
    assert ask(url, "GET", "/logout", headers=foreign)[0] == 403
    assert files_in(uploads) == before
    asked = {**foreign, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-forwarded-host"}
    assert ask(url, "OPTIONS", "/gradio_api/queue/join", headers=asked)[0] == 404


@pytest.mark.parametrize("host", [None, "emer.example"])
def test_a_page_of_others_reads_nothing(app_url: str, host: str | None) -> None:
    """Browsers show an answer to a page of another only where it says that they may."""
    named = {"Host": host} if host else {}
    for path in ("/", "/config", "/gradio_api/info", "/nothing"):
        answer = httpx.get(app_url + path, headers={"Origin": "https://evil.example", **named})
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_the_page_does_not_tell_where_the_app_lies(app_url: str, project: Path) -> None:
    for path in ("/", "/config", "/gradio_api/info"):
        assert str(project) not in httpx.get(app_url + path).text
    posters = set(re.findall(r"examples/\w+\.webp", httpx.get(app_url).text))
    assert posters
    for poster in posters:
        answer = httpx.get(f"{app_url}/{poster}")
        assert answer.headers["content-type"] == "image/webp" and answer.content[8:12] == b"WEBP"
    assert httpx.get(f"{app_url}/examples/make_examples.webp").status_code == 404


def test_a_page_of_others_stores_no_submission(page: Served) -> None:
    manifest = page.board.rules(TRACK).manifest or ()
    content = "name,openset\n" + "".join(f"{name},calm\n" for (name,) in sorted(manifest))
    file = page.upload("foreign.csv", content.encode())
    values = [TRACK, file, "Foreign", "", "", False]
    for foreign in FOREIGN:
        assert run(page.url, "submit", values, {**foreign, access.WHO: "participant"})[0] == 403
    assert page.board.ledger.refresh().submissions == {}
    assert run(page.url, "submit", values, {access.WHO: "participant"})[0] == 200
    assert len(page.board.ledger.refresh().submissions) == 1


def test_the_page_itself_and_programs_call(app_url: str) -> None:
    port = urlsplit(app_url).port
    own: list[dict[str, str]] = [
        {},
        {"Origin": app_url},
        {"Origin": app_url, "Sec-Fetch-Site": "same-origin"},
        {"Host": f"127.0.0.1:{port}", "Origin": "https://emer.example", "Sec-Fetch-Site": "same-origin"},
        {"Host": "emer.example", "Origin": "https://emer.example:8443", "Sec-Fetch-Site": "same-origin"},
        {"Host": "emer.example:443", "Origin": "https://emer.example"},
        {"Host": "emer.example", "Origin": "http://emer.example:80"},
        {"Sec-Fetch-Site": "none"},
        {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"},
        {"Host": "emer.example", "Origin": "https://emer.example"},
        {"Origin": "https://emer.example", "X-Forwarded-Host": "emer.example"},
        {"Origin": "https://emer.example", "X-Forwarded-Host": "inner.example, emer.example"},
    ]
    for headers in own:
        assert run(app_url, "table", [TRACK, False], headers)[0] == 200, headers


def test_a_proxy_can_give_the_app_another_name(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(origin: str) -> bool:
        return run(page.url, "table", [TRACK, False], {"Origin": origin})[0] == 200

    assert not taken("https://emer.example")
    monkeypatch.setenv("EMER_ORIGINS", "https://Emer.example/, http://other.example:8080")
    assert taken("https://emer.example") and taken("http://other.example:8080")
    assert not taken("http://emer.example") and not taken("https://emer.example.evil") and not taken("null")
    monkeypatch.setenv("EMER_ORIGINS", ",")
    assert not taken("") and not taken("null")
    monkeypatch.setenv("SPACE_HOST", "lab-emer.hf.space")
    assert taken("https://lab-emer.hf.space") and not taken("https://evil.hf.space")


# Calls


def test_too_many_values_are_refused(app_url: str) -> None:
    for size, expected in ((MOST_CALL_BYTES - 100, 500), (MOST_CALL_BYTES + 1, 413)):
        body = json.dumps({"data": ["x" * (size - 12)]}).encode()
        for chunked in (False, True):
            with httpx.Client(base_url=app_url) as client:
                content: Any = iter([body[:1000], body[1000:]]) if chunked else body
                answer = client.post("/gradio_api/run/status", content=content, headers=JSON)
            assert answer.status_code == expected, (size, chunked)
    assert f"{MOST_CALL_BYTES:,}" in answer.json()["detail"]


def test_what_is_no_call_is_told_so_and_fills_no_log(app_url: str, app_log: Path) -> None:
    before = app_log.stat().st_size
    for name in ("nope", "x" * 200, "predict", "..", "%00", "overview%20"):
        for kind in ("call", "call/v2"):
            assert ask(app_url, "POST", f"/gradio_api/{kind}/{name}", b'{"data":[]}', JSON)[0] == 404
    assert run(app_url, "nope", [])[0] == 404
    bodies: list[Any] = [
        {"data": [], "fn_index": 9999, "session_hash": "x"},
        {"data": [], "fn_index": -1, "session_hash": "x"},
        {"data": [], "fn_index": 0},
        {"data": "x", "fn_index": 0, "session_hash": "x"},
        *([], None, "x", {}, float("nan")),
    ]
    for body in bodies:
        for path in ("queue/join", "run/predict", "call/v2/table", "call/v2/_run"):
            status, answer = ask(app_url, "POST", f"/gradio_api/{path}", json.dumps(body).encode(), JSON)
            assert status in (400, 422) or (path == "run/predict" and body.get("fn_index") == 0), (path, body, status)
            assert b"Traceback" not in answer
    for path in ("/static/" + "x" * 300, "/assets/" + "x/" * 2000):
        assert ask(app_url, "GET", path)[0] == 404
    said = app_log.read_bytes()[before:].decode()
    assert not re.findall(r".* (?:ERROR|WARNING) .*", said), (
        "each is a line that strangers can write as often as they like"
    )


def form(*parts: tuple[str, bytes]) -> tuple[bytes, dict[str, str]]:
    body = b"".join(
        b"--B\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (head.encode(), c) for head, c in parts
    )
    return body + b"--B--\r\n", {"Content-Type": "multipart/form-data; boundary=B"}


def test_an_upload_holds_files_and_nothing_else(app: tuple[str, Path]) -> None:
    """What is no file Gradio would keep in memory, and copy at each packet that arrives."""
    url, uploads = app
    before = files_in(uploads)
    for parts in (
        [('name="x"', b"x" * 100)],
        [('name="files"; filename="a.csv"', b"a"), ('name="y"', b"x" * 5_000_000)],
    ):
        status, answer = ask(url, "POST", "/gradio_api/upload", *form(*parts))
        assert (status, answer) == (400, b"An upload holds files and nothing else.")
    assert files_in(uploads) == before


def test_an_upload_that_breaks_off_leaves_nothing(app: tuple[str, Path]) -> None:
    url, uploads = app
    before = files_in(uploads)
    body, headers = form(('name="files"; filename="a.csv"', b"x" * 2_000_000))
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as connection:
        head = f"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Type: {headers['Content-Type']}\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:1_000_000])
        assert wait_for(lambda: files_in(uploads) != before)
    assert wait_for(lambda: files_in(uploads) == before)


# Whoever works on this machine


def test_whoever_works_on_this_machine_is_the_local_organiser(app_url: str, tmp_path: Path) -> None:
    assert an_organiser(app_url)
    assert httpx.post(f"{app_url}/gradio_api/run/overview", json={"data": []}).status_code == 200
    client = Client(app_url, verbose=False, download_files=tmp_path)
    assert "decisions" in client.predict(api_name="/overview")
    if curl := shutil.which("curl"):
        command = [curl, "-sS", "-H", "Content-Type: application/json", "-d", '{"data":[]}']
        said = subprocess.run([*command, f"{app_url}/gradio_api/run/overview"], capture_output=True, text=True)
        assert "decisions" in said.stdout


def test_so_is_a_browser(app_url: str, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(app_url)
    status = page.evaluate(
        """async () => (await fetch('/gradio_api/run/overview', {
            method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{"data":[]}'})).status"""
    )
    context.close()
    assert status == 200


@pytest.mark.parametrize(
    "header",
    [
        *("Fly-Client-IP", "Client-IP", "X-Cluster-Client-IP", "X-Envoy-External-Address", "X-Azure-ClientIP"),
        *("CDN-Loop", "Tailscale-User-Login", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded"),
        *("X-Real-IP", "Via", "CF-Connecting-IP", "True-Client-IP", "X-Original-Host", "X-ProxyUser-Ip", "Traceparent"),
        *(
            "X-Amzn-Trace-Id",
            "X-Request-ID",
            "Remote-User",
            "X-Made-Up",
            "Proxy-Authorization",
            "Upgrade",
            "Early-Data",
        ),
    ],
)
def test_a_header_that_neither_browsers_nor_programs_send_makes_a_stranger(app_url: str, header: str) -> None:
    for value in ("127.0.0.1", "localhost", ""):
        assert not an_organiser(app_url, {header: value})
        assert not an_organiser(app_url, {header.lower(): value})


def test_a_made_up_header_makes_a_stranger(app_url: str) -> None:
    for _ in range(20):
        assert not an_organiser(app_url, {f"X-{secrets.token_hex(4)}": "1"})


def test_so_does_another_name_of_the_app(app_url: str) -> None:
    port = urlsplit(app_url).port
    for host in ("emer.example", f"emer.example:{port}", f"127.0.0.1.nip.io:{port}", f"192.0.2.1:{port}", "0.0.0.0"):
        assert not an_organiser(app_url, {"Host": host}), host
    assert an_organiser(app_url, {"Host": f"localhost:{port}"})
    assert not an_organiser(app_url, {"Referer": "http://127.0.0.1:1/"})


def raw(url: str, request: str) -> bytes:
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=60) as connection:
        connection.sendall(request.encode())
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


@pytest.mark.parametrize(("version", "expected"), [("1.0", False), ("1.1", True)])
def test_http_1_0_is_what_proxies_speak(app_url: str, version: str, expected: bool) -> None:
    head = f"POST /gradio_api/run/overview HTTP/{version}\r\nHost: {urlsplit(app_url).netloc}\r\n"
    rest = 'Connection: close\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"data":[]}'
    assert (MEASURE.encode() not in raw(app_url, head + rest)) == expected


AS_NOBODY = """
import os, socket, sys
request = (
    f"POST /gradio_api/run/{sys.argv[3]} HTTP/1.1\\r\\nHost: {sys.argv[1]}:{sys.argv[2]}\\r\\nConnection: close\\r\\n"
    f"Content-Type: application/json\\r\\nContent-Length: {len(sys.argv[4])}\\r\\n\\r\\n{sys.argv[4]}"
)
os.setgroups([]); os.setgid(65534); os.setuid(65534)
connection = socket.socket()
connection.connect((sys.argv[1], int(sys.argv[2])))
connection.sendall(request.encode())
if sys.argv[5] == "stay":
    while part := connection.recv(65536):
        sys.stdout.write(part.decode())
"""


@pytest.fixture
def as_nobody(app_url: str) -> Callable[..., str]:
    if os.getuid() != 0 or not Path("/proc/net/tcp").exists():
        pytest.skip("only root can become another user, and only Linux tells whose a connection is")
    host, port = str(urlsplit(app_url).hostname), str(urlsplit(app_url).port)

    def call(name: str, values: list[Any], then: str = "stay") -> str:
        command = [sys.executable, "-c", AS_NOBODY, host, port, name, json.dumps({"data": values}), then]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    return call


def test_another_user_of_the_machine_is_a_stranger(as_nobody: Callable[..., str]) -> None:
    assert MEASURE in as_nobody("overview", [])
    assert TRACK in as_nobody("tracks", [])


def test_who_hangs_up_at_once_is_nobody_else(as_nobody: Callable[..., str], app_url: str) -> None:
    """Linux calls the remains of a closed connection root's."""
    marks = [secrets.token_hex(8) for _ in range(10)]
    for mark in marks:
        as_nobody("rescore", [TRACK, mark], "leave")
    assert run(app_url, "table", [TRACK, False])[0] == 200
    decisions = run(app_url, "overview", [])[1]
    assert not [mark for mark in marks if mark in decisions]


# Whose turn it is


def test_reading_never_waits_behind_work(page: Served) -> None:
    """33 anonymous calls that check a file of 32 MB, and all the while the board answers everybody."""
    line = page.lines.files
    file = page.upload("large.csv", b"\0" * 32_000_000)
    with ThreadPoolExecutor(40) as pool, line.turn("somebody else"):
        checks = [pool.submit(run, page.url, "check", [TRACK, file]) for _ in range(33)]
        assert wait_for(lambda: sum(check.done() for check in checks) == 33 - line.share)
        for _ in range(5):
            for name, values in (("table", [TRACK, False]), ("tracks", [])):
                assert run(page.url, name, values)[0] == 200
            assert httpx.get(page.url).status_code == 200
        assert len(line) == 1 + line.share
    answers = [check.result() for check in checks]
    busy = [json.loads(answer)["error"] for status, answer in answers if status != 200]
    assert len(busy) == 33 - line.share
    assert set(busy) == {f"You already have {line.share} requests waiting; try again when they are done."}
    assert len(line) == 0


def test_a_file_that_is_being_stored_holds_up_nobody(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Storing may wait for the Hub for minutes; reading the next file does not."""
    file = page.upload("right.csv", sample_csv(page.board.rules(TRACK)).encode())
    storing, stored = threading.Event(), threading.Event()
    write = FolderStore.write

    def slow(store: FolderStore, *entry: Any) -> None:
        storing.set()
        stored.wait(60)
        write(store, *entry)

    monkeypatch.setattr(FolderStore, "write", slow)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(run, page.url, "submit", [TRACK, file, "slow", "", "", False], {access.WHO: "participant"})
        try:
            assert storing.wait(30)
            assert (len(page.lines.storing), len(page.lines.files)) == (1, 0)
            status, answer = run(page.url, "check", [TRACK, file])
            assert status == 200 and json.loads(answer)["data"][0]["ok"]
        finally:
            stored.set()
        status, answer = sent.result()
    assert status == 200 and json.loads(answer)["data"][0]["ok"]
    assert len(page.lines.storing) == 0


def test_a_flood_from_one_client_keeps_no_other_from_reading(page: Served) -> None:
    line, over = page.lines.reading, threading.Event()

    def flood(headers: dict[str, str]) -> set[int]:
        seen = set()
        while not over.is_set():
            seen.add(run(page.url, "table", [TRACK, True], headers)[0])
        return seen

    with ThreadPoolExecutor(40) as pool:
        flooding = [pool.submit(flood, {"X-Forwarded-For": "198.51.100.7"}) for _ in range(30)]
        try:
            for number in range(6):
                status, answer = run(page.url, "table", [TRACK, False], {"X-Forwarded-For": f"203.0.113.{number}"})
                assert status == 200, answer
        finally:
            over.set()
        assert all(each.result() <= {200, 500} for each in flooding)
    assert len(line) == 0


def test_one_client_does_not_take_every_place_of_a_clip(page: Served) -> None:
    line, clip = page.lines.clips, page.upload("a.mp4", b"no clip at all")

    def explain(client: str) -> tuple[int, str]:
        return run(page.url, "explain", [clip, "", ["video"]], {"X-Forwarded-For": client})

    with ThreadPoolExecutor(20) as pool, line.turn("somebody else"):
        first = [pool.submit(explain, "198.51.100.7") for _ in range(line.share)]
        assert wait_for(lambda: len(line) == 1 + line.share)
        status, answer = explain("198.51.100.7")
        assert status == 500
        assert f"You already have {line.share} requests waiting" in json.loads(answer)["error"]
        other = pool.submit(explain, "203.0.113.9")
        assert wait_for(lambda: len(line) == 2 + line.share) and not other.done()
    for each in (*first, other):
        assert "waiting" not in each.result()[1]
    assert len(line) == 0


# The page when it opens


def test_a_new_page_shows_the_organisers_tab_and_new_tracks_to_those_they_are_for(page: Served) -> None:
    (opening,) = [each for each in page.page.fns.values() if each.fn and "load" in [on for _, on in each.targets]]

    def shown(who: str) -> list[str]:
        """What changes on a page that was just opened, each part with its name or label."""
        values = [getattr(block, "value", None) for block in opening.inputs]
        body = {"fn_index": opening._id, "data": values, "session_hash": secrets.token_hex(4)}
        answer = page.client.post("/gradio_api/run/predict", json=body, headers={access.WHO: who})
        data = answer.raise_for_status().json()["data"]
        changed = zip(opening.outputs, data, strict=True)
        return [f"{block} {getattr(block, 'label', '')} {value}" for block, value in changed]

    def organises(who: str) -> bool:
        return any("board.organise" in each and "'visible': True" in each for each in shown(who))

    assert organises("organiser") and not organises("stranger") and not organises("participant")
    write_track(Path(os.environ["EMER_HOME"]), "added-later")
    assert wait_for(lambda: sum("added-later" in each for each in shown("stranger")) == 4)


# The table


def test_the_table_of_who_may_reach_what_is_what_the_app_answers(tmp_path: Path) -> None:
    with access.served(tmp_path, access.watched()) as served:
        asked = access.handlers(served)
    assert access.text(asked) == access.PAGE.read_text(encoding="utf-8"), (
        f"docs/access.md is not what the app answers; look at the difference, and write it anew: {access.COMMAND}"
    )
    assert not [
        handler.name
        for handler in asked
        if handler.answers[0] != handler.answers[1] and handler.answers[0] == access.ANSWERS
    ]
