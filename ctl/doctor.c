/* doctor.c - is this deployment safe? Each check says what is so, and what to
 * do where that is dangerous. Nothing is changed.
 *
 * A further check is a call of tell() in the function of the thing it asks. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "ctl.h"
#include "db_session.h"
#include "queries.h"

#define ASK_MS          20000   /* PostgreSQL's time to answer, on a machine that is very busy */
#define LAST_DEAD       "19"    /* of the dead the last twenty are looked at */
#define SKEW_MS         2000    /* clocks may differ by this and nobody mind */

enum verdict { GOOD, WARNING, BAD };
static const char *const verdicts[] = { "ok", "warning", "bad" };

struct doctor {
	struct ctl *c;
	json_t *list;
	int bad;
	bool away;                      /* PostgreSQL did not answer */
	bool answered;
};

static void tell(struct doctor *d, enum verdict verdict, const char *check, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void tell(struct doctor *d, enum verdict verdict, const char *check, const char *fmt, ...)
{
	char text[512];
	struct err clean;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&clean, ERR_PERMANENT, "doctor", "%s", text);
	d->bad += verdict == BAD;
	json_array_append_new(d->list, json_pack("{ss ss ss}", "check", check, "verdict", verdicts[verdict], "what", clean.msg));
}

static int64_t here_ms(void)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	return (int64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000;
}

static void judge_clock(struct doctor *d, const char *check, int64_t ms)
{
	int64_t off = ms - here_ms();
	char span[TIME_MAX];

	print_span(off < 0 ? -off : off, span);
	if (off > SKEW_MS || off < -SKEW_MS)
		tell(d, WARNING, check, "its clock is %s %s this machine's: not_before and what people read of times are off by that; run NTP", span,
		     off < 0 ? "behind" : "ahead of");
	else
		tell(d, GOOD, check, "its clock and this machine's agree");
}

/* ---- Redis ---- */

/* "name:value" in the text of INFO. */
static const char *info(const char *text, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);

	out[0] = '\0';
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ':') {
			snprintf(out, size, "%.*s", (int)strcspn(line + len + 1, "\r\n"), line + len + 1);
			break;
		}
	}
	return out;
}

static void judge_version(struct doctor *d, const char *text)
{
	char version[32];
	int major = 0, minor = 0;

	info(text, "redis_version", version, sizeof(version));
	sscanf(version, "%d.%d", &major, &minor);
	if (major < 6 || (major == 6 && minor < 2))
		tell(d, BAD, "redis version", "Redis %s has neither LMOVE nor RPOP with a count: 6.2 or later is needed", version);
	else
		tell(d, GOOD, "redis version", "Redis %s", version);
}

static void judge_role(struct doctor *d, const char *text)
{
	char role[32], mode[32];

	info(text, "role", role, sizeof(role));
	info(text, "redis_mode", mode, sizeof(mode));
	if (strcmp(role, "master"))
		tell(d, BAD, "redis role", "this Redis is a %s: nothing can be written there; give the primary's address", *role ? role : "replica");
	else if (!strcmp(mode, "cluster") && *d->c->set.namespace_ != '{')
		tell(d, BAD, "redis role", "on a cluster the namespace needs a hash tag: GESYNC_NAMESPACE={%.40s}", d->c->set.namespace_);
	else
		tell(d, GOOD, "redis role", "a primary, which takes writes");
}

static void judge_memory(struct doctor *d, const char *text)
{
	char policy[32], used[32], max[32];
	double part;

	info(text, "maxmemory_policy", policy, sizeof(policy));
	part = strtod(info(text, "used_memory", used, sizeof(used)), NULL);
	if (strtod(info(text, "maxmemory", max, sizeof(max)), NULL) > 0)
		part /= strtod(max, NULL);
	else
		part = 0;
	if (strcmp(policy, "noeviction"))
		tell(d, BAD, "redis eviction", "maxmemory-policy is %s: Redis would throw jobs away; CONFIG SET maxmemory-policy noeviction", policy);
	else
		tell(d, GOOD, "redis eviction", "maxmemory-policy is noeviction");
	if (part > 0.8)
		tell(d, WARNING, "redis memory", "%.0f %% of maxmemory are in use: when it is full, nothing can be pushed", part * 100);
	else
		tell(d, GOOD, "redis memory", part > 0 ? "%.0f %% of maxmemory are in use" : "no maxmemory is set", part * 100);
}

