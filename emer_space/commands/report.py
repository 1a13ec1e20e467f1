"""Makes a report, subtitles or a citation of an analysis that `analyze` wrote."""

from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError

from emer_space.analysis import SCHEMA, Analysis, Language
from emer_space.errors import InputError
from emer_space.rewording import stored_in
from emer_space.takeaway.formats import FORMATS


def write_report(file: Path, out: Path, language: Language | None) -> None:
    """Write `out` in the format of its ending; the language is the analysis's own unless given.

    Raises `InputError` if `file` is not an analysis or cannot be put into the language, or if `out` has another ending
    or cannot be written.
    """
    ending = out.suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        raise InputError(f"{out} must end in one of {', '.join('.' + name for name in FORMATS)}; rename it.")
    analysis = read_analysis(file)
    language = language or analysis.language
    try:
        worded = stored_in(analysis, language)
    except InputError as problem:
        raise InputError(f"{file}: {problem} A folder of tables is named in EMER_TABLES.") from None
    content = FORMATS[ending](worded, language)
    try:
        out.write_bytes(content)
    except OSError as problem:
        raise InputError(f"{out} cannot be written ({problem.strerror}); name another file.") from None


def read_analysis(file: Path) -> Analysis:
    """The analysis in a file. Raises `InputError` if there is none, or where it differs from the schema."""
    remedy = "write one with `analyze CLIP --json FILE`"
    try:
        data = orjson.loads(file.read_bytes())
    except OSError as problem:
        raise InputError(f"{file} cannot be read ({problem.strerror}); {remedy}.") from None
    except orjson.JSONDecodeError as problem:
        raise InputError(f"{file} is not JSON (line {problem.lineno}, column {problem.colno}); {remedy}.") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise InputError(f"{file} is not an analysis of schema {SCHEMA}; {remedy}.")
    try:
        return TypeAdapter(Analysis).validate_python(data)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{file} is not an analysis: {place}: {first['msg']}; {remedy}.") from None
