"""What a participant says of a system: read in several spellings, kept in one, refused with a remedy."""

import pytest

from submissions.checks.systems import parameters, read_inputs, read_size
from submissions.errors import Refusal
from submissions.intake import Entry


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("", ""),
        ("  ", ""),
        ("AVT", "AVT"),
        ("tva", "AVT"),
        ("v, t", "VT"),
        ("video, text", "VT"),
        ("Audio + Text", "AT"),
        ("visual/a", "AV"),
        ("AA", "A"),
        ("x", None),
        ("video and text", None),
        (", /", None),
        ("audiovisual", None),
    ],
)
def test_inputs_are_read_in_several_spellings(text: str, inputs: str | None) -> None:
    assert read_inputs(text) == inputs


@pytest.mark.parametrize(
    ("text", "size", "number"),
    [
        ("", "", None),
        ("7B", "7B", 7e9),
        ("7 b", "7B", 7e9),
        ("0.5b", "0.5B", 5e8),
        ("350M", "350M", 3.5e8),
        ("1.3 billion parameters", "1.3B", 1.3e9),
        ("1.6T", "1.6T", 1.6e12),
        ("93k params", "93K", 93e3),
        ("7", None, None),
        ("0B", None, None),
        ("-7B", None, None),
        ("large", None, None),
        ("7B8", None, None),
        ("nan", None, None),
        ("9999999B", None, None),
    ],
)
def test_a_size_is_read_to_a_number(text: str, size: str | None, number: float | None) -> None:
    assert read_size(text) == size
    assert size is None or parameters(size) == pytest.approx(number)


@pytest.mark.parametrize(("told", "code"), [({"inputs": "smell"}, "inputs"), ({"size": "huge"}, "size")])
def test_what_is_not_understood_is_refused_with_a_remedy(told: dict[str, str], code: str) -> None:
    with pytest.raises(Refusal, match="leave it empty") as refused:
        Entry("Me", **told)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert (Entry("Me", inputs="text, audio", size="7 b").inputs, Entry("Me", size="7 b").size) == ("AT", "7B")
