"""The commands of an organiser who hosts on the Hub: `setup`, `doctor`, `reindex`."""

import argparse
import os
from pathlib import Path
from typing import Any

from leaderboard.errors import LeaderboardError


def add(commands: Any) -> None:
    setup = commands.add_parser("setup", help="create the datasets that a leaderboard on the Hub needs")
    setup.add_argument("--owner", required=True, metavar="ORG", help="the account or organisation that owns them")
    setup.add_argument("--track", type=Path, metavar="FILE.toml", help="a hidden track of your own …")
    setup.add_argument("--references", type=Path, metavar="FILE", help="… and its answers, which stay private")
    setup.set_defaults(run=_setup)

    doctor = commands.add_parser("doctor", help="look whether everything is there, and how to mend what is not")
    doctor.set_defaults(run=_doctor)

    reindex = commands.add_parser("reindex", help="build the index of the submissions' dataset anew from its tree")
    reindex.set_defaults(run=_reindex)


def _token() -> str:
    from submissions.store.hub_account import TOKEN

    token = os.environ.get(TOKEN)
    if not token:
        raise LeaderboardError(f"{TOKEN} is not set; set a token that may write, and run this again.")
    return token


def _setup(options: argparse.Namespace) -> None:
    from leaderboard.hosting.hub_setup import set_up

    for line in set_up(options.owner, _token(), options.track, options.references):
        print(line, flush=True)
    print(f"Now let EMER_OWNER be {options.owner}, there and in the Space, and run `python -m leaderboard doctor`.")


def _doctor(options: argparse.Namespace) -> None:
    from leaderboard.hosting.doctor import examine

    findings = examine()
    for finding in findings:
        print(finding)
    wrong = [finding.name for finding in findings if not finding.ok and not finding.warning]
    if wrong:
        raise LeaderboardError(f"{', '.join(wrong)}: mend what is said above, and run this again.")


def _reindex(options: argparse.Namespace) -> None:
    from submissions.store.hub_account import DATASET, OWNER
    from submissions.store.hub_dataset import HubDataset
    from submissions.store.hub_tree import HubTree

    owner = os.environ.get(OWNER)
    if not owner:
        raise LeaderboardError(f"{OWNER} is not set, so nothing is kept on the Hub; a folder needs no index.")
    print(f"The index has {HubTree(HubDataset(f'{owner}/{DATASET}', _token())).reindex()} records.")
