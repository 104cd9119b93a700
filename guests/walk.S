/* SPDX-License-Identifier: MIT */
/*
 * The walk guest: watches the cycle counter while somebody outside moves the vCPU between CPUs.
 *
 * On CPUs of another PMU than the guest's the counter stands still, unless KVM makes it go on. Time
 * is CNTVCT_EL0's, which always goes on. A window of it is `counts` if in all of it no two readings
 * of the cycle counter were the same, and `STOPPED` otherwise. Only changes are printed: a character
 * takes as long as a tenth of a window where the host is emulated. Entered like greeting.S.
 */
#include "uart.inc"
#include "say.inc"
#include "pmu.inc"

/* Three seconds, and what the printing takes. Both can be had otherwise: -DWINDOWS=… */
#ifndef WINDOWS
#define WINDOWS		300
#endif
#ifndef WINDOW_MS
#define WINDOW_MS	10
#endif
/* Between two readings: at least so many cycles, and too few to walk away and back in. */
#define TURNS		1000

/*
 * x20: UART                          x23: the last one's verdict, 1: counts; 2: there is none yet
 * x21: number of this window         x24: ticks of CNTVCT_EL0 in a window
 * x22: windows in which it counted   x8 to x12: within a window
 */

	.section .text.entry, "ax"
	.global _start
_start:
	adr	x1, stack_top
	mov	sp, x1
	mov	x20, #UART
	read_pmuver x8, no_pmu
	start_cycle_counter
	mov	x21, #0
	mov	x22, #0
	mov	x23, #2
	mrs	x24, cntfrq_el0
	mov	x0, #WINDOW_MS
	mul	x24, x24, x0
	mov	x0, #1000
	udiv	x24, x24, x0
	say	"walk: begins\n"

window:
	isb
	mrs	x8, cntvct_el0
	add	x8, x8, x24		/* its end */
	mov	x9, #1			/* counts so far */
	mrs	x10, pmccntr_el0
1:	mov	x0, #TURNS
2:	subs	x0, x0, #1
	b.ne	2b
	isb
	mrs	x11, pmccntr_el0
	/* 64 bits do not wrap; to go back would be as wrong as to stand still. */
	cmp	x11, x10
	csel	x9, x9, xzr, hi
	mov	x10, x11
	mrs	x12, cntvct_el0
	cmp	x12, x8
	b.lo	1b

	add	x22, x22, x9
	cmp	x9, x23
	b.eq	4f
	mov	x23, x9
	say_dec	x21
	cbz	x9, 3f
	say	" counts\n"
	b	4f
3:	say	" STOPPED\n"
4:	add	x21, x21, #1
	cmp	x21, #WINDOWS
	b.lo	window

	say	"walk: counted in "
	say_dec	x22
	say	" of "
	say_dec	x21
	say	" windows\n"
	b	off
no_pmu:
	say	"walk: there is no PMUv3\n"
off:
	power_off

#include "functions.inc"

	.section .stack, "aw", %progbits
	.balign 16
	.space 1024
stack_top:
