// SPDX-License-Identifier: MIT
/*
 * The event loop's half of docs/engine.md in C, so that ThreadSanitizer sees both halves: the same steps
 * in the same order as src/vm/run-loop.ts and src/native/engine.ts. A second thread kicks at random.
 *
 * Usage: model VCPUS WRITES SEED; prints what it saw, exits with 1 if a write was lost or out of order.
 */
#define _GNU_SOURCE
#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pretend-kvm.h"
#include "tsvmm.h"

int __wrap_ioctl(int fd, unsigned long request, ...);

#define RUN_SIZE (PRETEND_GUEST + sizeof(struct pretend_guest))

static void *engine;
static struct tsvmm_shared *shared;
static struct tsvmm_slot *slots;
static struct kvm_run *runs[PRETEND_VCPUS];
/* How many values were put into the queue, and the sum of those that were taken. */
static uint64_t queued, queue_sum;
static uint32_t vcpus, taken[PRETEND_VCPUS], wrong, exits;
static bool ending;
static _Atomic bool is_over;

static uint32_t load(uint32_t *word)
{
	return atomic_load((_Atomic uint32_t *)word);
}

static void store(uint32_t *word, uint32_t value)
{
	atomic_store((_Atomic uint32_t *)word, value);
}

static void take_write(uint64_t value)
{
	wrong += (uint32_t)value != taken[value >> 32]++;
}

static bool take_posted(void)
{
	uint32_t tail = shared->tail;

	for (uint32_t count = load(&shared->head) - tail; count; count--) {
		struct tsvmm_post *entry = &shared->posts[tail % TSVMM_POSTS];

		if (load(&entry->sequence) != tail + 1)
			return false;
		take_write(entry->data);
		store(&shared->tail, ++tail);
	}
	return true;
}

static void fill_queue(void)
{
	struct tsvmm_queue *queue = &shared->queue;
	uint32_t head = queue->head;

	while (head - load(&queue->tail) < TSVMM_QUEUED)
		store(&queue->values[head++ % TSVMM_QUEUED], (uint32_t)++queued);
	store(&queue->head, head);
}

/* As ValueQueue.shift(): threads take, too. */
static uint64_t shift_queue(void)
{
	struct tsvmm_queue *queue = &shared->queue;
	uint32_t tail = load(&queue->tail), value;

	do {
		if (tail == queue->head)
			return 0;
		value = load(&queue->values[tail % TSVMM_QUEUED]);
	} while (!atomic_compare_exchange_strong((_Atomic uint32_t *)&queue->tail, &tail, tail + 1));
	return value;
}

static void answer(uint32_t vcpu, uint32_t state)
{
	uint64_t one = 1;

	if (atomic_exchange((_Atomic uint32_t *)&slots[vcpu].state, state) == TSVMM_STATE_ASLEEP &&
	    write(slots[vcpu].resume_fd, &one, sizeof(one)) < 0)
		abort();
}

static void handle(uint32_t vcpu)
{
	struct kvm_run *run = runs[vcpu];
	uint64_t value = taken[vcpu];

	exits++;
	if (slots[vcpu].result)
		__atomic_store_n(&run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	else if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT)
		ending = true;
	else if (run->mmio.is_write)
		take_write(*(uint64_t *)run->mmio.data);
	else if (run->mmio.phys_addr == PRETEND_QUEUE) {
		value = shift_queue();
		memcpy(run->mmio.data, &value, sizeof(value));
	} else
		memcpy(run->mmio.data, &value, sizeof(value));
}

static void look(bool *done, uint32_t *running)
{
	take_posted();
	for (uint32_t i = 0; i < vcpus; i++) {
		uint32_t state = load(&slots[i].state);

		if (state == TSVMM_STATE_DONE && !done[i]) {
			done[i] = true;
			--*running;
		} else if (state == TSVMM_STATE_EXIT || state == TSVMM_STATE_ASLEEP) {
			if (!ending && !take_posted())
				continue;
			if (!ending)
				handle(i);
			answer(i, ending ? TSVMM_STATE_STOP : TSVMM_STATE_RESUME);
			for (uint32_t other = 0; ending && other < vcpus; other++)
				tsvmm_vcpu_kick(engine, other);
		}
	}
}

