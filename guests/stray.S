/* SPDX-License-Identifier: MIT */
/*
 * A guest that touches device registers in widths they do not have, and addresses where nothing is:
 * reads of nothing must give 0, writes must go nowhere, and the vCPU must go on behind each.
 * Prints Y for each read of 0, N otherwise, then ends.
 */
#include "uart.inc"

.macro expect_zero reg
	mov	w2, #'N'
	mov	w3, #'Y'
	cmp	\reg, #0
	csel	w2, w3, w2, eq
	mov	x17, #UART
	strb	w2, [x17]
.endm

	.section .text.entry, "ax"
	.global _start
_start:
	mov	x9, #0x0a000000
	mov	x1, #-1
	ldrb	w1, [x9, #1]
	expect_zero x1
	mov	x1, #-1
	ldrh	w1, [x9, #2]
	expect_zero x1
	mov	x1, #-1
	ldr	w1, [x9, #4]
	expect_zero x1
	mov	x1, #-1
	ldr	x1, [x9, #8]
	expect_zero x1
	str	x1, [x9]
	strb	w1, [x9, #7]

	/* At the end of the UART's page, and beyond it. */
	mov	x9, #0x01000000
	add	x9, x9, #0xff8
	ldr	x1, [x9]
	str	xzr, [x9]
	ldr	x1, [x9, #8]
	expect_zero x1

	/* All eight registers of the UART at once. */
	mov	x9, #0x01000000
	ldr	x1, [x9]
	put	'\n'
	power_off
