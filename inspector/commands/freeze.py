# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector freeze``."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status, status_of
from inspector.commands.options import format_option, syscall_option, verbose_option
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import UsageError
from inspector.model.freeze import CommandEnd, FreezePlan
from inspector.model.probe import ProbePlace, parse_place

if TYPE_CHECKING:
    from inspector.queries.freeze import Watcher
    from inspector.queries.source import Source

_COMMAND = "inspector.commands.freeze.command"
_LONGEST_COMM = 15


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
        "Without building a module: registers only, from the kernel's own events.",
    ),
    Example(
        "sudo inspector freeze vfs_read --comm cat -o saved.json -- cat /dev/null",
        "Save the records: --records saved.json is then a target for every command.",
    ),
)


@click.command(
    "freeze",
    cls=FreezeCommand,
    short_help="Probe the running kernel and show the frames.",
    epilog=epilog(EXAMPLES),
)
@click.argument("places", metavar="SYMBOL[+OFF]... [-- COMMAND...]", nargs=-1, callback=_as_places)
@click.option(
    "--return",
    "returns",
    metavar="SYMBOL",
    multiple=True,
    callback=_as_places,
    help="Also probe the return of SYMBOL.",
)
@click.option(
    "--via",
    type=click.Choice(["module", "tracefs"]),
    default="module",
    show_default=True,
    help="Use the framefreeze module, or kprobe events (registers only, nothing to build).",
)
@click.option(
    "--mode",
    type=click.Choice(["record", "hold", "crash"]),
    default="record",
    show_default=True,
    help="Copy each frame, hold one CPU in its frame, or panic in it.",
)
@click.option(
    "-o",
    "saved_to",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Save the records to FILE.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, 86400),
    default=10,
    help="How long to probe if no COMMAND is given.",
)
@click.option("--pid", type=click.IntRange(1), help="Only hits of this thread.")
@click.option("--tgid", type=click.IntRange(1), help="Only hits of this process.")
@click.option("--comm", metavar="NAME", help="Only hits of tasks whose name is NAME.")
@syscall_option
@click.option("--every", metavar="N", type=click.IntRange(1), help="Only every N-th hit.")
@click.option("--limit", metavar="N", type=click.IntRange(1), help="At most N hits per probe.")
@click.option(
    "--ring-slots", type=int, default=256, show_default=True, help="Number of records kept."
)
@click.option(
    "--slice-bytes",
    type=int,
    default=2048,
    show_default=True,
    help="Bytes of stack saved per record.",
)
@click.option("--int3", "keep_int3", is_flag=True, help="Never let a jump replace the int3.")
@click.option(
    "--wait-optimised", is_flag=True, help="Start COMMAND once jumps have replaced the int3s."
)
@click.option(
    "--hold-ms",
    metavar="N",
    type=click.IntRange(1, 2000),
    default=500,
    show_default=True,
    help="Longest duration of a hold, in ms.",
)
@click.option(
    "--keep-held", is_flag=True, help="Let the hold last after reading, to look at it from outside."
)
@click.option("--force", is_flag=True, help="Hold even where the kernel does not show every lock.")
@click.option(
    "--crash-after", metavar="N", type=click.IntRange(1), default=1, help="Panic on the N-th hit."
)
@click.option("--confirm-crash", is_flag=True, help="Confirm that this machine may panic.")
@format_option("text", "json")
@verbose_option
@click.pass_context
def command(ctx: click.Context, /, *, via: str, output: str, **given: Any) -> Status:
    """Probe the running kernel while COMMAND runs, and show the frames of the hits.

    Each SYMBOL[+OFF] gets a probe. Name the place that is reached first before the others: its hits
    begin events. The place decides whether ftrace, an int3 or a jump calls the handler. The module
    is built for this kernel, loaded, and unloaded again, whatever happens.

    Exit status 4: COMMAND failed.
    """
    plan = FreezePlan(command=ctx.meta[_COMMAND], **given)
    _check(plan, via)
    session: Session = ctx.obj
    return (_by_tracefs if via == "tracefs" else _by_module)(session, plan, output)


