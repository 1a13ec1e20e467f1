"""Prompts as text files: a version, the system message and the user message.

    version: 1
    == system
    …
    == user
    … {subtitle} …

Placeholders are filled in once; braces inside a value stay as they are. Pass texts of strangers as JSON (`quoted`),
so that nothing in them ends a line or a quotation.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from emer_space.errors import RuleError
from emer_space.models.chat import Message, Part, text_part

_FORM = re.compile(r"version: (\d+)\n== system\n(.*?)\n== user\n(.*)", re.DOTALL)
_PLACE = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt. `id` (`labels.en@1`) names purpose, language and version, for the provenance."""

    id: str
    system: str
    user: str

    def messages(self, parts: Sequence[Part] = (), /, **values: str) -> list[Message]:
        """System and user message; `parts` (pictures, sound) follow the text. Raises `RuleError` for missing values."""
        text = _PLACE.sub(lambda place: self._value(values, place[1]), self.user)
        content = [text_part(text), *parts] if parts else text
        return [{"role": "system", "content": self.system}, {"role": "user", "content": content}]

    def _value(self, values: Mapping[str, str], name: str) -> str:
        if name not in values:
            raise RuleError(f"the prompt {self.id} needs a value for {name!r}")
        return values[name]


@cache
def load_prompt(folder: Path, purpose: str, language: str = "en") -> Prompt:
    """The prompt `<purpose>.<language>.txt` of a folder. Raises `RuleError` where it is missing or malformed."""
    path = folder / f"{purpose}.{language}.txt"
    if not path.is_file():
        raise RuleError(f"there is no prompt {path.name}")
    match = _FORM.fullmatch(path.read_text(encoding="utf-8").strip())
    if not match:
        raise RuleError(f"the prompt {path.name} must consist of 'version: <number>', '== system' and '== user'")
    return Prompt(f"{purpose}.{language}@{match[1]}", match[2].strip(), match[3].strip())


def quoted(text: str) -> str:
    """A text as a JSON string: one line, and nothing in it ends the quotation."""
    return json.dumps(text, ensure_ascii=False)
