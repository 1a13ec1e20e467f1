"""The command line of annotation projects for organisers: `python -m annotation COMMAND`.

Exit code 0; 2 with one sentence on stderr for anything that cannot be done. The user of this machine is the organiser.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from annotation.errors import ProjectError
from emer_space.commands.run import CommandLine, JsonTarget, check_writable, show
from emer_space.files.problems import counted
from submissions.person import LOCAL

if TYPE_CHECKING:
    from annotation.drafts import Progress
    from annotation.service import Annotation

Name = Annotated[str, typer.Argument(metavar="PROJECT", help="the project's name")]
Title = Annotated[str | None, typer.Option(metavar="TEXT", help="the title")]
Two = "round one and round two, such as 4,4"
People = Annotated[str | None, typer.Option(metavar="N,N", help=f"annotators of a clip in {Two}")]
Agreed = Annotated[str | None, typer.Option(metavar="N,N", help=f"how many must share a label or clue in {Two}")]
LanguageName = Annotated[str | None, typer.Option(metavar="en|zh", help="the language of the answers")]
Order = Annotated[str | None, typer.Option(metavar="listed|least_sure", help="which clips come first")]
Guide = Annotated[Path | None, typer.Option(metavar="FILE", help="a text for annotators")]
Licence = Annotated[str | None, typer.Option(metavar="TEXT", help="the licence of the dataset")]
Consent = Annotated[str | None, typer.Option(metavar="TEXT", help="how the people in the clips agreed")]
ProfileName = Annotated[str | None, typer.Option(help="which models to use (default: EMER_PROFILE, else bundled)")]

commands = CommandLine("python -m annotation", "Build a dataset: clips, drafts, two rounds of people, a release.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return commands.run(arguments)


@commands.command("new")
def _new(
    project: Name,
    title: Title = None,
    annotators: People = None,
    agreed: Agreed = None,
    language: LanguageName = None,
    order: Order = None,
    guide: Guide = None,
    licence: Licence = None,
    consent: Consent = None,
    json_target: JsonTarget = None,
) -> None:
    """Open a project."""
    check_writable(json_target)
    settings = _settings(annotators, agreed, language, order, guide, licence, consent)
    made = _service(project).new(LOCAL, project, title or project, **settings)
    text = f"Opened {made.project}; go on with `python -m annotation add {made.project} FOLDER`."
    show(asdict(made), json_target, text)


@commands.command("change")
def _change(
    project: Name,
    title: Title = None,
    annotators: People = None,
    agreed: Agreed = None,
    language: LanguageName = None,
    order: Order = None,
    guide: Guide = None,
    licence: Licence = None,
    consent: Consent = None,
    json_target: JsonTarget = None,
) -> None:
    """Change the settings of a project that are named."""
    check_writable(json_target)
    settings = {"title": title, **_settings(annotators, agreed, language, order, guide, licence, consent)}
    made = _service(project).change(LOCAL, project, **settings)
    show(asdict(made), json_target, f"Changed {made.project}.")


@commands.command("add")
def _add(
    project: Name,
    source: Annotated[
        list[str], typer.Argument(metavar="SOURCE…", help="a folder, files, or hf://datasets/OWNER/NAME")
    ],
    subtitles: Annotated[Path | None, typer.Option(metavar="FILE", help="a table of name and subtitle")] = None,
    json_target: JsonTarget = None,
) -> None:
    """Add clips to a project; those that cannot be used are set aside and named."""
    check_writable(json_target)
    given: Any = source[0] if len(source) == 1 else [Path(one) for one in source]
    added = _service(project).add_clips(LOCAL, project, given, subtitles, _count)
    lines = [f"Added {counted(len(added.added), 'clip')}; {len(added.known)} were there already."]
    lines += [f"{name} is set aside: {why}" for name, why in added.aside.items()]
    show(asdict(added), json_target, "\n".join(lines))


def _count(done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {of}", end="\n" if done == of else "", file=sys.stderr, flush=True)


@commands.command("draft")
def _draft(
    project: Name,
    profile: ProfileName = None,
    again: Annotated[bool, typer.Option("--again", help="read the clips that failed once more")] = False,
    json_target: JsonTarget = None,
) -> None:
    """Let the pipeline read every clip that has no draft; the running app does this by itself."""
    check_writable(json_target)
    service = _service(project, profile)
    service.overview(LOCAL, project)

    def tell(progress: "Progress") -> None:
        _count(progress.drafted + progress.failed, progress.clips)

    progress = service.drafts.run(project, again, tell)
    drafts = service.failed(LOCAL, project)
    lines = [f"{counted(progress.drafted, 'clip')} of {progress.clips} have a draft."]
    lines += [f"{clip} could not be read: {why}" for clip, why in drafts.items()]
    if progress.waiting:
        lines.append(f"{progress.waiting} are left to the process that reads them now.")
    show({**asdict(progress), "problems": drafts}, json_target, "\n".join(lines))


@commands.command("status")
def _status(project: Annotated[str, typer.Argument(metavar="[PROJECT]")] = "", json_target: JsonTarget = None) -> None:
    """Show how far all projects are, or one."""
    check_writable(json_target)
    service = _service(project)
    if project:
        one = service.overview(LOCAL, project)
        people = service.annotators(LOCAL, project)
        lines = [_line(one), *(f"{name} is set aside: {why}" for name, why in one.aside.items())]
        lines += [f"{each['name']} ({each['id']}): {each['done'][0]} and {each['done'][1]} done" for each in people]
        show({**asdict(one), "people": people}, json_target, "\n".join(lines))
        return
    found = service.projects(LOCAL)
    text = "\n".join(map(_line, found)) or "There is no project yet; open one with `python -m annotation new NAME`."
    show([asdict(one) for one in found], json_target, text)


def _line(one: Any) -> str:
    rounds = f"{one.done[0]} through round one, {one.done[1]} through round two, {one.final} can be released"
    failed = f" ({one.drafts.failed} failed)" if one.drafts.failed else ""
    return f"{one.project}: {counted(one.clips, 'clip')}, {one.drafts.drafted} drafted{failed}, {rounds}"


@commands.command("invite")
def _invite(
    project: Name,
    account: Annotated[
        str, typer.Option(metavar="NAME", help="an account of the Hub, or the id of somebody invited")
    ] = "",
    display: Annotated[str, typer.Option("--name", metavar="NAME", help="a name for the holder of a new key")] = "",
    rounds: Annotated[str, typer.Option(metavar="1,2", help="in which rounds; empty ends the invitation")] = "1,2",
    json_target: JsonTarget = None,
) -> None:
    """Invite an annotator by account or, with --name, by a key that is shown only now."""
    check_writable(json_target)
    key = _service(project).invite(LOCAL, project, account, display, _numbers(rounds, "--rounds"))
    text = (
        f"The key of {display}, shown only now: {key}" if key else f"{account} has the rounds {rounds or 'none'} now."
    )
    show({"key": key}, json_target, text)


@commands.command("clips")
def _clips(
    project: Name,
    search: Annotated[str, typer.Option(metavar="TEXT", help="only those whose name or words hold this")] = "",
    state: Annotated[str, typer.Option(metavar="STATE", help="only those in this state, as the list shows it")] = "",
    page: Annotated[int, typer.Option(min=1, help="which page of fifty")] = 1,
    json_target: JsonTarget = None,
) -> None:
    """List the clips of a project."""
    check_writable(json_target)
    listing = _service(project).clips(LOCAL, project, search, state, page - 1)
    lines = [f"{row.clip}  {row.duration_s:.1f} s  {row.state}  {row.problem or row.subtitle}" for row in listing.rows]
    lines += [f"Page {listing.page + 1} of {listing.pages}; {counted(listing.found, 'clip')} in all."]
    show(asdict(listing), json_target, "\n".join(lines))


@commands.command("agreement")
def _agreement(project: Name, json_target: JsonTarget = None) -> None:
    """Show how far the annotators agree, as JSON."""
    check_writable(json_target)
    report = _service(project).agreement(LOCAL, project)
    show(report, json_target or "-", "The agreement is written.")


@commands.command("order")
def _order(
    project: Name,
    round: Annotated[int, typer.Option(min=1, max=2, help="in round two, clips whose machine was doubted first")] = 1,
    json_target: JsonTarget = None,
) -> None:
    """List the clips about which the machine is least sure first."""
    check_writable(json_target)
    clips = _service(project).order(LOCAL, project, round)
    show(clips, json_target, "\n".join(clips))


@commands.command("withdraw")
def _withdraw(
    project: Name,
    clip: Annotated[str, typer.Argument(help="the clip's name")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="why; `consent` if somebody withdrew theirs")] = "consent",
    json_target: JsonTarget = None,
) -> None:
    """Take a clip out for good, with its file, its draft and all that was said of it."""
    check_writable(json_target)
    answer = _service(project).withdraw(LOCAL, project, clip, reason)
    show(answer, json_target, answer["kept"])


@commands.command("delete")
def _delete(
    project: Name,
    sure: Annotated[bool, typer.Option("--sure", help="really delete it")] = False,
    json_target: JsonTarget = None,
) -> None:
    """Delete a project with its clips' files and everything that was said of them."""
    check_writable(json_target)
    service = _service(project)
    if not sure:
        one = service.overview(LOCAL, project)
        raise ProjectError("sure", f"{project} has {counted(one.clips, 'clip')}; add --sure to delete it for good.")
    answer = service.delete(LOCAL, project)
    show(answer, json_target, answer["kept"])


