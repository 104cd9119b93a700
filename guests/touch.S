/* SPDX-License-Identifier: MIT */
/*
 * A hostile guest: reads and writes in every width at addresses all over the address space, in devices
 * and outside of them, at the end of RAM (32 MiB: -m 32M), in the GIC's registers, beyond what it can
 * have. What faults is skipped. Says when it is through, and powers off.
 */
#include "uart.inc"

#define RAM_END		0x82000000
#define GIC_REGISTERS	0x3ffa0000
#define GIC_DISTRIBUTOR	0x3fff0000
#define GIC_END		0x40000000

	.section .text.entry, "ax"
	.global _start
_start:
	adr	x0, vectors
	msr	vbar_el1, x0
	isb

	/* Powers of two: the last are beyond any guest's address space. */
	mov	x20, #1
1:	mov	x0, x20
	bl	touch
	lsl	x20, x20, #1
	cbnz	x20, 1b

	/* Every 64 MiB up to RAM. */
	mov	x20, #0
	mov	x21, #0x4000000
2:	mov	x0, x20
	bl	touch
	add	x20, x20, x21
	tbz	x20, #31, 2b

	/* Across the end of RAM, and of the UART's registers and page. */
	ldr	x0, =RAM_END - 8
	bl	touch
	ldr	x0, =RAM_END - 4
	bl	touch
	ldr	x0, =UART + 4
	bl	touch
	ldr	x0, =UART + 0x1000 - 8
	bl	touch

	/* Clock, stolen time, MSI frame, exit device (which is not there). */
	ldr	x0, =0x01010000
	bl	touch
	ldr	x0, =0x01010fe0
	bl	touch
	ldr	x0, =0x01020000
	bl	touch
	ldr	x0, =0x3ffcf040
	bl	touch
	ldr	x0, =0x01810000
	bl	touch

	/* The GIC: every page of it and around it, and all that is in the distributor's first. */
	ldr	x20, =GIC_REGISTERS
	mov	x21, #0x1000
	mov	x22, #0x80
	ldr	x23, =GIC_DISTRIBUTOR
	ldr	x24, =GIC_END
3:	mov	x0, x20
	bl	touch
	cmp	x20, x23
	csel	x1, x21, x22, lo
	add	x2, x23, x21
	cmp	x20, x2
	csel	x1, x21, x1, hs
	add	x20, x20, x1
	cmp	x20, x24
	b.lo	3b

	/* The UART, as it was before all this. */
	mov	x17, #UART
	mov	w16, #3
	strb	w16, [x17, #3]
	strb	wzr, [x17, #4]
	put	'\n'
	put	'o'
	put	'k'
	put	'\n'
	power_off

/* touch(x0 = address): reads and writes there in every width, aligned and not. Clobbers x1 to x3. */
touch:
	mov	x2, #-1
	mov	x3, #0
4:	ldrb	w1, [x0]
	ldrh	w1, [x0]
	ldr	w1, [x0]
	ldr	x1, [x0]
	strb	w2, [x0]
	strh	w2, [x0]
	str	w2, [x0]
	str	x2, [x0]
	str	xzr, [x0]
	add	x0, x0, #1
	add	x3, x3, #1
	cmp	x3, #9
	b.ne	5f
	ret
	/* Offsets 0, 1 and 8 are enough. */
5:	cmp	x3, #2
	b.ne	4b
	add	x0, x0, #6
	mov	x3, #8
	b	4b

/* Goes on behind what faulted. x18 and x19 are the handler's. */
skip:
	mrs	x18, elr_el1
	add	x18, x18, #4
	msr	elr_el1, x18
	eret

	.balign	2048
vectors:
	.rept	16
	b	skip
	.balign	128
	.endr
