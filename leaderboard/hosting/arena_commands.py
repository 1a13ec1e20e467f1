"""The commands for blind comparisons: `new-arena`, `arena` (the results), `arena-votes` (an export), `arena-forget`."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from emer_space.commands.run import CommandLine, JsonTarget, check_writable, show
from emer_space.files.problems import counted
from emer_space.files.writing import write_whole
from leaderboard.arena.arena import Arena, load_arena
from leaderboard.arena.outcome import Outcome, outcome, preference_csv, votes_csv
from leaderboard.arena.voting import Voting
from leaderboard.errors import LeaderboardError
from leaderboard.hosting.new_arena import WantedArena, make_arena
from leaderboard.hosting.track_commands import day
from submissions.person import LOCAL

ArenaId = Annotated[str, typer.Argument(metavar="ARENA", help="the id of a blind comparison")]


def add_arena_commands(commands: CommandLine) -> None:
    """Add the commands to a command line."""
    commands.command("new-arena")(_new_arena)
    commands.command("arena")(_arena)
    commands.command("arena-votes")(_arena_votes)
    commands.command("arena-forget")(_arena_forget)


def _new_arena(
    clips: Annotated[Path, typer.Argument(metavar="FOLDER", help="the folder of clips, which stay there")],
    id: Annotated[str, typer.Option(help="the comparison's id")],
    system: Annotated[
        list[str], typer.Option(metavar="NAME=FILE", help="a system and its explanations (name, reason); two or more")
    ],
    account: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=ACCOUNT", help="the account of a system's owner, who is not asked about it"),
    ] = None,
    title: Annotated[str, typer.Option(help="its title")] = "",
    task: Annotated[str, typer.Option(help="what voters are asked")] = "",
    language: Annotated[Literal["en", "zh"], typer.Option(help="of the task, if none is given")] = "en",
    votes_per_pair: Annotated[int, typer.Option(min=1, help="the most votes on a pair of systems")] = 100,
    per_person: Annotated[int, typer.Option(min=1, help="the most votes of a person and day")] = 50,
    results_after: Annotated[
        int, typer.Option(min=0, help="with so many votes people see results of others; 0: after the closing only")
    ] = 20,
    opens: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="the first day, UTC")] = "",
    closes: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="the last day, UTC")] = "",
    seed: Annotated[int, typer.Option(min=0, help="draws the order and the sides")] = 0,
    judge: Annotated[
        Path | None, typer.Option(metavar="FILE", help="a language model's preferences, as `prefer` writes them")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="where (default: EMER_HOME/tracks)")] = None,
    force: Annotated[bool, typer.Option("--force", help="replace the one of this id, in a new version")] = False,
    json_target: JsonTarget = None,
) -> None:
    """Make a blind comparison of explanations from clips and a file for each system; people vote on the page."""
    check_writable(json_target)
    wanted = WantedArena(
        id=id,
        systems={name: Path(file) for name, file in _named("--system", system).items()},
        accounts=_named("--account", account or []),
        title=title,
        task=task,
        language=language,
        votes_per_pair=votes_per_pair,
        per_person=per_person,
        results_after=results_after,
        opens=day("--opens", opens),
        closes=day("--closes", closes),
        seed=seed,
        judge=judge,
        out=out,
        force=force,
    )
    made = make_arena(clips, wanted)
    files = [f"{purpose}: {path}" for purpose, path in made.files.items()]
    show(made.to_dict(), json_target, "\n".join([*made.said, *files, "Next:", *(f"  {line}" for line in made.next)]))


def _named(option: str, given: list[str]) -> dict[str, str]:
    """`NAME=VALUE` as a mapping. Raises `LeaderboardError`."""
    named: dict[str, str] = {}
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value) or name in named:
            raise LeaderboardError(f"{option} {text!r} is not NAME=VALUE with a name of its own.")
        named[name] = value
    return named


def _arena(
    arena: ArenaId,
    judge: Annotated[
        Path | None, typer.Option(metavar="FILE", help="a language model's preferences (default: the arena's own)")
    ] = None,
    json_target: JsonTarget = None,
) -> None:
    """Print the results of a blind comparison so far: strengths with intervals, shares by pair, agreement."""
    from leaderboard.board.board import Board

    about = load_arena(arena)
    found = outcome(about, Board().ledger.refresh().votes(about.id), judge)
    show(found.to_dict(), json_target, "\n".join(_lines(about, found)))


def _lines(arena: Arena, found: Outcome) -> list[str]:
    lines = [f"{arena.title}: {found.votes} votes of {found.voters} people on {found.clips} clips."]
    for row in found.rows:
        bounds = "" if row.low is None else f" [{row.low:+.3f}, {row.high:+.3f}], group {row.group}"
        lines.append(
            f"{row.rank:>3}. {row.name}: {row.strength:+.3f}{bounds}; {_percent(row.share)} of {row.votes} votes"
        )
    if found.prior:
        lines.append(
            "A system won or lost everything: half a win each way was added to all pairs; there are no intervals."
        )
    for pair in found.pairs:
        counts = f"{pair.a1_better} : {pair.a2_better}, both {pair.both}, neither {pair.neither}"
        lines.append(f"{pair.a1} : {pair.a2} = {counts} ({_percent(pair.share)} of {pair.votes})")
    if found.agree is not None:
        alpha = "" if found.alpha is None else f"; Krippendorff's alpha {found.alpha:.3f}"
        lines.append(f"People agree in {_percent(found.agree)} of {found.repeated} repeated judgements{alpha}.")
    if judge := found.judge:
        kappa = "" if judge.kappa is None else f"; Cohen's kappa {judge.kappa:.3f}"
        lines.append(f"The judge agrees with most people on {_percent(judge.agree)} of {judge.compared}{kappa}.")
    return lines


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _arena_votes(
    arena: ArenaId,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="where to write them (default: print)")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="every vote, with voters as numbers, instead of what most people say")
    ] = False,
) -> None:
    """Write the votes in MER2026's columns name, a1, a2, preference, as the metric `preference` reads them."""
    from leaderboard.board.board import Board

    about = load_arena(arena)
    write = votes_csv if everything else preference_csv
    text = write(about, Board().ledger.refresh().votes(about.id))
    if out is None:
        sys.stdout.write(text)
        return
    try:
        write_whole(out, text.encode())
    except OSError as problem:
        raise LeaderboardError(f"{out} cannot be written ({problem.strerror}); name another file.") from None
    print(out)


def _arena_forget(
    arena: ArenaId,
    person: Annotated[str, typer.Argument(help="the id of an account, such as `local`; a wrong one lists them")],
    json_target: JsonTarget = None,
) -> None:
    """Delete all votes of a person in a blind comparison for good."""
    from leaderboard.board.board import Board

    board = Board()
    gone = Voting(board.ledger, board.clock).forget(LOCAL, arena, person)
    said = f"{counted(gone, 'vote')} of {person} in {arena} {'is' if gone == 1 else 'are'} deleted for good."
    if board.ledger.store.history:
        said += " Its history still has them: `python -m leaderboard reindex`, then `HfApi().super_squash_history`."
    show({"arena": arena, "person": person, "deleted": gone}, json_target, said)
