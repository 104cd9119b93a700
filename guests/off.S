/* SPDX-License-Identifier: MIT */
/* A guest that switches its only vCPU off: nothing of it runs any more, and it has not ended. */
#include "uart.inc"

#define PSCI_CPU_OFF	0x84000002

	.section .text.entry, "ax"
	.global _start
_start:
	put	'o'
	put	'\n'
	ldr	x0, =PSCI_CPU_OFF
	hvc	#0
