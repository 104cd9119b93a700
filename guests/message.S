/* SPDX-License-Identifier: MIT */
/*
 * A guest that sends itself a message through the frame of its GICv2m, as a device would, and takes
 * the interrupt that comes of it. Arm DEN 0029A, appendix E.
 */
#include "uart.inc"
#include "say.inc"
#include "fdt.inc"
#include "gic.inc"

#define MSI_TYPER	0x008
#define MSI_SETSPI	0x040

/* x21: frame, x22: INTID, x23: what was taken */

	.section .text.entry, "ax"
	.global _start
_start:
	adr	x1, stack_top
	mov	sp, x1
	mov	x20, #UART
	mov	x19, x0
	bl	gic_find
	adr	x0, frame
	adr	x1, gic_reg
	bl	fdt_find
	cbz	x0, no_frame
	fdt_cell w21, x0, 4		/* it is below 4 GiB */
	ldr	w22, [x21, #MSI_TYPER]
	and	w8, w22, #0x3ff
	ubfx	w22, w22, #16, #10
	say_dec	x8
	say	" interrupts from INTID "
	say_dec	x22

	/* One before the first, which is not the frame's to raise, and the last. */
	add	w8, w8, w22
	sub	w8, w8, #1
	sub	w22, w22, #1
	bl	message
	mov	w22, w8
	bl	message
	b	off

no_frame:
	say	"no frame"
off:	bl	newline
	power_off

/* message(x22 = INTID): sends it, and says what was taken. Clobbers x0 to x7, x16, x17, x23. */
message:
	mov	x16, x30
	mov	x0, x22
	mov	x1, #1			/* an edge */
	bl	gic_enable
	str	w22, [x21, #MSI_SETSPI]
	dsb	sy
	gic_acknowledge 23
	say	"; "
	say_dec	x22
	say	" gave "
	say_dec	x23
	cmp	x23, #FIRST_SPECIAL
	b.hs	1f
	gic_end 23
1:	ret	x16

#include "functions.inc"

	.section .rodata, "a"
frame:	.asciz	"arm,gic-v2m-frame"

	.section .stack, "aw", %progbits
	.balign 16
	.space 1024
stack_top:
