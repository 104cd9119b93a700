/* SPDX-License-Identifier: MIT */
/*
 * The greeting guest: says what PMU it sees and proves that the cycle counter counts.
 *
 * Entered like a Linux Image: x0 = device tree, MMU off, EL1. Prints through the 16550A UART of our
 * machine (and lkvm's) at 0x0100_0000, ends with PSCI SYSTEM_OFF by HVC.
 */
#include "uart.inc"

#define PMCR_E		(1 << 0)
#define PMCR_C		(1 << 2)
#define PMCR_LC		(1 << 6)
#define CYCLE_COUNTER	(1 << 31)

/* x20: UART, x21: 1 if a PMU is there. print, hex and dec clobber x0 to x7. */

	.section .text.entry, "ax"
	.global _start
_start:
	adr	x1, stack_top
	mov	sp, x1
	mov	x20, #UART
	mov	x19, x0

	adr	x0, s_hello
	bl	print
	mrs	x0, mpidr_el1
	and	x0, x0, #0xffffff
	bl	hex
	adr	x0, s_dtb
	bl	print
	mov	x0, x19
	bl	hex
	bl	newline

	/* ID_AA64DFR0_EL1.PMUVer: 0 and 15 mean no PMUv3. */
	adr	x0, s_pmuver
	bl	print
	mrs	x22, id_aa64dfr0_el1
	ubfx	x22, x22, #8, #4
	mov	x0, x22
	bl	dec
	cbz	x22, no_pmu
	cmp	x22, #15
	b.eq	no_pmu
	adr	x0, s_pmuv3
	bl	print

	adr	x0, s_n
	bl	print
	mrs	x0, pmcr_el0
	ubfx	x0, x0, #11, #5
	bl	dec
	bl	newline

	/* Count cycles over two loops; the longer one must count more. */
	mov	x0, #(PMCR_E | PMCR_C | PMCR_LC)
	msr	pmccfiltr_el0, xzr
	msr	pmcr_el0, x0
	mov	x0, #CYCLE_COUNTER
	msr	pmcntenset_el0, x0
	isb

	mov	x0, #1000
	bl	measure
	mov	x23, x0
	ldr	x0, =100000
	bl	measure
	mov	x24, x0

	adr	x0, s_cycles
	bl	print
	mov	x0, x23
	bl	dec
	adr	x0, s_then
	bl	print
	mov	x0, x24
	bl	dec
	cbz	x23, stands_still
	cmp	x24, x23
	b.ls	stands_still
	adr	x0, s_counts
	bl	print
	b	off
stands_still:
	adr	x0, s_still
	bl	print
	b	off
no_pmu:
	adr	x0, s_none
	bl	print
off:
	power_off

/* measure(x0 = turns) -> x0 = cycles that passed */
measure:
	isb
	mrs	x1, pmccntr_el0
1:	subs	x0, x0, #1
	b.ne	1b
	isb
	mrs	x0, pmccntr_el0
	sub	x0, x0, x1
	ret

/* print(x0 = text that ends with a zero byte) */
print:
1:	ldrb	w1, [x0], #1
	cbz	w1, 2f
	strb	w1, [x20]
	b	1b
2:	ret

newline:
	mov	w1, #'\n'
	strb	w1, [x20]
	ret

/* hex(x0): 0x and the digits without leading zeros */
hex:
	mov	w1, #'0'
	strb	w1, [x20]
	mov	w1, #'x'
	strb	w1, [x20]
	mov	x2, #60
	mov	x4, #0
1:	lsr	x1, x0, x2
	and	x1, x1, #15
	orr	x4, x4, x1
	cbz	x2, 2f
	cbz	x4, 3f
2:	cmp	x1, #10
	add	x3, x1, #'0'
	add	x5, x1, #('a' - 10)
	csel	x3, x3, x5, lo
	strb	w3, [x20]
3:	subs	x2, x2, #4
	b.ge	1b
	ret

/* dec(x0): decimal, by way of a buffer on the stack */
dec:
	sub	sp, sp, #32
	add	x1, sp, #31
	mov	x2, #10
	mov	x5, x1
1:	udiv	x3, x0, x2
	msub	x4, x3, x2, x0
	add	x4, x4, #'0'
	strb	w4, [x1], #-1
	mov	x0, x3
	cbnz	x0, 1b
2:	add	x1, x1, #1
	ldrb	w4, [x1]
	strb	w4, [x20]
	cmp	x1, x5
	b.ne	2b
	add	sp, sp, #32
	ret

	.section .rodata, "a"
s_hello:	.asciz "Hello from a guest of tsvmm, on the vCPU with MPIDR "
s_dtb:		.asciz ", device tree at "
s_pmuver:	.asciz "PMUVer: "
s_pmuv3:	.asciz " (PMUv3)\n"
s_none:		.asciz " (no PMUv3)\n"
s_n:		.asciz "PMCR_EL0.N: "
s_cycles:	.asciz "PMCCNTR_EL0: "
s_then:		.asciz " cycles in 1000 turns of a loop, "
s_counts:	.asciz " in 100000: it counts\n"
s_still:	.asciz " in 100000: IT DOES NOT COUNT\n"

	.section .stack, "aw", %progbits
	.balign 16
	.space 1024
stack_top:
