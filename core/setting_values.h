/* setting_values.h - what a value may be, for the table in settings.c.
 *
 * A parser is a row's `parse` (core/options.h). A new type of value is one
 * function here and in setting_values.c. */
#ifndef GESYNC_SETTING_VALUES_H
#define GESYNC_SETTING_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/options.h"

#define SETTING_SHOWN 60        /* characters of a wrong value that are shown */

#define SECOND  1000            /* bounds of times are in ms */
#define HOUR    (3600 * (int64_t)SECOND)
#define DAY     (24 * HOUR)

typedef int setting_parse(const struct setting *set, const char *text, void *field, char *why);

setting_parse setting_text;             /* no control character */
setting_parse setting_secret;           /* no blank either */
setting_parse setting_int;
setting_parse setting_number;
setting_parse setting_bool;
setting_parse setting_duration;
setting_parse setting_namespace;
setting_parse setting_zone;
setting_parse setting_date;
setting_parse setting_queues;
setting_parse setting_level;
setting_parse setting_format;
setting_parse setting_redis_url;
setting_parse setting_database_url;
setting_parse setting_ge_url;
setting_parse setting_listen;

/* ---- of which parsers are made ---- */

/* Fills why (WHY_LEN) and returns -1. */
int setting_wrong(char *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int setting_keep(const char *text, void *field);        /* a copy; 0 */
/* Letters and digits, and those allowed. */
bool setting_letters(const char *text, size_t len, const char *allowed);
bool setting_digits(const char *text, size_t len);
/* No blank, no control character: nothing that could end a line or a header. */
bool setting_printable(const char *text);

#endif
