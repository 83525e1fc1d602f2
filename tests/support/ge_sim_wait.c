/* ge_sim_wait.c - a binary heap of the requests with a time, a list of the held. */
#include "ge_sim_server.h"

#include <stdlib.h>

static void heap_put(struct sim *sim, size_t at, struct request *r)
{
	sim->heap[at] = r;
	r->heap_at = at;
}

static void heap_up(struct sim *sim, size_t at)
{
	struct request *r = sim->heap[at];

	for (; at && sim->heap[(at - 1) / 2]->due_us > r->due_us; at = (at - 1) / 2)
		heap_put(sim, at, sim->heap[(at - 1) / 2]);
	heap_put(sim, at, r);
}

static void heap_down(struct sim *sim, size_t at)
{
	struct request *r = sim->heap[at];
	size_t child;

	for (; (child = 2 * at + 1) < sim->heap_len; at = child) {
		if (child + 1 < sim->heap_len && sim->heap[child + 1]->due_us < sim->heap[child]->due_us)
			child++;
		if (sim->heap[child]->due_us >= r->due_us)
			break;
		heap_put(sim, at, sim->heap[child]);
	}
	heap_put(sim, at, r);
}

void ge_sim_heap_add(struct sim *sim, struct request *r)
{
	if (sim->heap_len == sim->heap_size) {
		sim->heap_size = sim->heap_size ? 2 * sim->heap_size : 1024;
		sim->heap = realloc(sim->heap, sim->heap_size * sizeof(struct request *));
		if (!sim->heap)
			abort();
	}
	heap_put(sim, sim->heap_len++, r);
	heap_up(sim, r->heap_at);
}

void ge_sim_heap_remove(struct sim *sim, struct request *r)
{
	size_t at = r->heap_at;
	struct request *last = sim->heap[--sim->heap_len];

	r->heap_at = GE_SIM_NOT_IN_HEAP;
	if (last == r)
		return;
	heap_put(sim, at, last);
	heap_up(sim, at);
	heap_down(sim, last->heap_at);
}

void ge_sim_held_add(struct sim *sim, struct request *r)
{
	r->held = true;
	r->held_prev = sim->held_last;
	r->held_next = NULL;
	*(sim->held_last ? &sim->held_last->held_next : &sim->held_first) = r;
	sim->held_last = r;
	sim->stats.waiting++;
}

void ge_sim_held_remove(struct sim *sim, struct request *r)
{
	r->held = false;
	*(r->held_prev ? &r->held_prev->held_next : &sim->held_first) = r->held_next;
	*(r->held_next ? &r->held_next->held_prev : &sim->held_last) = r->held_prev;
	sim->stats.waiting--;
}
