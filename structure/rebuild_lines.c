/* rebuild_lines.c - what two databases are, line by line. */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "structure/rebuild_proof.h"

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct proof_lines proof_lines_sorted(const char *const *v, size_t n)
{
	struct proof_lines lines = { need(calloc(n + 1, sizeof(char *))), n };

	for (size_t i = 0; i < n; i++)
		lines.v[i] = need_copy(v[i]);
	qsort(lines.v, n, sizeof(char *), by_text);
	return lines;
}

void proof_lines_clear(struct proof_lines *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		free(lines->v[i]);
	free(lines->v);
	*lines = (struct proof_lines){ NULL, 0 };
}

json_t *proof_lines_compare(const struct proof_lines *before, const struct proof_lines *after)
{
	json_t *differs = json_array();
	size_t i = 0, k = 0;

	while (i < before->n || k < after->n) {
		int order = i == before->n ? 1 : k == after->n ? -1 : strcmp(before->v[i], after->v[k]);

		if (order < 0)
			json_array_append_new(differs, json_sprintf("old: %s", before->v[i]));
		else if (order > 0)
			json_array_append_new(differs, json_sprintf("new: %s", after->v[k]));
		i += order <= 0;
		k += order >= 0;
	}
	return differs;
}
