/* migrations.h - what the files of `gesyncctl migrations` share. */
#ifndef GESYNC_CTL_MIGRATIONS_H
#define GESYNC_CTL_MIGRATIONS_H

#include "ctl/ctl.h"

/* What a callback got, kept; c->answer points to one while something runs. */
struct answer {
	bool come, failed;
	json_t *doc;            /* owned */
};

/* data: the ctl. The error is kept in c->err. */
void on_answer(json_t *doc, const struct err *err, void *data);
void wait_for(struct ctl *c);

/* 20251125_013000, by the clock and in UTC; sep stands between date and time. */
char *migrations_stamp(char sep, char out[16]);
/* The apps of --apps, borrowed from the words; list->v is owned. */
void migrations_apps(const struct ctl *c, struct strings *list);

int migrations_make(struct ctl *c);
int migrations_rebuild(struct ctl *c);

#endif
