/* SPDX-License-Identifier: MIT */
/*
 * The identify guest: reads what only a guest can know of its PMU, and ends with PSCI SYSTEM_OFF.
 * KVM_GET_ONE_REG does not have PMCEID0_EL0 and PMCEID1_EL0.
 *
 * Entered as greeting.S, but without a device tree, a UART or a stack. What it read is left in
 * registers, which src/vm/identify.ts reads when it has ended; not in x0 to x3, which PSCI answers in.
 *
 * x19: PMCEID0_EL0   x20: PMCEID1_EL0   x21: PMCR_EL0   x22: PMMIR_EL1, or 0 if there is none
 */
#include "uart.inc"
#include "pmu.inc"

/* PMMIR_EL1, by its encoding since assemblers may not know it, and the PMUVer it came with. */
#define PMMIR_EL1	s3_0_c9_c14_6
#define PMUVER_8_4	5

	.section .text.entry, "ax"
	.global _start
_start:
	mov	x22, #0
	read_pmuver x0, 1f
	mrs	x19, pmceid0_el0
	mrs	x20, pmceid1_el0
	mrs	x21, pmcr_el0
	cmp	x0, #PMUVER_8_4
	b.lo	1f
	mrs	x22, PMMIR_EL1
1:	power_off
