# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector explain``."""

from __future__ import annotations

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status, status_of
from inspector.commands.options import (
    all_option,
    decimal_option,
    format_option,
    oops_option,
    record_option,
    selector_and_registers_argument,
    target_options,
    verbose_option,
)
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import UsageError
from inspector.model.task import Selector

EXAMPLES = (
    Example(
        "inspector explain -c vmcore",
        "The frame that killed the machine.",
    ),
    Example("inspector explain -c vmcore orig_ax ax", "Two registers of that frame."),
    Example("inspector explain -c vmcore 1", "The entry frame of init."),
    Example(
        "inspector explain --oops oops.txt",
        "The registers in a log, without a dump; - reads standard input.",
    ),
)


@click.command(
    "explain",
    short_help="What every register of a frame means, with evidence.",
    epilog=epilog(EXAMPLES),
)
@selector_and_registers_argument
@record_option
@oops_option
@all_option("Show each register on a line of its own.")
@decimal_option
@format_option("text", "json")
@verbose_option
@target_options
@click.pass_obj
def command(
    session: Session,
    *,
    target: TargetOptions,
    output: str,
    asked: tuple[Selector | None, tuple[str, ...]],
    record: int | None,
    oops: str | None,
    show_all: bool,
    decimal: bool,
) -> Status:
    """Explain a struct pt_regs frame: what it is, the evidence, and the meaning of each register.

    Registers of one meaning share a line; --all shows each on its own.

    SELECTOR is a pid in decimal, or the address 0x… of a task or a frame. For a task, the frame
    that killed the machine is explained, else its innermost kernel frame, else its entry frame.
    Without SELECTOR, on a dump: the panicking task. Names of registers (ax, orig_ax, …) limit the
    answer to those.

    --oops explains the registers in a kernel log as far as the text allows, and needs neither a
    target nor root.
    """
    selector, registers = asked
    if oops is not None:
        named = asked != (None, ()) or record is not None
        return _log(session, target, oops, output, named=named, show_all=show_all)
    if selector is not None and record is not None:
        raise UsageError("--record: names the frame; drop SELECTOR")
    if record is None:
        selector = session.meant(selector, target)
    from inspector.queries.explain import explanation_of

    with session.source(target) as source:
        explanation = explanation_of(source, selector, record=record, registers=registers)
        if output == "json":
            from inspector.render.json_frames import explanation_json

            session.out.write(explanation_json(explanation))
        else:
            from inspector.render.text.explain import ExplainText, SomeRegistersText
            from inspector.render.text.screen import show

            text = (
                SomeRegistersText(explanation, decimal)
                if registers
                else ExplainText(explanation, decimal, show_all)
            )
            show(text, session.out, verbose=session.verbose)
        return status_of(True, explanation.missing)


def _log(
    session: Session,
    target: TargetOptions,
    source: str,
    output: str,
    *,
    named: bool,
    show_all: bool,
) -> Status:
    if named:
        raise UsageError("--oops: explains a log; drop SELECTOR and --record")
    if target != TargetOptions():
        raise UsageError("--oops: explains a log; drop the TARGET options")
    from inspector.queries.oops import opened_log

    with opened_log(source) as (reading, reports):
        if output == "json":
            from inspector.render.json_report import (
                oops_json_foot,
                oops_json_head,
                oops_json_reports,
            )

            session.out.writelines(oops_json_head(source))
            session.out.writelines(oops_json_reports(reports))
            session.out.write(oops_json_foot(reading.release, reading.notes))
        else:
            from inspector.render.text.oops import NotesText, OopsText
            from inspector.render.text.screen import show

            show(OopsText(source, reports, show_all), session.out)
            show(NotesText(reading.notes), session.out)
    return Status.WHOLE
