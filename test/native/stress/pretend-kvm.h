/* SPDX-License-Identifier: MIT */
/* Between pretend-kvm.c and who drives it: model-loop.c, or engine-stress.test.ts. */
#ifndef PRETEND_KVM_H
#define PRETEND_KVM_H

#include <stdint.h>

/* What a "vCPU fd" is: this plus the number of the vCPU. No process has so many files. */
#define PRETEND_FD 100000
#define PRETEND_VCPUS 64
/* An ioctl of such an fd: its argument is where its struct kvm_run is, and behind it the guest. */
#define PRETEND_SETUP 0x5e7
#define PRETEND_GUEST 4096

/* Guest physical addresses: what the loop is to make of an access. */
#define PRETEND_POSTED 0x1000 /* a write that may be posted */
#define PRETEND_SHADOW 0x2000 /* a read that may be answered from shadow; its values only grow */
#define PRETEND_ASKED 0x3000 /* a write that is always an exit */
#define PRETEND_QUEUE 0x3800 /* a read that takes the next value of the queue, if there is one; they count up */
#define PRETEND_COUNT 0x4000 /* + 8 * vCPU: read gives how many writes of this vCPU were taken */

/* The guest of a vCPU. Each of its writes has 8 bytes: its vCPU, and which of its writes this is. */
struct pretend_guest {
	uint64_t seed; /* not 0 */
	uint32_t writes; /* it makes as many, then shuts down */
	uint32_t written;
	uint32_t wrong_reads; /* answered with what they may not be */
	uint32_t interrupted; /* KVM_RUNs that a kick ended */
	uint64_t last_shadow;
	uint64_t last_queued;
	uint64_t queue_sum; /* of all values taken */
	uint64_t reading; /* the address of the read that KVM_RUN returned with; 0 */
};

#endif
