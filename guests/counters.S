/* SPDX-License-Identifier: MIT */
/*
 * The counters guest: proves from inside that its PMU counts right and that overflows interrupt.
 *
 * A line per check, ok or FAIL, and a last line with the sum. Entered like greeting.S. The interrupt
 * and the GIC it expects are the ones the device tree names, so the tree is checked against what
 * KVM was told.
 *
 * KVM counts SW_INCR and CHAIN itself, exactly; CPU_CYCLES and the cycle counter are perf events of
 * the host. Both ways are checked.
 */
#include "uart.inc"
#include "say.inc"
#include "pmu.inc"
#include "fdt.inc"
#include "gic.inc"

#define EVENT_SW_INCR	0x00
#define EVENT_CPU_CYCLES 0x11
#define EVENT_CHAIN	0x1e

#define INCREMENTS	1000
/* How many cycles before its overflow the cycle counter starts: in the order of a millisecond. */
#define CYCLES_LEFT	1000000
/* An interrupt that nobody turns off would leave no time for anything else. */
#define INTERRUPTS_MAX	100

/*
 * x18: overflow flags the last interrupt found    x24: checks failed
 * x19: device tree                                x25: PMCR_EL0.N
 * x20: UART                                       x26: the PMU's INTID, 0: not known
 * x21: interrupts taken                           x27, x28, x29: see gic.inc
 * x22: INTID of the last one                      x8 to x14: for a few lines
 * x23: checks made
 */

/* One more check, passed if \condition. Says so and goes on with "text". */
.macro check condition, text:vararg
	cset	w0, \condition
	bl	verdict
	say	\text
.endm

	.section .text.entry, "ax"
	.global _start
_start:
	adr	x1, stack_top
	mov	sp, x1
	mov	x20, #UART
	mov	x19, x0
	mov	x21, #0
	mov	x22, #0
	mov	x23, #0
	mov	x24, #0
	adr	x0, vectors
	msr	vbar_el1, x0
	isb

	read_pmuver x8, no_pmu
	say	"counters: PMUVer "
	say_dec	x8
	say	", PMCR_EL0.N "
	mrs	x25, pmcr_el0
	ubfx	x25, x25, #11, #5
	say_dec	x25
	say	"\ncounters: PMCEID0_EL0 "
	mrs	x8, pmceid0_el0
	say_hex	x8
	say	", PMCEID1_EL0 "
	mrs	x9, pmceid1_el0
	say_hex	x9
	bl	newline

/* The interrupt, as the device tree has it: <type number flags>, the first for the CPU that boots. */
	mov	x26, #0
	bl	gic_find
	adr	x0, pmu_compatible
	adr	x1, pmu_interrupts
	bl	fdt_find
	cmp	x0, #0
	ccmp	x29, #0, #4, ne
	b.eq	1f
	fdt_cell w8, x0, 0
	fdt_cell w9, x0, 4
	fdt_cell w10, x0, 8
	/* Type 0: shared, from INTID 32 on; 1: private, from 16 on. */
	mov	x0, #16
	add	x26, x9, #32
	sub	x0, x26, x0
	cmp	w8, #0
	csel	x26, x26, x0, eq
	/* Flags 1 and 2 are edges, 4 and 8 levels. */
	tst	w10, #3
	cset	w1, ne
	mov	x0, x26
	bl	gic_enable
	msr	daifclr, #2
1:	cmp	x26, #0
	check	ne, "device tree: "
	cbz	x26, 2f
	say	"interrupt of the PMU is INTID "
	say_dec	x26
	say	", GICv"
	say_dec	x29
	b	3f
2:	say	"no interrupt of the PMU, or no GIC"
3:	bl	newline

/*
 * Two loops. That the longer one takes more cycles cannot be asked: an emulated processor also counts
 * while it is kept from running.
 */
	bl	reset_pmu
	start_cycle_counter
	mov	x0, #1000
	bl	measure
	mov	x8, x0
	ldr	x0, =100000
	bl	measure
	mov	x9, x0
	cmp	x8, #0
	ccmp	x9, #0, #4, ne
	check	ne, "cycle counter: "
	say_dec	x8
	say	" cycles in 1000 turns, "
	say_dec	x9
	say	" in 100000\n"

	cbnz	x25, event_counters

/*
 * Under FIXED_COUNTERS_ONLY there are no event counters, and so no events. Where somebody merely
 * asked KVM for no counters there still are events.
 */
	mrs	x8, pmceid0_el0
	mrs	x9, pmceid1_el0
	orr	x8, x8, x9
	cmp	x8, #0
	b.ne	3f
	check	eq, "PMCEID0_EL0 and PMCEID1_EL0: 0, as FIXED_COUNTERS_ONLY has them\n"
	b	4f
3:	say	"skip PMCEID0_EL0 and PMCEID1_EL0: not 0, so this is no FIXED_COUNTERS_ONLY\n"
4:
	say	"skip SW_INCR, CPU_CYCLES, CHAIN, overflow of event counter 0: PMCR_EL0.N is 0\n"
	b	cycle_overflow

