# SPDX-License-Identifier: LGPL-2.1-or-later
"""The prompt's words help, set, source and quit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import click

from inspector.commands.catalogue import COMMANDS
from inspector.commands.completion import complete_path
from inspector.errors import UsageError
from inspector.repl.catalogue import FROM_CRASH, SETTINGS, WORDS, find_command
from inspector.repl.workbench import Leave, Turn

_KEYS = """\
Keys
  Tab            what can come next; → takes what is suggested from the history
  Ctrl-R         search the history
  F2             registers in hex or decimal, and the last answer again
  F3             differing or all registers, and the last answer again
  F4             emacs or vi keys
  F5             read the target anew, and the last answer again
  F7, F8         the previous, the next frame of the selected task
  Ctrl-X Ctrl-E  the line in $EDITOR (v in vi mode)
  Ctrl-C         stop what runs; drop the line
  Ctrl-D         leave
"""

_LINES = """\
Lines
  COMMAND | SHELL…     give the answer to a shell command:   frames | grep read
  COMMAND > FILE       write it to a file, >> to its end;    frames > out.json writes JSON
  anything else        is Python: prog, task, frame, regs, source, inspector, drgn's helpers
  py CODE, %COMMAND    where a word could be either; !LINE is the shell's
"""


def _topics(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    return [word for word in (*COMMANDS, *WORDS, "keys") if word.startswith(typed)]


@click.command("help", short_help="Show help; help COMMAND, help keys.")
@click.argument("topic", required=False, shell_complete=_topics)
@click.pass_obj
def show_help(turn: Turn, *, topic: str | None) -> None:
    """List the commands, or show the help of COMMAND; help keys lists the keys. COMMAND? is the
    same.
    """
    if topic == "keys":
        turn.out.write(_KEYS)
    elif topic is None:
        turn.out.write("\n".join(_overview()))
    else:
        turn.out.write(f"{_help_of(topic)}\n")


def _help_of(word: str) -> str:
    command = find_command(word)
    if command is None:
        raise UsageError(f"{word}: no such command; help lists them")
    with command.make_context(word, [], resilient_parsing=True, **SETTINGS) as context:
        return command.get_help(context)


def _overview() -> list[str]:
    own = [word for word in WORDS if word not in FROM_CRASH]
    return [
        *_group("About the target", COMMANDS),
        *_group("At this prompt", own),
        *_group("Words of crash", FROM_CRASH),
        _LINES,
        "help COMMAND tells more; help keys lists the keys.\n",
    ]


def _group(title: str, words: Iterable[str]) -> list[str]:
    lines = [title]
    for word in words:
        command = find_command(word)
        assert command is not None
        lines.append(f"  {word:9} {command.get_short_help_str(limit=86)}")
    return [*lines, ""]


_CHOICES = {
    "numbers": ("hex", "decimal"),
    "registers": ("differing", "all"),
    "editing": ("emacs", "vi"),
}


def _values(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    name = str(ctx.params.get("name"))
    return [value for value in _CHOICES.get(name, ()) if value.startswith(incomplete)]


@click.command("set", short_help="Set hex or decimal, all or differing registers, vi or emacs.")
@click.argument("name", required=False, type=click.Choice(list(_CHOICES)))
@click.argument("value", required=False, shell_complete=_values)
@click.pass_obj
def set_choice(turn: Turn, *, name: str | None, value: str | None) -> None:
    """Change a setting, or show it.

    \b
      numbers    hex (the default) or decimal: registers in diff and explain; F2
      registers  differing (the default) or all: in diff; F3
      editing    emacs (the default) or vi; F4

    Lines in the startup file set them for every session.
    """
    if name is not None and value is not None:
        if value not in _CHOICES[name]:
            raise click.BadParameter(f"{name} is {' or '.join(_CHOICES[name])}, not {value}")
        _apply(turn, name, value)
    for each in _CHOICES if name is None else (name,):
        turn.out.write(f"{each:9}  {_current(turn, each)}\n")


def _apply(turn: Turn, name: str, value: str) -> None:
    bench, second = turn.bench, value == _CHOICES[name][1]
    if name == "numbers":
        bench.view = replace(bench.view, decimal=second)
    elif name == "registers":
        bench.view = replace(bench.view, show_all=second)
    else:
        bench.vi_mode = second


def _current(turn: Turn, name: str) -> str:
    bench = turn.bench
    state = {
        "numbers": bench.view.decimal,
        "registers": bench.view.show_all,
        "editing": bench.vi_mode,
    }
    return _CHOICES[name][state[name]]


@click.command("source", short_help="Run the lines of a file.")
@click.argument(
    "path", metavar="PATH", type=click.Path(path_type=Path), shell_complete=complete_path
)
@click.pass_obj
def source(turn: Turn, *, path: Path) -> int:
    """Run the lines of the file at PATH."""
    try:
        text = path.expanduser().read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not a text file") from None
    return turn.run(text)


@click.command("quit", short_help="Leave the prompt, as Ctrl-D does.")
def quit_session() -> None:
    """Leave the session, as Ctrl-D on an empty line does."""
    raise Leave
