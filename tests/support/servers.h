/* servers.h - real servers for tests: a private Redis and PostgreSQL, and any
 * other program, in a temporary folder that goes away when the test program
 * does, however it ends.
 *
 * All memory that is returned lives until the program ends. What cannot be
 * done (no such program, a server that does not come up, a deadline that
 * passes) fails the cmocka test with a message. Nothing sleeps for a fixed
 * time: everything waits for a condition, WAIT_MS at most. */
#ifndef GESYNC_TESTS_SERVERS_H
#define GESYNC_TESTS_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "loop.h"

#define WAIT_MS 120000  /* a machine under load is slow, not broken */

/* --- waiting ---------------------------------------------------------------- */

int64_t test_now_ms(void);      /* monotonic */
void test_pause(void);          /* a few milliseconds, between two looks */
void test_deadline(int64_t since_ms, const char *cond, const char *file, int line);

/* Looks again and again until cond holds. */
#define wait_until(cond) do { \
	for (int64_t since_ = test_now_ms(); !(cond); test_pause()) \
		test_deadline(since_, #cond, __FILE__, __LINE__); \
} while (0)

/* Turns the loop until cond holds. */
#define loop_until(loop, cond) do { \
	struct timer *tick_ = test_tick(loop); \
	const int64_t since_ = test_now_ms(); \
	while (!(cond)) { \
		test_deadline(since_, #cond, __FILE__, __LINE__); \
		loop_run_once(loop); \
	} \
	timer_free(tick_); \
} while (0)
struct timer *test_tick(struct loop *loop);     /* keeps turns short */

/* --- the folder --------------------------------------------------------------- */

const char *test_dir(void);     /* mode 0755 */
/* A path in it. */
char *test_path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void test_write(const char *path, const char *text);
char *test_read(const char *path);              /* "" where there is no such file */
char *test_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int test_free_port(void);

/* --- programs ------------------------------------------------------------------ */

struct proc {
	pid_t pid;
	char *out, *err;        /* paths of the files with what it prints */
	bool ended;
	int status;             /* of exit; 128 + n for signal n */
};

/* argv: NULL-ended; a name without slash is looked up in PATH. env: "K=V" on
 * top of our own, NULL-ended, or NULL. Its standard input is /dev/null. Killed
 * at the latest when the test program ends. */
struct proc *proc_start(const char *const *argv, const char *const *env);
struct proc *proc_start_input(const char *const *argv, const char *const *env,
			      const char *input);
void proc_signal(struct proc *proc, int signum);        /* SIGKILL, SIGSTOP, SIGCONT... */
bool proc_ended(struct proc *proc);
int proc_wait(struct proc *proc);                       /* its status */
char *proc_out(struct proc *proc);                      /* what it has printed so far */
char *proc_err(struct proc *proc);
/* Waits until text stands in its stdout or stderr. */
void proc_wait_text(struct proc *proc, const char *text);
/* Starts, waits, and returns stdout; *status NULL: it must be 0. */
char *proc_run(const char *const *argv, const char *const *env, int *status);

/* --- Redis ----------------------------------------------------------------------- */

struct test_redis {
	struct proc *proc;
	char *dir, *socket;
	int port;
	char *url;              /* redis://127.0.0.1:port/0 */
	char *unix_url;         /* unix:///path?db=0 */
	const char *const *args;
};

/* args: more of redis-server's, NULL-ended, or NULL; must outlive the server.
 * Without any it keeps nothing on disk. */
struct test_redis *test_redis_start(const char *const *args);
void test_redis_stop(struct test_redis *redis);         /* shuts down, keeps its files */
void test_redis_kill(struct test_redis *redis);         /* kill -9 */
void test_redis_again(struct test_redis *redis);        /* same folder, port and arguments */
/* redis-cli with these words, NULL-ended; its answer without the last newline. */
char *test_redis_cli(struct test_redis *redis, ...) __attribute__((sentinel));

/* --- PostgreSQL -------------------------------------------------------------------- */

struct test_pg {
	struct proc *proc;
	char *dir, *data;
	int port;
	char *conninfo;         /* by Unix socket; user postgres, database postgres */
	char *url;              /* postgresql://postgres@127.0.0.1:port/postgres */
};

/* UTF8, C.UTF-8, UTC, trust. As root it runs as the user postgres. */
struct test_pg *test_pg_start(void);
void test_pg_stop(struct test_pg *pg);                  /* fast shutdown */
void test_pg_again(struct test_pg *pg);
void test_pg_signal(struct test_pg *pg, int signum);    /* to it and all its processes */
/* psql on database `db` (NULL: postgres); rows as text, '|' between columns, no
 * last newline. An error fails the test. */
char *test_pg_sql(struct test_pg *pg, const char *db, const char *sql);
void test_pg_file(struct test_pg *pg, const char *db, const char *path);
char *test_pg_conninfo(struct test_pg *pg, const char *db);

#endif