event_counters:
/* SW_INCR while the counter is disabled, then while it is enabled. */
	bl	reset_pmu
	mov	x0, #EVENT_SW_INCR
	msr	pmevtyper0_el0, x0
	mov	x0, #INCREMENTS
	bl	increment
	mrs	x8, pmevcntr0_el0
	cmp	x8, #0
	check	eq, "event counter 0, disabled: "
	say_dec	x8
	say	" of 1000 SW_INCR\n"
	mov	x0, #1
	msr	pmcntenset_el0, x0
	isb
	mov	x0, #INCREMENTS
	bl	increment
	mrs	x8, pmevcntr0_el0
	cmp	x8, #INCREMENTS
	check	eq, "event counter 0, enabled: "
	say_dec	x8
	say	" of 1000 SW_INCR\n"

/* An event that hardware counts. */
	mrs	x8, pmceid0_el0
	tbz	x8, #EVENT_CPU_CYCLES, 1f
	bl	reset_pmu
	mov	x0, #EVENT_CPU_CYCLES
	msr	pmevtyper0_el0, x0
	mov	x0, #1
	msr	pmcntenset_el0, x0
	isb
	ldr	x0, =100000
	bl	measure
	mrs	x8, pmevcntr0_el0
	cmp	x8, #0
	check	ne, "event counter 0: "
	say_dec	x8
	say	" CPU_CYCLES in 100000 turns\n"
	b	2f
1:	say	"skip CPU_CYCLES: PMCEID0_EL0 does not have it\n"
2:

/* Counter 1 counts the overflows of counter 0. Counters may be 64 bits wide, but overflow at 32. */
	cmp	x25, #2
	b.lo	1f
	mrs	x8, pmceid0_el0
	tbz	x8, #EVENT_CHAIN, 2f
	bl	reset_pmu
	mov	x0, #EVENT_SW_INCR
	msr	pmevtyper0_el0, x0
	mov	x0, #EVENT_CHAIN
	msr	pmevtyper1_el0, x0
	mov	w0, #-1
	msr	pmevcntr0_el0, x0
	msr	pmevcntr1_el0, xzr
	mov	x0, #3
	msr	pmcntenset_el0, x0
	isb
	mov	x0, #3
	bl	increment
	mrs	x8, pmevcntr0_el0
	mrs	x9, pmevcntr1_el0
	bfi	x8, x9, #32, #32
	ldr	x9, =0x100000002
	cmp	x8, x9
	check	eq, "CHAIN of event counters 1 and 0: 0xffffffff and 3 SW_INCR are "
	say_hex	x8
	bl	newline
	b	3f
1:	say	"skip CHAIN: PMCR_EL0.N is 1\n"
	b	3f
	/* So with KVM of Linux 6.1 where the hardware does not have it. */
2:	say	"skip CHAIN: PMCEID0_EL0 does not have it\n"
3:

/* An overflow sets the counter's flag; nobody wants an interrupt yet. */
	bl	reset_pmu
	mov	x21, #0
	mov	x0, #EVENT_SW_INCR
	msr	pmevtyper0_el0, x0
	mov	w0, #-1
	msr	pmevcntr0_el0, x0
	mov	x0, #1
	msr	pmcntenset_el0, x0
	isb
	mov	x0, #1
	bl	increment
	bl	wait_for_none
	mrs	x8, pmovsset_el0
	cmp	x8, #1
	ccmp	x21, #0, #0, eq
	check	eq, "overflow of event counter 0: flags "
	say_hex	x8
	say	", interrupts while PMINTENSET_EL1 is 0: "
	say_dec	x21
	bl	newline

/* Now somebody does. The flag is cleared first: it alone would be an interrupt. */
	cbz	x26, summary
	bl	reset_pmu
	mov	w0, #-1
	msr	pmevcntr0_el0, x0
	mov	x0, #1
	msr	pmintenset_el1, x0
	msr	pmcntenset_el0, x0
	isb
	mov	x0, #1
	bl	increment
	bl	wait_for_one
	mov	x8, #1
	bl	judge_interrupts
	say	"event counter 0: "
	bl	say_interrupts

cycle_overflow:
	cbz	x26, summary
	bl	reset_pmu
	mov	x21, #0
	msr	pmccfiltr_el0, xzr
	ldr	x0, =-CYCLES_LEFT
	msr	pmccntr_el0, x0
	mov	x0, #CYCLE_COUNTER
	msr	pmintenset_el1, x0
	msr	pmcntenset_el0, x0
	isb
	bl	wait_for_one
	mov	x8, #CYCLE_COUNTER
	bl	judge_interrupts
	say	"cycle counter: "
	bl	say_interrupts

summary:
	msr	daifset, #2
	say	"counters: "
	cbnz	x24, 1f
	say	"all "
	say_dec	x23
	say	" checks passed\n"
	b	off
