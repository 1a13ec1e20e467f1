"""A person who sends, decides or organises."""

from dataclasses import dataclass

from submissions.errors import Refusal

ORGANISERS = "EMER_ORGANISERS"
"""On a Space: names of users and organisations, with commas between them; where it is unset nobody is an organiser."""


@dataclass(frozen=True, slots=True)
class Person:
    """`id` is stable and told to nobody; `name` is for greeting."""

    id: str
    name: str
    organiser: bool = False


LOCAL = Person("local", "local", organiser=True)
"""Whoever works on this machine: on the command line, and in the page while it is bound to loopback."""


def known(person: Person | None) -> Person:
    """The person; raises `Refusal` for a visitor without an identity."""
    if person is None:
        raise Refusal(
            "identity",
            "You are not signed in, so you can look and not submit; on a Space sign in on its page, or send "
            "`Authorization: Bearer` and a valid access token of your Hugging Face account with each call.",
        )
    return person


def organiser(person: Person | None) -> Person:
    """The person; raises `Refusal` unless it is an organiser."""
    if person is None or not person.organiser:
        raise Refusal("organiser", "This is for organisers only.")
    return person
