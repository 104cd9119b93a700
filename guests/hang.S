/* SPDX-License-Identifier: MIT */
/* A guest that says that it is there and then runs for ever. */
#include "uart.inc"

	.section .text.entry, "ax"
	.global _start
_start:
	put	'h'
	put	'\n'
1:	b	1b
