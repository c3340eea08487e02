# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector probe``: predict a kprobe."""

from __future__ import annotations

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.completion import complete_place
from inspector.commands.failure import Status, status_of
from inspector.commands.options import format_option, target_options, verbose_option
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.model.probe import ProbeAnswer, ProbePlace, SnippetKind, parse_place


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
        "On the first instruction: ftrace calls the handler, orig_ax is 0.",
    ),
    Example(
        "inspector probe -c vmcore __x64_sys_fork+5",
        "Behind the first instruction: an int3, orig_ax is -1.",
    ),
    Example("inspector probe -c vmcore _do_fork", "Find a function by its older name."),
    Example(
        "inspector probe -c vmcore kernel_clone --snippet tracefs",
        "Commands, ready to paste, that get the syscall number there.",
    ),
)


@click.command(
    "probe",
    short_help="Predict what a kprobe would do and what its frame holds.",
    epilog=epilog(EXAMPLES),
)
@click.argument("place", metavar="SYMBOL[+OFF]", callback=_as_place, shell_complete=complete_place)
@click.option(
    "--snippet",
    type=click.Choice([kind.value for kind in SnippetKind]),
    callback=_as_kind,
    help="Print code, ready to paste, that gets the syscall number at this probe.",
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
    """Predict what a kprobe at SYMBOL[+OFF] would do, from the target's own text and lists.

    The answer says whether the kernel accepts the probe or refuses it, and with which error;
    whether ftrace, an int3 or a jump calls the handler; what orig_ax will be; and which ways give
    the syscall number on this kernel. A function is found by its older names too. Nothing is
    probed.
    """
    with session.source(target) as source:
        answer = source.probe(place.symbol, place.offset, place.module, place.text)
        code = _code(answer, snippet) if snippet else None
        if output == "json":
            from inspector.render.json_answers import probe_json

            session.out.write(probe_json(answer, snippet, code))
        elif code is not None:
            session.out.write(code)
        else:
            from inspector.render.text.probe import ProbeText
            from inspector.render.text.screen import show

            show(ProbeText(answer), session.out, verbose=session.verbose)
        return status_of(True, answer.missing)


def _code(answer: ProbeAnswer, kind: SnippetKind) -> str:
    from inspector.predict.handler import snippet_plan
    from inspector.render.snippets import snippet

    return snippet(kind, snippet_plan(answer, kind))
