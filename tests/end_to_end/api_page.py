"""Writes docs/api.md from the endpoints' own table and types: `python tests/end_to_end/api_page.py`."""

import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))

import app  # noqa: E402
from emer_space.page.endpoints import About, endpoints  # noqa: E402

PAGE = PROJECT / "docs" / "api.md"
COMMAND = "python tests/end_to_end/api_page.py"


def text() -> str:
    """docs/api.md."""
    described = app.build_app().get_api_info()["named_endpoints"]
    sections = [_section(name, about, described[f"/{name}"]) for name, about in endpoints().items()]
    tools = ", ".join(f"`{name}`" for name, about in endpoints().items() if about.agents)
    return TEMPLATE.format(command=COMMAND, tools=tools, sections="\n".join(sections))


def _section(name: str, about: About, described: dict[str, Any]) -> str:
    values = {value["parameter_name"]: value for value in described["parameters"]}
    rows = [
        f"| `{key}` | `{_type(value)}` | {_default(value)} | {about.values[key]} |" for key, value in values.items()
    ]
    table = ["| value | type | if left out | what it is |", "|---|---|---|---|", *rows, ""] if rows else []
    (answer,) = described["returns"]
    lines = [f"## {name}", "", about.about, "", *table, f"Answers with {_answer(about.answer, answer['type'])}", ""]
    return "\n".join([*lines, "```python", about.example.strip(), "```", ""])


def _type(value: dict[str, Any]) -> str:
    return str(value["python_type"]["type"]).replace("|", "or")


def _default(value: dict[str, Any]) -> str:
    return f"`{value['parameter_default']!r}`" if value["parameter_has_default"] else "required"


def _answer(name: str, schema: dict[str, Any]) -> str:
    """The name, the type and the fields of what an endpoint answers with."""
    kinds = schema.get("anyOf", [schema])
    told = []
    for kind in kinds:
        many = kind.get("type") == "array"
        whole = kind["items"] if many else kind
        whole = schema["$defs"][whole["$ref"].rsplit("/", 1)[-1]] if "$ref" in whole else whole
        fields = ", ".join(f"`{field}`" for field in whole.get("properties", {}))
        about = " ".join(whole.get("description", "").split())
        kind_of = "a list of objects" if many else "an object"
        told.append(f"{kind_of} with {fields}. {about}" if fields else f"{kind_of}.")
    return f"`{name}`: " + "\n\nOr: ".join(told)


TEMPLATE = """# The API

Written by `{command}` from `emer_space/page/endpoints.toml` and the types of the handlers; tests compare, and run every
example. The running app describes the same at `/gradio_api/info`, as JSON schemas.

Every call waits its turn ([access.md](access.md)), and every error is one sentence. Answers are in English unless a
`language` is asked for. The examples run one after the other, from the repository:

```python
from gradio_client import Client, handle_file

client = Client("http://127.0.0.1:7860")
```

On a Space, `Client("OWNER/SPACE", token="hf_…")`.

Without Python: upload the file, call, and read the answer.

```sh
URL=http://127.0.0.1:7860/gradio_api
CLIP=$(curl -s -F files=@examples/bitter_words.mp4 $URL/upload | tr -d '[]"')
EVENT=$(curl -s -H 'Content-Type: application/json' $URL/call/v2/explain -d '{{
  "video": {{"path": "'$CLIP'", "meta": {{"_type": "gradio.FileData"}}}},
  "subtitle": "I am so disappointed.", "modalities": ["text"]}}' | cut -d '"' -f 4)
curl -sN $URL/call/explain/$EVENT
```

## For agents

`POST /gradio_api/mcp` is a server of the Model Context Protocol (streamable HTTP). Its tools are {tools}:
nothing of an organiser's, and an organiser is a mere participant while an agent calls for them. Files are uploaded
first, as with curl above; prediction files may also be given as text. Addresses are not fetched. On a Space, send
`Authorization: Bearer` with an access token for what needs an identity.

```json
{{"mcpServers": {{"emer-space": {{"url": "http://127.0.0.1:7860/gradio_api/mcp"}}}}}}
```

{sections}"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(text(), encoding="utf-8")
    print(f"{PAGE.relative_to(PROJECT)} is written.")


if __name__ == "__main__":
    main()
