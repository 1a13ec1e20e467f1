"""The owner of a leaderboard's datasets on the Hub, and the address of the Hub."""

import os

OWNER, TOKEN = "EMER_OWNER", "HF_TOKEN"
"""Variables: the account or organisation that owns the datasets, and a token that may write to them."""
DATASET = "emer-submissions"
"""The dataset that keeps submissions, results and decisions."""


def endpoint() -> str | None:
    """The address in `HF_ENDPOINT`, if set. It is read at every call; the client reads it only on import."""
    return os.environ.get("HF_ENDPOINT")
