// SPDX-License-Identifier: MIT
/*
 * vCPU threads. Each runs its vCPU's KVM_RUN in a loop and hands the event loop only the exits, by
 * the handshake of tsvmm.h. There is no call from here into JavaScript and none from JavaScript
 * into here on the way of an exit: a state word, one byte on a socket, one write to an eventfd.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tsvmm.h"

/*
 * Bind to the oldest version of these symbols: the default ones would tie the prebuilt library to
 * glibc 2.34, and so to distributions of 2022 and later.
 */
#if defined(__aarch64__) && defined(__GLIBC__)
__asm__(".symver pthread_create,pthread_create@GLIBC_2.17");
__asm__(".symver pthread_join,pthread_join@GLIBC_2.17");
__asm__(".symver pthread_sigmask,pthread_sigmask@GLIBC_2.17");
__asm__(".symver pthread_attr_setstacksize,pthread_attr_setstacksize@GLIBC_2.17");
__asm__(".symver pthread_kill,pthread_kill@GLIBC_2.17");
__asm__(".symver pthread_timedjoin_np,pthread_timedjoin_np@GLIBC_2.17");
#endif

#define STACK_SIZE (128 * 1024)

struct vcpu {
	struct engine *engine;
	struct tsvmm_slot *slot;
	struct kvm_run *run;
	pthread_t thread;
	int fd;
	uint32_t index;
	cpu_set_t *cpus; /* NULL: wherever the process may run */
	size_t cpus_size;
};

struct engine {
	struct tsvmm_shared *shared;
	int notify_fd;
	uint32_t count;
	struct vcpu vcpus[];
};

/* SIGRTMIN is a call in glibc: it knows which signals it keeps for itself. */
static int kick_signal(void)
{
	return SIGRTMIN + 1;
}

static void on_kick(int signal)
{
	(void)signal; /* Its arrival alone makes KVM_RUN return -EINTR. */
}

static uint32_t exchange(uint32_t *word, uint32_t value)
{
	return atomic_exchange((_Atomic uint32_t *)word, value);
}

static void store(uint32_t *word, uint32_t value)
{
	atomic_store((_Atomic uint32_t *)word, value);
}

/*
 * Contract: makes the event loop look at the slots. One byte per batch: none is written while the
 *           loop has not yet taken the last one (it clears `pending` before it looks).
 * Thread:   any vCPU's.
 * Why in C: (c)
 */
static void notify(struct engine *engine)
{
	ssize_t written;

	if (exchange(&engine->shared->pending, 1))
		return;
	do {
		written = write(engine->notify_fd, "", 1);
	} while (written < 0 && errno == EINTR);
}

/*
 * Contract: hands the exit to the event loop and waits for its answer.
 * Returns:  TSVMM_STATE_RESUME or TSVMM_STATE_STOP.
 * Why in C: (b), (c)
 */
static uint32_t await_answer(struct vcpu *vcpu)
{
	struct tsvmm_slot *slot = vcpu->slot;
	uint32_t state = TSVMM_STATE_EXIT;
	uint64_t wakeups;

	store(&slot->state, TSVMM_STATE_EXIT);
	notify(vcpu->engine);
	/* Either the answer is there already, or the loop sees ASLEEP and writes to resume_fd. */
	if (!atomic_compare_exchange_strong((_Atomic uint32_t *)&slot->state, &state,
					    TSVMM_STATE_ASLEEP))
		return state;
	/* Whatever read() says: only an answer lets the vCPU go on. */
	do {
		if (read(slot->resume_fd, &wakeups, sizeof(wakeups)) < 0 && errno != EINTR)
			return TSVMM_STATE_STOP;
		state = atomic_load((_Atomic uint32_t *)&slot->state);
	} while (state == TSVMM_STATE_ASLEEP);
	return state;
}

