# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector probe``: what a kprobe at a place would do and hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.completion import complete_place
from inspector.commands.failure import Status
from inspector.commands.options import format_option, target_options, verbose_option
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.model.probe import SnippetKind

# As kprobes take it, and as an oops prints it (/SIZE): MODULE:SYMBOL+OFFSET.
_PLACE = re.compile(
    r"(?:(?P<module>[\w-]+):)?(?P<symbol>[A-Za-z_.$][\w.$]*)"
    r"(?:\+(?P<offset>0[xX][0-9a-fA-F]{1,8}|[0-9]{1,9})(?:/0x[0-9a-fA-F]+)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ProbePlace:
    """Where the probe is to go.

    :ivar module: None for any
    :ivar text: as it was typed
    """

    symbol: str
    offset: int
    module: str | None
    text: str


def parse_place(text: str) -> ProbePlace:
    """:raises ValueError: if ``text`` is no place"""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no place for a probe: SYMBOL, SYMBOL+OFFSET")
    offset = found["offset"] or "0"
    number = int(offset, 16) if offset[:2] in ("0x", "0X") else int(offset)
    return ProbePlace(found["symbol"], number, found["module"], text)


def _as_place(ctx: click.Context, _param: click.Parameter, value: str) -> ProbePlace:
    try:
        return parse_place(value)
    except ValueError as error:
        raise click.UsageError(str(error), ctx) from None


def _as_kind(_ctx: click.Context, _param: click.Parameter, value: str | None) -> SnippetKind | None:
    return None if value is None else SnippetKind(value)


EXAMPLES = (
    Example(
        "inspector probe -c vmcore kernel_clone",
        "On its first instruction: called by ftrace, orig_ax 0.",
    ),
    Example("inspector probe -c vmcore __x64_sys_fork+5", "Behind it: an int3, orig_ax -1."),
    Example("inspector probe -c vmcore _do_fork", "By an older name."),
    Example(
        "inspector probe -c vmcore kernel_clone --snippet tracefs",
        "Commands, ready to paste, that get the syscall number there.",
    ),
)


@click.command(
    "probe",
    short_help="What a kprobe would do, and hold: refused, ftrace, int3, jump.",
    epilog=epilog(EXAMPLES),
)
@click.argument("place", metavar="SYMBOL[+OFF]", callback=_as_place, shell_complete=complete_place)
@click.option(
    "--snippet",
    type=click.Choice([kind.value for kind in SnippetKind]),
    callback=_as_kind,
    help="Code, ready to paste, that gets the syscall number at this probe.",
)
@format_option("text", "json")
@verbose_option
@target_options
@click.pass_obj
def command(
    session: Session,
    *,
    target: TargetOptions,
    output: str,
    place: ProbePlace,
    snippet: SnippetKind | None,
) -> Status:
    """What a kprobe at SYMBOL[+OFF] would do, told from the target's own text and lists.

    Accepted, or refused with which error; called from ftrace, by an int3, or by a jump; what
    orig_ax will then be; and the ways that do give the syscall number on this kernel. An older
    name finds the function that has a newer one. Nothing is probed.
    """
    from inspector.queries.probe import run

    return run(session, target, place, output, snippet)
