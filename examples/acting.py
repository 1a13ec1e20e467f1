"""What a face does over time: expressions and turns of a scene, speech, blinks and the sway of a living head."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Frame = tuple[dict[str, float], tuple[float, float, float]]
"""Facial actions with their strength, and the turn of the head in degrees (down, left, to the left shoulder)."""
SPEAKING = 0.55
"""How much of an expression's mouth is left while the mouth is wide open in speech."""
BLINK_S = 0.28
WHOLE = {"browInnerUp", "jawForward", "jawOpen", "mouthFunnel", "mouthPucker", "mouthRollLower", "mouthShrugLower"}
"""Actions that have no sides."""


def played(
    role: Mapping[str, Any],
    expressions: Mapping[str, Mapping[str, float]],
    speech: NDArray[np.float64],
    fps: float,
    seed: int,
) -> list[Frame]:
    """The frames of a role: as many as `speech` has rows (open, wide, round; 0…1 each)."""
    chance = np.random.default_rng(seed)
    phases, speeds = chance.uniform(0, 2 * np.pi, 6), chance.uniform(0.7, 1.5, 6)
    blinks = np.cumsum(chance.uniform(1.3, 2.6, 8)) - 0.7
    frames = []
    for number, (opened, wide, round_) in enumerate(speech):
        now = number / fps
        actions: dict[str, float] = {}
        for share, name in _blend(role["acts"], now):
            for action, amount in expressions[name].items():
                for side in _sides(action):
                    actions[side] = actions.get(side, 0.0) + share * amount
        talking = role.get("speech", 1.0) * opened if not role.get("silent") else 0.0
        for action in list(actions):
            if action.startswith(("mouthFrown", "mouthPress", "mouthShrug", "mouthRoll")):
                actions[action] *= 1 - (1 - SPEAKING) * talking
        spoken = {
            "jawOpen": 0.42 * talking,
            "mouthLowerDown": 0.2 * talking,
            "mouthUpperUp": 0.1 * talking,
            "mouthFunnel": 0.3 * round_,
            "mouthPucker": 0.3 * round_,
            "mouthStretch": 0.15 * wide,
            "browInnerUp": 0.12 * talking,
        }
        if not role.get("silent"):
            for action, amount in spoken.items():
                for side in _sides(action):
                    actions[side] = actions.get(side, 0.0) + amount
        shut = max(_blink(now - at) for at in blinks)
        for side in ("Left", "Right"):
            actions[f"eyeBlink{side}"] = min(1.0, max(shut, actions.get(f"eyeBlink{side}", 0.0)))
            actions[f"eyeWide{side}"] = actions.get(f"eyeWide{side}", 0.0) * (1 - shut)
        drift = [np.sin(2 * np.pi * 0.31 * speed * now + phase) for speed, phase in zip(speeds, phases, strict=True)]
        _look(actions, 0.09 * drift[3] + 0.05 * np.sign(drift[4]), 0.06 * drift[5])
        turn = _turn(role["turns"], now)
        swayed = (turn[0] + 0.9 * drift[0] + 1.6 * talking, turn[1] + 1.2 * drift[1], turn[2] + 0.8 * drift[2])
        frames.append(({name: min(1.5, amount) for name, amount in actions.items()}, swayed))
    return frames


def _sides(action: str) -> tuple[str, ...]:
    return (action,) if action in WHOLE else (f"{action}Left", f"{action}Right")


def _eased(share: float) -> float:
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)


def _between(times: Sequence[float], now: float) -> tuple[int, int, float]:
    after = next((number for number, at in enumerate(times) if at > now), len(times))
    if after in (0, len(times)):
        edge = max(0, after - 1)
        return edge, edge, 0.0
    return after - 1, after, _eased((now - times[after - 1]) / (times[after] - times[after - 1]))


def _blend(acts: Sequence[Sequence[Any]], now: float) -> list[tuple[float, str]]:
    first, second, share = _between([act[0] for act in acts], now)
    return [((1 - share) * acts[first][2], acts[first][1]), (share * acts[second][2], acts[second][1])]


def _turn(turns: Sequence[Sequence[float]], now: float) -> tuple[float, float, float]:
    first, second, share = _between([turn[0] for turn in turns], now)
    down, left, tilt = ((1 - share) * a + share * b for a, b in zip(turns[first][1:], turns[second][1:], strict=True))
    return down, left, tilt


def _blink(since: float) -> float:
    return float(np.exp(-(((since - BLINK_S / 2) / (BLINK_S / 3.2)) ** 2))) if 0 <= since <= BLINK_S else 0.0


def _look(actions: dict[str, float], left: float, down: float) -> None:
    """Turn the eyes to the person's left and down."""
    for name, amount in (("OutLeft", left), ("InRight", left), ("InLeft", -left), ("OutRight", -left)):
        actions[f"eyeLook{name}"] = actions.get(f"eyeLook{name}", 0.0) + max(0.0, amount)
    for name, amount in (("DownLeft", down), ("DownRight", down), ("UpLeft", -down), ("UpRight", -down)):
        actions[f"eyeLook{name}"] = actions.get(f"eyeLook{name}", 0.0) + max(0.0, amount)
