# SPDX-License-Identifier: LGPL-2.1-or-later
"""One register on one side of a diff: its value, and what that says."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from inspector.model.frame import Frame
from inspector.model.report import RegisterDiff
from inspector.render import style
from inspector.render.glyphs import Glyphs
from inspector.render.safe import safe
from inspector.render.word import ABSENT_WORDS, hex_word, register_word


@dataclass(frozen=True, slots=True)
class RegisterSide:
    """As they are shown; of a register without a value, why it has none."""

    value: Text
    decoded: Text

    @classmethod
    def of(
        cls, frame: Frame, field: RegisterDiff, decoded: str, colour: str, decimal: bool
    ) -> RegisterSide:
        """:param colour: of a value that differs"""
        absent = frame.absent.get(field.register)
        if absent is not None:
            raw = "" if absent.raw is None else f"its slot holds {hex_word(absent.raw)}"
            return cls(Text(ABSENT_WORDS[absent.why], style.LABEL), Text(raw, style.LABEL))
        weight = "" if field.same else f"{style.STRONG} {colour}"
        value = Text(register_word(frame.registers[field.register], decimal), weight)
        return cls(value, Text(safe(decoded), style.DECODED))

    def words(self, reason: str, glyphs: Glyphs) -> Text:
        """What stands beside the value."""
        parts = [part for part in (self.decoded, Text(safe(reason))) if part]
        return Text(f" {glyphs.none} ", style.LABEL).join(parts)

    def value_and_decoded(self, width: int) -> Text:
        """The value and what it says, below each other where ``width`` is too small for both."""
        if not self.decoded:
            return self.value
        fits = len(self.value) + 2 + len(self.decoded) <= width
        return Text("  " if fits else "\n").join([self.value, self.decoded])
