#!/bin/sh -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# vmlinux with DWARF, of the very version of the image.
read -r release version </kernel/version
apt-get update
cd /tmp
apt-get download "linux-image-$release-dbg=$version"
dpkg-deb --fsys-tarfile linux-image-*.deb |
	tar -x -O "./usr/lib/debug/boot/vmlinux-$release" >/lab/out/vmlinux
test -s /lab/out/vmlinux
