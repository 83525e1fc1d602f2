/* settings.c - what can be set: one table of name, default, help and bounds, and
 * where a value comes from. What it may be: setting_values.c, setting_urls.c.
 *
 * A value comes from the flag, else GESYNC_<NAME>, else the file that
 * GESYNC_<NAME>_FILE names, else the default; whichever it is, the same
 * function reads it. Whatever may hold a password is never printed, right or
 * wrong: a URL that cannot be read cannot be redacted either. */
#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/setting_values.h"
#include "core/words.h"
#include "mem.h"

#define PREFIX "GESYNC_"
#define FILE_MOST 65536         /* a secret is a line, not a file given by mistake */

/* ---- the table: INTERFACE.md section 6 ---- */

#define AT(field) .offset = offsetof(struct settings, field)

const struct setting settings_table[] = {
	{ "REDIS_URL", "URL", "redis://127.0.0.1:6379/0", NULL,
	  "Redis: also unix:///path?db=0, rediss://..., redis+sentinel://h1:26379,h2:26379/mymaster/0",
	  SETTING_HIDDEN | SETTING_FILE, AT(redis_url), .parse = setting_redis_url },
	{ "DATABASE_URL", "URL", "postgresql://lmanagement@127.0.0.1/lmanagement", NULL,
	  "PostgreSQL: any libpq connection string",
	  SETTING_HIDDEN | SETTING_FILE, AT(database_url), .parse = setting_database_url },
	{ "NAMESPACE", "NAME", "gesync", NULL, "prefix of every Redis key; {gesync} on a cluster",
	  0, AT(namespace_), .parse = setting_namespace },
	{ "GE_URL", "URL", NULL, "none: fetch jobs wait", "endpoint of the GE server",
	  SETTING_HIDDEN, AT(ge_url), .parse = setting_ge_url },
	{ "GE_APP_ID", NULL, NULL, NULL, "appId that GE is told",
	  SETTING_SECRET | SETTING_HIDDEN | SETTING_FILE, AT(ge_app_id), .parse = setting_secret },
	{ "GE_SESSION", NULL, NULL, NULL, "JSESSIONID of a person who is logged in at GE",
	  SETTING_SECRET | SETTING_HIDDEN | SETTING_FILE, AT(ge_session), .parse = setting_secret },
	{ "GE_CSRF", NULL, NULL, NULL, "_csrf token of that session",
	  SETTING_SECRET | SETTING_HIDDEN | SETTING_FILE, AT(ge_csrf), .parse = setting_secret },
	{ "GE_RATE", "N", "0.5", NULL, "GE requests a second over all workers; 0 is no limit",
	  0, AT(ge_rate), 0, 1000000, setting_number },
	{ "GE_BURST", "N", "1", NULL, "GE requests that may come at once",
	  0, AT(ge_burst), 1, 1000000, setting_number },
	{ "GE_TIMEOUT", "TIME", "15s", NULL, "for one GE request",
	  0, AT(ge_timeout_ms), 1, HOUR, setting_duration },
	{ "GE_BREAKER", "N", "5", NULL, "failures in a row that open the breaker",
	  0, AT(ge_breaker), 1, 1000000, setting_int },
	{ "GE_BREAKER_OPEN", "TIME", "1s", NULL, "first wait of an open breaker; it doubles up to 60s",
	  0, AT(ge_breaker_open_ms), 1, HOUR, setting_duration },
	{ "GE_CA_FILE", "FILE", NULL, "the system's", "certificates that GE is verified with",
	  0, AT(ge_ca_file), .parse = setting_text },
	{ "QUEUES", "LIST", "migrate,check,fetch,bulk,ping", NULL, "served queues, first is served first",
	  0, AT(queues), .parse = setting_queues },
	{ "CONCURRENCY", "N", "64", NULL, "jobs in flight in one worker, 1 to 10000",
	  0, AT(concurrency), 1, 10000, setting_int },
	{ "DB_POOL", "N", "4", NULL, "PostgreSQL connections of one worker",
	  0, AT(db_pool), 1, 1000, setting_int },
	{ "MAX_ATTEMPTS", "N", "8", NULL, "attempts before a job is dead",
	  0, AT(max_attempts), 1, 1000, setting_int },
	{ "RETRY_BASE", "TIME", "5s", NULL, "wait after the first failure; it doubles",
	  0, AT(retry_base_ms), 1, 30 * DAY, setting_duration },
	{ "RETRY_CAP", "TIME", "1h", NULL, "longest wait between attempts",
	  0, AT(retry_cap_ms), 1, 30 * DAY, setting_duration },
	{ "JOB_TIMEOUT", "TIME", "60s", NULL, "for one attempt of a job; a migrate job has none",
	  0, AT(job_timeout_ms), 1, 30 * DAY, setting_duration },
	{ "TODAY", "DATE", NULL, "today in Asia/Kolkata", "reference date of the rules, yyyy-mm-dd",
	  0, AT(today), .parse = setting_date },
	{ "TZ", "ZONE", "UTC", NULL, "zone of crontabs and deadlines",
	  0, AT(tz), .parse = setting_zone },
	{ "BACKUP_DIR", "DIR", NULL, "none", "where --backup may write",
	  0, AT(backup_dir), .parse = setting_text },
	{ "GRACE", "TIME", "25s", NULL, "time to finish on TERM",
	  0, AT(grace_ms), 0, DAY, setting_duration },
	{ "LEASE", "TIME", "10s", NULL, "a worker not heard of for so long is dead",
	  0, AT(lease_ms), 500, HOUR, setting_duration },
	{ "MODELS_DIR", "DIR", NULL, "the installed ones", "declared models, <app>.json",
	  0, AT(models_dir), .parse = setting_text },
	{ "MIGRATIONS_DIR", "DIR", NULL, "the installed ones", "migrations, <app>/<NNNN_name>.sql",
	  0, AT(migrations_dir), .parse = setting_text },
	{ "LISTEN", "ADDR:PORT", NULL, "off", "address of /metrics, /healthz and /readyz",
	  0, AT(listen), .parse = setting_listen },
	{ "LOG", "LEVEL", "info", NULL, "debug, info, warn or error",
	  0, AT(log), .parse = setting_level },
	{ "LOG_FORMAT", "FORMAT", "text", NULL, "text or json",
	  0, AT(log_json), .parse = setting_format },
	{ "ALLOW_EVICTION", NULL, "0", "refused", "work with a Redis that evicts keys all the same",
	  0, AT(allow_eviction), .parse = setting_bool },
	{ .name = NULL },
};

