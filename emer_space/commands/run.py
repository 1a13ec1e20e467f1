"""Runs the project's command lines: reads options, and ends with an exit code and never a traceback for user errors."""

import errno
import json
import os
import select
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TextIO, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from emer_space.errors import EmerError, InputError

FAILED, STOPPED, NO_READER = 2, 130, 141
"""Exit codes: failed, with one sentence on stderr; stopped from the keyboard; nobody reads the output any more."""
CONSOLE_SCRIPTS = ("emer-space", "emer-leaderboard", "emer-submissions", "emer-annotation")
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
STANDARD_OUTPUT = "-"
Function = TypeVar("Function", bound=Callable[..., Any])

JsonTarget = Annotated[
    str | None, typer.Option("--json", metavar="FILE|-", help="write it all as JSON (- for standard output)")
]
"""Where a command writes its answer as JSON."""


class _Command(TyperCommand):
    def format_usage(self, ctx: Any, formatter: Any) -> None:
        _format_usage(self, ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Options may be shortened where that leaves no doubt (`--pred` for `--predictions`)."""
        options = [name for parameter in self.get_params(ctx) for name in parameter.opts if name.startswith("--")]
        literal = args.index("--") if "--" in args else len(args)
        args = [*(_in_full(word, options) for word in args[:literal]), *args[literal:]]
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as problem:
            if getattr(problem, "ctx", ctx) is None:
                problem.ctx = ctx  # type: ignore[attr-defined]
            raise


class _Group(TyperGroup):
    def format_usage(self, ctx: Any, formatter: Any) -> None:
        _format_usage(self, ctx, formatter)


def _called(program: str) -> str:
    """The installed command's own name, or `python -m …`."""
    name = Path(sys.argv[0]).name
    return name if name in CONSOLE_SCRIPTS else program


def _in_full(word: str, options: Sequence[str]) -> str:
    name, equals, value = word.partition("=")
    meant = [option for option in options if option.startswith(name)]
    return f"{meant[0]}{equals}{value}" if len(name) > 2 and name.startswith("--") and len(meant) == 1 else word


def _format_usage(command: TyperCommand | TyperGroup, ctx: Any, formatter: Any) -> None:
    """The usage line with `usage:` in lower case, as other programs write it."""
    formatter.write_usage(ctx.command_path, " ".join(command.collect_usage_pieces(ctx)), prefix="usage: ")


class CommandLine:
    """The commands of a program such as `python -m leaderboard`; a `single` command is the program itself.

    A command is a function: its annotations define the options, its docstring is the help, and it returns the exit
    code, or None for 0.
    """

    def __init__(self, program: str, help: str, single: bool = False) -> None:
        self.program = program
        self._app = typer.Typer(
            help=help,
            cls=_Group,
            add_completion=False,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        if not single:
            self._app.callback()(lambda: None)

    def command(self, name: str) -> Callable[[Function], Function]:
        """A decorator that makes a function the command of this name."""
        return self._app.command(name, cls=_Command)

    def run(self, arguments: Sequence[str] | None = None) -> int:
        """Run the command named by the arguments; returns the exit code.

        If the reader of the output has gone (`… | head -1`), the command ends silently with 141, the code a shell gives
        for SIGPIPE, so a script can see that not everything was read. The signal itself stays ignored, because it
        would also end a command whose connection to a model or to ffmpeg was closed.
        """
        try:
            try:
                return self._ended(arguments)
            finally:
                if sys.stdout:
                    sys.stdout.flush()
        except BrokenPipeError:
            gone = [stream for stream in (sys.stdout, sys.stderr) if stream and _reader_gone(stream)]
            if not gone:
                raise
            for stream in gone:
                _silence(stream)
            return NO_READER
        except OSError as problem:
            if problem.errno not in FULL or problem.filename:
                raise
            _silence(sys.stdout)
            print(
                f"The output cannot be written ({problem.strerror}); make room, or write it elsewhere.", file=sys.stderr
            )
            return FAILED

    def _ended(self, arguments: Sequence[str] | None) -> int:
        """Run without the library's `main`, which would end the process and turn a closed pipe into exit code 1."""
        try:
            command = typer.main.get_command(self._app)
            given = list(sys.argv[1:] if arguments is None else arguments)
            program = _called(self.program) if arguments is None else self.program
            with command.make_context(program, given) as context:
                return command.invoke(context) or 0
        except typer.Exit as ended:
            return ended.exit_code
        except typer.TyperException as problem:
            print(self._wrong_usage(problem), file=sys.stderr)
            return FAILED
        except EmerError as problem:
            print(problem, file=sys.stderr)
            return FAILED
        except KeyboardInterrupt:
            print("Stopped.", file=sys.stderr)
            return STOPPED

    def _wrong_usage(self, problem: Any) -> str:
        """One sentence that says what is wrong with the options and where they are listed."""
        context = getattr(problem, "ctx", None)
        message = " ".join(str(problem.format_message()).split()).replace("Value error, ", "").rstrip(".")
        if context and isinstance(context.command, TyperGroup):
            message += f"; the commands are {', '.join(context.command.list_commands(context))}"
        return f"{message}; see {context.command_path if context else self.program} --help."


def check_writable(target: str | None) -> None:
    """Raises `InputError` if `show` could not write to `target`; call it before the work."""
    if target and target != STANDARD_OUTPUT:
        try:
            with Path(target).open("ab"):
                pass
        except OSError as problem:
            raise _not_written(target, problem) from None


def show(answer: Any, target: str | None, text: str) -> None:
    """Print `text`, and write `answer` as JSON to `target` if given; to standard output only the JSON is written.

    Raises `InputError` if the file cannot be written.
    """
    content = json.dumps(answer, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    if target == STANDARD_OUTPUT:
        sys.stdout.write(content)
        return
    if target:
        try:
            Path(target).write_text(content, encoding="utf-8")
        except OSError as problem:
            raise _not_written(target, problem) from None
    print(text)


def _not_written(target: str, problem: OSError) -> EmerError:
    return InputError(f"{target} cannot be written ({problem.strerror}); name another file.")


def _reader_gone(stream: TextIO) -> bool:
    """Whether a stream is a pipe or a connection that nobody reads any more."""
    poll = select.poll()
    poll.register(stream.fileno(), select.POLLOUT)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _silence(stream: TextIO) -> None:
    """Discard what is left in the stream; otherwise the interpreter would complain at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
