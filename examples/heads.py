"""Heads: MakeHuman's base mesh shaped into a person, dressed, and moved by facial actions and the neck."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.material import Material, Mesh, Points, Proxy

CUT = 3.4
"""Faces below this height (decimetres) are outside every picture."""
NECK = {"neck01": 0.2, "neck02": 0.45, "neck03": 0.7}
"""How much of a turn of the head each bone of the neck takes; the head and all it carries take the whole."""
TRUNK = (
    "spine",
    "clavicle",
    "shoulder",
    "upperarm",
    "lowerarm",
    "wrist",
    "finger",
    "metacarpal",
    "breast",
    "pelvis",
    "upperleg",
    "lowerleg",
    "foot",
    "toe",
    "root",
)


@dataclass(frozen=True)
class Piece:
    """A part of a person as it is drawn: its look, its faces with texture coordinates, and its vertices."""

    look: str
    texture: Path
    mesh: Mesh
    vertices: Points


class Head:
    """A person from the waist up. `shape`: targets and their weights; `wears`: look → name of a proxy."""

    def __init__(self, material: Material, person: Mapping[str, object]) -> None:
        mesh = material.body()
        vertices = mesh.vertices.copy()
        for name, weight in person["shape"].items():  # type: ignore[attr-defined]
            moved, by = material.shape(name)
            vertices[moved] += weight * by
        self.actions = {name: material.action(name) for name in material.actions()}
        self.mesh, self.rest, self.skin = mesh, vertices, material.skin(str(person["skin"]))
        self.worn: dict[str, Proxy] = {}
        for look, name in person["wears"].items():  # type: ignore[attr-defined]
            proxy, _, texture = name.partition(":")
            self.worn[look] = material.proxy(proxy, texture)
        self.carried = self._carried(material.bones())
        self.pivot = self._joint("joint-neck")
        self.eyes = (self._joint("joint-l-eye") + self._joint("joint-r-eye")) / 2
        self.faces = self._shown()

    def _carried(self, bones: Mapping[str, list[tuple[int, float]]]) -> Points:
        """How far each vertex follows the head, 0…1."""
        share, total = np.zeros(len(self.rest)), np.zeros(len(self.rest))
        for bone, weights in bones.items():
            part = NECK.get(bone, 0.0 if bone.startswith(TRUNK) else 1.0)
            for vertex, weight in weights:
                share[vertex] += part * weight
                total[vertex] += weight
        return share / np.maximum(total, 1e-6)

    def _joint(self, group: str) -> Points:
        faces = (face for face, name in zip(self.mesh.faces, self.mesh.groups, strict=True) if name == group)
        middle: Points = self.rest[sorted({corner for face in faces for corner in face})].mean(axis=0)
        return middle

    def _shown(self) -> Mesh:
        hidden = np.zeros(len(self.rest), bool)
        for proxy in self.worn.values():
            hidden |= proxy.hides
        kept = [
            number
            for number, (face, group) in enumerate(zip(self.mesh.faces, self.mesh.groups, strict=True))
            if group == "body" and not all(hidden[v] for v in face) and min(self.rest[v, 1] for v in face) > CUT
        ]
        faces, uvs = ([rows[number] for number in kept] for rows in (self.mesh.faces, self.mesh.face_uvs))
        return Mesh(self.rest, self.mesh.uvs, faces, uvs, ["body"] * len(kept))

    def posed(self, actions: Mapping[str, float], turn: tuple[float, float, float]) -> list[Piece]:
        """The person with facial actions (0…1) and the head turned by degrees: down, left, to the left shoulder."""
        body = self.rest.copy()
        for name, amount in actions.items():
            if abs(amount) > 1e-3:
                moved, by = self.actions[name]
                body[moved] += amount * by
        body = self._turned(body, turn)
        pieces = [Piece("skin", self.skin, self.faces, body)]
        for look, proxy in self.worn.items():
            pieces.append(Piece(look, proxy.texture, proxy.mesh, proxy.fitted(body)))
        return pieces

    def _turned(self, body: Points, turn: tuple[float, float, float]) -> Points:
        relative = body - self.pivot
        moved = body.copy()
        for level in np.unique(np.round(self.carried, 2)):
            if level > 0:
                chosen: NDArray[np.bool_] = np.round(self.carried, 2) == level
                moved[chosen] = relative[chosen] @ rotation(tuple(level * angle for angle in turn)).T + self.pivot
        return moved


def rotation(turn: tuple[float, ...]) -> Points:
    """The matrix of a turn in degrees about x (nod down), y (to the person's left) and z (to the left shoulder)."""
    x, y, z = np.radians(turn)
    nod = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    shake = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    tilt = np.array([[np.cos(z), np.sin(z), 0], [-np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return np.asarray(shake @ nod @ tilt)