#define SETTINGS (sizeof(settings_table) / sizeof(*settings_table) - 1)

/* ---- where a value comes from ---- */

struct source {
	struct report *rep;
	char **env;
	const char *flags[SETTINGS];    /* borrowed from argv; NULL: not given */
};

/* The value of GESYNC_<name><suffix>, borrowed; NULL where absent. */
static const char *lookup(char **env, const char *name, const char *suffix)
{
	char key[SETTING_NAME_LEN];
	size_t len = (size_t)snprintf(key, sizeof(key), "%s%s%s=", PREFIX, name, suffix);

	for (; env && *env; env++)
		if (strncmp(*env, key, len) == 0)
			return *env + len;
	return NULL;
}

/* The file's text without its last line end, owned; NULL and why. The path is
 * not in why: the caller names it. */
static char *read_file(const char *path, char *why)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t len;

	if (!file) {
		setting_wrong(why, "%s: name a file that can be read", strerror(errno));
		return NULL;
	}
	text = need(malloc(FILE_MOST + 2));
	len = fread(text, 1, FILE_MOST + 1, file);
	if (ferror(file))
		setting_wrong(why, "%s: name a file that can be read", strerror(errno));
	else if (len > FILE_MOST)
		setting_wrong(why, "it is longer than 64 KiB: name the file of the value alone");
	else if (memchr(text, '\0', len))
		setting_wrong(why, "it is no text: name the file of the value alone");
	else
		goto out;
	free(text);
	text = NULL;
	len = 0;
out:
	fclose(file);
	if (!text)
		return NULL;
	if (len && text[len - 1] == '\n')
		len--;
	if (len && text[len - 1] == '\r')
		len--;
	text[len] = '\0';
	if (!len) {
		setting_wrong(why, "it is empty: write the value into it");
		free(text);
		return NULL;
	}
	return text;
}

/* where: "GESYNC_GE_RATE" or "--ge-rate". */
static void apply(struct source *src, const struct setting *set, struct settings *s,
		  const char *where, const char *text)
{
	void *field = (char *)s + set->offset;
	char why[WHY_LEN] = "";

	if (!*text)
		report_wrong(src->rep, "%s is empty: give a value or leave it out", where);
	else if (set->parse(set, text, field, why) == 0)
		return;
	else if (set->flags & SETTING_HIDDEN)
		report_wrong(src->rep, "%s: %s", where, why);
	else
		report_wrong(src->rep, "%s \"%.*s\": %s", where, SETTING_SHOWN, text, why);
}

