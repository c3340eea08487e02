# SPDX-License-Identifier: LGPL-2.1-or-later
"""drgn's plugins are left out for one opening, and for nothing else."""

import os

import pytest

from inspector.target.spec import without_plugins

VARIABLES = ("DRGN_PLUGINS", "DRGN_DISABLE_PLUGINS")


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def environment() -> dict[str, str]:
    return {name: os.environ[name] for name in VARIABLES if name in os.environ}


def test_a_program_that_is_started_later_has_them() -> None:
    with without_plugins():
        assert environment() == {"DRGN_DISABLE_PLUGINS": "*"}
    assert environment() == {}


def test_the_environment_is_as_before_after_a_target_that_cannot_be_opened() -> None:
    with pytest.raises(KeyError), without_plugins():
        os.environ.pop("no such target")
    assert environment() == {}


@pytest.mark.parametrize("name", VARIABLES)
def test_who_says_which_are_wanted_is_heard(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "one,two")
    with without_plugins():
        assert environment() == {name: "one,two"}
