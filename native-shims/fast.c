// SPDX-License-Identifier: MIT
/*
 * Accesses that a vCPU thread answers by itself: reads of registers whose value the event loop keeps
 * up to date, and writes that it may take later. docs/engine.md has the protocol.
 */
#define _GNU_SOURCE
#include <linux/kvm.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "tsvmm.h"

static uint32_t load(const uint32_t *word)
{
	return atomic_load((_Atomic uint32_t *)word);
}

/*
 * Contract: puts the write into the ring, behind all that were put there before.
 * Thread:   any vCPU's.
 * Returns:  false if the ring is full: the write is an exit then.
 * Why in C: (c)
 */
static bool post(struct tsvmm_shared *shared, const struct kvm_run *run)
{
	uint32_t head = load(&shared->head);
	struct tsvmm_post *entry;

	do {
		if (head - load(&shared->tail) >= TSVMM_POSTS)
			return false;
	} while (!atomic_compare_exchange_weak((_Atomic uint32_t *)&shared->head, &head, head + 1));
	entry = &shared->posts[head % TSVMM_POSTS];
	entry->address = run->mmio.phys_addr;
	memcpy(&entry->data, run->mmio.data, sizeof(entry->data));
	entry->length = run->mmio.len;
	atomic_store((_Atomic uint32_t *)&entry->sequence, head + 1);
	return true;
}

/*
 * Contract: takes the next value of the queue, unless it is the last: with that one the device changes,
 *           so the event loop has to take it.
 * Thread:   any vCPU's.
 * Returns:  false if it was not taken: the read is an exit then.
 * Why in C: (c)
 */
static bool take(struct tsvmm_queue *queue, uint64_t *value)
{
	uint32_t tail = load(&queue->tail);

	do {
		/* Signed: another may have taken more since `tail` was read. */
		if ((int32_t)(load(&queue->head) - tail) < 2)
			return false;
		*value = load(&queue->values[tail % TSVMM_QUEUED]);
	} while (!atomic_compare_exchange_weak((_Atomic uint32_t *)&queue->tail, &tail, tail + 1));
	return true;
}

static enum tsvmm_fast_kind answer_write(struct tsvmm_shared *shared, const struct tsvmm_fast *fast,
					 const struct kvm_run *run)
{
	if (load(&fast->kind) != TSVMM_FAST_POST || !post(shared, run))
		return TSVMM_FAST_OFF;
	return TSVMM_FAST_POST;
}

static enum tsvmm_fast_kind answer_read(struct tsvmm_shared *shared, const struct tsvmm_fast *fast,
					struct kvm_run *run)
{
	enum tsvmm_fast_kind kind = load(&fast->kind);
	uint64_t value;

	if (kind == TSVMM_FAST_SHADOW)
		value = load(&fast->value);
	else if (kind != TSVMM_FAST_QUEUE || !take(&shared->queue, &value))
		return TSVMM_FAST_OFF;
	memcpy(run->mmio.data, &value, sizeof(value));
	return kind;
}

/*
 * Contract: answers the exit in `run` if it is an access to a fast register.
 * Thread:   the vCPU's, after KVM_RUN has returned 0.
 * Returns:  how it was answered: TSVMM_FAST_OFF if it was not; after TSVMM_FAST_POST the event loop is
 *           to be notified.
 * Why in C: (c)
 */
enum tsvmm_fast_kind tsvmm_answer_fast(struct tsvmm_shared *shared, struct kvm_run *run)
{
	if (run->exit_reason != KVM_EXIT_MMIO)
		return TSVMM_FAST_OFF;
	for (int i = 0; i < TSVMM_FAST_REGISTERS; i++) {
		struct tsvmm_fast *fast = &shared->fast[i];
		enum tsvmm_fast_kind kind;

		if (fast->address != run->mmio.phys_addr)
			continue;
		kind = run->mmio.is_write ? answer_write(shared, fast, run) :
					    answer_read(shared, fast, run);
		if (kind != TSVMM_FAST_OFF)
			return kind;
	}
	return TSVMM_FAST_OFF;
}
