# SPDX-License-Identifier: LGPL-2.1-or-later
import struct

import pytest

from inspector.formats.kallsyms import find_kallsyms
from tests.formats.kallsyms_image import LAYOUTS, STEXT, Image, Layout, image

_NOT_NAMED = ("kallsyms_markers", "kallsyms_seqs_of_names")


def found(made: Image) -> dict[str, int] | None:
    tables = find_kallsyms(made.read, made.symbols)
    return tables.vmcoreinfo() if tables else None


def expected(made: Image) -> dict[str, int]:
    return {name: at for name, at in made.tables.items() if name not in _NOT_NAMED}


@pytest.mark.parametrize("count", [700, 701, 768, 769])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_the_tables_are_found_in_every_layout(layout: Layout, count: int) -> None:
    made = image(layout, count)
    assert found(made) == expected(made)


def test_names_with_a_length_of_two_bytes_are_walked() -> None:
    made = image(LAYOUTS["6.4"], 900, longest=300)
    assert found(made) == expected(made)


def test_the_extent_covers_every_table() -> None:
    made = image(LAYOUTS["5.10"], 700)
    tables = find_kallsyms(made.read, made.symbols)
    assert tables is not None
    assert tables.low == made.tables["kallsyms_offsets"]
    assert tables.high == made.tables["kallsyms_token_index"] + 512


def test_a_keymap_ahead_of_the_tables_is_passed_over() -> None:
    made = image(LAYOUTS["5.10"], 700)
    made.write(STEXT + 0x1000, b"\0" + b"\0".join(b"%d" % i for i in range(10)) + b"\0" * 2000)
    assert found(made) == expected(made)


def test_missing_pages_elsewhere_do_not_matter() -> None:
    made = image(LAYOUTS["6.2"], 6000)
    sequences = made.tables["kallsyms_seqs_of_names"]
    made.missing = {STEXT, STEXT + 0x3000, (sequences & ~4095) + 0x2000}
    assert found(made) == expected(made)


@pytest.mark.parametrize("damaged", ["kallsyms_markers", "kallsyms_num_syms"])
def test_nothing_below_the_image_is_asked_for(damaged: str) -> None:
    made, lowest = image(LAYOUTS["5.10"], 700), STEXT
    made.write(made.tables[damaged], b"\xff" * 4)

    def read(address: int, size: int) -> bytes:
        nonlocal lowest
        lowest = min(lowest, address)
        return made.read(address, size)

    assert find_kallsyms(read, made.symbols) is None
    assert lowest == STEXT


@pytest.mark.parametrize("table", list(image(LAYOUTS["5.10"], 700).tables))
def test_a_table_that_is_missing_is_not_made_up(table: str) -> None:
    made = image(LAYOUTS["5.10"], 700)
    made.missing = {made.tables[table] & ~4095}
    assert found(made) is None


@pytest.mark.parametrize(
    ("table", "offset", "damage"),
    [
        ("kallsyms_num_syms", 0, struct.pack("<I", 699)),
        ("kallsyms_names", 0, b"\x03"),
        ("kallsyms_markers", 4, struct.pack("<I", 5000)),
        ("kallsyms_token_table", 4, b"\0"),
        ("kallsyms_token_index", 2 * 200, b"\0\0"),
        ("kallsyms_offsets", 4 * 7, b"\0\0\0\0"),
        ("kallsyms_offsets", 4 * 500, b"\0\0\0\0"),
        ("kallsyms_relative_base", 0, b"\1"),
    ],
)
def test_a_table_that_contradicts_the_others_is_not_believed(
    table: str, offset: int, damage: bytes
) -> None:
    made = image(LAYOUTS["5.10"], 700)
    made.write(made.tables[table] + offset, damage)
    assert found(made) is None


def test_another_address_of_stext_refuses_the_tables() -> None:
    made = image(LAYOUTS["5.10"], 700)
    made.symbols["_stext"] -= 0x1000
    assert found(made) is None


def test_without_an_image_to_search_there_are_no_tables() -> None:
    made = image(LAYOUTS["5.10"], 700)
    assert find_kallsyms(made.read, {}) is None
    assert find_kallsyms(made.read, {"_stext": STEXT}) is None


def test_memory_full_of_rows_of_digits_ends() -> None:
    made = Image()
    row = b"\0" + b"\0".join(b"%d" % i for i in range(10))
    made.write(STEXT, row * (len(made.data) // len(row)))
    assert found(made) is None


@pytest.mark.parametrize("filling", [b"\0", b"\xff", b"\x01\0\0\0"])
def test_nothing_but_one_value_ends(filling: bytes) -> None:
    made = Image()
    made.write(STEXT, filling * (len(made.data) // len(filling)))
    assert found(made) is None