def _by_module(session: Session, plan: FreezePlan, output: str) -> Status:
    from inspector.freezer.control import check_host
    from inspector.freezer.host import host_facts
    from inspector.freezer.workload import program_of
    from inspector.model.freeze import Need
    from inspector.processes.signals import signals_end_it
    from inspector.processes.whole_file import check_writable
    from inspector.queries.freeze import freeze_by_module, ring_of
    from inspector.queries.target import TargetSource

    ring = ring_of(plan)
    program_of(plan.command)
    if plan.saved_to is not None:
        check_writable(plan.saved_to)
    host = host_facts()
    check_host(host, Need.HOLD if plan.mode == "hold" else Need.MODULE, session.sudo_line)
    with signals_end_it(), _running_kernel(session) as source:
        assert isinstance(source, TargetSource)
        frozen = freeze_by_module(plan, host, source, ring, _watcher(session, output))
    if output == "json":
        from inspector.render.json_answers import freeze_json

        session.out.write(freeze_json(frozen))
    else:
        from inspector.render.text.freeze import FreezeText
        from inspector.render.text.screen import show

        show(FreezeText(frozen), session.out, verbose=session.verbose)
    if _command_failed(session, frozen.command):
        return Status.COMMAND_FAILED
    return status_of(bool(frozen.frames), frozen.missing)


def _by_tracefs(session: Session, plan: FreezePlan, output: str) -> Status:
    from inspector.freezer.control import check_host
    from inspector.freezer.host import host_facts
    from inspector.freezer.workload import program_of
    from inspector.model.freeze import Need
    from inspector.processes.signals import signals_end_it
    from inspector.queries.freeze import allowed
    from inspector.queries.freeze_tracefs import freeze_by_tracefs

    program_of(plan.command)
    host = host_facts()
    check_host(host, Need.TRACEFS, session.sudo_line)
    with signals_end_it():
        answers = {}
        if host.kcore is None:
            with _running_kernel(session) as source:
                answers = allowed(source, plan, by_events=True)
        traced = freeze_by_tracefs(plan, host, answers, _watcher(session, output))
    if output == "json":
        from inspector.render.json_answers import traced_json

        session.out.write(traced_json(traced))
    else:
        from inspector.render.text.freeze import TracedText
        from inspector.render.text.screen import show

        show(TracedText(traced), session.out)
    if _command_failed(session, traced.command):
        return Status.COMMAND_FAILED
    if traced.overrun:
        return Status.PARTIAL
    return Status.WHOLE if traced.hits else Status.NOTHING_MATCHED


def _running_kernel(session: Session) -> AbstractContextManager[Source]:
    """Whatever target the session holds open."""
    return replace(session, held=None).source(TargetOptions(live=True))


def _watcher(session: Session, output: str) -> Watcher:
    from inspector.queries.freeze import Watcher

    def say(text: str) -> None:
        session.err.write(f"inspector: {text}\n")
        session.err.flush()

    def progress(text: str) -> None:
        if sys.stderr.isatty():
            say(text)

    session.out.flush()  # before COMMAND writes there
    return Watcher(say, progress, to_stderr=output == "json")


def _command_failed(session: Session, command: CommandEnd | None) -> bool:
    if command is None or not command.status:
        return False
    session.err.write(f"inspector: COMMAND ended with status {command.status}\n")
    return True


def _check(plan: FreezePlan, via: str) -> None:
    if not plan.places and not plan.returns:
        raise UsageError("freeze: no probe given; name one, e.g. __x64_sys_fork+5")
    if any(place.offset for place in plan.returns):
        raise UsageError("--return: takes a function without +OFF")
    comm = plan.comm or ""
    if len(comm.encode()) > _LONGEST_COMM or not comm.isprintable() or " " in comm:
        raise UsageError(f"--comm: must be at most {_LONGEST_COMM} bytes, without blanks")
    if plan.mode == "crash" and not plan.confirm_crash:
        raise UsageError("--mode crash: panics this machine; confirm with --confirm-crash")
    if plan.mode != "record" and not plan.places:
        raise UsageError(f"--mode {plan.mode} needs a SYMBOL[+OFF], not only returns")
    if via == "tracefs":
        _check_tracefs(plan)


def _check_tracefs(plan: FreezePlan) -> None:
    beyond = {
        "--mode": plan.mode != "record",
        "-o": plan.saved_to is not None,
        "--tgid": plan.tgid is not None,
        "--every": plan.every is not None,
        "--limit": plan.limit is not None,
        "--syscall": plan.syscall is not None,
        "--int3": plan.keep_int3,
        "--wait-optimised": plan.wait_optimised,
    }
    asked = [name for name, given in beyond.items() if given]
    if asked:
        raise UsageError(f"{' and '.join(asked)}: not possible with tracefs; use --via module")
