# SPDX-License-Identifier: LGPL-2.1-or-later
"""The man page, from the declarations that the help is made of."""

import importlib
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import jinja2

from inspector.cli.main import program, version
from inspector.commands.catalogue import Example
from inspector.commands.options import TARGET_NAMES

_TEMPLATES = Path(__file__).parent
_AS_IT_STANDS = "\b"
_WIDTH = 64  # escapes make it wider


@dataclass(frozen=True, slots=True)
class Option:
    """:ivar names: as they are typed, with the value's name"""

    names: str
    help: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """:ivar lines: one, to be filled; or more, that stand as they are"""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """:ivar arguments: as the usage line has them
    :ivar options: its own, those of TARGET aside
    """

    name: str
    arguments: str
    text: tuple[Paragraph, ...]
    options: tuple[Option, ...]
    takes_target: bool
    examples: tuple[Example, ...]


def man_page() -> str:
    """``inspector.1``, in man(7)."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["roff"] = roff
    environment.filters["filled"] = filled
    context = click.Context(program, info_name="inspector")
    commands = [*_commands(context, program)]
    return environment.get_template("inspector.1.j2").render(
        version=version(), text=_paragraphs(program.help), commands=commands, target=_target()
    )


def roff(text: str) -> str:
    """``text`` as it is to be read: nothing in it is a request, an escape, or a hyphen."""
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return f"\\&{text}" if text.startswith(".") else text


def filled(text: str) -> str:
    """``text`` as the input lines of a paragraph, which mandoc wants short."""
    return "\n".join(map(roff, textwrap.wrap(text, _WIDTH, break_on_hyphens=False)))


# The backslash first: the others bring one.
_ESCAPES = {
    "\\": r"\(rs",
    "-": r"\-",
    "'": r"\(aq",
    "`": r"\(ga",
    "^": r"\(ha",
    "~": r"\(ti",
    "…": "...",
}


def _commands(parent: click.Context, group: click.Group, prefix: str = "") -> Iterator[Command]:
    """Those of a group within the group too, by both names."""
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        assert command is not None
        if isinstance(command, click.Group):
            within = click.Context(command, info_name=name, parent=parent)
            yield from _commands(within, command, f"{name} ")
        else:
            yield _command(parent, command, prefix + name)


def _command(parent: click.Context, command: click.Command, name: str) -> Command:
    context = click.Context(command, info_name=name, parent=parent)
    takes_target = any(param.name == "live" for param in command.params)
    target = TARGET_NAMES if takes_target else ()
    own = [param for param in command.params if param.name not in target]
    return Command(
        name,
        " ".join(param.make_metavar(context) for param in own if isinstance(param, click.Argument)),
        tuple(_paragraphs(command.help)),
        tuple(_options(own, context)),
        takes_target,
        _examples(command),
    )


def _examples(command: click.Command) -> tuple[Example, ...]:
    """Those of the command's module, which has them by name if it is of several commands."""
    assert command.callback is not None
    assert command.name is not None
    found = importlib.import_module(command.callback.__module__).EXAMPLES
    examples: tuple[Example, ...] = found[command.name] if isinstance(found, dict) else found
    return examples


def _target() -> tuple[Option, ...]:
    command = program.get_command(click.Context(program), "stack")  # one that takes them
    assert command is not None
    of_target = [param for param in command.params if param.name in TARGET_NAMES]
    return tuple(_options(of_target, click.Context(command)))


def _options(params: list[click.Parameter], context: click.Context) -> Iterator[Option]:
    for param in params:
        record = param.get_help_record(context) if isinstance(param, click.Option) else None
        if record is not None:
            yield Option(*record)


def _paragraphs(text: str | None) -> Iterator[Paragraph]:
    for block in inspect.cleandoc(text or "").split("\n\n"):
        lines = block.splitlines()
        if lines[0] == _AS_IT_STANDS:
            yield Paragraph(tuple(lines[1:]))
        else:
            yield Paragraph((" ".join(lines),))
