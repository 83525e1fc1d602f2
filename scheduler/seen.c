/* seen.c - a set of licence numbers. */
#include "mem.h"
#include "scheduler/seen.h"

#include <stdlib.h>
#include <string.h>

static size_t slot_of(const struct seen *s, const char *license)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);    /* FNV-1a */
	size_t i;

	for (const char *c = license; *c; c++)
		sum = (sum ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	for (i = sum & (s->nslots - 1); s->slots[i]; i = (i + 1) & (s->nslots - 1))
		if (!strcmp(s->text + s->slots[i], license))
			break;
	return i;
}

static void grow(struct seen *s)
{
	uint32_t *old = s->slots;
	size_t n = s->nslots;

	s->nslots = n ? n * 2 : 1024;
	s->slots = need(calloc(s->nslots, sizeof(*s->slots)));
	for (size_t i = 0; i < n; i++)
		if (old[i])
			s->slots[slot_of(s, s->text + old[i])] = old[i];
	free(old);
}

void seen_add(struct seen *s, const char *license)
{
	size_t size = strlen(license) + 1, i;

	if (s->n == SEEN_MAX)
		return;
	if (s->n * 2 >= s->nslots)
		grow(s);
	i = slot_of(s, license);
	if (s->slots[i])
		return;
	if (s->len + size + 1 > s->size) {
		s->size = (s->len + size + 1) * 2;
		s->text = need(realloc(s->text, s->size));
	}
	if (!s->len)
		s->text[s->len++] = '\0';
	s->slots[i] = (uint32_t)s->len;         /* two million of 201 bytes fit */
	memcpy(s->text + s->len, license, size);
	s->len += size;
	s->n++;
}

bool seen_has(const struct seen *s, const char *license)
{
	return s->n && s->slots[slot_of(s, license)];
}

void seen_clear(struct seen *s)
{
	free(s->text);
	free(s->slots);
	memset(s, 0, sizeof(*s));
}
