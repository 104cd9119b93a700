/* SPDX-License-Identifier: MIT */
/*
 * A guest that ends with status 42 by tsvmm's exit device, whose address it would have from the device
 * tree (compatible "tsvmm,exit"). Without the device it powers off.
 */
#include "uart.inc"

#define EXIT	0x01810000

	.section .text.entry, "ax"
	.global _start
_start:
	ldr	x1, =EXIT
	mov	w0, #42
	str	w0, [x1]
	power_off
