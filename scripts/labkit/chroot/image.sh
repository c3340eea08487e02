#!/bin/sh -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# In a new root, $1: the flavour. Unpacks the kernel image of the very version of
# the headers below /kernel. Not installed: that would build an initramfs for nothing.
headers=$(echo /usr/src/linux-headers-*-"$1")
release=${headers#/usr/src/linux-headers-}
version=$(dpkg-query -W -f '${Version}' "linux-headers-$release")
image=linux-image-$release

# From 7 on the image is an empty package that depends on linux-binary-, -modules-…
parts=$(apt-cache depends --important "$image" |
	sed -n "s/.*Depends: \(linux-.*-$release\)\$/\1/p")
mkdir /kernel /kernel/packages
echo "$release $version" >/kernel/version
cd /kernel/packages
for package in "$image" $parts; do
	apt-get download "$package=$version"
done
for package in *.deb; do
	dpkg-deb -x "$package" /kernel
done
rm -r /kernel/packages
