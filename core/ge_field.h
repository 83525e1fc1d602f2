/* ge_field.h - values of a GE reply's JSON as checked texts, for ge_record.c. */
#ifndef GESYNC_GE_FIELD_H
#define GESYNC_GE_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "err.h"

#define GE_IEC_MAX 10           /* characters: facts/schema.json */

/* Owns the texts that had to be made; those that could be borrowed live as long
 * as the document. */
struct ge_fields {
	struct ge_piece *pieces;
	struct err *err;                /* borrowed */
};

/* Where a value stands, for messages: "a toIEC of transfer 3 that ...". */
struct ge_place {
	const char *key;
	size_t transfer;                /* from 1; 0: of the current-owner block */
};

void ge_fields_clear(struct ge_fields *f);

/* Each sets *out to the value under at->key, without the blanks around it, or to
 * NULL where it is absent, null or empty. A number becomes its text. Fails with
 * ge_bad_response: a value of another type, more than max characters, a date
 * that cannot be read. */
int ge_field_text(struct ge_fields *f, const json_t *object, const struct ge_place *at,
		  size_t max, const char **out);
int ge_field_iec(struct ge_fields *f, const json_t *object, const struct ge_place *at,
		 const char **out);
int ge_field_instant(struct ge_fields *f, const json_t *object, const struct ge_place *at,
		     const char **out);
int ge_field_day(struct ge_fields *f, const json_t *object, const struct ge_place *at,
		 const char **out);

/* Fills err with ge_bad_response, "GE sent ...", and returns -1. */
int ge_field_bad(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Of ASCII letters, in any case; and what is blank, whatever the locale. */
bool ge_text_begins(const char *text, const char *word);
bool ge_is_blank(char c);

#endif
