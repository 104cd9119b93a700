/* SPDX-License-Identifier: MIT */
/* A guest that says what it finds in its machine beside PMU and GIC. */
#include "uart.inc"
#include "say.inc"
#include "fdt.inc"

/* Arm DEN0057A: where the hypervisor counts the time stolen from this CPU. */
#define PV_TIME_ST	0xc5000021

#define GIB4		0x100000000

	.section .text.entry, "ax"
	.global _start
_start:
	adr	x1, stack_top
	mov	sp, x1
	mov	x20, #UART
	mov	x19, x0

	mrs	x21, id_aa64pfr0_el1
	ubfx	x21, x21, #32, #4
	say	"SVE: "
	say_dec	x21

	/* ID_AA64ISAR1_EL1: GPI, GPA, API, APA. */
	mrs	x21, id_aa64isar1_el1
	ubfx	x22, x21, #4, #8
	ubfx	x21, x21, #24, #8
	orr	x21, x21, x22
	cmp	x21, #0
	cset	x21, ne
	say	"\npointer authentication: "
	say_dec	x21

	say	"\nseconds: "
	adr	x0, s_pl031
	adr	x1, s_reg
	bl	fdt_find
	cbz	x0, 1f
	fdt_cell w21, x0, 4
	ldr	w21, [x21]
	say_dec	x21

1:	ldr	x0, =PV_TIME_ST
	hvc	#0
	mov	x21, x0
	say	"\nstolen time: "
	say_hex	x21

	mov	x22, #GIB4
	ldr	w21, =0x600df00d
	str	w21, [x22]
	ldr	w21, [x22]
	say	"\nat 4 GiB: "
	say_hex	x21
	bl	newline
	power_off

#include "functions.inc"

	.section .rodata, "a"
s_pl031:	.asciz "arm,pl031"
s_reg:		.asciz "reg"

	.section .stack, "aw", %progbits
	.balign 16
	.space 1024
stack_top:
