# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys that prompt_toolkit does not bind by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from inspector.errors import InspectorError
from inspector.repl.catalogue import is_command
from inspector.repl.line import Python, parse_line
from inspector.repl.python import opens_block, wants_more

_INDENT = "    "


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key that leaves the line for a moment.

    :ivar line: what was typed, to go on with afterwards
    """

    key: str
    line: str


def line_goes_on() -> bool:
    """Whether Enter begins another line of the same Python statement."""
    document = get_app().current_buffer.document
    try:
        line = parse_line(document.text, is_command)
    except InspectorError:
        return False
    if not isinstance(line, Python):
        return False
    if wants_more(line.code) or not document.is_cursor_at_the_end:
        return wants_more(line.code) or document.line_count > 1
    return (
        document.line_count > 1 and opens_block(line.code) and bool(document.current_line.strip())
    )


def key_bindings(goes_on: Callable[[], bool]) -> KeyBindings:
    """:param goes_on: whether Enter begins another line"""
    bindings = KeyBindings()
    for key in ("f2", "f3", "f4", "f5", "f7", "f8"):
        bindings.add(key)(_leave_with(key))
    bindings.add("tab", filter=has_focus(DEFAULT_BUFFER))(_complete)

    @bindings.add("enter", filter=Condition(goes_on) & has_focus(DEFAULT_BUFFER))
    def _(event: KeyPressEvent) -> None:
        line = event.current_buffer.document.current_line_before_cursor
        indent = line[: len(line) - len(line.lstrip())]
        if line.rstrip().endswith(":"):
            indent += _INDENT
        event.current_buffer.insert_text("\n" + indent)

    return bindings


def _complete(event: KeyPressEvent) -> None:
    """Take the only candidate at once, whether it begins with what was typed or not."""
    buffer = event.current_buffer
    if buffer.complete_state is not None:
        candidates = buffer.complete_state.completions
    else:
        asked = CompleteEvent(completion_requested=True)
        candidates = list(buffer.completer.get_completions(buffer.document, asked))
    if len(candidates) == 1:
        buffer.apply_completion(candidates[0])
    elif buffer.complete_state is not None:
        buffer.complete_next()
    else:
        buffer.start_completion(insert_common_part=True)


def _leave_with(key: str) -> Callable[[KeyPressEvent], None]:
    def handler(event: KeyPressEvent) -> None:
        event.app.erase_when_done = True
        event.app.exit(result=Pressed(key, event.current_buffer.text))

    return handler
