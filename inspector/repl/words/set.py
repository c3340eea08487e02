# SPDX-License-Identifier: LGPL-2.1-or-later
"""``set``: how the prompt behaves."""

from __future__ import annotations

from dataclasses import replace

import click

from inspector.repl.workbench import Turn

_SETTINGS = {
    "numbers": ("hex", "decimal"),
    "registers": ("differing", "all"),
    "editing": ("emacs", "vi"),
}


def _values(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    name = str(ctx.params.get("name"))
    return [value for value in _SETTINGS.get(name, ()) if value.startswith(incomplete)]


@click.command("set", short_help="Hex or decimal, all or differing registers, vi or emacs.")
@click.argument("name", required=False, type=click.Choice(list(_SETTINGS)))
@click.argument("value", required=False, shell_complete=_values)
@click.pass_obj
def command(turn: Turn, *, name: str | None, value: str | None) -> None:
    """Change a setting, or show it.

    \b
      numbers    hex (the default) or decimal: registers in diff and explain; F2
      registers  differing (the default) or all: in diff; F3
      editing    emacs (the default) or vi; F4

    Lines in the startup file set them for every session.
    """
    if name is not None and value is not None:
        if value not in _SETTINGS[name]:
            raise click.BadParameter(f"{name} is {' or '.join(_SETTINGS[name])}, not {value}")
        _apply(turn, name, value)
    for each in _SETTINGS if name is None else (name,):
        turn.out.write(f"{each:9}  {_current(turn, each)}\n")


def _apply(turn: Turn, name: str, value: str) -> None:
    bench, second = turn.bench, value == _SETTINGS[name][1]
    if name == "numbers":
        bench.view = replace(bench.view, decimal=second)
    elif name == "registers":
        bench.view = replace(bench.view, show_all=second)
    else:
        bench.vi_mode = second


def _current(turn: Turn, name: str) -> str:
    bench = turn.bench
    state = {
        "numbers": bench.view.decimal,
        "registers": bench.view.show_all,
        "editing": bench.vi_mode,
    }
    return _SETTINGS[name][state[name]]
