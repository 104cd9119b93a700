/* SPDX-License-Identifier: MIT */
/* A guest that says, as Linux' driver of pvpanic does, that it panicked. */
#include "uart.inc"

#define PVPANIC		0x01800000
#define PANICKED	1

	.section .text.entry, "ax"
	.global _start
_start:
	ldr	x1, =PVPANIC
	ldrb	w0, [x1]
	tbz	w0, #0, 1f
	mov	w0, #PANICKED
	strb	w0, [x1]
1:	power_off
