"""Language and vision-language models of the hub profile, as a `Chat`: greedy, bounded, can be stopped at any token."""

import base64
import binascii
import io
import logging
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from emer_space.errors import ModelUnavailable
from emer_space.models.hub import load, on_gpu, supply, too_large
from emer_space.models.hub_source import Notify
from emer_space.models.roles import CHAT, MOST_TOKENS, VISION, Message, never
from emer_space.models.stopping import stop_at

log = logging.getLogger(__name__)

SECONDS = 300
"""How long an answer may take: a model of 4 billion parameters writes a few words per second on a CPU."""
WAIT_S = 0.2
MOST_PROMPT = 16_384
"""Most tokens of a question, including its pictures."""
MOST_SIDE = 1024
"""Longer side in pixels of a picture for the model; a larger one would only take more tokens."""
THOUGHT = re.compile(r"^\s*<think>.*?(?:</think>|$)|^.*?</think>", re.DOTALL)
DATA_URL = re.compile(r"data:image/[a-z+.-]+;base64,(.*)", re.DOTALL)


class HubChat:
    """A chat model (`EMER_HUB_CHAT`); a vision-language model will do as well. Safe to use from several threads."""

    def __init__(self, notify: Notify = log.info, role: str = "chat", seconds: float = SECONDS) -> None:
        """Load the model. Raises `ModelUnavailable` if it cannot be loaded or is not a chat model."""
        self._role, self._seconds = role, seconds
        self._setting = f"EMER_HUB_{role.upper()}"
        self._loaded = load(role, self._kind, "AutoProcessor", notify)
        self._tokenizer = getattr(self._loaded.processor, "tokenizer", self._loaded.processor)
        self._sees = hasattr(self._loaded.processor, "image_processor")
        if not getattr(self._loaded.processor, "chat_template", None):
            raise ModelUnavailable(
                f"The checkpoint for {role} has no chat template; name one that has in {self._setting}."
            )
        added = self._tokenizer.added_tokens_decoder.values()
        marks = {token.content for token in added if token.special or token.content.startswith("<")}
        self._control = sorted((mark for mark in marks if len(mark) > 1), key=len, reverse=True)
        self._check: Callable[[], None] = never
        self._write = on_gpu(self._written, seconds=int(seconds))

    @property
    def name(self) -> str:
        """Id and commit, device and dtype, for the provenance of a result."""
        return f"{self._loaded.revision} (hub)"

    @property
    def revision(self) -> str:
        return self._loaded.revision

    def ask(
        self, messages: Sequence[Message], most_tokens: int = MOST_TOKENS, check: Callable[[], None] = never
    ) -> str:
        """The answer, without thoughts, decoded greedily; `check` is called at each token and may raise to stop it.

        Raises `ModelUnavailable` for pictures or sound that it cannot take, a question that is too long, or no answer
        in time.
        """
        prepared = self._prepared(messages)
        most_tokens = min(most_tokens, self._context // 2)
        room = min(MOST_PROMPT, self._context - most_tokens)
        if prepared["input_ids"].shape[1] > room:
            raise self._failed(f"the question has over {room:,} tokens")
        while not self._loaded.busy.acquire(timeout=WAIT_S):
            check()
        try:
            check()
            self._check = check
            answer, ended = self._write(dict(prepared), most_tokens)
        finally:
            self._check = never
            self._loaded.busy.release()
        if not ended:
            raise self._failed(f"it did not answer within {self._seconds:g} s")
        text = THOUGHT.sub("", answer).strip()
        if not text:
            raise self._failed("it answered nothing")
        return text

    def _kind(self, config: Any) -> str:
        """The auto class for a checkpoint: a model that can see is loaded with its vision part."""
        from transformers import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

        sees = type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
        return "AutoModelForImageTextToText" if sees or self._role == "vision" else "AutoModelForCausalLM"

    @property
    def _context(self) -> int:
        """Most tokens of question and answer together."""
        config = self._loaded.model.config.get_text_config()
        return int(getattr(config, "max_position_embeddings", MOST_PROMPT + MOST_TOKENS))

    def _prepared(self, messages: Sequence[Message]) -> Any:
        """The messages as tensors on the CPU, by the checkpoint's own template."""
        from jinja2 import TemplateError

        pictures: list[Any] = []
        conversation = [self._message(message, pictures) for message in messages]
        try:
            text = self._loaded.processor.apply_chat_template(
                conversation,
                tokenize=False,
                add_generation_prompt=True,
                **({} if self._sees else {"enable_thinking": False}),
            )
            if not self._sees:
                return self._loaded.processor(text, return_tensors="pt", add_special_tokens=False)
            return self._loaded.processor(
                text=[text], images=pictures or None, return_tensors="pt", add_special_tokens=False
            )
        except (TemplateError, ValueError, KeyError, TypeError) as problem:
            raise self._failed("its chat template cannot take such a question") from problem

    def _message(self, message: Message, pictures: list[Any]) -> dict[str, Any]:
        """A message for the template: parts if the model can see, else one text; adds its pictures to `pictures`."""
        content = message["content"]
        parts: Any = [{"type": "text", "text": content}] if isinstance(content, str) else content
        prepared: list[dict[str, Any]] = []
        for part in parts:
            if part["type"] == "text":
                prepared.append({"type": "text", "text": self._plain(part["text"])})
            elif part["type"] == "image_url" and self._sees:
                pictures.append(self._picture(part["image_url"]["url"]))
                prepared.append({"type": "image"})
            else:
                what = "pictures" if part["type"] == "image_url" else "sound"
                raise self._failed(f"it takes no {what}")
        joined: Any = prepared if self._sees else "\n".join(part["text"] for part in prepared)
        return {"role": message["role"], "content": joined}

    def _plain(self, text: str) -> str:
        """A text without the checkpoint's control tokens, with which a stranger's words could end the question."""
        for token in self._control:
            text = text.replace(token, f"{token[0]} {token[1:]}")
        return text

    def _picture(self, url: str) -> Any:
        """The picture in a data URL; other URLs are never fetched."""
        from PIL import Image, UnidentifiedImageError

        embedded = DATA_URL.fullmatch(url)
        if not embedded:
            raise self._failed("a picture must come with its bytes")
        try:
            with Image.open(io.BytesIO(base64.b64decode(embedded[1], validate=True))) as picture:
                seen = picture.convert("RGB")
        except (binascii.Error, UnidentifiedImageError, Image.DecompressionBombError, OSError) as problem:
            raise self._failed("a picture cannot be read") from problem
        seen.thumbnail((MOST_SIDE, MOST_SIDE))
        return seen

    def _written(self, prepared: dict[str, Any], most_tokens: int) -> tuple[str, bool]:
        """The text of an answer, and whether it ended in time."""
        import torch

        model, deadline = self._loaded.model, time.monotonic() + self._seconds
        placed = {
            name: value.to(self._loaded.device, model.dtype if value.is_floating_point() else None)
            for name, value in prepared.items()
        }
        padding = self._tokenizer.pad_token_id
        try:
            with torch.inference_mode():
                out = model.generate(
                    **placed,
                    do_sample=False,
                    num_beams=1,
                    temperature=None,
                    top_p=None,
                    top_k=None,
                    max_new_tokens=most_tokens,
                    pad_token_id=self._tokenizer.eos_token_id if padding is None else padding,
                    stopping_criteria=stop_at(lambda: self._check(), deadline),
                )
        except torch.OutOfMemoryError as problem:
            raise ModelUnavailable(too_large(self._role, self._loaded.revision)) from problem
        answer = out[0, placed["input_ids"].shape[1] :]
        return self._tokenizer.decode(answer, skip_special_tokens=True), time.monotonic() <= deadline

    def _failed(self, reason: str) -> ModelUnavailable:
        return ModelUnavailable(f"The model for {self._role} ({self._loaded.revision}) gave no answer: {reason}.")


class HubVision(HubChat):
    """A vision-language model (`EMER_HUB_VISION`): a `Chat` that takes pictures."""

    def __init__(self, notify: Notify = log.info, seconds: float = SECONDS) -> None:
        """Load the model. Raises `ModelUnavailable` if it cannot be loaded or takes no pictures."""
        super().__init__(notify, role="vision", seconds=seconds)
        if not self._sees:
            raise ModelUnavailable(
                "The checkpoint for vision takes no pictures; name one that does in EMER_HUB_VISION."
            )


SUPPLIES = (supply(CHAT, HubChat), supply(VISION, HubVision))
