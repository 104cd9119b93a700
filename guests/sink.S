/* SPDX-License-Identifier: MIT */
/* A guest that takes 64 KiB of input, says what it comes to, and ends: x = x * 31 + byte, 32 bits. */
#include "uart.inc"
#include "say.inc"

#define BYTES		0x10000
/* Line status, and its bit for a byte that waits. */
#define UART_LSR	5
#define DATA_READY	0

	.section .text.entry, "ax"
	.global _start
_start:
	mov	x20, #UART
	mov	x21, #BYTES
	mov	w22, #0
	mov	w23, #31
1:	ldrb	w0, [x20, #UART_LSR]
	tbz	w0, #DATA_READY, 1b
	ldrb	w0, [x20]
	madd	w22, w22, w23, w0
	subs	x21, x21, #1
	b.ne	1b
	adr	x1, stack_top
	mov	sp, x1
	say_hex	x22
	bl	newline
	power_off

#include "functions.inc"

	.section .stack, "aw", %progbits
	.balign 16
	.space 1024
stack_top:
