/* words.c - misspellings and renames. */
#include "core/words.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define NEAR 3                  /* letters by which a misspelling may differ */
#define WORD_MOST 64

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, case and '_' for '-' left out of account. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MOST + 1], n = strlen(b);

	if (n > WORD_MOST || strlen(a) > WORD_MOST)
		return SIZE_MAX;
	for (size_t i = 0; i <= n; i++)
		row[i] = i;
	for (; *a; a++) {
		size_t diagonal = row[0]++;
		int x = *a == '_' ? '-' : tolower((unsigned char)*a);

		for (size_t i = 1; i <= n; i++) {
			int y = b[i - 1] == '_' ? '-' : tolower((unsigned char)b[i - 1]);
			size_t changed = diagonal + (x != y);

			diagonal = row[i];
			row[i] = least(changed, least(row[i], row[i - 1]) + 1);
		}
	}
	return row[n];
}

const char *words_nearest(const char *word, const char *const *words)
{
	/* A short word is like too many others. */
	size_t best = least(NEAR, strlen(word) / 3 + 1) + 1;
	const char *nearest = NULL;

	for (; *words; words++) {
		size_t d = distance(word, *words);

		if (d < best) {
			best = d;
			nearest = *words;
		}
	}
	return nearest;
}
