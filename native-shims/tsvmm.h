/* SPDX-License-Identifier: MIT */
/*
 * The shim library: what src/native cannot do through ffi-napi.
 *
 * One entry point, tsvmm_call(): the caller fills a frame of 64-bit words and gets a 64-bit result,
 * so that a single call interface, prepared once, serves every call. The numbers and layouts below
 * are mirrored in src/native/shim-abi.ts; a test compares the two files.
 *
 * Admission: a function is in C only if (a) errno must be read on the thread that made the call,
 * (b) it blocks or owns a thread, (c) it needs atomics or memory shared with a thread, or (d) it is
 * variadic or a macro. Each says which.
 */
#ifndef TSVMM_H
#define TSVMM_H

#include <stdint.h>

/* Raised with every change of the numbers, layouts or meanings in this file. */
#define TSVMM_SHIM_ABI 5

#define TSVMM_FRAME_WORDS 8

enum tsvmm_op {
	TSVMM_OP_ABI = 0,
	TSVMM_OP_IOCTL = 1,
	TSVMM_OP_OPEN = 2,
	TSVMM_OP_CLOSE = 3,
	TSVMM_OP_EVENTFD = 4,
	TSVMM_OP_SOCKETPAIR = 5,
	TSVMM_OP_MMAP = 6,
	TSVMM_OP_MUNMAP = 7,
	TSVMM_OP_GET_AFFINITY = 8,
	TSVMM_OP_SET_AFFINITY = 9,
	TSVMM_OP_ENGINE_CREATE = 10,
	TSVMM_OP_ENGINE_DESTROY = 11,
	TSVMM_OP_VCPU_START = 12,
	TSVMM_OP_VCPU_KICK = 13,
	TSVMM_OP_TERMINAL_GUARD = 14,
	TSVMM_OP_TERMINAL_RELEASE = 15,
	TSVMM_OP_RUN_ONCE = 16,
};

/* What a mapping without a file is made of: the fourth argument of TSVMM_OP_MMAP. */
enum tsvmm_pages {
	TSVMM_PAGES_ANY = 0,
	TSVMM_PAGES_TRANSPARENT = 1,
	TSVMM_PAGES_HUGETLB = 2,
};

/*
 * The handshake between a vCPU thread and the event loop. docs/engine.md has the protocol.
 *
 *   FREE --start--> RUNNING --KVM_RUN returned--> EXIT --thread falls asleep--> ASLEEP
 *   EXIT or ASLEEP --the loop answers--> RESUME or STOP (and a write to resume_fd if it was ASLEEP)
 *   RESUME --thread--> RUNNING        STOP --thread--> DONE
 */
enum tsvmm_state {
	TSVMM_STATE_FREE = 0,
	TSVMM_STATE_RUNNING = 1,
	TSVMM_STATE_EXIT = 2,
	TSVMM_STATE_ASLEEP = 3,
	TSVMM_STATE_RESUME = 4,
	TSVMM_STATE_STOP = 5,
	TSVMM_STATE_DONE = 6,
};

/* One cache line per vCPU, so that threads do not slow each other down. */
struct tsvmm_slot {
	uint32_t state; /* enum tsvmm_state, atomic */
	int32_t result; /* what KVM_RUN returned: 0 or -errno */
	int32_t start_error; /* 0, or -errno of the affinity: the thread never ran the vCPU */
	int32_t tid;
	int32_t resume_fd; /* eventfd that wakes the thread when it is ASLEEP */
	uint32_t reserved;
	uint64_t exits; /* how often KVM_RUN returned */
	uint64_t shadow_reads; /* of these, reads the thread answered itself */
	uint64_t posted_writes; /* and writes it queued */
	uint64_t queue_reads; /* and reads it answered from the queue */
	uint8_t pad[8];
};

/* How a thread answers an access of the guest to a fast register by itself. */
enum tsvmm_fast_kind {
	TSVMM_FAST_OFF = 0, /* not at all: the access is an exit for the event loop */
	TSVMM_FAST_SHADOW = 1, /* a read gets `value` */
	TSVMM_FAST_POST = 2, /* a write is queued in the ring */
	TSVMM_FAST_QUEUE = 3, /* a read takes the next value of the queue, but not the last one */
};

/* A fast register. Two of them may have the same address: one for reads, one for writes. */
struct tsvmm_fast {
	uint64_t address; /* guest physical; set before a thread starts */
	uint32_t kind; /* enum tsvmm_fast_kind, atomic */
	uint32_t value; /* atomic */
};

#define TSVMM_FAST_REGISTERS 4

/* A posted write. */
struct tsvmm_post {
	uint64_t address;
	uint64_t data; /* little-endian, `length` bytes of it */
	uint32_t length;
	uint32_t sequence; /* atomic: 1 + the number of the write, once all of it is there */
};

#define TSVMM_POSTS 1024

#define TSVMM_QUEUED 256

/* Values for a register of which every read takes one: put in by the event loop, taken by all. */
struct tsvmm_queue {
	uint32_t head; /* atomic: number of the next value to be put in */
	uint8_t pad0[60];
	uint32_t tail; /* atomic: number of the next value to be taken */
	uint8_t pad1[60];
	uint32_t values[TSVMM_QUEUED]; /* atomic */
};

/* What the event loop and the threads share; slots follow it. */
struct tsvmm_shared {
	uint32_t pending; /* atomic: 1 while a byte is on its way to the event loop */
	uint8_t pad0[60];
	struct tsvmm_fast fast[TSVMM_FAST_REGISTERS];
	uint32_t head; /* atomic: number of the next write to be posted */
	uint8_t pad1[60];
	uint32_t tail; /* atomic: number of the next write the event loop will take */
	uint8_t pad2[60];
	struct tsvmm_post posts[TSVMM_POSTS];
	struct tsvmm_queue queue;
};

__attribute__((visibility("default"))) int64_t tsvmm_call(const int64_t *frame);

/* engine.c */
int64_t tsvmm_engine_create(uint32_t vcpus, int notify_fd, uint64_t *shared);
int64_t tsvmm_engine_destroy(void *engine);
int64_t tsvmm_vcpu_start(void *engine, uint32_t index, int vcpu_fd, void *run,
			 const void *cpuset, uint64_t cpuset_size);
int64_t tsvmm_vcpu_kick(void *engine, uint32_t index);
int64_t tsvmm_run_once(int vcpu_fd, void *run, const void *cpuset, uint64_t cpuset_size,
		       uint32_t milliseconds);

/* fast.c */
struct kvm_run;
enum tsvmm_fast_kind tsvmm_answer_fast(struct tsvmm_shared *shared, struct kvm_run *run);

/* terminal.c */
int64_t tsvmm_terminal_guard(int tty, int32_t *guard);
int64_t tsvmm_terminal_release(int32_t pid, int32_t fd);

#endif
