"""The material of `benchmarks.abuse`: valid prediction files and clips, and hostile ones of many kinds."""

import io
import json
import random
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parents[1]
MARK = "Qz7markQz7"
"""A mark in everything that is sent; it must never appear in the log."""
WORDS = ("happy", "sad", "angry", "worried", "calm", "surprised", "proud", "afraid")
EVIL_TEXTS = (
    *(f"{MARK}<script>alert(1)</script>", f"=cmd|'/C calc'!A0{MARK}", f"../../{MARK}", f"{MARK}\0", f"{MARK}\x1b[31m"),
    *(f"\u202e{MARK}", f"{MARK}{{}}%s%n$(id)`id`", f"'; DROP TABLE x; --{MARK}", f"{MARK}{{{{7*7}}}}", "NaN", "-1e999"),
    *("\ud800", "", " ", "\n", "a" * 70_000, "[" * 5_000, "null", "true", "0", "💥" * 1000, f"${{jndi:ldap://{MARK}}}"),
)

Content = tuple[str, bytes]
"""A file's name and content."""


def predictions(names: list[str], chance: random.Random) -> Content:
    """A valid file in one of the formats, with unique content."""
    rows = [(name, chance.sample(WORDS, chance.randint(1, 3))) for name in names]
    rows[0][1].append(f"word{chance.randrange(10**12)}")
    csv = "name,openset\n" + "".join(f'{name},"{labels}"\n' for name, labels in rows)
    kind = chance.choice(("csv", "csv", "jsonl", "json", "npz", "zip"))
    if kind == "jsonl":
        return "p.jsonl", "".join(json.dumps({"name": n, "openset": o}) + "\n" for n, o in rows).encode()
    if kind == "json":
        return "p.json", json.dumps([{"name": n, "openset": o} for n, o in rows]).encode()
    if kind == "npz":
        return "p.npz", _npz(name=[n for n, _ in rows], openset=[str(o) for _, o in rows])
    if kind == "zip":
        return "p.zip", _zip(("predictions.csv", csv.encode()))
    return "p.csv", csv.encode()


def hostile_predictions(names: list[str], chance: random.Random) -> Content:
    """A file that is wrong, dangerous or merely large."""
    name, content = predictions(names, chance)
    made = chance.choice(
        (_flipped, _cut, _doubled, _stuffed, _recoded, _renamed, _exploding, _deep, _pickled, _labels, _wide, _evil)
    )(name, content, chance)
    return made[0][:200] or "x", made[1][:40_000_000]


def _flipped(name: str, content: bytes, chance: random.Random) -> Content:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 3, 50))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return name, bytes(changed)


def _cut(name: str, content: bytes, chance: random.Random) -> Content:
    return name, content[: chance.randrange(len(content))]


def _doubled(name: str, content: bytes, chance: random.Random) -> Content:
    return name, content * chance.choice((2, 7))


def _stuffed(name: str, content: bytes, chance: random.Random) -> Content:
    at = chance.randrange(len(content))
    filler = chance.choice((b"\0", b'"', b",", b"\n", b"\r", b"a, ", b'"a,', b"\xff\xfe", MARK.encode()))
    return name, content[:at] + filler * chance.choice((1, 1_000, 2_000_000)) + content[at:]


def _recoded(name: str, content: bytes, chance: random.Random) -> Content:
    text = content.decode("latin-1") + chance.choice(("", "心", MARK))
    return name, text.encode(chance.choice(("utf-16", "utf-32", "utf-7", "utf-8-sig", "gb18030")), "replace")


def _renamed(name: str, content: bytes, chance: random.Random) -> Content:
    names = (
        "p.exe",
        "p.csv.gz",
        "..",
        "p",
        ".csv",
        f"{MARK}.csv",
        "p\n.csv",
        "a/../../p.csv",
        "п.csv",
        "p.npz",
        "p.zip",
    )
    return chance.choice((*names, "p.json", "p.jsonl", "p.pkl")), content


def _exploding(name: str, content: bytes, chance: random.Random) -> Content:
    inner = chance.choice(("p.csv", "../../p.csv", "/etc/p.csv", f"{MARK}.csv", "p.npz", "p.zip"))
    large = b"\0" * 300_000_000 if chance.random() < 0.1 else b"name,openset\n" + b"a," * 5_000_000
    return chance.choice(("p.zip", "p.npz")), _zip((inner, large), *[("q.csv", content)] * chance.randint(0, 1))


def _deep(name: str, content: bytes, chance: random.Random) -> Content:
    depth = chance.choice((100, 5_000, 1_000_000))
    return chance.choice(("p.json", "p.jsonl")), b'[{"name":"a","openset":' + b"[" * depth + b"]" * depth + b"}]"


def _pickled(name: str, content: bytes, chance: random.Random) -> Content:
    """An array of objects, which only unpickling could read; or a header that declares too large an array."""
    if chance.random() < 0.5:
        out = io.BytesIO()
        np.savez(out, name=np.array([{"a": MARK}, 1], dtype=object), openset=np.array(["x", "y"]))
        return "p.npz", out.getvalue()
    head = b"{'descr': '<U9999', 'fortran_order': False, 'shape': (99999999999,), }"
    array = b"\x93NUMPY\x01\x00" + (len(head) + 1).to_bytes(2, "little") + head + b"\n" + MARK.encode()
    return "p.npz", _zip(("name.npy", array), ("openset.npy", array))