static void judge_persistence(struct doctor *d, const char *text)
{
	char aof[8], aof_status[16], rdb_status[16], fsync[32] = "";
	struct redis_value *v;

	info(text, "aof_enabled", aof, sizeof(aof));
	info(text, "aof_last_write_status", aof_status, sizeof(aof_status));
	info(text, "rdb_last_bgsave_status", rdb_status, sizeof(rdb_status));
	v = ctl_ask(d->c, "CONFIG", "GET", "appendfsync");      /* may be forbidden: then it is not known */
	snprintf(fsync, sizeof(fsync), "%s", redis_text(redis_at(v, 1)));
	redis_value_free(v);
	if (strcmp(aof, "1"))
		tell(d, BAD, "redis persistence", "appendonly is off: what was pushed since the last snapshot is lost when Redis restarts; CONFIG SET appendonly yes");
	else if (strcmp(aof_status, "ok"))
		tell(d, BAD, "redis persistence", "the last write of the append-only file failed (%s): is its disk full?", aof_status);
	else if (!strcmp(fsync, "no"))
		tell(d, WARNING, "redis persistence", "appendfsync is no: a crash of the machine may lose half a minute; use everysec or always");
	else
		tell(d, GOOD, "redis persistence", "appendonly is on%s%s", *fsync ? ", appendfsync is " : "", fsync);
	if (!strcmp(rdb_status, "err"))
		tell(d, BAD, "redis snapshots", "the last snapshot failed: Redis may refuse writes (stop-writes-on-bgsave-error); is its disk full?");
}

static int ask_redis(struct doctor *d)
{
	struct redis_value *v = ctl_ask(d->c, "INFO");
	int64_t now = v ? ctl_now_ms(d->c) : -1;

	if (now < 0) {
		redis_value_free(v);
		return -1;
	}
	judge_version(d, redis_text(v));
	judge_role(d, redis_text(v));
	judge_memory(d, redis_text(v));
	judge_persistence(d, redis_text(v));
	judge_clock(d, "redis clock", now);
	redis_value_free(v);
	return 0;
}

/* ---- the pool ---- */

static bool is_served(const char *queues, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = queues; (at = strstr(at, name)); at += len)
		if ((at == queues || at[-1] == ',') && (at[len] == ',' || !at[len]))
			return true;
	return false;
}

static int look_at_worker(struct doctor *d, const char *name, bool served[QUEUES])
{
	struct redis_value *v = ctl_ask(d->c, "HMGET", ctl_key_of(d->c, "worker", name), "version", "queues");

	if (!v)
		return -1;
	for (int q = 0; q < QUEUES; q++)
		served[q] |= is_served(redis_text(redis_at(v, 1)), queue_names[q]);
	if (strcmp(redis_text(redis_at(v, 0)), GESYNC_VERSION))
		tell(d, WARNING, "worker versions", "%s is of version %.20s, this program of " GESYNC_VERSION, name, redis_text(redis_at(v, 0)));
	redis_value_free(v);
	return 0;
}

static int look_at_queue(struct doctor *d, int q, bool served)
{
	struct redis_value *v = ctl_ask(d->c, "LLEN", ctl_key_of(d->c, "queue", queue_names[q]));
	long long n = redis_int(v);

	redis_value_free(v);
	if (!v && d->c->err.kind == ERR_HOLD)
		return -1;
	if (!v)
		tell(d, BAD, "queues", "the key of the queue %s holds no list: delete it", queue_names[q]);
	else if (n && !served)
		tell(d, WARNING, "queues", "%lld jobs wait in %s, which no living worker serves", n, queue_names[q]);
	return 0;
}

static int ask_pool(struct doctor *d)
{
	struct redis_value *v = ctl_ask(d->c, "HKEYS", ctl_key(d->c, KEY_WORKERS));
	bool served[QUEUES] = { false };
	int rc = v ? 0 : -1;

	for (size_t i = 0; !rc && i < redis_len(v); i++)
		rc = look_at_worker(d, redis_text(redis_at(v, i)), served);
	if (!rc && !redis_len(v))
		tell(d, WARNING, "workers", "no worker lives: start gesync-worker");
	else if (!rc)
		tell(d, GOOD, "workers", "%zu live", redis_len(v));
	redis_value_free(v);
	for (int q = 0; !rc && q < QUEUES; q++)
		rc = look_at_queue(d, q, served[q]);
	return rc;
}

/* ---- PostgreSQL ---- */

static bool is_true(const struct db_rows *rows, const char *column)
{
	const char *text = db_rows_get(rows, 0, column);

	return text && !strcmp(text, "t");
}

static void judge_database(struct doctor *d, const struct db_rows *rows)
{
	int version = atoi(db_rows_get(rows, 0, "version")), connections = atoi(db_rows_get(rows, 0, "connections"));
	const char *role = db_rows_get(rows, 0, "role");

	tell(d, version < 120000 ? BAD : GOOD, "postgresql version", "PostgreSQL %d%s", version / 10000, version < 120000 ? ": 12 or later is needed" : "");
	if (is_true(rows, "replica") || !strcmp(db_rows_get(rows, 0, "read_only"), "on"))
		tell(d, BAD, "postgresql role", "this server takes no writes (a standby, or default_transaction_read_only): give the primary's address");
	else
		tell(d, GOOD, "postgresql role", "a primary, which takes writes");
	if (strcmp(db_rows_get(rows, 0, "fsync"), "on"))
		tell(d, WARNING, "postgresql durability", "fsync is off: a crash of the machine may destroy the database");
	if (strcmp(db_rows_get(rows, 0, "encoding"), "UTF8"))
		tell(d, WARNING, "postgresql encoding", "the database is %s: a name that it cannot hold makes its licence fail", db_rows_get(rows, 0, "encoding"));
	if (!is_true(rows, "application"))
		tell(d, BAD, "application", "there is no table license_licensedetailsmodel in the search path of %s: migrate first", role);
	else if (!is_true(rows, "may_update"))
		tell(d, BAD, "application", "the role %s may not read and update license_licensedetailsmodel: GRANT it", role);
	else
		tell(d, GOOD, "application", "the role %s may read and update its tables", role);
	if (is_true(rows, "schema") && !is_true(rows, "may_use"))
		tell(d, BAD, "schema gesync", "the role %s may not use it: GRANT USAGE on it, and the rights on its tables", role);
	else if (is_true(rows, "schema"))
		tell(d, GOOD, "schema gesync", "it is there");
	else if (is_true(rows, "may_create"))
		tell(d, GOOD, "schema gesync", "the first worker makes it");
	else
		tell(d, BAD, "schema gesync", "it is missing, and %s may not create it: let its owner run db/migrations/gesync", role);
	if (connections < d->c->set.db_pool)
		tell(d, WARNING, "postgresql connections", "%d are free, a worker wants %d: raise max_connections, or lower GESYNC_DB_POOL", connections, d->c->set.db_pool);
	judge_clock(d, "postgresql clock", strtoll(db_rows_get(rows, 0, "now_ms"), NULL, 10));
}

static void on_row(const struct db_rows *rows, const struct err *err, void *data)
{
	struct doctor *d = data;

	d->answered = true;
	d->away = err && err->kind == ERR_HOLD;
	if (err)
		tell(d, BAD, "postgresql", "%s", err->msg);
	else
		judge_database(d, rows);
}

static void on_late(void *data)
{
	struct doctor *d = data;

	d->answered = d->away = true;
	tell(d, BAD, "postgresql", "no answer within %d s", ASK_MS / 1000);
}

/* A session, since the pool of db.h takes no server that is read-only. */
static void ask_postgresql(struct doctor *d)
{
	struct db_session *db = db_session_new(d->c->loop, d->c->set.database_url, "gesyncctl");
	struct timer *late = timer_new(d->c->loop, on_late, d);

	timer_set(late, ASK_MS);
	db_session_query(db, sql_doctor.text, 0, NULL, on_row, d);
	while (!d->answered)
		loop_run_once(d->c->loop);
	timer_free(late);
	db_session_free(db);
}

/* ---- settings ---- */

