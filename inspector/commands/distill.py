# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector distill``: the options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status
from inspector.commands.options import format_option, verbose_option
from inspector.commands.session import Session
from inspector.model.distillate import SensitiveKind, Trim


@dataclass(frozen=True, slots=True)
class DistillRequest:
    """What is to be made of what.

    :ivar redact: what is taken out
    :ivar trim: what is cut down, if anything
    :ivar text: functions whose text is kept too
    :ivar audit: every range that is kept is told
    """

    core: Path
    small: Path
    vmlinux: Path | None
    redact: frozenset[SensitiveKind]
    trim: Trim | None
    text: tuple[str, ...]
    audit: bool


EXAMPLES = (
    Example("inspector distill vmcore -o small", "A few MB that give the same answers."),
    Example("inspector distill vmcore -o small --redact", "Without users' data, to hand over."),
    Example("inspector distill vmcore -o small --audit", "And what was kept of the dump, and why."),
)


@click.command(
    "distill", short_help="A small dump that holds what the answers need.", epilog=epilog(EXAMPLES)
)
@click.argument("core", metavar="CORE", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "small",
    metavar="SMALL",
    required=True,
    type=click.Path(path_type=Path),
    help="The dump to write.",
)
@click.option(
    "--vmlinux", metavar="PATH", type=click.Path(path_type=Path), help="DWARF of that kernel."
)
@click.option(
    "--redact",
    is_flag=True,
    help="Take users' data out: registers and stack pointers of user space, what lies on stacks"
    " and is no kernel address, task names, the log. Command lines and user memory are never kept.",
)
@click.option(
    "--keep",
    metavar="WHAT",
    multiple=True,
    type=click.Choice([kind.value for kind in SensitiveKind]),
    help="Not this, with --redact: " + ", ".join(kind.value for kind in SensitiveKind) + ".",
)
@click.option(
    "--trim",
    is_flag=True,
    help="Cut types, symbols and unwind tables down to what these answers need: a third of the"
    " size, but neither drgn nor a later version of this program can ask for others.",
)
@click.option("--whole-names", is_flag=True, help="Types and symbols stay whole, with --trim.")
@click.option(
    "--text",
    metavar="FUNCTION",
    multiple=True,
    help="Keep the text of FUNCTION, so that probe can decide there. May be repeated.",
)
@click.option("--audit", is_flag=True, help="Print every range that is kept, and why.")
@format_option("text", "json")
@verbose_option
@click.pass_obj
def command(
    session: Session,
    *,
    core: Path,
    small: Path,
    vmlinux: Path | None,
    redact: bool,
    keep: tuple[str, ...],
    trim: bool,
    whole_names: bool,
    text: tuple[str, ...],
    audit: bool,
    output: str,
) -> Status:
    """Write a small vmcore with only those bytes of CORE that this program's answers need.

    A map in it says which bytes these are: of all others this program, and drgn with it, say that
    they are not in the dump; other tools read zeros. Before it gets its name, the small dump is
    asked for its frames, and they must be those of CORE.
    """
    from inspector.queries.distill import run

    if keep and not redact:
        raise click.UsageError("--keep goes with --redact: without it nothing is taken out")
    kept = {SensitiveKind(word) for word in keep}
    taken_out = frozenset(SensitiveKind) - kept if redact else frozenset()
    if whole_names and not trim:
        raise click.UsageError("--whole-names goes with --trim: without it all are whole")
    cut = (Trim.UNWIND if whole_names else Trim.ALL) if trim else None
    return run(session, DistillRequest(core, small, vmlinux, taken_out, cut, text, audit), output)
