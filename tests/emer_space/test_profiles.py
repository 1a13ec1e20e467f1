import platform

import pytest

from emer_space.errors import InputError
from emer_space.memory import bound_heaps
from emer_space.profiles import load_profile


def test_a_profile_is_named_by_one_grammar() -> None:
    assert load_profile("bundled").name == "bundled"
    assert load_profile("bundled, speech=bundled").choice["speech"] == "bundled"


@pytest.mark.parametrize("text", ["", "hubb", "bundled,speech", "bundled,voice=bundled", "bundled,speech=nowhere"])
def test_what_it_does_not_know_it_says_with_what_it_does(text: str) -> None:
    with pytest.raises(InputError, match=r"`bundled`|`speech`"):
        load_profile(text)


def test_glibc_is_asked_for_few_heaps() -> None:
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("the C library is not glibc")
    assert bound_heaps()
