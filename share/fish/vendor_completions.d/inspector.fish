# SPDX-License-Identifier: LGPL-2.1-or-later
# fish reads this at the first Tab. The script comes from the program, so that both are of one
# version.
_INSPECTOR_COMPLETE=fish_source inspector | source
