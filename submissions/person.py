"""Participants and organisers."""

from dataclasses import dataclass

from submissions.errors import Refusal

ORGANISERS = "EMER_ORGANISERS"
"""Variable, on a Space: user and organisation names, separated by commas. If it is unset, nobody is an organiser."""


@dataclass(frozen=True, slots=True)
class Person:
    """A participant or organiser. `id` is stable and never shown; `name` is for display."""

    id: str
    name: str
    organiser: bool = False


LOCAL = Person("local", "local", organiser=True)
"""The user of this machine, on the command line and on the page while it is bound to loopback."""


def identified(person: Person | None) -> Person:
    """The person. Raises `Refusal` for a visitor without an identity."""
    if person is None:
        raise Refusal(
            "identity",
            "You are not signed in, so you can look but not submit; on a Space, sign in on its page, or send "
            "`Authorization: Bearer` with a valid access token of your Hugging Face account in every call.",
        )
    return person


def organiser(person: Person | None) -> Person:
    """The person. Raises `Refusal` unless they are an organiser."""
    if person is None or not person.organiser:
        raise Refusal("organiser", "This is for organisers only.")
    return person
