# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector distill``."""

from __future__ import annotations

from pathlib import Path

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status, status_of
from inspector.commands.options import format_option, verbose_option
from inspector.commands.session import Session
from inspector.model.distillate import SensitiveKind, Trim

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
    metavar="KIND",
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
    if keep and not redact:
        raise click.UsageError("--keep goes with --redact: without it nothing is taken out")
    kept = {SensitiveKind(word) for word in keep}
    taken_out = frozenset(SensitiveKind) - kept if redact else frozenset()
    if whole_names and not trim:
        raise click.UsageError("--whole-names goes with --trim: without it all are whole")
    cut = (Trim.UNWIND if whole_names else Trim.ALL) if trim else None
    from inspector.queries.distill import small_dump
    from inspector.render.json_answers import distillate_json
    from inspector.render.text.dumps import distillate_text

    with session.progress() as step:
        step(f"opening {core}")
        made = small_dump(
            core, small, step=step, vmlinux=vmlinux, redact=taken_out, trim=cut, functions=text
        )
    if output == "json":
        session.out.write(distillate_json(str(small), made))
    else:
        session.out.writelines(distillate_text(str(small), made, audit=audit))
        session.say_missing(made.missing)
    return status_of(True, made.missing)
