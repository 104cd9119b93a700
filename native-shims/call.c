// SPDX-License-Identifier: MIT
/* The entry point, and the system calls that are one line each. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tsvmm.h"

/*
 * Contract: turns the -1 of a libc call into -errno.
 * Thread:   the one that made the call, at once.
 * Why in C: (a)
 */
static int64_t or_errno(int64_t result)
{
	return result == -1 ? -errno : result;
}

static int64_t map_with(uint64_t length, int flags, int fd, int64_t offset)
{
	void *address = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, fd, offset);

	return address == MAP_FAILED ? -errno : (int64_t)(uintptr_t)address;
}

/* Where KVM can map blocks: the smallest huge page of any arm64 host. */
#define HUGE_ALIGNMENT (2ull << 20)

#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

/*
 * A mapping at a multiple of HUGE_ALIGNMENT, for which the kernel is asked to take huge pages. That
 * it may not have them is no failure.
 */
static int64_t map_transparent(uint64_t length)
{
	int64_t address;
	uint64_t before, after;

	if (length > INT64_MAX - HUGE_ALIGNMENT)
		return -ENOMEM;
	address = map_with(length + HUGE_ALIGNMENT, ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (address < 0)
		return address;
	before = -(uint64_t)address % HUGE_ALIGNMENT;
	after = HUGE_ALIGNMENT - before;
	if (before > 0)
		munmap((void *)(uintptr_t)address, before);
	if (after > 0)
		munmap((void *)(uintptr_t)(address + before + length), after);
	madvise((void *)(uintptr_t)(address + before), length, MADV_HUGEPAGE);
	return address + before;
}

/*
 * Contract: a read-write mapping of `length` bytes: of `fd` shared, or, with fd -1, private and
 *           anonymous: without reserving swap (guest RAM is taken page by page), or of pages that
 *           the administrator set apart, which are reserved now. `length` is in whole pages where
 *           `pages` is not TSVMM_PAGES_ANY.
 * Returns:  the address, or -errno: ENOMEM also when there are not enough pages set apart.
 * Why in C: (a)
 */
static int64_t map(uint64_t length, int fd, int64_t offset, int64_t pages)
{
	if (fd >= 0)
		return map_with(length, MAP_SHARED, fd, offset);
	switch (pages) {
	case TSVMM_PAGES_ANY:
		return map_with(length, ANONYMOUS | MAP_NORESERVE, -1, 0);
	case TSVMM_PAGES_TRANSPARENT:
		return map_transparent(length);
	case TSVMM_PAGES_HUGETLB:
		return map_with(length, ANONYMOUS | MAP_HUGETLB, -1, 0);
	default:
		return -EINVAL;
	}
}

#define POINTER(word) ((void *)(uintptr_t)(word))

/*
 * Contract: performs operation frame[0] with the arguments frame[1..].
 * Thread:   the event loop's; never blocks but for what the called ioctl itself does, and for
 *           TSVMM_OP_RUN_ONCE.
 * Returns:  the call's result, or -errno; -ENOSYS for an operation this library does not have.
 * Why in C: (a) for all of them, (d) for ioctl and open
 */
int64_t tsvmm_call(const int64_t *frame)
{
	const int64_t *a = frame + 1;

	switch (frame[0]) {
	case TSVMM_OP_ABI:
		return TSVMM_SHIM_ABI;
	case TSVMM_OP_IOCTL:
		return or_errno(ioctl((int)a[0], (unsigned long)a[1], (unsigned long)a[2]));
	case TSVMM_OP_OPEN:
		return or_errno(open(POINTER(a[0]), (int)a[1], (mode_t)a[2]));
	case TSVMM_OP_CLOSE:
		return or_errno(close((int)a[0]));
	case TSVMM_OP_EVENTFD:
		return or_errno(eventfd((unsigned int)a[0], (int)a[1]));
	case TSVMM_OP_SOCKETPAIR:
		return or_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, POINTER(a[0])));
	case TSVMM_OP_MMAP:
		return map((uint64_t)a[0], (int)a[1], a[2], a[3]);
	case TSVMM_OP_MUNMAP:
		return or_errno(munmap(POINTER(a[0]), (size_t)a[1]));
	case TSVMM_OP_GET_AFFINITY:
		return or_errno(sched_getaffinity((pid_t)a[0], (size_t)a[2], POINTER(a[1])));
	case TSVMM_OP_SET_AFFINITY:
		return or_errno(sched_setaffinity((pid_t)a[0], (size_t)a[2], POINTER(a[1])));
	case TSVMM_OP_ENGINE_CREATE:
		return tsvmm_engine_create((uint32_t)a[0], (int)a[1], POINTER(a[2]));
	case TSVMM_OP_ENGINE_DESTROY:
		return tsvmm_engine_destroy(POINTER(a[0]));
	case TSVMM_OP_VCPU_START:
		return tsvmm_vcpu_start(POINTER(a[0]), (uint32_t)a[1], (int)a[2], POINTER(a[3]),
					POINTER(a[4]), (uint64_t)a[5]);
	case TSVMM_OP_VCPU_KICK:
		return tsvmm_vcpu_kick(POINTER(a[0]), (uint32_t)a[1]);
	case TSVMM_OP_TERMINAL_GUARD:
		return tsvmm_terminal_guard((int)a[0], POINTER(a[1]));
	case TSVMM_OP_TERMINAL_RELEASE:
		return tsvmm_terminal_release((int32_t)a[0], (int32_t)a[1]);
	case TSVMM_OP_RUN_ONCE:
		return tsvmm_run_once((int)a[0], POINTER(a[1]), POINTER(a[2]), (uint64_t)a[3],
				      (uint32_t)a[4]);
	default:
		return -ENOSYS;
	}
}
