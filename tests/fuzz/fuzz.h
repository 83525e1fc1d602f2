/* fuzz.h - what the fuzz targets share: what must hold of any input, and not
 * just that nothing crashes. Built by `make fuzz`, run by scripts/fuzz. */
#ifndef GESYNC_FUZZ_H
#define GESYNC_FUZZ_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* libFuzzer keeps the input that led here. */
#define must(cond) do { \
	if (!(cond)) { \
		fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #cond); \
		abort(); \
	} \
} while (0)

/* One line of UTF-8 that says something. */
static inline void must_be_message(const char *text)
{
	size_t len = strlen(text), n;

	must(len > 0);
	for (size_t i = 0; i < len; i += n) {
		n = utf8_char(text + i, len - i);
		must(n > 0);
		must(n > 1 || ((unsigned char)text[i] >= ' ' && text[i] != 0x7f));
	}
}

static inline char *text_of(const uint8_t *bytes, size_t len)
{
	char *text = malloc(len + 1);

	must(text != NULL);
	if (len)
		memcpy(text, bytes, len);
	text[len] = '\0';
	return text;
}

#endif
