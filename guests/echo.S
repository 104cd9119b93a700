/* SPDX-License-Identifier: MIT */
/* A guest that sends back what it gets, a byte at a time, and ends after so many bytes. */
#include "uart.inc"

#define BYTES		10000
/* Line status, and its bit for a byte that waits. */
#define UART_LSR	5
#define DATA_READY	0

	.section .text.entry, "ax"
	.global _start
_start:
	mov	x20, #UART
	mov	x21, #BYTES
1:	ldrb	w0, [x20, #UART_LSR]
	tbz	w0, #DATA_READY, 1b
	ldrb	w0, [x20]
	strb	w0, [x20]
	subs	x21, x21, #1
	b.ne	1b
	power_off
