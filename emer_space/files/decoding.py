"""Decodes files: UTF-8, or UTF-16 with a byte order mark; other encodings are refused with a remedy."""

import re

from emer_space.files.problems import Findings, Problem, refusal

LOOKED_AT = 20_000
"""Bytes or characters at the start of a file that are inspected to recognise its kind."""
_CHINESE = re.compile("[\u4e00-\u9fff]{2}|[\u3001\u3002\u300a-\u3011\uff08\uff09\uff0c\uff1a\uff1b]")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def decoded(content: bytes, findings: Findings) -> str:
    """The text of a file; a warning where it is UTF-16. Raises `SubmissionError`."""
    if content.startswith(_UTF_16):
        return _of_utf_16(content, findings)
    if b"\0" in content and not content.startswith(b"PK"):
        if content.count(b"\0") * 3 > len(content):
            raise refusal("encoding", "This is UTF-16 text without a byte order mark", "save the file as UTF-8", 1)
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise refusal("encoding", "There is a zero byte: this is not UTF-8 text", "save the file as UTF-8", line)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        if content.startswith(b"PK\x03\x04"):
            raise refusal("encoding", "This is an archive, not text", "rename it to end in .zip or .npz") from None
        line = content.count(b"\n", 0, problem.start) + 1
        start = problem.start
    message, remedy = "This is not UTF-8 text", "save the file as UTF-8"
    if _is_gbk(content[start : start + LOOKED_AT]):
        message, remedy = "The file is GBK (GB18030), not UTF-8", "in Excel save it as 'CSV UTF-8 (comma delimited)'"
    raise refusal("encoding", message, remedy, line)


def _of_utf_16(content: bytes, findings: Findings) -> str:
    try:
        text = content.decode("utf-16")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise refusal("encoding", "This is neither UTF-8 nor UTF-16 text", "save the file as UTF-8")
    findings.warnings.append(Problem("encoding", "The file is UTF-16, and was read as such", "save it as UTF-8"))
    return text


def _is_gbk(content: bytes) -> bool:
    """Whether bytes that are not UTF-8 are Chinese text in GBK: nearly all byte pairs are characters in common use.

    Two accented letters of Latin-1 also make such a pair, but hardly ever two pairs in a row, and never Chinese
    punctuation; so one of these is required.
    """
    text = content.decode("gb18030", errors="replace")
    foreign = [char for char in text if not char.isascii()]
    in_use = sum(char >= "\u3000" and _in_use(char) for char in foreign)
    return in_use > 0.9 * len(foreign) and _CHINESE.search(text) is not None


def _in_use(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