@commands.command("import")
def _import(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="csv or jsonl of EMER v1, EMER v2 or name,openset")
    ],
    project: Annotated[str, typer.Option(metavar="NAME", help="the project; it is opened if there is none")],
    json_target: JsonTarget = None,
) -> None:
    """Bring the answers of published files into a project, one clip for each name."""
    from annotation.exchange import read_exchange

    check_writable(json_target)
    service = _service()
    if project not in {one.project for one in service.projects(LOCAL)}:
        for file in files:
            read_exchange(file)  # a file with problems opens no project
        service.new(LOCAL, project, project)
    names = service.import_files(LOCAL, project, files)
    show({"clips": names}, json_target, f"Imported {counted(len(names), 'clip')} into {project}.")


@commands.command("export")
def _export(
    project: Name,
    columns: Annotated[str, typer.Option(metavar="COLUMNS", help="emer-v1, emer-v2 or openset")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="the file to write")],
    language: Annotated[str, typer.Option(metavar="en|zh", help="the language of EMER v1's texts")] = "",
) -> None:
    """Write what is final in a project in the field's columns; what came in goes out unchanged."""
    from annotation.exchange import export

    check_writable(str(out))
    content = export(_service(project).for_release(LOCAL, project), columns, language)
    out.write_bytes(content)
    print(f"Wrote {out}.")


