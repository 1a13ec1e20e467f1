"""What the tests of the hub profile share: a checkpoint a role, loaded by way of its setting, and things to ask it."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import checkpoints
import numpy as np
import pytest
from PIL import Image

from emer_space.analysis import ClipFacts
from emer_space.cancellation import CancelToken
from emer_space.models.hub_chat import HubChat, HubVision
from emer_space.models.hub_expression import HubExpressionClassifier
from emer_space.models.hub_source import hub_models
from emer_space.models.hub_speech import HubSpeechRecogniser
from emer_space.models.hub_voice import HubVoiceClassifier

RATE = 16_000
LOADERS: dict[str, Callable[[], Any]] = {
    "speech": HubSpeechRecogniser,
    "voice": HubVoiceClassifier,
    "expression": HubExpressionClassifier,
    "chat": HubChat,
    "vision": HubVision,
}
FACTS = ClipFacts("0" * 64, 20.0, None, None, None, True, False)
HELLO = [{"role": "system", "content": "Answer."}, {"role": "user", "content": "Hello?"}]


@pytest.fixture(autouse=True, name="home")
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for role in hub_models():
        monkeypatch.delenv(f"EMER_HUB_{role.upper()}", raising=False)
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"


@pytest.fixture(scope="module", name="made")
def all_made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One checkpoint a role, made once."""
    folder = tmp_path_factory.mktemp("checkpoints")
    return {
        "speech": checkpoints.whisper(folder / "speech"),
        "voice": checkpoints.voice(folder / "voice", sure_of=2),
        "expression": checkpoints.face(folder / "expression", sure_of=2),
        "chat": checkpoints.chat(folder / "chat"),
        "vision": checkpoints.vision(folder / "vision"),
    }


@pytest.fixture(name="use")
def load_role(made: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Loads a role from a folder (its own by default) by way of the setting."""

    def load(role: str, folder: Path | None = None) -> Any:
        monkeypatch.setenv(f"EMER_HUB_{role.upper()}", str(folder or made[role]))
        return LOADERS[role]()

    return load


def noise(seconds: float, level: float = 0.1) -> np.ndarray:
    return np.random.default_rng(5).normal(0, level, round(seconds * RATE)).astype(np.float32)


class Impatient(CancelToken):
    """Cancels itself at the nth check."""

    def __init__(self, checks: int) -> None:
        super().__init__()
        self.left = checks

    def check(self) -> None:
        self.left -= 1
        if self.left <= 0:
            self.cancel()
        super().check()


def picture() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 255, (240, 320, 3), dtype=np.uint8)


def jpeg(colour: str) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(drawn, "JPEG")
    return drawn.getvalue()
