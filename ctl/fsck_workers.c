/* fsck_workers.c - workers, what they hold, and their locks. */
#include <string.h>

#include "fsck_impl.h"

static int look_at_hands(struct fsck *f, const char *worker)
{
	char jobs[200], where[160], cursor[32] = "0";
	struct place p = { where, "worker", jobs, KEYS };

	snprintf(jobs, sizeof(jobs), "%.120s:jobs", worker);
	snprintf(where, sizeof(where), "the hands of %.120s", worker);
	do {
		struct redis_value *v = ctl_ask(f->c, "HSCAN", ctl_key_of(f->c, "worker", jobs), cursor, "COUNT", "500");
		const struct redis_value *page = redis_at(v, 1);

		if (!v)
			return -1;
		for (size_t i = 0; i + 1 < redis_len(page); i += 2) {
			const struct redis_value *m = redis_at(page, i + 1);

			if (fsck_record(f, &p, m, redis_text(m), redis_len(m)) < 0)
				return -1;
		}
		snprintf(cursor, sizeof(cursor), "%s", redis_text(redis_at(v, 0)));
		redis_value_free(v);
	} while (strcmp(cursor, "0"));
	return 0;
}

static bool holds(const struct redis_value *names, const char *name, size_t step)
{
	for (size_t i = 0; i < redis_len(names); i += step)
		if (!strcmp(redis_text(redis_at(names, i)), name))
			return true;
	return false;
}

/* The worker in "<ns>:worker:<w>:jobs" or "...:<w>:in:<q>"; false for another key. */
static bool owner_of(const struct ctl *c, const char *key, char *out, size_t size)
{
	size_t skip = strlen(c->set.namespace_) + strlen(":worker:");
	const char *end;

	if (strlen(key) <= skip)
		return false;
	end = strstr(key + skip, ":jobs");
	if (!end)
		end = strstr(key + skip, ":in:");
	if (!end)
		return false;
	snprintf(out, size, "%.*s", (int)(end - key - (long)skip), key + skip);
	return true;
}

static int look_at_holder(struct fsck *f, const char *key, const struct redis_value *alive, const struct redis_value *graves)
{
	struct command *cmd = &f->c->cmd;
	char worker[128];

	if (!owner_of(f->c, key, worker, sizeof(worker)) || holds(alive, worker, 1) || holds(graves, worker, 1))
		return 0;
	if (!fsck_problem(f, "orphan", "%s holds jobs of a worker that neither lives nor was buried", key))
		return 0;
	command_key(cmd, KEY_WORKERS);
	command_key(cmd, KEY_GRAVES);
	command_key(cmd, KEY_DEATHS);
	command_arg(cmd, "grave");
	command_arg(cmd, worker);
	return fsck_repair(f);
}

/* What a blocked connection has landed: no more than counted, it moves on by itself. */
static int look_at_inbox(struct fsck *f, const char *key)
{
	struct place p = { key, "worker", "", KEYS };
	struct redis_value *v = ctl_ask(f->c, "LRANGE", key, "0", "-1");

	for (size_t i = 0; i < redis_len(v); i++)
		fsck_count_run(f, &p, redis_text(redis_at(v, i)), redis_len(redis_at(v, i)));
	redis_value_free(v);
	return v || f->c->err.kind != ERR_HOLD ? 0 : -1;
}

static int look_at_keys(struct fsck *f, const struct redis_value *alive, const struct redis_value *graves)
{
	char pattern[160], cursor[32] = "0";
	size_t plain = strlen(f->c->set.namespace_) + 1;

	snprintf(pattern, sizeof(pattern), "%.80s:*:*", f->c->set.namespace_);
	do {
		struct redis_value *v = ctl_ask(f->c, "SCAN", cursor, "MATCH", pattern, "COUNT", "1000");
		const struct redis_value *page = redis_at(v, 1);
		int rc = 0;

		if (!v)
			return -1;
		for (size_t i = 0; !rc && i < redis_len(page); i++) {
			const char *key = redis_text(redis_at(page, i));

			if (!strncmp(key + plain, "worker:", 7) && strstr(key + plain, ":in:"))
				rc = look_at_inbox(f, key);
			if (!rc && !strncmp(key + plain, "worker:", 7))
				rc = look_at_holder(f, key, alive, graves);
			else if (strstr(key + plain, ":aside:"))
				fsck_problem(f, "aside", "%s is of a type that has no place there, and was set aside: look at it, then delete it", key);
		}
		snprintf(cursor, sizeof(cursor), "%s", redis_text(redis_at(v, 0)));
		redis_value_free(v);
		if (rc)
			return rc;
	} while (strcmp(cursor, "0"));
	return 0;
}

