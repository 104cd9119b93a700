// SPDX-License-Identifier: MIT
/*
 * KVM_RUN as the engine sees it, without KVM: linked with it in the place of ioctl(). A guest makes
 * accesses of all kinds at random moments and looks at what its reads are answered.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/kvm.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "pretend-kvm.h"

static struct kvm_run *runs[PRETEND_VCPUS];

static uint32_t random_below(struct pretend_guest *guest, uint32_t limit)
{
	guest->seed ^= guest->seed << 13;
	guest->seed ^= guest->seed >> 7;
	guest->seed ^= guest->seed << 17;
	return (uint32_t)(guest->seed >> 32) % limit;
}

/* Of every length, so that every state of the handshake meets every other. */
static void dawdle(struct pretend_guest *guest)
{
	struct timespec nap = { .tv_nsec = random_below(guest, 20000) };

	switch (random_below(guest, 64)) {
	case 0:
		nanosleep(&nap, NULL);
		break;
	case 1:
	case 2:
		sched_yield();
		break;
	case 3:
	case 4:
	case 5:
		for (volatile uint32_t i = random_below(guest, 2000); i; i--)
			;
		break;
	}
}

/* The guest sees what its last read was answered. */
static void complete(struct pretend_guest *guest, const struct kvm_run *run)
{
	uint64_t answer;

	memcpy(&answer, run->mmio.data, sizeof(answer));
	if (guest->reading == PRETEND_SHADOW) {
		guest->wrong_reads += answer < guest->last_shadow;
		guest->last_shadow = answer;
	} else if (guest->reading == PRETEND_QUEUE) {
		/* 0: there was none. */
		guest->wrong_reads += answer && answer <= guest->last_queued;
		guest->last_queued = answer ? answer : guest->last_queued;
		guest->queue_sum += answer;
	} else if (guest->reading) {
		guest->wrong_reads += answer != guest->written;
	}
	guest->reading = 0;
}

static void mmio(struct kvm_run *run, uint64_t address, int is_write, uint64_t value)
{
	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = address;
	run->mmio.is_write = is_write;
	run->mmio.len = sizeof(value);
	memcpy(run->mmio.data, &value, sizeof(value));
}

static int kvm_run(uint64_t vcpu, struct kvm_run *run)
{
	struct pretend_guest *guest = (void *)((char *)run + PRETEND_GUEST);
	uint32_t kind;

	complete(guest, run);
	dawdle(guest);
	if (__atomic_load_n(&run->immediate_exit, __ATOMIC_SEQ_CST)) {
		guest->interrupted++;
		errno = EINTR;
		return -1;
	}
	kind = random_below(guest, 10);
	if (guest->written == guest->writes) {
		run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
		run->system_event.type = KVM_SYSTEM_EVENT_SHUTDOWN;
		run->system_event.ndata = 0;
	} else if (kind < 5) {
		guest->reading = kind == 0 ? PRETEND_COUNT + 8 * vcpu :
				 kind < 3  ? PRETEND_SHADOW :
					     PRETEND_QUEUE;
		mmio(run, guest->reading, 0, 0);
	} else {
		mmio(run, kind == 5 ? PRETEND_ASKED : PRETEND_POSTED, 1,
		     vcpu << 32 | guest->written++);
	}
	return 0;
}

int __real_ioctl(int fd, unsigned long request, void *argument);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	int vcpu = fd - PRETEND_FD;
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (vcpu < 0 || vcpu >= PRETEND_VCPUS)
		return __real_ioctl(fd, request, argument);
	if (request == KVM_RUN)
		return kvm_run((uint64_t)vcpu, runs[vcpu]);
	runs[vcpu] = argument;
	return 0;
}
