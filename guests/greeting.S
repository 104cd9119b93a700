/* SPDX-License-Identifier: MIT */
/*
 * The greeting guest: says what PMU it sees and proves that the cycle counter counts.
 *
 * Entered like a Linux Image: x0 = device tree, MMU off, EL1. Prints through the 16550A UART of our
 * machine (and lkvm's) at 0x0100_0000, ends with PSCI SYSTEM_OFF by HVC.
 */
#include "uart.inc"
#include "pmu.inc"

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
	start_cycle_counter

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

#include "functions.inc"

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
