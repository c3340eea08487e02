# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector freeze``: the options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status
from inspector.commands.options import format_option, syscall_option, verbose_option
from inspector.commands.probe import ProbePlace, parse_place
from inspector.commands.session import Session
from inspector.errors import UsageError

_COMMAND = "inspector.commands.freeze.command"
_LONGEST_COMM = 15


@dataclass(frozen=True, slots=True)
class FreezeRequest:
    """What to freeze, and how.

    :ivar returns: functions whose returns are frozen too
    :ivar command: run while the probes are armed; without it ``seconds`` pass
    :ivar syscall: a UAPI name, or a number in decimal
    """

    places: tuple[ProbePlace, ...]
    returns: tuple[ProbePlace, ...]
    command: tuple[str, ...]
    mode: str
    saved_to: Path | None
    seconds: float
    pid: int | None
    tgid: int | None
    comm: str | None
    syscall: str | None
    every: int | None
    limit: int | None
    ring_slots: int
    slice_bytes: int
    keep_int3: bool
    wait_optimised: bool
    hold_ms: int
    keep_held: bool
    force: bool
    crash_after: int
    confirm_crash: bool


class FreezeCommand(click.Command):
    """What follows ``--`` is COMMAND, whatever it looks like."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own, command = args, list[str]()
        if "--" in args:
            at = args.index("--")
            own, command = args[:at], args[at + 1 :]
        ctx.meta[_COMMAND] = tuple(command)
        return super().parse_args(ctx, own)


def _as_places(
    ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> tuple[ProbePlace, ...]:
    try:
        return tuple(map(parse_place, values))
    except ValueError as error:
        raise click.UsageError(str(error), ctx) from None


EXAMPLES = (
    Example(
        "sudo inspector freeze __x64_sys_fork+5 -- ./fork",
        "The frames that an int3 makes in fork(2), and its syscall frame.",
    ),
    Example(
        "sudo inspector freeze kernel_clone --via tracefs -- ./fork",
        "With nothing to build: registers alone, by the kernel's own events.",
    ),
    Example(
        "sudo inspector freeze vfs_read --comm cat -o saved.json -- cat /dev/null",
        "Save the records: --records saved.json is then a target for every command.",
    ),
)


@click.command(
    "freeze",
    cls=FreezeCommand,
    short_help="Probe the running kernel, and show the frames.",
    epilog=epilog(EXAMPLES),
)
@click.argument("places", metavar="SYMBOL[+OFF]... [-- COMMAND...]", nargs=-1, callback=_as_places)
@click.option(
    "--return",
    "returns",
    metavar="SYMBOL",
    multiple=True,
    callback=_as_places,
    help="Also where this function returns.",
)
@click.option(
    "--via",
    type=click.Choice(["module", "tracefs"]),
    default="module",
    show_default=True,
    help="By the framefreeze module, or by kprobe events: registers only, nothing to build.",
)
@click.option(
    "--mode",
    type=click.Choice(["record", "hold", "crash"]),
    default="record",
    show_default=True,
    help="Copy each frame; hold one CPU in its frame; or panic in it.",
)
@click.option(
    "-o", "saved_to", metavar="FILE", type=click.Path(path_type=Path), help="Save the records."
)
@click.option(
    "--seconds", type=click.FloatRange(0, 86400), default=10, help="Without COMMAND: how long."
)
@click.option("--pid", type=click.IntRange(1), help="Only of this thread.")
@click.option("--tgid", type=click.IntRange(1), help="Only of this process.")
@click.option("--comm", metavar="NAME", help="Only of tasks with exactly this name.")
@syscall_option
@click.option("--every", metavar="N", type=click.IntRange(1), help="Only one hit in N.")
@click.option("--limit", metavar="N", type=click.IntRange(1), help="At most N hits a probe.")
@click.option("--ring-slots", type=int, default=256, show_default=True, help="Records kept.")
@click.option(
    "--slice-bytes", type=int, default=2048, show_default=True, help="Of stack in a record."
)
@click.option("--int3", "keep_int3", is_flag=True, help="Never let a jump replace the int3.")
@click.option(
    "--wait-optimised", is_flag=True, help="Start COMMAND when jumps have replaced the int3s."
)
@click.option(
    "--hold-ms",
    metavar="N",
    type=click.IntRange(1, 2000),
    default=500,
    show_default=True,
    help="How long a hold lasts at most.",
)
@click.option(
    "--keep-held", is_flag=True, help="Read, and let the hold last: for a look from outside."
)
@click.option("--force", is_flag=True, help="Hold though the kernel does not show every lock.")
@click.option("--crash-after", metavar="N", type=click.IntRange(1), default=1, help="Its N-th hit.")
@click.option("--confirm-crash", is_flag=True, help="Yes, panic this machine.")
@format_option("text", "json")
@verbose_option
@click.pass_context
def command(ctx: click.Context, /, *, via: str, output: str, **given: Any) -> Status:
    """Probe the running kernel while COMMAND runs, and show the frames that it made.

    Each SYMBOL[+OFF] gets a probe; name first what is reached first: its hits begin events. As
    the place decides, it is called by ftrace, by an int3, or by a jump. The module is built for
    this kernel, loaded, and unloaded again, whatever happens.

    Exit status 4: COMMAND failed.
    """
    session: Session = ctx.obj
    request = FreezeRequest(command=ctx.meta[_COMMAND], **given)
    _check(request, via)
    if via == "tracefs":
        from inspector.queries.freeze_tracefs import run as run_by_tracefs

        return run_by_tracefs(session, request, output)
    from inspector.queries.freeze import run

    return run(session, request, output)


def _check(request: FreezeRequest, via: str) -> None:
    if not request.places and not request.returns:
        raise UsageError("freeze what? SYMBOL[+OFF], as kprobes take it")
    if any(place.offset for place in request.returns):
        raise UsageError("a function returns as a whole: --return takes no +OFF")
    comm = request.comm or ""
    if len(comm.encode()) > _LONGEST_COMM or not comm.isprintable() or " " in comm:
        raise UsageError(f"--comm: at most {_LONGEST_COMM} bytes, and no blank")
    if request.mode == "crash" and not request.confirm_crash:
        raise UsageError("--mode crash panics this machine: say --confirm-crash if you mean it")
    if request.mode != "record" and not request.places:
        raise UsageError(f"--mode {request.mode} is for a SYMBOL[+OFF], not for a return")
    if via == "tracefs":
        _check_tracefs(request)


def _check_tracefs(request: FreezeRequest) -> None:
    beyond = {
        "--mode": request.mode != "record",
        "-o": request.saved_to is not None,
        "--tgid": request.tgid is not None,
        "--every": request.every is not None,
        "--limit": request.limit is not None,
        "--syscall": request.syscall is not None,
        "--int3": request.keep_int3,
        "--wait-optimised": request.wait_optimised,
    }
    asked = [name for name, given in beyond.items() if given]
    if asked:
        raise UsageError(f"{' and '.join(asked)}: tracefs cannot do that; --via module can")