static int mend_lease(struct fsck *f, const char *worker)
{
	command_key(&f->c->cmd, KEY_WORKERS);
	command_key(&f->c->cmd, KEY_LEASES);
	command_arg(&f->c->cmd, "lease");
	command_arg(&f->c->cmd, worker);
	return fsck_repair(f);
}

static int look_at_leases(struct fsck *f, const struct redis_value *alive, const struct redis_value *leases)
{
	for (size_t i = 0; i < redis_len(alive); i++) {
		const char *name = redis_text(redis_at(alive, i));

		if (!holds(leases, name, 1) && fsck_problem(f, "lease", "the worker %s has no lease: nobody would notice its death", name) &&
		    mend_lease(f, name) < 0)
			return -1;
	}
	for (size_t i = 0; i < redis_len(leases); i++) {
		const char *name = redis_text(redis_at(leases, i));

		if (!holds(alive, name, 1) && fsck_problem(f, "lease", "there is a lease of %s, which is no worker", name) &&
		    mend_lease(f, name) < 0)
			return -1;
	}
	return 0;
}

static int look_at_lock(struct fsck *f, const char *name, const char *holder)
{
	const char *space = strchr(holder, ' ');
	char jobs[200];
	struct redis_value *v;
	bool gone;

	snprintf(jobs, sizeof(jobs), "%.*s:jobs", space ? (int)(space - holder < 120 ? space - holder : 120) : 0, holder);
	v = ctl_ask(f->c, "HEXISTS", ctl_key_of(f->c, "worker", jobs), space ? space + 1 : "");
	if (!v)
		return -1;
	gone = !redis_int(v);
	redis_value_free(v);
	if (!gone || !fsck_problem(f, "lock", "the lock %s is of a job that nobody holds (%s)", name, holder))
		return 0;
	command_key(&f->c->cmd, KEY_LOCKS);
	command_key_of(&f->c->cmd, "worker", jobs);
	command_arg(&f->c->cmd, "lock");
	command_arg(&f->c->cmd, name);
	command_arg(&f->c->cmd, holder);
	command_arg(&f->c->cmd, space ? space + 1 : "");
	return fsck_repair(f);
}

static int look_at_locks(struct fsck *f)
{
	char cursor[32] = "0";

	do {
		struct redis_value *v = ctl_ask(f->c, "HSCAN", ctl_key(f->c, KEY_LOCKS), cursor, "COUNT", "500");
		const struct redis_value *page = redis_at(v, 1);
		int rc = v ? 0 : -1;

		for (size_t i = 0; !rc && i + 1 < redis_len(page); i += 2)
			rc = look_at_lock(f, redis_text(redis_at(page, i)), redis_text(redis_at(page, i + 1)));
		snprintf(cursor, sizeof(cursor), "%s", rc ? "0" : redis_text(redis_at(v, 0)));
		redis_value_free(v);
		if (rc)
			return rc;
	} while (strcmp(cursor, "0"));
	return 0;
}

int fsck_workers(struct fsck *f)
{
	struct redis_value *alive = ctl_ask(f->c, "HKEYS", ctl_key(f->c, KEY_WORKERS));
	struct redis_value *graves = alive ? ctl_ask(f->c, "ZRANGE", ctl_key(f->c, KEY_GRAVES), "0", "-1") : NULL;
	struct redis_value *leases = graves ? ctl_ask(f->c, "ZRANGE", ctl_key(f->c, KEY_LEASES), "0", "-1") : NULL;
	int rc = leases ? look_at_leases(f, alive, leases) : -1;

	f->anybody_lives = redis_len(alive) > 0;
	for (size_t i = 0; !rc && i < redis_len(alive); i++)
		rc = look_at_hands(f, redis_text(redis_at(alive, i)));
	for (size_t i = 0; !rc && i < redis_len(graves); i++)
		rc = look_at_hands(f, redis_text(redis_at(graves, i)));
	if (!rc)
		rc = look_at_keys(f, alive, graves);
	redis_value_free(alive);
	redis_value_free(graves);
	redis_value_free(leases);
	return rc ? rc : look_at_locks(f);
}
