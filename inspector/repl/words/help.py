# SPDX-License-Identifier: LGPL-2.1-or-later
"""``help``: what there is."""

from __future__ import annotations

from collections.abc import Iterable

import click

from inspector.commands.catalogue import COMMANDS
from inspector.errors import UsageError
from inspector.repl.catalogue import FROM_CRASH, SETTINGS, WORDS, find_command
from inspector.repl.workbench import Turn

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
  anything else        is Python: prog, task, frame, regs, survey, inspector, drgn's helpers
  py CODE, %COMMAND    where a word could be either; !LINE is the shell's
"""


def _topics(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    return [word for word in (*COMMANDS, *WORDS, "keys") if word.startswith(typed)]


@click.command("help", short_help="This; help COMMAND, help keys.")
@click.argument("topic", required=False, shell_complete=_topics)
@click.pass_obj
def command(turn: Turn, *, topic: str | None) -> None:
    """What there is, or what COMMAND does; help keys for the keys. COMMAND? is the same."""
    if topic == "keys":
        turn.out.write(_KEYS)
    elif topic is None:
        turn.out.write("\n".join(_overview()))
    else:
        turn.out.write(f"{_help_of(topic)}\n")


def _help_of(word: str) -> str:
    command = find_command(word)
    if command is None:
        raise UsageError(f"no such command: {word} (help lists them)")
    with command.make_context(word, [], resilient_parsing=True, **SETTINGS) as context:
        return command.get_help(context)


def _overview() -> list[str]:
    own = [word for word in WORDS if word not in FROM_CRASH]
    return [
        *_group("About the target", COMMANDS),
        *_group("At this prompt", own),
        *_group("For those who come from crash", FROM_CRASH),
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
