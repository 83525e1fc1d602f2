/* db_dump.c - pg_dump, told by its environment where the database is. */
#include "db_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "mem.h"

#define ENV_MAX 64

struct db_dump {
	char *path;             /* owned */
	struct child *child;    /* NULL: it could not even be begun */
	struct timer *timer;    /* tells why, then */
	struct err err;
	db_dump_cb *cb;
	void *data;
};

static void dump_free(struct db_dump *d)
{
	timer_free(d->timer);
	free(d->path);
	free(d);
}

static int sync_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 || fsync(fd) < 0 ?
		 err_set(err, ERR_RETRY, "db_error", "%s: %s", path, strerror(errno)) : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

static void finish(struct db_dump *d, const struct err *err)
{
	struct err copy;

	if (err) {
		copy = *err;
		unlink(d->path);
	}
	d->cb(err ? &copy : NULL, d->data);
	dump_free(d);
}

static void on_end(int status, const char *said, void *data)
{
	struct db_dump *d = data;
	struct err err;

	d->child = NULL;
	if (status)
		err_set(&err, ERR_RETRY, "db_error", "pg_dump failed (status %d): %s", status, said);
	finish(d, status || sync_file(d->path, &err) < 0 ? &err : NULL);
}

static void on_timer(void *data)
{
	struct db_dump *d = data;
	struct err err = d->err;

	finish(d, &err);
}

/* Sets PGHOST and so on for all that conninfo names; returns how many. */
static int fill_env(char **env, const PQconninfoOption *options)
{
	int n = 0;

	for (; options->keyword && n < ENV_MAX; options++)
		if (options->val && options->envvar)
			env[n++] = need_text("%s=%s", options->envvar, options->val);
	return n;
}

/* The file is made first, so that nobody else can read what pg_dump writes. */
static int make_file(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set(err, ERR_RETRY, "db_error", "%s: %s", path, strerror(errno));
	close(fd);
	return 0;
}

static void run_dump(struct db_dump *d, struct loop *loop, const PQconninfoOption *options)
{
	char *env[ENV_MAX + 1] = { NULL }, *file;
	int n = fill_env(env, options);

	file = need_text("--file=%s", d->path);
	d->child = child_start(loop, (const char *const[]){ "pg_dump", "--format=custom", "--no-password", file, NULL },
			       (const char *const *)env, on_end, d);
	free(file);
	while (n--) {
		explicit_bzero(env[n], strlen(env[n]));
		free(env[n]);
	}
}

struct db_dump *db_dump_start(struct loop *loop, const char *conninfo, const char *path,
			      db_dump_cb *cb, void *data)
{
	struct db_dump *d = need(calloc(1, sizeof(*d)));
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);

	d->path = need_copy(path);
	d->cb = cb;
	d->data = data;
	d->timer = timer_new(loop, on_timer, d);
	if (!options) {
		err_set(&d->err, ERR_RETRY, "db_error", "the database's address cannot be read");
		timer_set(d->timer, 0);
	} else if (make_file(path, &d->err) < 0) {
		timer_set(d->timer, 0);
	} else {
		run_dump(d, loop, options);
	}
	PQconninfoFree(options);
	return d;
}

void db_dump_stop(struct db_dump *d)
{
	if (!d)
		return;
	child_stop(d->child);
	dump_free(d);
}
