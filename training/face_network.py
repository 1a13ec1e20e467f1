"""The face witness: a small residual network fitted to the votes of FERPlus.

Soft labels: the share of ten people who saw each expression (Barsoum et al. 2016, arXiv:1608.01041, "probabilistic
label drawing" in its expected form). "No face" is a class of its own, so that a wall need not be an emotion.
"""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from emer_space.feelings import FEELINGS
from emer_space.models.expression import FACE_CLASSES
from training.corpora import Faces

SIDE = 48
WIDTHS = (32, 32, 96, 192)
BATCH = 128
AVERAGING = 0.998
"""Share of the previous mean in the running mean of the weights, which is kept (Polyak averaging)."""
NO_FACES = 0.04
"""Share of pictures without a face in every batch."""
BALANCE = 0.5
"""Rare expressions are drawn more often, by their frequency to the power of minus this."""


class Residual(nn.Module):
    """Two convolutions of 3 × 3 beside a shortcut (He et al. 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        same = inputs == outputs and stride == 1
        self.shortcut: nn.Module = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.body(x) + self.shortcut(x))


class FaceNet(nn.Module):
    """Maps grey faces (n, 1, 48, 48) of any range to logits (n, classes), after scaling each to mean 0, deviation 1.

    The first classes are `FACE_CLASSES`, learned from votes; a second head, if there is one, has the feelings, learned
    from teachers.
    """

    def __init__(self, classes: int = len(FACE_CLASSES), widths: tuple[int, int, int, int] = WIDTHS) -> None:
        super().__init__()
        first, second, third, fourth = widths
        self.body = nn.Sequential(
            nn.Conv2d(1, first, 5, 2, 2, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(inplace=True),
            Residual(first, second, 1),
            Residual(second, third, 2),
            Residual(third, fourth, 2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(fourth, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean((1, 2, 3), keepdim=True)
        deviation = (centred * centred).mean((1, 2, 3), keepdim=True).sqrt()
        result: Tensor = self.body(centred / (deviation + 1.0))
        return result

    def with_taught_head(self) -> "FaceNet":
        """The same network with a second head, which starts as a copy of the first without "no face"."""
        wider = FaceNet(classes=len(FACE_CLASSES) + len(FEELINGS))
        own, new = self.state_dict(), wider.state_dict()
        for name, values in own.items():
            new[name] = (
                values.clone() if new[name].shape == values.shape else torch.cat([values, values[: len(FEELINGS)]])
            )
        wider.load_state_dict(new)
        return wider


def varied(x: Tensor, dice: torch.Generator) -> Tensor:
    """Augmented faces (n, 1, 48, 48), 0…255: mirrored, turned, scaled, relit, blurred, noisy, partly covered."""
    n = len(x)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand((n, *shape), generator=dice) * (high - low) + low

    def sometimes(share: float) -> Tensor:
        return (torch.rand(n, generator=dice) < share).float()

    angle, size, squeeze = uniform(-0.3, 0.3), uniform(0.8, 1.2), 1 + sometimes(0.4) * uniform(0.0, 0.35)
    mirror = 1 - 2 * sometimes(0.5)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = torch.cos(angle) * size * squeeze * mirror
    theta[:, 0, 1] = -torch.sin(angle) * size
    theta[:, 1, 0] = torch.sin(angle) * size * mirror
    theta[:, 1, 1] = torch.cos(angle) * size
    theta[:, :, 2] = uniform(-0.15, 0.15, 2)
    grid = functional.affine_grid(theta, [n, 1, SIDE, SIDE], align_corners=False)
    x = functional.grid_sample(x / 255.0, grid, padding_mode="border", align_corners=False)
    x = x.clamp(0, 1) ** torch.exp(uniform(-0.5, 0.5, 1, 1, 1))
    across = torch.linspace(-1, 1, SIDE)
    slope = uniform(-0.5, 0.5, 2, 1, 1, 1) * sometimes(0.5)[:, None, None, None, None]
    x = x * (1 + slope[:, 0] * across[None, None, None, :] + slope[:, 1] * across[None, None, :, None])
    x = _blurred(x, dice)
    x = x + sometimes(0.3)[:, None, None, None] * uniform(0, 0.08, 1, 1, 1) * torch.randn(x.shape, generator=dice)
    return _covered(x, dice) * 255.0


def _blurred(x: Tensor, dice: torch.Generator) -> Tensor:
    """Blurs a third of the pictures by scaling them down to 14 to 40 pixels and up again."""
    chosen = torch.randperm(len(x), generator=dice)[: len(x) // 3]
    x = x.clone()
    for part in chosen.split(max(1, len(chosen) // 3)):
        side = int(torch.randint(14, 41, (1,), generator=dice))
        small = functional.interpolate(x[part], size=(side, side), mode="bilinear", antialias=True)
        x[part] = functional.interpolate(small, size=(SIDE, SIDE), mode="bilinear")
    return x


def _covered(x: Tensor, dice: torch.Generator) -> Tensor:
    """Covers a part of a quarter of the pictures with one shade (random erasing, Zhong et al. 2020)."""
    x = x.clone()
    for index in torch.randperm(len(x), generator=dice)[: len(x) // 4].tolist():
        height, width = torch.randint(8, 20, (2,), generator=dice).tolist()
        top, left = (int(torch.randint(0, SIDE - side, (1,), generator=dice)) for side in (height, width))
        x[index, :, top : top + height, left : left + width] = torch.rand(1, generator=dice)
    return x


def without_face(x: Tensor, dice: torch.Generator) -> Tensor:
    """Pictures (n, 1, 48, 48), 0…255, without a face, made of pieces of `x` that are too small to show one."""
    n = len(x)
    theta = torch.zeros(n, 2, 3)
    turn = torch.rand(n, generator=dice) * 2 * math.pi
    size = 0.06 + 0.16 * torch.rand(n, generator=dice)
    theta[:, 0, 0], theta[:, 0, 1] = torch.cos(turn) * size, -torch.sin(turn) * size
    theta[:, 1, 0], theta[:, 1, 1] = torch.sin(turn) * size, torch.cos(turn) * size
    theta[:, :, 2] = torch.rand((n, 2), generator=dice) * 1.7 - 0.85
    grid = functional.affine_grid(theta, [n, 1, SIDE, SIDE], align_corners=False)
    return functional.grid_sample(x, grid, padding_mode="border", align_corners=False)


def seen_badly(images: NDArray[np.uint8], seed: int = 0) -> NDArray[np.uint8]:
    """Faces (n, 48, 48), augmented by `varied`."""
    dice = torch.Generator().manual_seed(seed)
    parts = [varied(part, dice) for part in torch.from_numpy(images)[:, None].float().split(256)]
    return torch.cat(parts)[:, 0].clamp(0, 255).byte().numpy()


@dataclass(frozen=True, slots=True)
class Course:
    """A training schedule: `epochs` of `draws` pictures each, with `rate` as the highest learning rate."""

    epochs: int
    rate: float
    draws: int = 26_880


VOTES = Course(45, 3e-3)
"""The first course: people's votes only."""
TAUGHT = Course(12, 1.5e-3)
"""The second: with a head for the teachers, and faces cropped as the app crops them."""


