/* SPDX-License-Identifier: MIT */
/*
 * A guest that counts the redistributors of its GICv3, one after the other as the device tree has
 * them, up to the one that says that it is the last (Arm IHI 0069, GICR_TYPER).
 */
#include "uart.inc"
#include "say.inc"
#include "fdt.inc"
#include "gic.inc"

#define GICR_TYPER	0x08
#define GICR_SIZE	0x20000

/* x21: this one, x22: how many, x23: its GICR_TYPER */

	.section .text.entry, "ax"
	.global _start
_start:
	adr	x1, stack_top
	mov	sp, x1
	mov	x20, #UART
	mov	x19, x0
	bl	gic_find
	mov	x21, x28
	mov	x22, #0
	cmp	x29, #3
	b.ne	2f
1:	ldr	x23, [x21, #GICR_TYPER]
	add	x22, x22, #1
	add	x21, x21, #GICR_SIZE
	tbz	x23, #4, 1b		/* Last */
2:	say_dec	x22
	say	" redistributors"
	cbz	x22, 3f
	say	", the last of "
	lsr	x23, x23, #32
	say_hex	x23
	say	", which ends where the distributor begins: "
	sub	x21, x27, x21
	say_hex	x21
3:	bl	newline
	power_off

#include "functions.inc"

	.section .stack, "aw", %progbits
	.balign 16
	.space 1024
stack_top:
