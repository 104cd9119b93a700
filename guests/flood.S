/* SPDX-License-Identifier: MIT */
/* A guest that prints for ever. */
#include "uart.inc"

	.section .text.entry, "ax"
	.global _start
_start:
	mov	x17, #UART
	mov	w16, #'x'
1:	strb	w16, [x17]
	b	1b