def fit(
    data: Faces,
    seed: int,
    course: Course = VOTES,
    start: FaceNet | None = None,
    progress: Callable[[str], None] = print,
) -> FaceNet:
    """The network fitted to the split `train`, starting from `start` if given.

    `progress` gets a line with its accuracy on `val` after every epoch.
    """
    torch.manual_seed(seed)
    dice = torch.Generator().manual_seed(seed)
    train = data.part("train")
    pictures = torch.from_numpy(train.images)[:, None].float()
    wanted = torch.from_numpy(train.shares).float()
    taught = None if train.taught is None else torch.from_numpy(train.taught).float()
    frequency = torch.bincount(wanted.argmax(1), minlength=len(FACE_CLASSES)).float()
    draw = frequency.clamp(min=1)[wanted.argmax(1)] ** -BALANCE
    net = copy.deepcopy(start) if start else FaceNet()
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = copy.deepcopy(net).eval()
    decayed = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.02}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=course.rate)
    steps = max(1, min(course.draws, len(pictures)) // BATCH)
    total = steps * course.epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, course.rate, total_steps=total, pct_start=0.15)
    nothing = torch.zeros(len(FACE_CLASSES))
    nothing[FACE_CLASSES.index("no face")] = 1.0
    empty = round(BATCH * NO_FACES)
    for epoch in range(course.epochs):
        started, losses = time.perf_counter(), []
        net.train()
        for batch in torch.multinomial(draw, steps * BATCH, replacement=True, generator=dice).split(BATCH):
            x, y = varied(pictures[batch], dice), wanted[batch].clone()
            x[:empty], y[:empty] = without_face(pictures[batch[:empty]], dice), nothing
            logits = net(x.to(memory_format=torch.channels_last))
            loss = _loss(logits[:, : len(FACE_CLASSES)], y)
            if taught is not None:  # teachers do not label pictures without a face
                loss = loss + _loss(logits[empty:, len(FACE_CLASSES) :], taught[batch[empty:]])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
            _average(mean, net, min(AVERAGING, 1 - 1 / (1 + epoch * steps + len(losses))))
        progress(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}, {accuracy(mean, data.part('val')):.4f} of val right, "
             f"{time.perf_counter() - started:.0f} s")  # fmt: skip
    return mean


def _loss(logits: Tensor, wanted: Tensor) -> Tensor:
    return -(wanted * functional.log_softmax(logits, 1)).sum(1).mean()


def _average(mean: FaceNet, net: FaceNet, share: float) -> None:
    with torch.no_grad():
        for kept, new in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(new, 1 - share)
            else:
                kept.copy_(new)


def logits(net: FaceNet, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Logits (n, classes) of faces (n, 48, 48): the mean over the picture and its mirror image."""
    net.eval()
    with torch.no_grad():
        parts = [
            (net(part) + net(part.flip(3))) / 2 for part in torch.from_numpy(images)[:, None].float().split(512)
        ]  # fmt: skip
    return torch.cat(parts).numpy()


def accuracy(net: FaceNet, data: Faces) -> float:
    """Share of clearly labelled faces whose likeliest expression has most votes."""
    clear = data.clear()
    named = logits(net, clear.images)[:, : len(FEELINGS)].argmax(1)
    return float((named == clear.labels).mean())


def export(net: FaceNet, path: Path) -> None:
    """Write the network as ONNX: `faces` (n, 1, 48, 48) → `logits` (n, classes)."""
    net.eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    torch.onnx.export(
        net,
        (torch.zeros(2, 1, SIDE, SIDE),),
        str(path),
        input_names=["faces"],
        output_names=["logits"],
        dynamic_axes={"faces": {0: "n"}, "logits": {0: "n"}},
        dynamo=False,
    )
