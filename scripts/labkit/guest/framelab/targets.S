/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions to probe, of one long instruction, which is stepped, never emulated,
 * and that a jump of five bytes fits over. No call of __fentry__: ftrace does not
 * know them.
 */
#include <linux/linkage.h>
#include <asm/nospec-branch.h>

/*
 * The return is in the upper half of a line of 64 bytes: in the lower one it would be a jump to
 * ITS's thunk on an Intel CPU (arch/x86/kernel/alternative.c, cpu_wants_indirect_its_thunk_at()),
 * which the optimiser takes for an indirect jump.
 */
.macro TARGET name
	.p2align 6
	.skip 32, 0xcc
SYM_FUNC_START(\name)
	lea 0x100(%rdi), %rax
	lea 0x200(%rdi), %rax
	RET
SYM_FUNC_END(\name)
.endm

TARGET framelab_int3_target
TARGET framelab_step_target
TARGET framelab_optprobe_target
TARGET framelab_return_target