/* At any time; but the shadow is on from the start, so that no read of it is an exit. */
static void change_registers(uint32_t turn)
{
	store(&shared->fast[0].value, turn);
	store(&shared->fast[0].kind, TSVMM_FAST_SHADOW);
	store(&shared->fast[1].kind, turn % 7 ? TSVMM_FAST_POST : TSVMM_FAST_OFF);
	store(&shared->fast[2].kind, turn % 11 ? TSVMM_FAST_QUEUE : TSVMM_FAST_OFF);
	if (turn % 3 == 0)
		fill_queue();
}

static void *kick_main(void *argument)
{
	unsigned int seed = *(unsigned int *)argument;

	while (!is_over) {
		struct timespec nap = { .tv_nsec = rand_r(&seed) % 300000 };

		nanosleep(&nap, NULL);
		tsvmm_vcpu_kick(engine, (uint32_t)rand_r(&seed) % vcpus);
	}
	return NULL;
}

static void start(uint32_t vcpu, uint32_t writes, uint32_t seed)
{
	struct pretend_guest *guest;

	runs[vcpu] = calloc(1, RUN_SIZE);
	guest = (void *)((char *)runs[vcpu] + PRETEND_GUEST);
	guest->seed = 0x9e3779b97f4a7c15u + seed * 977 + vcpu;
	guest->writes = writes;
	__wrap_ioctl(PRETEND_FD + (int)vcpu, PRETEND_SETUP, runs[vcpu]);
	if (tsvmm_vcpu_start(engine, vcpu, PRETEND_FD + (int)vcpu, runs[vcpu], NULL, 0))
		abort();
}

/* Of a guest that was stopped before it saw what its read was answered. */
static uint64_t pending_answer(const struct pretend_guest *guest, const struct kvm_run *run)
{
	uint64_t value = 0;

	if (guest->reading == PRETEND_QUEUE)
		memcpy(&value, run->mmio.data, sizeof(value));
	return value;
}

int main(int argc, char **argv)
{
	bool done[PRETEND_VCPUS] = { false };
	uint64_t left;
	uint32_t writes, seed, running, wrong_reads = 0, turn = 0;
	pthread_t kicker;
	int pair[2];
	char byte;

	if (argc != 4 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 2;
	running = vcpus = (uint32_t)atoi(argv[1]);
	writes = (uint32_t)atoi(argv[2]);
	seed = (uint32_t)atoi(argv[3]);
	engine = (void *)(uintptr_t)tsvmm_engine_create(vcpus, pair[1], (uint64_t *)&shared);
	slots = (void *)(shared + 1);
	shared->fast[0].address = PRETEND_SHADOW;
	shared->fast[1].address = PRETEND_POSTED;
	shared->fast[2].address = PRETEND_QUEUE;
	change_registers(turn);
	for (uint32_t i = 0; i < vcpus; i++)
		start(i, writes, seed);
	pthread_create(&kicker, NULL, kick_main, &seed);
	while (running && read(pair[0], &byte, 1) == 1) {
		store(&shared->pending, 0);
		change_registers(++turn);
		look(done, &running);
	}
	is_over = true;
	pthread_join(kicker, NULL);
	take_posted();
	while ((left = shift_queue()))
		queue_sum += left;
	if (tsvmm_engine_destroy(engine))
		return 3;
	for (uint32_t i = 0; i < vcpus; i++) {
		struct pretend_guest *guest = (void *)((char *)runs[i] + PRETEND_GUEST);

		wrong_reads += guest->wrong_reads;
		queue_sum += guest->queue_sum + pending_answer(guest, runs[i]);
		/* One that was asked about when another shut down is not taken any more. */
		if (guest->written - taken[i] > 1)
			wrong++;
	}
	/* Each value was taken once. */
	wrong_reads += queue_sum != queued * (queued + 1) / 2;
	printf("%u exits asked about, %u writes wrong, %u reads wrong\n", exits, wrong, wrong_reads);
	return wrong || wrong_reads ? 1 : 0;
}
