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
    Example(
        "inspector distill vmcore -o small --audit", "Also list what was kept of the dump, and why."
    ),
)


@click.command(
    "distill", short_help="Write a small dump that gives the same answers.", epilog=epilog(EXAMPLES)
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
    "--vmlinux",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="DWARF debug information of the same kernel.",
)
@click.option(
    "--redact",
    is_flag=True,
    help="Remove users' data: registers and stack pointers of user space, words on stacks that are"
    " not kernel addresses, task names, the log. Command lines and user memory are never "
    "kept.",
)
@click.option(
    "--keep",
    metavar="KIND",
    multiple=True,
    type=click.Choice([kind.value for kind in SensitiveKind]),
    help="With --redact: keep this kind of data: "
    + ", ".join(kind.value for kind in SensitiveKind)
    + ".",
)
@click.option(
    "--trim",
    is_flag=True,
    help="Keep only the types, symbols and unwind tables that these answers need: a third of the "
    "size, but drgn and later versions of this program find no others.",
)
@click.option("--whole-names", is_flag=True, help="With --trim: keep all types and symbols.")
@click.option(
    "--text",
    metavar="FUNCTION",
    multiple=True,
    help="Keep the text of FUNCTION, so that probe can decide there (repeatable).",
)
@click.option("--audit", is_flag=True, help="List every range that is kept, and why.")
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
    """Write a small vmcore that holds only the bytes of CORE that the answers need.

    A map in the small dump says which bytes were kept. This program, and drgn with its plugin,
    report all other bytes as not in the dump; other tools read them as zeros. SMALL is written only
    if it has the same frames as CORE.
    """
    if keep and not redact:
        raise click.UsageError("--keep: needs --redact")
    kept = {SensitiveKind(word) for word in keep}
    taken_out = frozenset(SensitiveKind) - kept if redact else frozenset()
    if whole_names and not trim:
        raise click.UsageError("--whole-names: needs --trim")
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