def _service(project: str = "", profile: str | None = None) -> "Annotation":
    """The service, which has finished what a killed process began in the project, or without one in all."""
    from annotation.service import Annotation
    from emer_space.profiles import load_profile
    from emer_space.settings import app_home
    from submissions.store.ledger import Ledger
    from submissions.store.store import open_store

    home = app_home()
    models = load_profile(profile or os.environ.get("EMER_PROFILE") or "bundled")
    service = Annotation(home, Ledger(open_store(home)), lambda: models)
    try:
        service.finish(project)
    except ProjectError as problem:  # what must go is still there; that hinders no other work
        print(problem, file=sys.stderr)
    return service


def _settings(
    annotators: str | None,
    agreed: str | None,
    language: str | None,
    order: str | None,
    guide: Path | None,
    licence: str | None,
    consent: str | None,
) -> dict[str, Any]:
    try:
        text = guide.read_text(encoding="utf-8") if guide else None
    except (OSError, ValueError) as problem:
        raise ProjectError("guide", f"{guide} cannot be read as a text ({type(problem).__name__}).") from None
    return {
        "annotators": None if annotators is None else _numbers(annotators, "--annotators"),
        "agreed": None if agreed is None else _numbers(agreed, "--agreed"),
        "language": language,
        "order": order,
        "guide": text,
        "licence": licence,
        "consent": consent,
    }


def _numbers(text: str, option: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise ProjectError("numbers", f"{option} is whole numbers with a comma between, such as 1,2.") from None


if __name__ == "__main__":
    sys.exit(main())
