/* SPDX-License-Identifier: MIT */
/*
 * A guest that jumps to where nothing is. Its vectors are nowhere either, so that it takes one abort
 * after the other and never comes back.
 */
#include "uart.inc"

	.section .text.entry, "ax"
	.global _start
_start:
	put	'w'
	put	'\n'
	mov	x1, #0x40000000
	br	x1
