# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sites to make answers from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inspector.formats.x86 import decode
from inspector.model.probe import Body, KprobeFeatures, NumberFacts, ProbeSite
from inspector.model.stack import Location, TextRange

LOW = 0xFFFF_FFFF_8100_0000
NOP5 = bytes.fromhex("0f1f440000")
# nop (the ftrace site); push rbp; mov rbp, rsp; push r15; xor eax, eax; pop r15; pop rbp; ret
CODE = NOP5 + bytes.fromhex("554889e5415731c0415f5dc3")
SITE = TextRange(LOW, LOW + 5, "f")
TEXT = TextRange(LOW - 0x1000, LOW + 0x1000, "kernel text")
NOWHERE = NumberFacts(None, None, None, None, 16384 - 168)


def site(
    offset: int = 0,
    code: bytes = CODE,
    name: str = "f",
    features: KprobeFeatures | None = None,
    faulting: Sequence[int] = (),
) -> ProbeSite:
    """A probe ``offset`` bytes into a function that is all in order."""
    address = LOW + offset
    body: Body = decode(code, LOW)
    return ProbeSite(
        asked=Location(address, name, offset),
        address=address,
        function=TextRange(LOW, LOW + len(code), name),
        features=features or KprobeFeatures(),
        text=TEXT,
        blacklisted=None,
        ftrace=SITE if address in SITE else None,
        traced=True,
        reserved=(),
        body=body,
        faulting=frozenset(LOW + at for at in faulting),
    )


def without_ftrace(probed: ProbeSite) -> ProbeSite:
    """The same in a function that ftrace cannot trace."""
    return replace(probed, ftrace=None, traced=False)
