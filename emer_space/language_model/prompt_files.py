"""Prompts as text files: a version in the head, then what the model is, then what it is asked.

    version: 1
    == system
    …
    == user
    … {subtitle} …

Values are put in once and never read as placeholders themselves; whoever fills a prompt passes texts of strangers as
JSON (`quoted`), so that nothing in them ends a line or a quotation.
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
    """`id` (`labels.en@1`) names purpose, language and version, for the provenance."""

    id: str
    system: str
    user: str

    def messages(self, parts: Sequence[Part] = (), /, **values: str) -> list[Message]:
        """System and user message; `parts` (pictures, sound) follow the text. Raises `RuleError` for a missing one."""
        text = _PLACE.sub(lambda place: self._value(values, place[1]), self.user)
        content = [text_part(text), *parts] if parts else text
        return [{"role": "system", "content": self.system}, {"role": "user", "content": content}]

    def _value(self, values: Mapping[str, str], name: str) -> str:
        if name not in values:
            raise RuleError(f"the prompt {self.id} wants {name!r}, which is not given")
        return values[name]


@cache
def load_prompt(folder: Path, purpose: str, language: str = "en") -> Prompt:
    """The prompt `<purpose>.<language>.txt` of a folder. Raises `RuleError` where it is missing or has no version."""
    path = folder / f"{purpose}.{language}.txt"
    if not path.is_file():
        raise RuleError(f"there is no prompt {path.name}")
    found = _FORM.fullmatch(path.read_text(encoding="utf-8").strip())
    if not found:
        raise RuleError(f"the prompt {path.name} has not the form version, system, user")
    return Prompt(f"{purpose}.{language}@{found[1]}", found[2].strip(), found[3].strip())


def quoted(text: str) -> str:
    """A text as JSON: one line, and nothing in it ends the quotation."""
    return json.dumps(text, ensure_ascii=False)
