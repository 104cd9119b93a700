/* SPDX-License-Identifier: MIT */
/*
 * The unit guest: behaves as an image of kvm-unit-tests does, so that what their runner asks of a VMM
 * can be tested without them. It shows its arguments, from /chosen/bootargs, and its environment,
 * from the initrd, prints how it ended, and ends with PSCI SYSTEM_OFF.
 *
 * The first letter of the arguments says how it ends: f fails, n is not for this machine and skipped,
 * h hangs, e ends without a word; with any other it passes.
 */
#include "uart.inc"
#include "say.inc"
#include "fdt.inc"

/* What kvm-unit-tests' images make of their exit code: (code << 1) | 1. */
#define STATUS_PASS	1
#define STATUS_FAIL	3
#define STATUS_SKIP	77

	.section .text.entry, "ax"
	.global _start
_start:
	adr	x1, stack_top
	mov	sp, x1
	mov	x20, #UART
	mov	x19, x0

	say	"INFO: entered at "
	adr	x0, _start
	bl	hex
	bl	newline

	mov	x0, #0
	adr	x1, s_bootargs
	bl	fdt_find
	cbz	x0, no_arguments
	mov	x21, x0
	say	"INFO: arguments: "
	mov	x0, x21
	bl	print
	bl	newline
	ldrb	w21, [x21]

	mov	x0, #0
	adr	x1, s_initrd_end
	bl	find_address
	mov	x22, x0
	mov	x0, #0
	adr	x1, s_initrd_start
	bl	find_address
	cbz	x0, ending
	mov	x23, x0
	say	"INFO: environment:\n"
1:	cmp	x23, x22
	b.hs	ending
	ldrb	w1, [x23], #1
	strb	w1, [x20]
	b	1b

ending:
	cmp	w21, #'h'
	b.eq	hang
	cmp	w21, #'e'
	b.eq	off
	mov	x22, #STATUS_FAIL
	cmp	w21, #'f'
	b.eq	1f
	mov	x22, #STATUS_SKIP
	cmp	w21, #'n'
	b.eq	1f
	mov	x22, #STATUS_PASS
1:	say	"SUMMARY: 1 tests\n\nEXIT: STATUS="
	say_dec	x22
	bl	newline
off:
	power_off
hang:
	wfi
	b	hang
no_arguments:
	say	"FAIL: no /chosen/bootargs\n"
	power_off

/* find_address(x0, x1 as of fdt_find) -> x0 = the address of one or two cells, or 0 */
find_address:
	mov	x16, x30
	bl	fdt_find
	cbz	x0, 2f
	fdt_cell w2, x0
	cmp	x1, #4
	b.eq	1f
	fdt_cell w3, x0, 4
	orr	x2, x3, x2, lsl #32
1:	mov	x0, x2
2:	ret	x16

#include "functions.inc"

	.section .rodata, "a"
s_bootargs:	.asciz "bootargs"
s_initrd_start:	.asciz "linux,initrd-start"
s_initrd_end:	.asciz "linux,initrd-end"

	.section .stack, "aw", %progbits
	.balign 16
	.space 1024
stack_top:
