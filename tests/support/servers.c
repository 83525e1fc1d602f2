/* servers.c - Redis and PostgreSQL for one test program. */
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "servers_impl.h"

/* --- Redis ----------------------------------------------------------------------- */

void test_redis_again(struct test_redis *r)
{
	const char *argv[64] = {
		"redis-server", "--bind", "127.0.0.1", "--port", test_format("%d", r->port),
		"--unixsocket", r->socket, "--dir", r->dir, "--daemonize", "no",
		"--save", "", "--appendonly", "no",
	};
	int n = 15;

	for (const char *const *a = r->args; a && *a && n < 62; a++)
		argv[n++] = *a;
	r->proc = proc_start(argv, NULL);
	wait_until(proc_ended(r->proc) ||
		   strstr(test_redis_try(r, (const char *const[]){ "PING", NULL }), "PONG"));
	if (r->proc->ended)
		test_fail("redis-server ended: %s", proc_out(r->proc));
}

struct test_redis *test_redis_start(const char *const *args)
{
	static int number;
	struct test_redis *r = test_alloc(sizeof(*r));

	r->dir = test_path("redis%d", number++);
	r->args = args;
	if (mkdir(r->dir, 0755) < 0)
		test_fail("cannot make %s", r->dir);
	r->socket = test_format("%s/s", r->dir);
	r->port = test_free_port();
	r->url = test_format("redis://127.0.0.1:%d/0", r->port);
	r->unix_url = test_format("unix://%s?db=0", r->socket);
	test_redis_again(r);
	return r;
}

void test_redis_stop(struct test_redis *r)
{
	proc_signal(r->proc, SIGTERM);
	proc_wait(r->proc);
}

void test_redis_kill(struct test_redis *r)
{
	proc_signal(r->proc, SIGKILL);
	proc_wait(r->proc);
}

char *test_redis_try(struct test_redis *r, const char *const *words)
{
	const char *argv[64] = { "redis-cli", "-s", r->socket };
	char *out;
	int n = 3, status;

	while (*words && n < 63)
		argv[n++] = *words++;
	out = proc_run(argv, NULL, &status);
	out[strlen(out) - (*out && out[strlen(out) - 1] == '\n')] = '\0';
	return out;
}

char *test_redis_cli(struct test_redis *r, ...)
{
	const char *words[61];
	va_list ap;
	int n = 0;

	va_start(ap, r);
	while (n < 60 && (words[n] = va_arg(ap, const char *)))
		n++;
	va_end(ap);
	words[n] = NULL;
	return test_redis_try(r, words);
}

/* --- PostgreSQL -------------------------------------------------------------------- */

/* Debian's servers are in no PATH, and its psql is a script in perl, and slow: the
 * newest ones that are installed come first. */
static void pg_programs_first(void)
{
	glob_t found;

	if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) == 0)
		setenv("PATH", test_format("%s:%s", found.gl_pathv[found.gl_pathc - 1], getenv("PATH")), 1);
	globfree(&found);
}

/* PostgreSQL refuses to be root. */
static const struct passwd *pg_user(void)
{
	const struct passwd *pw = geteuid() ? NULL : getpwnam("postgres");

	if (!geteuid() && !pw)
		test_fail("tests run as root need a user postgres");
	return pw;
}

void test_pg_again(struct test_pg *pg)
{
	const char *argv[] = {
		"postgres", "-D", pg->data, "-k", pg->dir,
		"-p", test_format("%d", pg->port), "-c", "listen_addresses=127.0.0.1",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "shared_buffers=32MB", "-c", "max_connections=60",
		"-c", "log_min_messages=fatal", "-c", "log_timezone=UTC", "-c", "timezone=UTC",
		NULL
	};

	pg->proc = proc_start_as(pg_user(), argv, NULL, NULL);
	wait_until(proc_ended(pg->proc) || PQping(pg->conninfo) == PQPING_OK);
	if (pg->proc->ended)
		test_fail("postgres ended: %s", proc_err(pg->proc));
}

struct test_pg *test_pg_start(void)
{
	static int number;
	struct test_pg *pg = test_alloc(sizeof(*pg));
	const struct passwd *pw = pg_user();
	struct proc *initdb;

	pg_programs_first();
	pg->dir = test_path("pg%d", number++);
	pg->data = test_format("%s/data", pg->dir);
	if (mkdir(pg->dir, 0755) < 0 || (pw && chown(pg->dir, pw->pw_uid, pw->pw_gid) < 0))
		test_fail("cannot make %s", pg->dir);
	initdb = proc_start_as(pw, (const char *const[]){
		"initdb", "-D", pg->data, "-U", "postgres", "-A", "trust",
		"-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions", NULL }, NULL, NULL);
	if (proc_wait(initdb))
		test_fail("initdb: %s", proc_err(initdb));
	pg->port = test_free_port();
	pg->conninfo = test_pg_conninfo(pg, "postgres");
	pg->url = test_format("postgresql://postgres@127.0.0.1:%d/postgres", pg->port);
	test_pg_again(pg);
	return pg;
}

char *test_pg_conninfo(struct test_pg *pg, const char *db)
{
	return test_format("host=%s port=%d user=postgres dbname=%s", pg->dir, pg->port, db);
}

void test_pg_stop(struct test_pg *pg)
{
	proc_signal(pg->proc, SIGINT);
	proc_wait(pg->proc);
}

void test_pg_signal(struct test_pg *pg, int signum)
{
	char *pids = test_read(test_format("/proc/%d/task/%d/children", pg->proc->pid, pg->proc->pid));

	proc_signal(pg->proc, signum);
	for (char *save = NULL, *pid = strtok_r(pids, " ", &save); pid; pid = strtok_r(NULL, " ", &save))
		kill(atoi(pid), signum);
}

static char *psql(struct test_pg *pg, const char *db, const char *flag, const char *what)
{
	const char *argv[] = {
		"psql", "-XAtq", "-v", "ON_ERROR_STOP=1",
		"-d", db ? test_pg_conninfo(pg, db) : pg->conninfo, flag, what, NULL
	};
	struct proc *p = proc_start(argv, NULL);
	char *out;

	if (proc_wait(p))
		test_fail("psql %s: %s", what, proc_err(p));
	out = proc_out(p);
	out[strlen(out) - (*out && out[strlen(out) - 1] == '\n')] = '\0';
	return out;
}

char *test_pg_sql(struct test_pg *pg, const char *db, const char *sql)
{
	return psql(pg, db, "-c", sql);
}

void test_pg_file(struct test_pg *pg, const char *db, const char *path)
{
	psql(pg, db, "-f", path);
}