/* Only the kick may interrupt a vCPU thread; Node's own signals belong to its main thread. */
static void block_signals(void)
{
	sigset_t mask;

	sigfillset(&mask);
	sigdelset(&mask, kick_signal());
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

/* As lkvm calls them: what top -H and taskset's users look for. */
static void name_thread(const struct vcpu *vcpu)
{
	char name[32]; /* The kernel keeps 15 characters. */

	snprintf(name, sizeof(name), "kvm-vcpu-%td", vcpu - vcpu->engine->vcpus);
	prctl(PR_SET_NAME, name);
}

/*
 * Contract: runs the vCPU up to an exit that only the event loop can answer. A kick ends that too: it
 *           makes the next KVM_RUN return -EINTR.
 * Returns:  what KVM_RUN returned: 0 or -errno.
 * Why in C: (a), (b)
 */
static int32_t run_vcpu(struct vcpu *vcpu)
{
	struct tsvmm_slot *slot = vcpu->slot;

	for (;;) {
		int32_t result = ioctl(vcpu->fd, KVM_RUN, 0) ? -errno : 0;

		slot->exits++;
		if (result)
			return result;
		switch (tsvmm_answer_fast(vcpu->engine->shared, vcpu->run)) {
		case TSVMM_FAST_SHADOW:
			slot->shadow_reads++;
			break;
		case TSVMM_FAST_POST:
			slot->posted_writes++;
			notify(vcpu->engine);
			break;
		case TSVMM_FAST_QUEUE:
			slot->queue_reads++;
			break;
		default:
			return 0;
		}
	}
}

/*
 * Contract: the life of a vCPU thread.
 * Why in C: (b)
 */
static void *vcpu_main(void *argument)
{
	struct vcpu *vcpu = argument;
	struct tsvmm_slot *slot = vcpu->slot;

	block_signals();
	name_thread(vcpu);
	slot->tid = (int32_t)syscall(SYS_gettid);
	if (vcpu->cpus && sched_setaffinity(0, vcpu->cpus_size, vcpu->cpus))
		slot->start_error = -errno;

	while (!slot->start_error) {
		store(&slot->state, TSVMM_STATE_RUNNING);
		slot->result = run_vcpu(vcpu);
		if (await_answer(vcpu) == TSVMM_STATE_STOP)
			break;
	}
	store(&slot->state, TSVMM_STATE_DONE);
	notify(vcpu->engine);
	return NULL;
}

/* A vCPU that is run once. */
struct once {
	int fd;
	const cpu_set_t *cpus;
	size_t cpus_size;
	int32_t result;
};

static void *once_main(void *argument)
{
	struct once *once = argument;

	block_signals();
	if (once->cpus_size && sched_setaffinity(0, once->cpus_size, once->cpus))
		once->result = -errno;
	else
		once->result = ioctl(once->fd, KVM_RUN, 0) ? -errno : 0;
	return NULL;
}

/*
 * Contract: runs a vCPU on a thread of its own, kept to `cpuset` (size 0: not kept), up to its first
 *           exit, but no longer than `milliseconds`. For guests that are done at once: the caller
 *           waits for it.
 * Returns:  what KVM_RUN returned, 0 or -errno; -EINTR when the time is over.
 * Why in C: (a), (b)
 */
int64_t tsvmm_run_once(int vcpu_fd, void *run, const void *cpuset, uint64_t cpuset_size,
		       uint32_t milliseconds)
{
	struct sigaction action = { .sa_handler = on_kick };
	struct once once = { .fd = vcpu_fd, .cpus = cpuset, .cpus_size = cpuset_size };
	struct timespec deadline;
	pthread_t thread;
	int error;

	if (sigaction(kick_signal(), &action, NULL))
		return -errno;
	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += milliseconds / 1000;
	deadline.tv_nsec += milliseconds % 1000 * 1000000L;
	if (deadline.tv_nsec >= 1000000000L) {
		deadline.tv_sec++;
		deadline.tv_nsec -= 1000000000L;
	}
	error = pthread_create(&thread, NULL, once_main, &once);
	if (error)
		return -error;
	if (pthread_timedjoin_np(thread, NULL, &deadline)) {
		__atomic_store_n(&((struct kvm_run *)run)->immediate_exit, 1, __ATOMIC_SEQ_CST);
		pthread_kill(thread, kick_signal());
		pthread_join(thread, NULL);
	}
	return once.result;
}

/*
 * Contract: room for `vcpus` threads. `notify_fd` is the threads' end of the socketpair and stays
 *           the caller's. *shared is where struct tsvmm_shared and the slots are.
 * Returns:  a handle for the calls below, or -errno.
 * Why in C: (b), (c)
 */
int64_t tsvmm_engine_create(uint32_t vcpus, int notify_fd, uint64_t *shared)
{
	struct sigaction action = { .sa_handler = on_kick }; /* no SA_RESTART: KVM_RUN must return */
	size_t size = sizeof(struct tsvmm_shared) + vcpus * sizeof(struct tsvmm_slot);
	struct engine *engine = calloc(1, sizeof(*engine) + vcpus * sizeof(struct vcpu));
	void *memory = NULL;

	if (!engine || posix_memalign(&memory, 4096, size)) {
		free(engine);
		return -ENOMEM;
	}
	if (sigaction(kick_signal(), &action, NULL)) {
		int error = errno;

		free(memory);
		free(engine);
		return -error;
	}
	memset(memory, 0, size);
	engine->shared = memory;
	engine->notify_fd = notify_fd;
	engine->count = vcpus;
	for (uint32_t i = 0; i < vcpus; i++) {
		struct tsvmm_slot *slots = (void *)((char *)memory + sizeof(struct tsvmm_shared));

		engine->vcpus[i].engine = engine;
		engine->vcpus[i].slot = &slots[i];
		engine->vcpus[i].index = i;
		slots[i].resume_fd = -1;
	}
	*shared = (uint64_t)(uintptr_t)memory;
	return (int64_t)(uintptr_t)engine;
}

static void release_vcpu(struct vcpu *vcpu)
{
	if (vcpu->slot->resume_fd >= 0)
		close(vcpu->slot->resume_fd);
	vcpu->slot->resume_fd = -1;
	free(vcpu->cpus);
	vcpu->cpus = NULL;
}

/*
 * Contract: gives everything back. Every started vCPU must be DONE: its thread has nothing left to
 *           do, so joining it does not block, and only a joined thread is known to touch nothing.
 * Returns:  0, or -EBUSY while a vCPU is not DONE (and then nothing is changed).
 * Why in C: (b)
 */
int64_t tsvmm_engine_destroy(void *handle)
{
	struct engine *engine = handle;

	for (uint32_t i = 0; i < engine->count; i++) {
		uint32_t state = atomic_load((_Atomic uint32_t *)&engine->vcpus[i].slot->state);

		if (state != TSVMM_STATE_FREE && state != TSVMM_STATE_DONE)
			return -EBUSY;
	}
	for (uint32_t i = 0; i < engine->count; i++) {
		if (engine->vcpus[i].slot->state == TSVMM_STATE_DONE)
			pthread_join(engine->vcpus[i].thread, NULL);
		release_vcpu(&engine->vcpus[i]);
	}
	free(engine->shared);
	free(engine);
	return 0;
}

/*
 * Contract: starts the thread of vCPU `index`, kept to `cpuset` (size 0: not kept). `run` is the
 *           vCPU's mapped struct kvm_run and must outlive the thread. Once per index.
 * Returns:  0, or -errno. A refused affinity shows in the slot's start_error instead.
 * Why in C: (b): sched_setaffinity is per thread and must be made by the one that issues KVM_RUN
 */
int64_t tsvmm_vcpu_start(void *handle, uint32_t index, int vcpu_fd, void *run, const void *cpuset,
			 uint64_t cpuset_size)
{
	struct engine *engine = handle;
	struct vcpu *vcpu;
	pthread_attr_t attributes;
	int error;

	if (index >= engine->count)
		return -EINVAL;
	vcpu = &engine->vcpus[index];
	if (vcpu->slot->state != TSVMM_STATE_FREE)
		return -EBUSY;
	vcpu->slot->resume_fd = eventfd(0, EFD_CLOEXEC);
	if (vcpu->slot->resume_fd < 0)
		return -errno;
	vcpu->fd = vcpu_fd;
	vcpu->run = run;
	if (cpuset_size) {
		vcpu->cpus = malloc(cpuset_size);
		if (!vcpu->cpus) {
			release_vcpu(vcpu);
			return -ENOMEM;
		}
		memcpy(vcpu->cpus, cpuset, cpuset_size);
		vcpu->cpus_size = cpuset_size;
	}
	store(&vcpu->slot->state, TSVMM_STATE_RUNNING);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	error = pthread_create(&vcpu->thread, &attributes, vcpu_main, vcpu);
	pthread_attr_destroy(&attributes);
	if (error) {
		release_vcpu(vcpu);
		store(&vcpu->slot->state, TSVMM_STATE_FREE);
		return -error;
	}
	return 0;
}

/*
 * Contract: makes KVM_RUN of vCPU `index` return -EINTR, now or when it is next issued, until
 *           somebody clears kvm_run.immediate_exit.
 * Returns:  0; 0 as well when the thread has ended.
 * Why in C: (c): immediate_exit is read by the kernel at any time
 */
int64_t tsvmm_vcpu_kick(void *handle, uint32_t index)
{
	struct engine *engine = handle;
	struct vcpu *vcpu;
	uint32_t state;

	if (index >= engine->count)
		return -EINVAL;
	vcpu = &engine->vcpus[index];
	state = atomic_load((_Atomic uint32_t *)&vcpu->slot->state);
	if (state == TSVMM_STATE_FREE || state == TSVMM_STATE_DONE)
		return 0;
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	/* Not joined yet, so the handle is good; to a thread that has just ended it does nothing. */
	pthread_kill(vcpu->thread, kick_signal());
	return 0;
}
