# SPDX-License-Identifier: LGPL-2.1-or-later
"""The picture of a task's stacks as SVG: alone, or inside of a page."""

from __future__ import annotations

from markupsafe import Markup

from inspector.model.report import StackPicture
from inspector.render import stack_drawing
from inspector.render.report_facts import task_words
from inspector.render.safe import safe
from inspector.render.templates import source_of, templates

_TITLE_HEIGHT = 64
_DEATH_HEIGHT = 22


def stack_svg(picture: StackPicture) -> str:
    """A file of its own."""
    height = _TITLE_HEIGHT + (_DEATH_HEIGHT if _death(picture) else 0)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _svg(picture, height, "", page=False)


def stack_in_page(picture: StackPicture, number: int) -> Markup:
    """A part of a page, whose style sheet has ``stack.css``.

    :param number: differs from those of the page's other pictures
    """
    return Markup(_svg(picture, 0, f"stack{number}-", page=True))


def _svg(picture: StackPicture, top: float, prefix: str, *, page: bool) -> str:
    kernel = picture.kernel
    return (
        templates()
        .get_template("stack.svg.j2")
        .render(
            at=stack_drawing,
            drawing=stack_drawing.draw(picture, top),
            title=f"The kernel stack of {task_words(picture.task)}",
            subtitle=f"Linux {safe(kernel.release)} {kernel.arch}",
            death=_death(picture),
            css=Markup(source_of("stack.css")),
            prefix=prefix,
            page=page,
        )
    )


def _death(picture: StackPicture) -> str:
    """What killed the kernel, on the picture of the task that it is about."""
    killed_by = picture.crash.killed_by
    if killed_by is None or killed_by.pid != picture.task.pid or killed_by.cpu != picture.task.cpu:
        return ""
    return f"killed by {safe(killed_by.text)}"
