"""Which of many names are offered, and in which order."""

from inspector.commands.completion import SortedNames

NAMES = SortedNames(
    ["kernel_clone", "__x64_sys_clone", "kernel_read", "do_syscall_64", "skb_clone", "Clone_it"]
)


def test_those_that_begin_so_come_before_those_that_contain_it() -> None:
    names = SortedNames(["sys_read", "read", "read_lock", "xreadx"])
    assert names.matches("read") == ["read", "read_lock", "sys_read", "xreadx"]


def test_case_does_not_matter_inside() -> None:
    assert NAMES.matches("clone") == ["Clone_it", "__x64_sys_clone", "kernel_clone", "skb_clone"]


def test_letters_in_order_are_the_last_resort() -> None:
    assert NAMES.matches("kclon") == ["skb_clone", "kernel_clone"]
    assert NAMES.matches("do64") == ["do_syscall_64"]
    assert NAMES.matches("kernelz") == []


def test_the_limit_holds_and_nothing_typed_is_everything() -> None:
    assert len(NAMES.matches("")) == len(NAMES) == 6
    assert len(NAMES.matches("", limit=2)) == 2
    assert "kernel_clone" in NAMES
    assert "kernel" not in NAMES


def test_a_name_with_a_newline_breaks_nothing() -> None:
    names = SortedNames(["a\nb", "ab", "İx"])
    assert names.matches("b") == ["ab"]
    assert names.matches("x") == ["İx"]
