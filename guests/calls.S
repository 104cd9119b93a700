/* SPDX-License-Identifier: MIT */
/*
 * A hostile guest for four vCPUs: PSCI and other calls with nonsense. Prints a letter for each answer
 * that is as it should be, a question mark for every other one, and powers off.
 */
#include "uart.inc"

#define PSCI_FEATURES		0x8400000a
#define PSCI_SYSTEM_SUSPEND	0xc400000e
#define PSCI_CPU_ON		0xc4000003
#define NOT_SUPPORTED		-1
#define INVALID_PARAMETERS	-2
#define ALREADY_ON		-4
#define NOWHERE			0x40000000

/* expect answer, letter */
.macro expect answer, letter
	mov	w16, #\letter
	mov	w15, #'?'
	cmn	w0, #-(\answer)
	csel	w16, w16, w15, eq
	mov	x17, #UART
	strb	w16, [x17]
.endm

	.section .text.entry, "ax"
	.global _start
_start:
	adr	x0, vectors
	msr	vbar_el1, x0
	isb

	/* The guest cannot be suspended, and is told so before it tries. */
	ldr	x0, =PSCI_FEATURES
	ldr	x1, =PSCI_SYSTEM_SUSPEND
	hvc	#0
	expect	NOT_SUPPORTED, 'f'
	ldr	x0, =PSCI_SYSTEM_SUSPEND
	adr	x1, _start
	hvc	#0
	expect	NOT_SUPPORTED, 's'

	/* CPUs that are not there, the one that calls, and twice the same, which goes to where nothing is. */
	mov	x1, #-1
	bl	cpu_on
	expect	INVALID_PARAMETERS, 'n'
	mov	x1, #0x1234
	bl	cpu_on
	expect	INVALID_PARAMETERS, 'n'
	mov	x1, #0
	bl	cpu_on
	expect	ALREADY_ON, 'a'
	mov	x1, #1
	bl	cpu_on
	expect	0, 'o'
	mov	x1, #1
	bl	cpu_on
	expect	ALREADY_ON, 'a'

	/* One that enters at an odd address, and one that does as all this does, but never ends. */
	ldr	x0, =PSCI_CPU_ON
	mov	x1, #2
	adr	x2, _start
	add	x2, x2, #1
	hvc	#0
	ldr	x0, =PSCI_CPU_ON
	mov	x1, #3
	adr	x2, flood
	hvc	#0

	bl	nonsense
	/* Secure calls, and calls with a number in the instruction. */
	ldr	x0, =PSCI_FEATURES
	smc	#0
	smc	#0x4242
	ldr	x0, =PSCI_FEATURES
	hvc	#0x4242

	/* Code that changes itself. */
	adr	x1, changed
	ldr	w0, yes
	str	w0, [x1]
	dc	cvau, x1
	dsb	ish
	ic	ivau, x1
	dsb	ish
	isb
	mov	w0, #1
changed: mov	w0, #2
	expect	0, 'c'
	put	'\n'
	power_off
yes:	mov	w0, #0

/* cpu_on(x1 = MPIDR), at where nothing is */
cpu_on:	ldr	x0, =PSCI_CPU_ON
	ldr	x2, =NOWHERE
	mov	x3, #-1
	hvc	#0
	ret

/* The vCPU that fills the console, as fast as it can. */
flood:	mov	x17, #UART
	mov	w16, #'.'
1:	strb	w16, [x17]
	b	1b

/*
 * Four thousand calls with random numbers and arguments, and those numbers of PSCI that neither end the
 * guest nor make this vCPU wait.
 */
nonsense:
	ldr	w20, =12345
	ldr	w21, =1664525
	ldr	w22, =1013904223
	mov	w23, #4000
1:	madd	w20, w20, w21, w22
	/* 0x84 and 0xc4 are PSCI's, but for the lowest bits of an address: they come below. */
	ubfx	w1, w20, #24, #6
	cmp	w1, #4
	b.eq	2f
	mov	w0, w20
	mov	x1, #-1
	mov	x2, x20
	mov	x3, #-1
	hvc	#0
2:	subs	w23, w23, #1
	b.ne	1b

	mov	w24, #0
3:	adr	x1, allowed
	ldrb	w1, [x1, x24]
	cbz	w1, 4f
	mov	x1, #-1
	mov	x2, #-1
	mov	x3, #-1
	mov	w0, #0x84000000
	orr	w0, w0, w24
	hvc	#0
	mov	w0, #0xc4000000
	orr	w0, w0, w24
	mov	x1, #-1
	hvc	#0
4:	add	w24, w24, #1
	cmp	w24, #0x20
	b.ne	3b
	ret

/* By number: not CPU_SUSPEND, CPU_OFF, SYSTEM_OFF, SYSTEM_RESET, DEFAULT_SUSPEND, RESET2 and OFF2. */
allowed: .byte	1, 0, 0, 1, 1, 1, 1, 1,  0, 0, 1, 1, 0, 1, 1, 1
	.byte	1, 1, 0, 1, 1, 0, 1, 1,  1, 1, 1, 1, 1, 1, 1, 1

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
