"""The studio: takes pictures of heads with Blender's path tracer (package `bpy`, used for making only)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from examples.heads import Piece
from examples.material import Material, Points

SUBDIVIDED = ("skin", "eyes")


class Studio:
    """A scene with lights, a wall and a camera; `size` in pixels, `samples` a pixel before denoising."""

    def __init__(self, material: Material, size: tuple[int, int], samples: int, wall: Sequence[float]) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.material, self.meshes = material, {}  # type: ignore[var-annotated]
        self.scene = scene = bpy.context.scene
        scene.render.engine = "CYCLES"
        scene.cycles.samples, scene.cycles.use_adaptive_sampling = samples, False
        scene.cycles.use_denoising, scene.cycles.denoiser = True, "OPENIMAGEDENOISE"
        scene.cycles.denoising_quality, scene.cycles.denoising_prefilter = "FAST", "FAST"
        scene.cycles.max_bounces = 0  # direct light: a third of the time, and hardly to be told apart
        scene.cycles.transparent_max_bounces = 8
        scene.cycles.seed = 1
        scene.render.threads_mode, scene.render.threads = "FIXED", 1
        scene.render.use_persistent_data = True
        scene.render.resolution_x, scene.render.resolution_y = size
        scene.render.image_settings.file_format = "PNG"
        scene.view_settings.view_transform = "Filmic"
        scene.view_settings.look = "Medium High Contrast"
        scene.view_settings.exposure = 0.15
        self._world(wall)
        self._lights()

    def _world(self, wall: Sequence[float]) -> None:
        world = bpy.data.worlds.new("room")
        self.scene.world = world
        world.use_nodes = True
        world.node_tree.nodes["Background"].inputs[0].default_value = (0.75, 0.8, 0.9, 1)
        world.node_tree.nodes["Background"].inputs[1].default_value = 0.28
        bpy.ops.mesh.primitive_plane_add(size=60, location=(0, 9, 6), rotation=(np.pi / 2, 0, 0))
        look = self._look("wall")
        nodes, links = look.node_tree.nodes, look.node_tree.links
        shade = nodes["Principled BSDF"]
        where, ramp = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeTexNoise")
        ramp.inputs["Scale"].default_value = 2.2
        mix = _mixed(nodes, links, where, ramp, wall)
        links.new(mix, shade.inputs["Base Color"])
        shade.inputs["Roughness"].default_value = 0.9
        bpy.context.object.data.materials.append(look)

    def _lights(self) -> None:
        for name, at, power, size, colour in (
            ("key", (-4.5, -6.5, 10.5), 520, 3.5, (1, 0.94, 0.86)),
            ("fill", (6, -6, 7), 150, 5, (0.86, 0.92, 1)),
            ("rim", (4.5, 4.5, 10.5), 420, 2, (1, 0.97, 0.92)),
            ("wall", (0, 5.0, 2.0), 260, 6, (1, 1, 1)),
        ):
            lamp = bpy.data.lights.new(name, "AREA")
            lamp.energy, lamp.size, lamp.color = power, size, colour
            lit = bpy.data.objects.new(name, lamp)
            lit.location = at
            target = (0, 9, 8) if name == "wall" else (0, 0, 7.2)
            lit.rotation_euler = _facing(at, target)
            self.scene.collection.objects.link(lit)

    def aim(self, at: Sequence[float], distance: float, lens: float = 85.0) -> None:
        """Put the camera in front of a point."""
        camera = bpy.data.cameras.new("camera")
        camera.lens = lens
        seen = bpy.data.objects.new("camera", camera)
        seen.location = (at[0], at[2] - distance, at[1] + 0.15)
        seen.rotation_euler = _facing(seen.location, (at[0], at[2], at[1]))
        self.scene.collection.objects.link(seen)
        self.scene.camera = seen

    def place(
        self,
        person: str,
        pieces: Sequence[Piece],
        looks: Mapping[str, Any],
        at: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
    ) -> None:
        """Put a person at x, height and depth, turned by degrees to its left; a second call moves it."""
        for piece in pieces:
            key = f"{person} {piece.look}"
            if key not in self.meshes:
                self.meshes[key] = self._made(key, piece, looks, at)
            mesh = self.meshes[key]
            mesh.vertices.foreach_set("co", _upright(piece.vertices).astype(np.float32).ravel())
            mesh.update()

    def shoot(self, file: Path) -> None:
        """Render the picture."""
        self.scene.render.filepath = str(file)
        bpy.ops.render.render(write_still=True)

    def _made(self, key: str, piece: Piece, looks: Mapping[str, Any], at: tuple[float, float, float, float]) -> Any:
        mesh = bpy.data.meshes.new(key)
        mesh.from_pydata(_upright(piece.vertices).tolist(), [], piece.mesh.faces)
        layer = mesh.uv_layers.new(name="uv")
        corners = [corner for face in piece.mesh.face_uvs for corner in face]
        layer.data.foreach_set("uv", piece.mesh.uvs[corners].astype(np.float32).ravel())
        mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), bool))
        mesh.materials.append(self._dressed(key, piece, looks))
        made = bpy.data.objects.new(key, mesh)
        made.location, made.rotation_euler = (at[0], at[2], at[1]), (0, 0, np.radians(at[3]))
        if piece.look in SUBDIVIDED:
            made.modifiers.new("smooth", "SUBSURF").render_levels = 1
        self.scene.collection.objects.link(made)
        return mesh

    # Looks

    def _look(self, name: str) -> Any:
        look = bpy.data.materials.new(name)
        look.use_nodes = True
        return look

    def _dressed(self, key: str, piece: Piece, looks: Mapping[str, Any]) -> Any:
        look = self._look(key)
        nodes, links = look.node_tree.nodes, look.node_tree.links
        shade = nodes["Principled BSDF"]
        picture = nodes.new("ShaderNodeTexImage")
        picture.image = bpy.data.images.load(str(piece.texture))
        picture.interpolation = "Cubic"
        colour = picture.outputs["Color"]
        if piece.look == "skin":
            self._skin(nodes, links, shade, colour, looks)
            return look
        tint = looks.get(f"{piece.look}_tint")
        if tint:
            multiply = nodes.new("ShaderNodeMix")
            multiply.data_type, multiply.blend_type = "RGBA", looks.get(f"{piece.look}_blend", "MULTIPLY")
            multiply.inputs["Factor"].default_value = 1.0
            links.new(colour, multiply.inputs["A"])
            multiply.inputs["B"].default_value = (*tint, 1)
            colour = multiply.outputs["Result"]
        links.new(colour, shade.inputs["Base Color"])
        if piece.look in ("hair", "brows", "lashes", "beard", "cloth", "eyes"):
            links.new(picture.outputs["Alpha"], shade.inputs["Alpha"])
        rough = {"eyes": 0.08, "teeth": 0.25, "tongue": 0.35, "hair": 0.62, "cloth": 0.85}
        shade.inputs["Roughness"].default_value = rough.get(piece.look, 0.8)
        if piece.look == "teeth":  # so little light gets into the mouth that teeth would look black
            links.new(colour, shade.inputs["Emission Color"])
            shade.inputs["Emission Strength"].default_value = 0.25
        if piece.look == "hair":
            shade.inputs["Specular IOR Level"].default_value = 0.2
        return look

    def _skin(self, nodes: Any, links: Any, shade: Any, colour: Any, looks: Mapping[str, Any]) -> None:
        """Skin: the picture, evened and warmed, lips from their mask, blotches, pores."""
        adjust = nodes.new("ShaderNodeHueSaturation")
        adjust.inputs["Saturation"].default_value = looks.get("saturation", 1.0)
        adjust.inputs["Value"].default_value = looks.get("brightness", 1.0)
        links.new(colour, adjust.inputs["Color"])
        warm = nodes.new("ShaderNodeMix")
        warm.data_type, warm.blend_type = "RGBA", "MULTIPLY"
        warm.inputs["Factor"].default_value = 1.0
        links.new(adjust.outputs["Color"], warm.inputs["A"])
        warm.inputs["B"].default_value = (*looks.get("tone", (1.0, 0.88, 0.84)), 1)
        colour = warm.outputs["Result"]
        where = nodes.new("ShaderNodeTexCoord").outputs["Object"]
        blotches = nodes.new("ShaderNodeTexNoise")
        blotches.inputs["Scale"].default_value, blotches.inputs["Detail"].default_value = 5.0, 6.0
        links.new(where, blotches.inputs["Vector"])
        freckles = nodes.new("ShaderNodeTexNoise")
        freckles.inputs["Scale"].default_value, freckles.inputs["Detail"].default_value = 38.0, 4.0
        links.new(where, freckles.inputs["Vector"])
        for noise, low, high in ((blotches, 0.9, 1.1), (freckles, 0.9, 1.1)):
            spread = nodes.new("ShaderNodeMapRange")
            spread.inputs["From Min"].default_value, spread.inputs["From Max"].default_value = 0.3, 0.7
            spread.inputs["To Min"].default_value, spread.inputs["To Max"].default_value = low, high
            links.new(noise.outputs[0], spread.inputs["Value"])
            times = nodes.new("ShaderNodeMix")
            times.data_type, times.blend_type = "RGBA", "MULTIPLY"
            times.inputs["Factor"].default_value = 1.0
            links.new(colour, times.inputs["A"])
            links.new(spread.outputs["Result"], times.inputs["B"])
            colour = times.outputs["Result"]
        lips = nodes.new("ShaderNodeTexImage")
        lips.image = bpy.data.images.load(str(self.material.mask("lips")))
        lips.image.colorspace_settings.name = "Non-Color"
        share = nodes.new("ShaderNodeMath")
        share.operation = "MULTIPLY"
        share.inputs[1].default_value = looks.get("lipstick", 0.35)
        links.new(lips.outputs["Color"], share.inputs[0])
        painted = nodes.new("ShaderNodeMix")
        painted.data_type = "RGBA"
        links.new(share.outputs[0], painted.inputs["Factor"])
        links.new(colour, painted.inputs["A"])
        painted.inputs["B"].default_value = (*looks.get("lips", (0.45, 0.12, 0.11)), 1)
        links.new(painted.outputs["Result"], shade.inputs["Base Color"])
        pores, bump = nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeBump")
        pores.inputs["Scale"].default_value, pores.inputs["Detail"].default_value = 70.0, 3.0
        links.new(where, pores.inputs["Vector"])
        bump.inputs["Strength"].default_value, bump.inputs["Distance"].default_value = looks.get("pores", 0.25), 0.02
        links.new(pores.outputs[0], bump.inputs["Height"])
        links.new(bump.outputs["Normal"], shade.inputs["Normal"])
        shade.inputs["Roughness"].default_value = 0.48
        shade.inputs["Specular IOR Level"].default_value = 0.4


def _mixed(nodes: Any, links: Any, where: Any, noise: Any, wall: Sequence[float]) -> Any:
    links.new(where.outputs["Generated"], noise.inputs["Vector"])
    mix = nodes.new("ShaderNodeMix")
    mix.data_type = "RGBA"
    links.new(noise.outputs[0], mix.inputs["Factor"])
    mix.inputs["A"].default_value = (*(0.55 * np.array(wall)), 1)
    mix.inputs["B"].default_value = (*(1.3 * np.array(wall)), 1)
    return mix.outputs["Result"]


def _facing(at: Sequence[float], target: Sequence[float]) -> Any:
    from mathutils import Vector  # comes with bpy

    return (Vector(target) - Vector(at)).to_track_quat("-Z", "Y").to_euler()


def _upright(points: Points) -> Points:
    """From y up, z to the front, to Blender's z up, −y to the front."""
    return np.column_stack([points[:, 0], -points[:, 2], points[:, 1]])