def _labels(name: str, content: bytes, chance: random.Random) -> Content:
    cell = chance.choice(("a, ", '"a', "[[", "'x',", "1) joy\n", "happy; ", "([{", "\\u00e9", "happy (0.8) "))
    return "p.csv", f'name,openset\nclip-00,"{cell * chance.choice((100, 30_000, 1_000_000))}"\n'.encode()


def _wide(name: str, content: bytes, chance: random.Random) -> Content:
    columns = chance.choice((51, 5_000, 500_000))
    return "p.csv", ("name,openset" + ",x" * columns + "\n" + "a," * columns + "\n").encode()


def _evil(name: str, content: bytes, chance: random.Random) -> Content:
    rows = [{"name": chance.choice(EVIL_TEXTS), "openset": chance.choice(EVIL_TEXTS)} for _ in range(20)]
    return "p.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode()


def _npz(**columns: list[str]) -> bytes:
    out = io.BytesIO()
    np.savez(out, **{name: np.array(values) for name, values in columns.items()})  # type: ignore[arg-type]
    return out.getvalue()


def _zip(*members: Content) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


LURES = (
    "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:{0}\n#EXT-X-ENDLIST\n",
    "ffconcat version 1.0\nfile '{0}'\n",
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>file://{0}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns={0}\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    '<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{0}"/></svg>',
)
SMALL = ("-f", "lavfi", "-i", "testsrc2=duration=1:rate=10:size=160x120", "-f", "lavfi", "-i", "sine=duration=1")
RECIPES: dict[str, tuple[str, ...]] = {
    "plain.mp4": (*SMALL, "-shortest"),
    "plain.webm": (*SMALL, "-shortest", "-c:v", "libvpx", "-deadline", "realtime"),
    "plain.avi": (*SMALL, "-shortest"),
    "huge.mp4": ("-f", "lavfi", "-i", "color=size=8192x8192:rate=1:duration=3", "-c:v", "mjpeg"),
    "thin.mp4": ("-f", "lavfi", "-i", "color=size=16384x16:rate=1:duration=2", "-c:v", "mjpeg"),
    "fast.mp4": ("-f", "lavfi", "-i", "testsrc2=duration=1:rate=1000:size=64x64", "-c:v", "mjpeg"),
    "slow.mkv": ("-f", "lavfi", "-i", "testsrc2=duration=3000:rate=1/100:size=64x64", "-c:v", "mjpeg"),
    "long.wav": ("-f", "lavfi", "-i", "sine=frequency=300:sample_rate=8000:duration=1200"),
    "sound.ogg": ("-f", "lavfi", "-i", "sine=duration=1"),
    "still.png": ("-f", "lavfi", "-i", "testsrc2=duration=1:rate=1:size=64x64", "-frames:v", "1"),
    "moving.gif": ("-f", "lavfi", "-i", "testsrc2=duration=1:rate=5:size=64x64"),
    "many.mkv": (*SMALL, *("-map", "0:v") * 12, "-map", "1:a", "-shortest", "-c:v", "mjpeg"),
}


class Clips:
    """Clips made by ffmpeg, and damaged copies. `prey` is a local clip that no result may show."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.right = sorted((PROJECT / "examples").glob("*.mp4"))
        self.prey = folder / f"prey-{MARK}.mp4"
        self.made: dict[str, bytes] = {"empty.mp4": b"", "text.mp4": MARK.encode() * 1000, "zeros.mp4": bytes(100_000)}
        for name, recipe in RECIPES.items():
            path = folder / name
            done = subprocess.run(["ffmpeg", "-v", "error", "-y", *recipe, str(path)], check=False, capture_output=True)
            if done.returncode == 0:
                self.made[name] = path.read_bytes()
        self.prey.write_bytes(self.right[0].read_bytes())

    def clip(self, chance: random.Random) -> Content:
        """A hostile clip; one in eight is valid."""
        ways: tuple[Callable[[random.Random], Content], ...] = (self._lure, self._plain, self._mutated, self._mutated)
        if chance.random() < 0.125:
            path = chance.choice(self.right)
            return path.name, path.read_bytes()
        return chance.choice(ways)(chance)

    def _lure(self, chance: random.Random) -> Content:
        text = chance.choice(LURES).format(self.prey) + chance.choice(("", "\0"))
        return chance.choice(("a.mp4", "a.m3u8", "a.mpd", "a.webm", "a.wav")), text.encode()

    def _plain(self, chance: random.Random) -> Content:
        name = chance.choice(sorted(self.made))
        return chance.choice((name, "a.mp4", f"{MARK}.mp4", "-i a.mp4", "a b%d.mov")), self.made[name]

    def _mutated(self, chance: random.Random) -> Content:
        name = chance.choice([name for name in sorted(self.made) if self.made[name]])
        content = bytearray(self.made[name][:3_000_000])
        for _ in range(chance.choice((1, 10, 300))):
            at = chance.randrange(min(len(content), chance.choice((200, 4_000, len(content)))))
            content[at] = chance.randrange(256)
        return name, bytes(content[: chance.choice((len(content), len(content) // 2, 1_000))])
