/* crontab.h - what a crontab starts, and when.
 *
 *      # comment
 *      CRON_TZ=Asia/Kolkata                    for the lines below it
 *      30 1 * * *    sync --deadline 06:00     minute hour day month weekday, a one-shot's arguments
 *      CRON_TZ=UTC @hourly  ping --count 3     for this line alone
 *
 * Fields are as crontab(5) has them: *, lists, ranges, steps, names of months
 * and weekdays (0 and 7 are Sunday); where neither day nor weekday begins with
 * '*', either will do. Arguments are words; '...', "..." and \ keep blanks.
 *
 * A line whose minute and hour both do not begin with '*' is fixed: it fires
 * once for each wall-clock time, the first time clocks show it, or at the
 * change where they skip it. All others follow elapsed time: they fire at
 * every minute at which the clock matches. */
#ifndef GESYNC_CRONTAB_H
#define GESYNC_CRONTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "tz.h"

#define CRONTAB_BYTES_MAX       (256 * 1024)
#define CRONTAB_LINE_MAX        1000    /* bytes */
#define CRONTAB_LINES_MAX       500     /* that start something */
#define CRONTAB_ARGS_MAX        64
#define CRONTAB_KEY             17      /* bytes of a key, its end included */

struct cron_line {
	int number;                     /* in the file, from 1 */
	char key[CRONTAB_KEY];          /* of zone, fields and arguments: the same in every copy of the line */
	char *schedule;                 /* owned: "30 1 * * *", as written */
	char *zone;                     /* owned: its name */
	char *args;                     /* owned: as written */
	const struct tz *tz;            /* borrowed, set by whoever loads zones; NULL is UTC */
	uint64_t minutes;               /* bit n: minute n */
	uint32_t hours, days, months, weekdays;
	bool either_day;                /* day or weekday, not both */
	bool fixed;
};

struct crontab {
	struct cron_line *lines;        /* owned */
	size_t n;
};

/* When an occurrence fires, and for which wall-clock minute: the second tells
 * those of a skipped hour apart, which fire together. */
struct cron_time {
	int64_t at;                     /* unix seconds */
	int64_t wall;                   /* seconds of the local clock, as if it were UTC */
};

#define CRON_NOTHING_YET INT64_MIN      /* as .wall of a cron_time: no occurrence */
#define CRON_ID 65      /* bytes of an id, its end included */

/* Who else has a word on each line. */
struct crontab_reader {
	int (*look)(struct cron_line *line, void *data, struct err *err);       /* -1 and err: it cannot be */
	void (*bad)(const char *why, void *data);       /* "line 3: ...", of each that cannot be, from the first on */
	void *data;
};

/* zone: of lines without CRON_TZ. reader may be NULL. -1 and err (bad_crontab:
 * "line 3: ...") for the first line that cannot be, that stands there twice or
 * can never fire, or a file past its bounds. Nothing is left to clear then. */
int crontab_parse(struct crontab *tab, const char *text, size_t len, const char *zone,
		  const struct crontab_reader *reader, struct err *err);
void crontab_clear(struct crontab *tab);

/* The first occurrence behind `after`, which is one of this line or, with .wall
 * CRON_NOTHING_YET, an instant (then: later than after.at). False where there
 * is none within fifty years. after.at: of the years 1 to 9000. */
bool cron_next(const struct cron_line *line, struct cron_time after, struct cron_time *next);
/* A name for one occurrence, the same for everybody who has the line; a run's
 * id (INTERFACE.md section 3). Returns out, which holds CRON_ID bytes. */
char *cron_id(const struct cron_line *line, struct cron_time when, char *out);

/* The words of the arguments of a line, as crontab_parse() splits them; owned by
 * the caller. Returns how many, 1 to CRONTAB_ARGS_MAX; -1 and err otherwise. */
int cron_words(const char *text, size_t len, char *words[CRONTAB_ARGS_MAX + 1], struct err *err);
void cron_words_clear(char *words[CRONTAB_ARGS_MAX + 1]);

#endif