1:	say_dec	x24
	say	" of "
	say_dec	x23
	say	" checks FAILED\n"
	b	off
no_pmu:
	say	"counters: there is no PMUv3, nothing to check\n"
off:
	power_off

/* reset_pmu: all counters 0, disabled, without flags or interrupts; the PMU as such enabled. */
reset_pmu:
	msr	pmcr_el0, xzr
	mov	w0, #-1
	msr	pmcntenclr_el0, x0
	msr	pmintenclr_el1, x0
	msr	pmovsclr_el0, x0
	mov	x0, #(PMCR_E | PMCR_P | PMCR_C | PMCR_LC)
	msr	pmcr_el0, x0
	isb
	ret

/* increment(x0 = how often): SW_INCR for counter 0 */
increment:
	mov	x1, #1
1:	msr	pmswinc_el0, x1
	subs	x0, x0, #1
	b.ne	1b
	isb
	ret

/* An interrupt may take two seconds to come; a second one would come within a fiftieth. */
wait_for_one:
	mov	x4, x30
	mrs	x0, cntfrq_el0
	lsl	x0, x0, #1
	mov	x1, #1
	bl	wait
	mov	x30, x4
wait_for_none:
	mrs	x0, cntfrq_el0
	mov	x1, #50
	udiv	x0, x0, x1
	mov	x1, #-1

/* wait(x0 = ticks of CNTVCT_EL0 at most, x1 = interrupts that end it) */
wait:
	isb
	mrs	x2, cntvct_el0
	add	x2, x2, x0
1:	cmp	x21, x1
	b.hs	2f
	isb
	mrs	x3, cntvct_el0
	cmp	x3, x2
	b.lo	1b
2:	ret

/* judge_interrupts(x8 = overflow flag expected): one interrupt, the right one, for that flag? */
judge_interrupts:
	mov	x17, x30
	cmp	x21, #1
	ccmp	x22, x26, #0, eq
	ccmp	x18, x8, #0, eq
	check	eq, "overflow interrupt of "
	ret	x17

/* say_interrupts: what came; or if nothing did, what came elsewhere: the first 64 INTIDs' state */
say_interrupts:
	mov	x17, x30
	say_dec	x21
	cbz	x21, 1f
	say	" of 1, INTID "
	say_dec	x22
	say	", flags "
	say_hex	x18
	b	3f
1:	mov	x9, x27
	cmp	x29, #3
	b.ne	2f
	add	x9, x28, #GICR_SGI_BASE
2:	say	" of 1, pending in the GIC "
	ldr	w8, [x9, #GICD_ISPENDR]
	ldr	w9, [x27, #(GICD_ISPENDR + 4)]
	orr	x8, x8, x9, lsl #32
	say_hex	x8
3:	bl	newline
	ret	x17

/* verdict(x0 = 1: passed, 0: failed): begins a check's line and keeps the sum */
verdict:
	mov	x16, x30
	add	x23, x23, #1
	cbz	x0, 1f
	say	"ok   "
	ret	x16
1:	add	x24, x24, #1
	say	"FAIL "
	ret	x16

#include "functions.inc"

/* An interrupt: the PMU's line stays up until the flag is cleared, so that is done before its end. */
irq:
	stp	x0, x1, [sp, #-16]!
	gic_acknowledge 0
	cmp	x0, #FIRST_SPECIAL
	b.hs	1f
	mov	x22, x0
	add	x21, x21, #1
	mrs	x18, pmovsset_el0
	msr	pmovsclr_el0, x18
	isb
	gic_end 0
	cmp	x21, #INTERRUPTS_MAX
	b.lo	1f
	mrs	x0, spsr_el1
	orr	x0, x0, #(1 << 7)	/* I: takes no more */
	msr	spsr_el1, x0
1:	ldp	x0, x1, [sp], #16
	eret

/* Whatever else happens is the end. */
unexpected:
	mrs	x8, esr_el1
	mrs	x9, elr_el1
	adr	x0, _start
	sub	x9, x9, x0
	mov	x0, #0
	bl	verdict
	say	"unexpected exception: ESR_EL1 "
	say_hex	x8
	say	" at byte "
	say_hex	x9
	say	" of the image\n"
	b	summary

.macro vector to
	.balign	0x80
	b	\to
.endm

	.section .text.vectors, "ax"
	.balign	0x800
vectors:
	/* Synchronous, IRQ, FIQ, SError: with SP_EL0, with SP_EL1 (which is us), from EL0 twice. */
	.rept	5
	vector	unexpected
	.endr
	vector	irq
	.rept	10
	vector	unexpected
	.endr

	.section .rodata, "a"
pmu_compatible:	.asciz "arm,armv8-pmuv3"
pmu_interrupts:	.asciz "interrupts"

	.section .stack, "aw", %progbits
	.balign 16
	.space 1024
stack_top:
