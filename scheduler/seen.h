/* seen.h - a set of licence numbers, in bounded memory: about 20 MB for a million. */
#ifndef GESYNC_SEEN_H
#define GESYNC_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEEN_MAX 2000000        /* more are not taken: they are fetched once too often, no more */

struct seen {
	char *text;             /* owned: one after another, NUL-ended; the first byte is none's */
	size_t len, size;
	uint32_t *slots;        /* owned: where in text, 0 for empty; a power of two, half of it empty */
	size_t nslots, n;
};

void seen_clear(struct seen *seen);
void seen_add(struct seen *seen, const char *license);
bool seen_has(const struct seen *seen, const char *license);

#endif
