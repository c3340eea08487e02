# SPDX-License-Identifier: LGPL-2.1-or-later
"""The options, each declared once; commands pick theirs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from inspector.commands.completion import (
    complete_comm,
    complete_dump,
    complete_path,
    complete_selector,
    complete_selector_or_register,
    complete_syscall,
)
from inspector.commands.target import TargetOptions
from inspector.facts.uapi import Abi, names
from inspector.model.origin import Origin
from inspector.model.registers import REGISTER_NAMES
from inspector.model.task import Selector, parse_selector
from inspector.target.spec import TypeSource

_Callback = Callable[..., Any]
_Decorator = Callable[[_Callback], _Callback]

ORIGIN_NAMES = ", ".join(origin.value for origin in Origin)

_ORIGINS = click.Choice([origin.value for origin in Origin])
_TYPES = click.Choice([source.value for source in TypeSource])

_TARGET: tuple[_Decorator, ...] = (
    click.option(
        "--live", is_flag=True, help="The running kernel (the default where it can be read)."
    ),
    click.option(
        "--core",
        "-c",
        metavar="PATH",
        shell_complete=complete_path,
        help="A vmcore (kdump or ELF).",
    ),
    click.option("--qemu", metavar="ADDRESS", help="A QEMU guest: the address of its QMP monitor."),
    click.option("--pause", is_flag=True, help="Stop the QEMU guest while it is read."),
    click.option(
        "--records",
        metavar="FILE",
        shell_complete=complete_path,
        help="Records saved by freeze -o.",
    ),
    click.option("--demo", is_flag=True, help="A shipped dump of a real kernel."),
    click.option(
        "--dump",
        metavar="NAME",
        shell_complete=complete_dump,
        help="Use the shipped dump NAME.",
    ),
    click.option(
        "--types", type=_TYPES, default="auto", show_default=True, help="Source of the types."
    ),
    click.option(
        "--vmlinux",
        metavar="PATH",
        type=click.Path(path_type=Path),
        help="DWARF debug information of the same kernel.",
    ),
    click.option(
        "--system-map",
        metavar="PATH",
        type=click.Path(path_type=Path),
        help="Symbols of the same kernel, if its own table is not found.",
    ),
)


TARGET_NAMES = (
    *("live", "core", "qemu", "pause", "records", "demo", "dump", "types", "vmlinux"),
    "system_map",
)


def target_options(callback: _Callback) -> _Callback:
    """Add the TARGET options, passed to the callback as one ``target`` value."""

    @functools.wraps(callback)
    def gathered(*args: Any, **options: Any) -> Any:
        types = TypeSource(options.pop("types"))
        given = {name: options.pop(name) for name in TARGET_NAMES if name != "types"}
        return callback(*args, target=TargetOptions(types=types, **given), **options)

    wrapped: _Callback = gathered
    for option in reversed(_TARGET):
        wrapped = option(wrapped)
    return wrapped


def format_option(*formats: str) -> _Decorator:
    """:param formats: the first is the default"""
    return click.option(
        "--format",
        "output",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="Format of the answer.",
    )


def format_of_file_option(*formats: str) -> _Decorator:
    """:param formats: the first is the default where no file's name says another"""
    return click.option(
        "--format",
        "output",
        type=click.Choice(formats),
        show_default=f"as FILE's name ends, else {formats[0]}",
        help="Format of the answer.",
    )


def _as_verbose(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted:
        ctx.obj = replace(ctx.obj, verbose=True)


verbose_option = click.option(
    "--verbose",
    is_flag=True,
    expose_value=False,
    callback=_as_verbose,
    help="List missing parts one by one, not by cause.",
)


def selector_argument(count: int) -> _Decorator:
    """:param count: how many at most; -1 for any number"""
    if count == 1:
        return click.argument(
            "selector",
            metavar="[SELECTOR]",
            required=False,
            callback=_as_selector,
            shell_complete=complete_selector,
        )
    return click.argument(
        "selectors",
        metavar="[SELECTOR]...",
        nargs=-1,
        callback=_as_selectors,
        shell_complete=complete_selector,
    )


selector_and_registers_argument = click.argument(
    "asked",
    metavar="[SELECTOR] [REGISTER]...",
    nargs=-1,
    callback=lambda ctx, param, values: _as_selector_and_registers(ctx, param, values),
    shell_complete=complete_selector_or_register,
)


def origin_option(flag: str, help_text: str) -> _Decorator:
    """An option whose value is an origin's name, or None."""
    return click.option(flag, type=_ORIGINS, metavar="ORIGIN", callback=_as_origin, help=help_text)


comm_option = click.option(
    "--comm",
    metavar="GLOB",
    shell_complete=complete_comm,
    help="Only tasks whose name matches GLOB.",
)


def _syscall(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    # tables: not for --help

    problem = no_such_syscall(value) if value is not None else None
    if problem is not None:
        raise click.BadParameter(problem)
    return value


syscall_option = click.option(
    "--syscall",
    metavar="NAME",
    callback=_syscall,
    shell_complete=complete_syscall,
    help="Only frames with this syscall (name or number).",
)
cpu_option = click.option(
    "--cpu", metavar="N", type=click.IntRange(min=0), help="Only frames of CPU N."
)
record_option = click.option(
    "--record", metavar="N", type=click.IntRange(min=0), help="Record N of the framefreeze module."
)
oops_option = click.option(
    "--oops",
    metavar="FILE|-",
    shell_complete=complete_path,
    help="Explain the registers in a kernel log (oops, WARN, printk).",
)
decimal_option = click.option(
    "--decimal", is_flag=True, help="Registers in decimal, as signed numbers."
)


def all_option(help_text: str) -> _Decorator:
    """``--all``: registers that are folded otherwise."""
    return click.option("--all", "show_all", is_flag=True, help=help_text)


def _as_selector(ctx: click.Context, param: click.Parameter, value: str | None) -> Selector | None:
    if value is None:
        return None
    try:
        return parse_selector(value)
    except ValueError as error:
        raise click.UsageError(str(error), ctx) from None


def _as_selectors(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[Selector | None, ...]:
    return tuple(_as_selector(ctx, param, value) for value in values)


def _as_selector_and_registers(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[Selector | None, tuple[str, ...]]:
    registers = tuple(value for value in values if value in REGISTER_NAMES)
    others = [value for value in values if value not in REGISTER_NAMES]
    if len(others) > 1:
        raise click.UsageError(f"explain: takes one frame, got another: {others[1]}", ctx)
    return _as_selector(ctx, param, others[0] if others else None), registers


def _as_origin(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Origin | None:
    return None if value is None else Origin(value)


_MAX_NUMBER = (1 << 31) - 1  # do_syscall_64() takes an int, and a negative one is no syscall


def no_such_syscall(value: str) -> str | None:
    """The problem with ``value`` as a syscall's name or decimal number, None if there is none.

    Every number that user space can pass is accepted: a task may be in a call that is not in the
    shipped tables.
    """
    if value.isascii() and value.isdigit():
        return (
            None
            if int(value) <= _MAX_NUMBER
            else f"{value}: not a syscall number; must be below 2**31"
        )
    known = {name for abi in Abi for name in names(abi).values()}
    if value in known:
        return None
    return f"{value}: no such syscall; {_nearest(value, known) or 'name one as in syscalls(2)'}"


def _nearest(value: str, known: Iterable[str]) -> str:
    found = get_close_matches(value, sorted(known), n=4, cutoff=0.4)
    return f"nearest: {', '.join(found)}" if found else ""
