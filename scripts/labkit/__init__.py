"""The lab: Debian's kernels, booted in QEMU and crashed on purpose. Standard library only."""
