/* SPDX-License-Identifier: MIT */
/*
 * A guest that reads a device with ldp: the processor does not tell KVM the registers of such an
 * access, so nobody can emulate it (Arm DDI 0487, ESR_ELx.ISS, ISV = 0).
 */
#include "uart.inc"

	.section .text.entry, "ax"
	.global _start
_start:
	mov	x9, #0x0a000000
	ldp	x1, x2, [x9]
	put	'N'
	power_off
