"""The commands for hosting on the Hub: `setup`, `doctor`, `reindex`, `compact`."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from emer_space.commands.run import CommandLine
from leaderboard.errors import LeaderboardError
from submissions.store.paths import LEAST


def add_hub_commands(commands: CommandLine) -> None:
    """Add `setup`, `doctor`, `reindex` and `compact` to a command line."""
    commands.command("setup")(_setup)
    commands.command("doctor")(_doctor)
    commands.command("reindex")(_reindex)
    commands.command("compact")(_compact)


def token() -> str:
    """The token for the Hub. Raises `LeaderboardError` if it is not set."""
    from submissions.store.hub_account import TOKEN

    if not (found := os.environ.get(TOKEN)):
        raise LeaderboardError(f"{TOKEN} is not set; set it to a token that may write, and run this again.")
    return found


def _setup(
    owner: Annotated[str, typer.Option(metavar="ORG", help="the account or organisation that owns the datasets")],
    track: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="a hidden track of your own")] = None,
    references: Annotated[
        Path | None, typer.Option(metavar="FILE", help="the answers of that track, which stay private")
    ] = None,
) -> None:
    """Create the datasets that a leaderboard on the Hub needs."""
    from leaderboard.hosting.hub_setup import set_up

    for line in set_up(owner, token(), track, references):
        print(line, flush=True)
    print(f"Now set EMER_OWNER to {owner}, here and in the Space, and run `python -m leaderboard doctor`.")


def _doctor() -> None:
    """Check that everything is in place, and say how to mend what is not."""
    from leaderboard.hosting.doctor import examine

    findings = examine()
    for finding in findings:
        print(finding)
    wrong = [finding.name for finding in findings if not finding.ok and not finding.warning]
    if wrong:
        raise LeaderboardError(f"{', '.join(wrong)}: mend this as said above, and run the command again.")


def _reindex() -> None:
    """Rebuild the index of the dataset of submissions from its files."""
    from submissions.store.hub_account import DATASET, OWNER
    from submissions.store.hub_dataset import HubDataset
    from submissions.store.hub_tree import HubTree

    owner = os.environ.get(OWNER)
    if not owner:
        raise LeaderboardError(f"{OWNER} is not set, so nothing is kept on the Hub; a folder needs no index.")
    print(f"The index has {HubTree(HubDataset(f'{owner}/{DATASET}', token())).reindex()} records.")


def _compact(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be gathered")] = False,
    least: Annotated[
        int, typer.Option(metavar="N", help="the fewest entries of a past month that are worth a file", min=1)
    ] = LEAST,
) -> None:
    """Gather what is settled in the dataset of submissions in parquet files, month by month."""
    from submissions.store.hub_account import DATASET, OWNER
    from submissions.store.hub_dataset import HubDataset
    from submissions.store.hub_store import HubStore

    owner = os.environ.get(OWNER)
    if not owner:
        raise LeaderboardError(
            f"{OWNER} is not set, so nothing is kept on the Hub; a folder may have any number of files."
        )
    said = HubStore(HubDataset(f"{owner}/{DATASET}", token())).compact(datetime.now(UTC), least, dry_run)
    print("\n".join(said) or "No month has to be compacted.")
