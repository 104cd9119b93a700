/* SPDX-License-Identifier: MIT */
/*
 * A guest that pokes its interrupt controller: reads and writes of nonsense in every width all over
 * the frames of GICD, GICR or GICC, ITS and GICv2m, and all ICC_*_EL1. It can break its own
 * interrupts by that and nothing else: it goes on to the end, says how much it did, and powers off.
 */
#include "uart.inc"
#include "say.inc"
#include "fdt.inc"

/*
 * x20: UART                        x25: random number
 * x21: this row of the table       x26: exceptions
 * x22: <base size> in the tree     x27: its end
 * x23: accesses                    x8 to x12: within a frame
 */

	.section .text.entry, "ax"
	.global _start
_start:
	adr	x1, stack_top
	mov	sp, x1
	mov	x20, #UART
	mov	x19, x0
	mov	x23, #0
	ldr	x25, =0x123456789abcdef
	mov	x26, #0
	adr	x0, vectors
	msr	vbar_el1, x0
	isb

	adr	x21, frames
next_row:
	ldr	x0, [x21]
	cbz	x0, poke_registers
	adr	x1, frames
	add	x0, x0, x1
	adr	x1, reg
	bl	fdt_find
	mov	x22, x0
	add	x27, x0, x1
	cbz	x0, 2f
1:	cmp	x22, x27
	b.hs	2f
	fdt_cell w8, x22, 4		/* all are below 4 GiB */
	fdt_cell w9, x22, 12
	ldr	x10, [x21, #8]
	cmp	x9, x10
	csel	x9, x9, x10, lo
	add	x9, x9, x8
	bl	poke_frame
	add	x22, x22, #16
	b	1b
2:	add	x21, x21, #16
	b	next_row

/* Every one there is, and those there are not. */
poke_registers:
	.irp	crm, 8, 9, 10, 11, 12
	.irp	op2, 0, 1, 2, 3, 4, 5, 6, 7
	mrs	x0, s3_0_c12_c\crm\()_\op2
	bl	random
	msr	s3_0_c12_c\crm\()_\op2, x0
	.endr
	.endr
	/* ICC_PMR_EL1 stands apart. */
	mrs	x0, s3_0_c4_c6_0
	bl	random
	msr	s3_0_c4_c6_0, x0
	isb
	add	x23, x23, #82

	say	"poke: "
	say_dec	x23
	say	" accesses, "
	say_dec	x26
	say	" exceptions\n"
	power_off

/* random() -> x0: a number, all ones, or zero */
random:
	ldr	x0, =6364136223846793005
	mul	x25, x25, x0
	add	x25, x25, #1
	ror	x0, x25, #32
	tbz	x25, #61, 1f
	ret
1:	tbz	x25, #62, 2f
	mov	x0, #-1
	ret
2:	tbz	x25, #63, 3f
	mov	x0, #0
3:	ret

/* poke_frame(x8 = begin, x9 = end): five reads and five writes of each 8 bytes. */
poke_frame:
	mov	x12, x30
1:	bl	random
	/* The small ones at other bytes each time. */
	and	x10, x0, #6
	add	x10, x10, x8
	ubfx	x11, x0, #3, #3
	add	x11, x11, x8
	ldr	x0, [x8]
	ldr	w0, [x8]
	ldr	w0, [x8, #4]
	ldrh	w0, [x10]
	ldrb	w0, [x11]
	bl	random
	str	x0, [x8]
	bl	random
	str	w0, [x8]
	bl	random
	str	w0, [x8, #4]
	bl	random
	strh	w0, [x10]
	bl	random
	strb	w0, [x11]
	add	x23, x23, #10
	add	x8, x8, #8
	cmp	x8, x9
	b.lo	1b
	ret	x12

#include "functions.inc"

/* Whatever an access leads to: it is counted, and the guest goes on behind it. */
exception:
	str	x0, [sp, #-16]!
	add	x26, x26, #1
	mrs	x0, elr_el1
	add	x0, x0, #4
	msr	elr_el1, x0
	ldr	x0, [sp], #16
	eret

	.section .text.vectors, "ax"
	.balign	0x800
vectors:
	.rept	16
	.balign	0x80
	b	exception
	.endr

	.section .rodata, "a"
v3:	.asciz	"arm,gic-v3"
its:	.asciz	"arm,gic-v3-its"
v2:	.asciz	"arm,cortex-a15-gic"
v2m:	.asciz	"arm,gic-v2m-frame"
reg:	.asciz	"reg"

	/*
	 * Names, from here, and how much of each frame: no more than there are registers in it, of many
	 * redistributors the first, and of a GICv2 a little of what is beyond KVM's part, where every
	 * access goes all the way to tsvmm.
	 */
	.balign	8
frames:
	.quad	v3 - frames, 0x11000
	.quad	its - frames, 0x10100
	.quad	v2 - frames, 0x2100
	.quad	v2m - frames, 0x1000
	.quad	0

	.section .stack, "aw", %progbits
	.balign 16
	.space 1024
stack_top:
