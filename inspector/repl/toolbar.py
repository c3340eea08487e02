# SPDX-License-Identifier: LGPL-2.1-or-later
"""The line at the bottom: target, selection, and what the keys do now."""

from __future__ import annotations

from collections.abc import Callable

import click
from prompt_toolkit.application import get_app
from prompt_toolkit.formatted_text import StyleAndTextTuples

from inspector.commands.status import Status
from inspector.render.safe import safe
from inspector.repl.catalogue import find_command, is_command
from inspector.repl.line import command_word, last_word
from inspector.repl.workbench import Workbench

_STATUS_WORDS = {
    Status.NOTHING_MATCHED: "nothing matched",
    Status.BAD_USAGE: "not understood",
    Status.PARTIAL: "partial answer",
    Status.OUR_FAULT: "our fault",
    Status.INTERRUPTED: "interrupted",
}


def toolbar(bench: Workbench, opening: Callable[[], str | None]) -> StyleAndTextTuples:
    """As much as there is room for, the most important first.

    :param opening: the name of the target that is being opened, if one is
    """
    name = opening()
    if name is not None:
        return [("", f" opening {safe(name)} …")]
    help_text = option_help(get_app().current_buffer.document.text_before_cursor)
    if help_text is not None:
        return [("", f" {help_text}")]
    room = get_app().output.get_size().columns - 1
    shown: StyleAndTextTuples = []
    for style, part in _parts(bench):
        text = f" {part} " if not shown else f"│ {part} "
        if len(text) > room and shown:
            break
        room -= len(text)
        shown.append((style, text))
    return shown


def option_help(text: str) -> str | None:
    """What the option under the cursor, or whose value is being typed, is for."""
    word = command_word(text, is_command)
    command = find_command(word) if word else None
    if word is None or command is None:
        return None
    typed = last_word(text)
    before = text[: len(text) - len(typed)].split()
    for flag in [typed, *before[-1:]]:
        option = _option(command, flag)
        if option is not None and (flag == typed or not option.is_flag):
            value = f" {option.metavar or ''}".rstrip()
            return f"{', '.join(option.opts)}{value}  {option.help or ''}"
    return None


def _option(command: click.Command, flag: str) -> click.Option | None:
    for param in command.params:
        if isinstance(param, click.Option) and flag in param.opts:
            return param
    return None


def _parts(bench: Workbench) -> list[tuple[str, str]]:
    parts = [("", _target(bench))]
    if bench.selection.what is not None:
        parts.append(("", _selection(bench)))
    if bench.opened is not None:
        live = bench.is_live
        parts.append(("class:toolbar.live" if live else "", "LIVE" if live else "a dump"))
    if bench.status in _STATUS_WORDS:
        parts.append(("class:toolbar.failed", _STATUS_WORDS[Status(bench.status)]))
    view = bench.view
    return [
        *parts,
        ("", f"F2 {'decimal' if view.decimal else 'hex'}"),
        ("", f"F3 {'all' if view.show_all else 'differing'}"),
        ("", f"F4 {'vi' if bench.vi_mode else 'emacs'}"),
        ("", "F7 F8 frame"),
        ("", "help"),
    ]


def _target(bench: Workbench) -> str:
    if bench.opened is None:
        return "no target: open PATH, open --demo"
    identity = bench.opened.first.target_identity
    path = (identity.path or identity.kind).rsplit("/", 1)[-1]
    return f"{safe(path)} {safe(bench.opened.first.kernel_identity.release)}"


def _selection(bench: Workbench) -> str:
    selection = bench.selection
    task = f"{safe(selection.task.comm)} {selection.task.pid}" if selection.task else "no task"
    if selection.frame is None:
        return task
    at = f"{(selection.at or 0) + 1}/{len(selection.frames)}"
    return f"{task} {selection.frame.origin.value} {at}"