static int look_at_settings(struct doctor *d)
{
	const struct settings *set = &d->c->set;
	struct redis_value *v = ctl_ask(d->c, "HEXISTS", ctl_key(d->c, KEY_SESSION), "jsessionid");
	bool session = set->ge_session || redis_int(v);

	redis_value_free(v);
	if (!v && d->c->err.kind == ERR_HOLD)
		return -1;
	if (!set->ge_url)
		tell(d, WARNING, "ge", "GESYNC_GE_URL is not set here: if the workers have none either, fetch jobs wait");
	else if (!session)
		tell(d, WARNING, "ge", "no session is set: gesyncctl session set");
	else
		tell(d, GOOD, "ge", "an endpoint and a session are set");
	if (set->ge_url && !strncmp(set->ge_url, "http://", 7) && strncmp(set->ge_url + 7, "127.", 4) && strncmp(set->ge_url + 7, "localhost", 9))
		tell(d, WARNING, "ge", "GESYNC_GE_URL is http: the session crosses the network in the clear");
	if (set->ge_ca_file && access(set->ge_ca_file, R_OK))
		tell(d, BAD, "ge certificates", "GESYNC_GE_CA_FILE cannot be read: %s", set->ge_ca_file);
	if (set->retry_base_ms > set->retry_cap_ms)
		tell(d, WARNING, "retries", "GESYNC_RETRY_BASE is longer than GESYNC_RETRY_CAP: every retry waits for the cap");
	return 0;
}

/* A path that GE does not have makes every licence one that it does not know. */
static int look_at_answers(struct doctor *d)
{
	struct redis_value *dead = ctl_ask(d->c, "ZREVRANGE", ctl_key(d->c, KEY_DEAD), "0", LAST_DEAD), *fetched;
	size_t unknown = 0, n = redis_len(dead);
	char day[KEYS_DAY];
	bool none;

	for (size_t i = 0; i < n; i++) {
		struct job_record rec;

		unknown += !job_record_parse(&rec, redis_text(redis_at(dead, i)), redis_len(redis_at(dead, i))) && !strcmp(rec.code, "ge_not_found");
	}
	redis_value_free(dead);
	if (!dead)
		return d->c->err.kind == ERR_HOLD ? -1 : 0;
	fetched = ctl_ask(d->c, "HGET", ctl_key_of(d->c, "stats", keys_day(day, here_ms())), "fetch:done");
	none = fetched && !redis_int(fetched);
	redis_value_free(fetched);
	if (none && n && unknown == n)
		tell(d, WARNING, "ge answers", "GE knew none of the last %zu licences that died, and none was fetched today: is the path of GESYNC_GE_URL right? "
		     "Then gesyncctl dead retry --code ge_not_found", n);
	return 0;
}

/* ---- all ---- */

static void print_list(const struct doctor *d)
{
	static const char *const titles[] = { "CHECK", "VERDICT", "WHAT", NULL };
	struct table t;
	json_t *one;
	size_t i;

	table_init(&t, titles);
	json_array_foreach(d->list, i, one) {
		const char *verdict = json_string_value(json_object_get(one, "verdict"));

		table_add(&t, MARK_NONE, "%s", json_string_value(json_object_get(one, "check")));
		table_add(&t, !strcmp(verdict, "ok") ? MARK_GOOD : MARK_BAD, "%s", verdict);
		table_add(&t, MARK_NONE, "%s", json_string_value(json_object_get(one, "what")));
	}
	table_print(&t, stdout);
}

int command_doctor(struct ctl *c)
{
	struct doctor d = { .c = c };
	int rc = ctl_words(c, 1, 0, 0, "doctor");

	if (rc)
		return rc;
	d.list = json_array();
	if (ask_redis(&d) < 0 || ask_pool(&d) < 0 || look_at_settings(&d) < 0 || look_at_answers(&d) < 0) {
		json_decref(d.list);
		return ctl_fail(c);
	}
	ask_postgresql(&d);
	if (c->opt.json)
		print_json(json_pack("{sb sO}", "safe", !d.bad, "checks", d.list));
	else
		print_list(&d);
	json_decref(d.list);
	return d.away ? EXIT_AWAY : d.bad ? EXIT_MISSING : EXIT_DONE;
}
