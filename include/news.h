/* news.h - what Redis knows of runs is told to PostgreSQL.
 *
 * Whoever gives a job of a run up puts its outcome in `news`, in the script
 * that buries it; here they become rows of gesync.run_failure, and are taken out
 * of `news` when they have been committed. Any number may do so at once: telling
 * a thing twice writes the same row. Then the rows of runs that have ended get
 * their state and counts. While PostgreSQL is away the news wait in Redis. */
#ifndef GESYNC_NEWS_H
#define GESYNC_NEWS_H

#include <stdbool.h>

#include "db.h"
#include "loop.h"
#include "redis.h"

struct news;

/* All borrowed. Does nothing until it is asked. */
struct news *news_new(struct loop *loop, struct redis *redis, struct db *db, const char *ns);
void news_free(struct news *news);      /* NULL is fine; at any time */
/* There may be some: looks within a second, and goes on until all are told. */
void news_soon(struct news *news);
bool news_waiting(const struct news *news);     /* asked, and not all told yet */
/* For programs that wait: runs the loop until all are told, ms at most. False
 * if they are not. */
bool news_tell(struct news *news, int64_t ms);

#endif
