"""Whose datasets on the Hub a leaderboard uses, and at which address the Hub is."""

import os

OWNER, TOKEN = "EMER_OWNER", "HF_TOKEN"
"""Variables: the account or organisation that owns the datasets, and a token that may write to them."""
DATASET = "emer-submissions"
"""The dataset that keeps submissions, results and decisions."""


def endpoint() -> str | None:
    """The address of the Hub, where it is another one; read when it is asked, and not when the client is imported."""
    return os.environ.get("HF_ENDPOINT")
