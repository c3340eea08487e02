#!/bin/sh -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# In a root with QEMU: the program, its libraries and loader, and the firmware that the lab's
# machines need, all beside each other in /lab/out.
qemu=$(command -v qemu-system-x86_64)
cp "$qemu" /lab/out/
ldd "$qemu" | grep -o '/[^ ]*' | sort -u | while read -r library; do
	cp -L "$library" /lab/out/
done
for name in bios-256k.bin kvmvapic.bin linuxboot.bin linuxboot_dma.bin; do
	cp -L "$(find /usr/share/qemu /usr/share/seabios -name "$name" | head -n 1)" /lab/out/
done
/lab/out/ld-linux-x86-64.so.2 --library-path /lab/out /lab/out/qemu-system-x86_64 --version
