/* SPDX-License-Identifier: MIT */
/* A guest that says that it boots, and asks for a reset: forever, if it is booted again. */
#include "uart.inc"

#define PSCI_SYSTEM_RESET	0x84000009

	.section .text.entry, "ax"
	.global _start
_start:
	put	'b'
	put	'\n'
	ldr	x0, =PSCI_SYSTEM_RESET
	hvc	#0