static void apply_file(struct source *src, const struct setting *set, struct settings *s,
		       const char *path)
{
	char where[SETTING_NAME_LEN], why[WHY_LEN] = "";
	char *text = read_file(path, why);

	snprintf(where, sizeof(where), "%s%s_FILE", PREFIX, set->name);
	if (text)
		apply(src, set, s, where, text);
	else
		report_wrong(src->rep, "%s \"%.*s\": %s", where, SETTING_SHOWN, path, why);
	free(text);
}

static void apply_setting(struct source *src, const struct setting *set, struct settings *s)
{
	const char *flag = src->flags[set - settings_table];
	const char *value = lookup(src->env, set->name, "");
	const char *file = set->flags & SETTING_FILE ? lookup(src->env, set->name, "_FILE") : NULL;
	char where[SETTING_NAME_LEN];

	if (value && !*value && (!set->def || (file && *file)))
		value = NULL;
	if (file && !*file)
		file = NULL;
	snprintf(where, sizeof(where), "%s%s", PREFIX, set->name);
	if (flag)
		apply(src, set, s, options_flag(set, where), flag);
	else if (value && file)
		report_wrong(src->rep, "%s and %s_FILE are both set: leave one out", where, where);
	else if (value)
		apply(src, set, s, where, value);
	else if (file)
		apply_file(src, set, s, file);
	else if (set->def)
		apply(src, set, s, where, set->def);
}

/* Kubernetes and Docker put such variables for a service that is called
 * gesync-something; nobody set them. */
static bool from_service_link(const char *name, size_t len)
{
	static const char *const ends[] = { "_SERVICE_HOST", "_PORT" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t n = strlen(ends[i]);

		if (len > n && strncmp(name + len - n, ends[i], n) == 0)
			return true;
	}
	for (size_t i = 0; i + 6 < len; i++)
		if (strncmp(name + i, "_PORT_", 6) == 0)
			return true;
	return strstr(name, "_SERVICE_PORT") && strstr(name, "_SERVICE_PORT") < name + len;
}

static bool known(const char *name, size_t len)
{
	for (const struct setting *set = settings_table; set->name; set++) {
		size_t n = strlen(set->name);

		if (n <= len && strncmp(set->name, name, n) == 0 &&
		    (len == n || (set->flags & SETTING_FILE && len == n + 5 &&
				  strncmp(name + n, "_FILE", 5) == 0)))
			return true;
	}
	return false;
}

static void warn_unknown(struct report *rep, const char *name, size_t len)
{
	const char *names[SETTINGS + 1];
	char word[SETTING_NAME_LEN];
	const char *nearest;

	for (size_t i = 0; i <= SETTINGS; i++)
		names[i] = settings_table[i].name;
	snprintf(word, sizeof(word), "%.*s", (int)(len < SETTING_SHOWN ? len : SETTING_SHOWN), name);
	nearest = words_nearest(word, names);
	if (nearest)
		report_warn(rep, "%s%s is no setting and ignored: did you mean %s%s?",
			    PREFIX, word, PREFIX, nearest);
	else
		report_warn(rep, "%s%s is no setting and ignored: %s --help lists all",
			    PREFIX, word, rep->program);
}

static void warn_unknowns(struct report *rep, char **env)
{
	size_t prefix = strlen(PREFIX);

	for (; env && *env; env++) {
		const char *name = *env + prefix;
		size_t len;

		if (strncmp(*env, PREFIX, prefix) != 0)
			continue;
		len = strcspn(name, "=");
		if (!known(name, len) && !from_service_link(name, len))
			warn_unknown(rep, name, len);
	}
}

int settings_parse(struct settings *s, void *options, const struct program *p,
		   int argc, char **argv, char **env, struct strings *args,
		   FILE *out, FILE *errs)
{
	struct report rep = { .program = p->name, .errs = errs };
	struct source src = { .rep = &rep, .env = env };
	int status;

	memset(s, 0, sizeof(*s));
	memset(args, 0, sizeof(*args));
	status = options_parse(&rep, options, p, argc, argv, src.flags, args, out);
	if (status < 0) {
		for (const struct setting *set = settings_table; set->name; set++)
			apply_setting(&src, set, s);
		warn_unknowns(&rep, env);
		if (!rep.wrong)
			return -1;
		status = 2;
	}
	settings_clear(s);
	strings_clear(args);
	options_clear(options, p);
	return status;
}

void settings_clear(struct settings *s)
{
	char *const texts[] = {
		s->redis_url, s->database_url, s->namespace_, s->ge_url, s->ge_app_id,
		s->ge_session, s->ge_csrf, s->ge_ca_file, s->today, s->tz, s->backup_dir,
		s->models_dir, s->migrations_dir, s->listen,
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		free(texts[i]);
	memset(s, 0, sizeof(*s));
}
