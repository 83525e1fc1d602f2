/* settings_test.c - what can be set, and the command line (INTERFACE.md 1, 6). */
#include "settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"

struct opts {
	bool json, full;
	char *id;
	struct strings license;
	int count;
	int64_t wait_ms;
};

#define OPT(field) offsetof(struct opts, field)

static const struct option_spec options[] = {
	{ "json", OPT_FLAG, OPT(json), NULL, "one JSON document", 0, 0, NULL },
	{ "full", OPT_FLAG, OPT(full), NULL, "all of it", 0, 0, "sync" },
	{ "id", OPT_STRING, OPT(id), "ID", "names the run", 0, 0, NULL },
	{ "license", OPT_STRINGS, OPT(license), "NO", "only this one", 0, 0, "sync" },
	{ "count", OPT_INT, OPT(count), "N", "how many", 1, 1000, "ping" },
	{ "wait", OPT_OPTIONAL_SECONDS, OPT(wait_ms), NULL, "follow it", 0, 0, NULL },
	{ .name = NULL },
};

static const struct program_command commands[] = {
	{ "sync", NULL, "brings licences up to date" },
	{ "ping", NULL, "proves that workers answer" },
	{ "dead", "ls|show ID", "what was given up" },
	{ .name = NULL },
};

static const struct program with_commands = {
	"gesync-scheduler", "turns a request into jobs", "gesync-scheduler COMMAND [OPTION]...",
	options, commands,
};

static const struct program without_commands = {
	"gesync-worker", "does the jobs", "gesync-worker [OPTION]...", NULL, NULL,
};

/* One run of settings_parse(), all that it left. */
static struct run {
	struct settings s;
	struct opts o;
	struct strings args;
	char *out, *errs;
	size_t out_len, errs_len;
	int status;
} run;

static void clear(void)
{
	settings_clear(&run.s);
	strings_clear(&run.o.license);
	strings_clear(&run.args);
	free(run.out);
	free(run.errs);
	memset(&run, 0, sizeof(run));
}

#define MOST 16

/* Words are split at blanks; '~' stands for a blank within one. */
static void split(char *copy, char **words, int *n)
{
	char *save;

	for (char *w = strtok_r(copy, " ", &save); w && *n < MOST; w = strtok_r(NULL, " ", &save)) {
		for (char *c = w; *c; c++)
			if (*c == '~')
				*c = ' ';
		words[(*n)++] = w;
	}
	words[*n] = NULL;
}

/* The strings of a run point into these, until the next run. */
static char line_text[4096], env_text[4096];

static int parse(const struct program *p, const char *line, const char *env)
{
	char *argv[MOST + 2] = { (char *)(uintptr_t)p->name }, *envp[MOST + 1] = { NULL };
	FILE *out, *errs;
	int argc = 1, n = 0;

	clear();
	snprintf(line_text, sizeof(line_text), "%s", line);
	snprintf(env_text, sizeof(env_text), "%s", env);
	split(line_text, argv, &argc);
	split(env_text, envp, &n);
	out = open_memstream(&run.out, &run.out_len);
	errs = open_memstream(&run.errs, &run.errs_len);
	run.status = settings_parse(&run.s, &run.o, p, argc, argv, envp, &run.args, out, errs);
	fclose(out);
	fclose(errs);
	return run.status;
}

static int worker(const char *line, const char *env)
{
	return parse(&without_commands, line, env);
}

static int scheduler(const char *line)
{
	return parse(&with_commands, line, "");
}

static int lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

#define assert_says(text) \
	do { \
		if (!strstr(run.errs, text)) \
			fail_msg("\"%s\" is not said in: %s", text, run.errs); \
	} while (0)
#define assert_silent_about(text) assert_null(strstr(run.errs, text))

/* A worker with this one variable is refused, in one line which holds says. */
static void refused(const char *env, const char *says)
{
	if (worker("", env) != 2)
		fail_msg("%s was taken", env);
	if (lines(run.errs) != 1)
		fail_msg("%s: not one line: %s", env, run.errs);
	assert_says(says);
}

static void taken(const char *env)
{
	if (worker("", env) != -1)
		fail_msg("%s: %s", env, run.errs);
	assert_string_equal(run.errs, "");
}

/* ---- settings ---- */

static void every_setting_has_its_default(void **state)
{
	(void)state;
	assert_int_equal(worker("", "HOME=/root"), -1);
	assert_string_equal(run.s.redis_url, "redis://127.0.0.1:6379/0");
	assert_string_equal(run.s.database_url, "postgresql://lmanagement@127.0.0.1/lmanagement");
	assert_string_equal(run.s.namespace_, "gesync");
	assert_null(run.s.ge_url);
	assert_null(run.s.ge_app_id);
	assert_null(run.s.ge_session);
	assert_null(run.s.ge_csrf);
	assert_true(run.s.ge_rate == 0.5 && run.s.ge_burst == 1);
	assert_int_equal(run.s.ge_timeout_ms, 15000);
	assert_int_equal(run.s.ge_breaker, 5);
	assert_int_equal(run.s.ge_breaker_open_ms, 1000);
	assert_null(run.s.ge_ca_file);
	assert_int_equal(run.s.nqueues, 5);
	assert_int_equal(run.s.queues[0], QUEUE_MIGRATE);
	assert_int_equal(run.s.queues[4], QUEUE_PING);
	assert_int_equal(run.s.concurrency, 64);
	assert_int_equal(run.s.db_pool, 4);
	assert_int_equal(run.s.max_attempts, 8);
	assert_int_equal(run.s.retry_base_ms, 5000);
	assert_int_equal(run.s.retry_cap_ms, 3600000);
	assert_int_equal(run.s.job_timeout_ms, 60000);
	assert_null(run.s.today);
	assert_string_equal(run.s.tz, "UTC");
	assert_null(run.s.backup_dir);
	assert_int_equal(run.s.grace_ms, 25000);
	assert_int_equal(run.s.lease_ms, 10000);
	assert_null(run.s.models_dir);
	assert_null(run.s.migrations_dir);
	assert_null(run.s.listen);
	assert_int_equal(run.s.log, LOG_LEVEL_INFO);
	assert_false(run.s.log_json);
	assert_false(run.s.allow_eviction);
}

static void the_flag_wins_over_the_environment(void **state)
{
	(void)state;
	assert_int_equal(worker("--concurrency 9", "GESYNC_CONCURRENCY=8 GESYNC_DB_POOL=3"), -1);
	assert_int_equal(run.s.concurrency, 9);
	assert_int_equal(run.s.db_pool, 3);
	assert_int_equal(worker("--ge-url=http://a/ --ge-url=http://b/", ""), -1);
	assert_string_equal(run.s.ge_url, "http://b/");
}

static void a_wrong_variable_is_no_matter_where_the_flag_is_given(void **state)
{
	(void)state;
	assert_int_equal(worker("--concurrency 9", "GESYNC_CONCURRENCY=fast"), -1);
}

static void all_wrong_settings_are_told_at_once(void **state)
{
	(void)state;
	assert_int_equal(worker("--db-pool none --queues fetsh",
				"GESYNC_GE_RATE=fast GESYNC_LISTEN=127.0.0.1:70000 "
				"GESYNC_TODAY=2025-02-29"), 2);
	assert_int_equal(lines(run.errs), 5);
	assert_says("gesync-worker: GESYNC_GE_RATE \"fast\": give a number");
	assert_says("GESYNC_LISTEN \"127.0.0.1:70000\": give ADDR:PORT");
	assert_says("GESYNC_TODAY \"2025-02-29\": there is no such day");
	assert_says("--db-pool \"none\": give a whole number from 1 to 1000");
	assert_says("--queues \"fetsh\": \"fetsh\" is no queue");
}

static void a_wrong_flag_and_a_wrong_setting_are_told_together(void **state)
{
	(void)state;
	assert_int_equal(worker("--concurency=5", "GESYNC_GE_RATE=fast"), 2);
	assert_int_equal(lines(run.errs), 2);
}

static void nothing_is_left_after_a_refusal(void **state)
{
	(void)state;
	assert_int_equal(parse(&with_commands, "sync --license 1 --license 2 --db-pool=x", ""), 2);
	assert_null(run.s.redis_url);
	assert_null(run.args.v);
	assert_null(run.o.license.v);
}

static void numbers_keep_to_their_bounds(void **state)
{
	(void)state;
	taken("GESYNC_CONCURRENCY=1");
	taken("GESYNC_CONCURRENCY=10000");
	refused("GESYNC_CONCURRENCY=0", "from 1 to 10000");
	refused("GESYNC_CONCURRENCY=10001", "from 1 to 10000");
	refused("GESYNC_CONCURRENCY=-1", "from 1 to 10000");
	refused("GESYNC_CONCURRENCY=99999999999999999999", "from 1 to 10000");
	refused("GESYNC_CONCURRENCY=6x", "from 1 to 10000");
	refused("GESYNC_CONCURRENCY=~6", "from 1 to 10000");
	refused("GESYNC_MAX_ATTEMPTS=0", "from 1");
	taken("GESYNC_GE_RATE=0");
	taken("GESYNC_GE_RATE=.5");
	assert_true(run.s.ge_rate == 0.5);
	taken("GESYNC_GE_RATE=2.");
	for (const char *const *v = (const char *const[]){ "nan", "inf", "-1", "0x10", "1e3", ".",
	     "1.2.3", "1000001", NULL }; *v; v++) {
		char env[64];

		snprintf(env, sizeof(env), "GESYNC_GE_RATE=%s", *v);
		refused(env, "give a number from 0 to 1000000");
	}
	refused("GESYNC_GE_BURST=0", "from 1");
}

static void a_duration_has_a_unit_or_is_seconds(void **state)
{
	(void)state;
	assert_int_equal(settings_duration_ms("15s"), 15000);
	assert_int_equal(settings_duration_ms("250ms"), 250);
	assert_int_equal(settings_duration_ms("1h"), 3600000);
	assert_int_equal(settings_duration_ms("5m"), 300000);
	assert_int_equal(settings_duration_ms("2d"), 172800000);
	assert_int_equal(settings_duration_ms("1999999999"), INT64_C(1999999999000));
	assert_int_equal(settings_duration_ms("1999999999000ms"), INT64_C(1999999999000));
	assert_int_equal(settings_duration_ms("5"), 5000);
	assert_int_equal(settings_duration_ms("0"), 0);
	assert_int_equal(settings_duration_ms("1.5s"), 1500);
	assert_int_equal(settings_duration_ms("0.25h"), 900000);
	assert_int_equal(settings_duration_ms("1.05"), 1050);
}

static void what_is_no_duration_is_refused(void **state)
{
	static const char *const bad[] = { "", "s", "5x", "-5s", "5 s", " 5s", "1m30s", "1.s", ".5s",
		"1.5ms", "0.0001s", "9999999999999s", "99999999999h", "36526d", "1h ", "5S", NULL };

	(void)state;
	for (const char *const *v = bad; *v; v++)
		if (settings_duration_ms(*v) != -1)
			fail_msg("\"%s\" was taken", *v);
	refused("GESYNC_JOB_TIMEOUT=0", "give a time from 1ms to 720h");
	refused("GESYNC_LEASE=100ms", "give a time from 500ms to 1h");
	taken("GESYNC_GRACE=0");
}

static void today_must_be_a_real_date(void **state)
{
	(void)state;
	taken("GESYNC_TODAY=2024-02-29");
	assert_string_equal(run.s.today, "2024-02-29");
	taken("GESYNC_TODAY=2000-02-29");
	refused("GESYNC_TODAY=1900-02-29", "no such day");
	refused("GESYNC_TODAY=2025-04-31", "that month has 30");
	refused("GESYNC_TODAY=2025-13-01", "yyyy-mm-dd");
	refused("GESYNC_TODAY=2025-00-01", "yyyy-mm-dd");
	refused("GESYNC_TODAY=2025-01-00", "no such day");
	refused("GESYNC_TODAY=2025-1-1", "yyyy-mm-dd");
	refused("GESYNC_TODAY=0001-01-01", "yyyy-mm-dd");
	refused("GESYNC_TODAY=tomorrow", "yyyy-mm-dd");
	refused("GESYNC_TODAY=20250101xx", "yyyy-mm-dd");
}

static void queues_are_known_and_named_once(void **state)
{
	(void)state;
	taken("GESYNC_QUEUES=fetch,~bulk");
	assert_int_equal(run.s.nqueues, 2);
	assert_int_equal(run.s.queues[0], QUEUE_FETCH);
	assert_int_equal(run.s.queues[1], QUEUE_BULK);
	refused("GESYNC_QUEUES=fetch,fetch", "fetch stands there twice");
	refused("GESYNC_QUEUES=fetch,fetsh", "\"fetsh\" is no queue");
	refused("GESYNC_QUEUES=fet", "is no queue");
	refused("GESYNC_QUEUES=,", "\"\" is no queue");
	refused("GESYNC_QUEUES=fetch,", "\"\" is no queue");
	refused("GESYNC_QUEUES=", "GESYNC_QUEUES is empty");
}

static void an_address_to_listen_on_has_a_port(void **state)
{
	(void)state;
	taken("GESYNC_LISTEN=127.0.0.1:9090");
	taken("GESYNC_LISTEN=[::1]:0");
	taken("GESYNC_LISTEN=:9090");
	taken("GESYNC_LISTEN=localhost:65535");
	refused("GESYNC_LISTEN=9090", "give ADDR:PORT");
	refused("GESYNC_LISTEN=127.0.0.1:", "give ADDR:PORT");
	refused("GESYNC_LISTEN=127.0.0.1:65536", "give ADDR:PORT");
	refused("GESYNC_LISTEN=127.0.0.1:9x", "give ADDR:PORT");
	refused("GESYNC_LISTEN=::1:80", "[::1]:9090");
	refused("GESYNC_LISTEN=a/b:80", "[::1]:9090");
}

static void redis_is_named_in_one_of_four_ways(void **state)
{
	static const char *const good[] = {
		"redis://h", "redis://h:1/0", "redis://u:p@h:6379/15", "redis://:p%40@[::1]:6379",
		"redis://h/?db=3", "rediss://h:6380/0", "REDIS://h", "unix:///run/redis.sock",
		"unix:///run/r?db=2", "unix://:pw@/run/r", "redis://u:p@q@h:1",
		"redis+sentinel://h1:26379,h2:26379/mymaster/0", "redis+sentinel://:pw@h1/m", NULL };
	static const char *const bad[] = {
		"localhost", "http://h", "redis://", "redis://:6379", "redis://h:70000", "redis://h:0",
		"redis://h:x", "redis://h/x", "redis://h/0/1", "redis://h,i", "redis://[::1", "redis://[]",
		"redis://[::1]x", "redis://u:p/w@h", "redis://h~x", "redis://h/?db=x", "unix://", "unix:///",
		"unix:///s?db=x", "redis+sentinel://h1:26379", "redis+sentinel://h1/", "redis+sentinel:///m",
		"redis+sentinel://h1/m/x", "redis+sentinel://h1,/m", "redis+sentinel://h1//0", NULL };
	char env[128];

	(void)state;
	for (const char *const *v = good; *v; v++) {
		snprintf(env, sizeof(env), "GESYNC_REDIS_URL=%s", *v);
		taken(env);
	}
	for (const char *const *v = bad; *v; v++) {
		snprintf(env, sizeof(env), "GESYNC_REDIS_URL=%s", *v);
		refused(env, "gesync-worker: GESYNC_REDIS_URL: ");
	}
}

static void the_database_is_any_connection_string_of_libpq(void **state)
{
	static const char *const good[] = {
		"postgresql://", "postgres://u:p@h/db", "postgresql://h1:1,h2:2/db?sslmode=require",
		"postgresql://%2Ftmp/db", "postgresql:///db?host=/tmp", "postgresql://u@[::1]:5432/d",
		"host=/tmp~dbname=x", "dbname~=~x", "port=5432,5433~host=a,b", "port='5432'",
		"password='it\\'s~:///'~host=a", "password=a\\~b", "host=~dbname=x", NULL };
	static const char *const bad[] = {
		"lmanagement", "mysql://h/db?a=b", "postgresql://h:70000/db", "postgresql://h:x/db",
		"postgresql://h/a~b", "port=70000", "port=5432,0", "port='x'", "host", "host=a~x",
		"password='open", "=x", NULL };
	char env[128];

	(void)state;
	for (const char *const *v = good; *v; v++) {
		snprintf(env, sizeof(env), "GESYNC_DATABASE_URL=%s", *v);
		taken(env);
	}
	for (const char *const *v = bad; *v; v++) {
		snprintf(env, sizeof(env), "GESYNC_DATABASE_URL=%s", *v);
		refused(env, "gesync-worker: GESYNC_DATABASE_URL: ");
	}
	refused("GESYNC_DATABASE_URL=host=a\tx=b", "control character");
}

static void the_ge_server_is_http(void **state)
{
	(void)state;
	taken("GESYNC_GE_URL=https://ge.example/x?a=b");
	taken("GESYNC_GE_URL=http://127.0.0.1:8080");
	refused("GESYNC_GE_URL=ge.example", "give https://host/path");
	refused("GESYNC_GE_URL=ftp://ge.example", "give https://host/path");
	refused("GESYNC_GE_URL=https://a/#b", "give https://host/path");
	refused("GESYNC_GE_URL=https://", "host or port");
	refused("GESYNC_GE_URL=https://h:70000/", "host or port");
}

static void names_keep_to_their_letters(void **state)
{
	(void)state;
	taken("GESYNC_NAMESPACE={gesync}.a:b_c-1");
	refused("GESYNC_NAMESPACE=ge*", "64 letters");
	refused("GESYNC_NAMESPACE=12345678901234567890123456789012345678901234567890123456789012345",
		"64 letters");
	taken("GESYNC_TZ=America/Argentina/Buenos_Aires");
	taken("GESYNC_TZ=Etc/GMT+5");
	refused("GESYNC_TZ=../../etc/passwd", "time zone");
	refused("GESYNC_TZ=/etc/passwd", "time zone");
	refused("GESYNC_LOG=loud", "debug, info, warn, error");
	refused("GESYNC_LOG_FORMAT=xml", "text or json");
	refused("GESYNC_ALLOW_EVICTION=maybe", "1 or 0");
	refused("GESYNC_BACKUP_DIR=/a\x01", "control character");
}

static void switches_and_levels_are_read(void **state)
{
	(void)state;
	taken("GESYNC_ALLOW_EVICTION=1 GESYNC_LOG=error GESYNC_LOG_FORMAT=json");
	assert_true(run.s.allow_eviction);
	assert_true(run.s.log_json);
	assert_int_equal(run.s.log, LOG_LEVEL_ERROR);
	taken("GESYNC_ALLOW_EVICTION=off GESYNC_LOG_FORMAT=text");
	assert_false(run.s.allow_eviction);
	assert_int_equal(worker("--allow-eviction", ""), -1);
	assert_true(run.s.allow_eviction);
	assert_int_equal(worker("--allow-eviction=no", "GESYNC_ALLOW_EVICTION=1"), -1);
	assert_false(run.s.allow_eviction);
}

static void an_empty_variable_is_none_only_where_none_is_the_default(void **state)
{
	(void)state;
	taken("GESYNC_GE_URL= GESYNC_LISTEN= GESYNC_GE_SESSION= GESYNC_GE_CSRF_FILE=");
	assert_null(run.s.ge_url);
	assert_null(run.s.ge_session);
	refused("GESYNC_DATABASE_URL=", "GESYNC_DATABASE_URL is empty");
	assert_int_equal(worker("--listen=", ""), 2);
}

static void an_unknown_variable_is_told_and_no_more(void **state)
{
	(void)state;
	assert_int_equal(worker("", "GESYNC_CONCURENCY=5 XGESYNC_A=1 GESYNC_ZZZZZZZZ=secret"), -1);
	assert_int_equal(lines(run.errs), 2);
	assert_says("warning: GESYNC_CONCURENCY is no setting and ignored: did you mean "
		    "GESYNC_CONCURRENCY?");
	assert_says("GESYNC_ZZZZZZZZ is no setting");
	assert_silent_about("secret");
}

static void variables_of_kubernetes_are_no_misspellings(void **state)
{
	(void)state;
	taken("GESYNC_REDIS_SERVICE_HOST=10.0.0.1 GESYNC_REDIS_SERVICE_PORT=6379 "
	      "GESYNC_REDIS_PORT=tcp://10.0.0.1:6379 GESYNC_REDIS_PORT_6379_TCP_ADDR=10.0.0.1 "
	      "GESYNC_REDIS_SERVICE_PORT_MAIN=1");
}

/* ---- secrets ---- */

static char path[64];

static void write_file(const char *bytes, size_t len)
{
	FILE *f;
	int fd;

	strcpy(path, "/tmp/gesync-settings-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static int with_file(const char *name, const char *bytes, size_t len)
{
	char env[128];

	write_file(bytes, len);
	snprintf(env, sizeof(env), "%s=%s", name, path);
	worker("", env);
	unlink(path);
	return run.status;
}

static void a_secret_may_be_in_a_file(void **state)
{
	(void)state;
	assert_int_equal(with_file("GESYNC_GE_SESSION_FILE", "s3cret\n", 7), -1);
	assert_string_equal(run.s.ge_session, "s3cret");
	assert_int_equal(with_file("GESYNC_GE_CSRF_FILE", "tok\r\n", 5), -1);
	assert_string_equal(run.s.ge_csrf, "tok");
	assert_int_equal(with_file("GESYNC_GE_APP_ID_FILE", "204", 3), -1);
	assert_string_equal(run.s.ge_app_id, "204");
	assert_int_equal(with_file("GESYNC_DATABASE_URL_FILE", "host=a\n", 7), -1);
	assert_string_equal(run.s.database_url, "host=a");
}

static void a_file_that_cannot_be_is_told_with_its_name(void **state)
{
	static char big[65537];

	(void)state;
	refused("GESYNC_GE_SESSION_FILE=/nowhere/x", "GESYNC_GE_SESSION_FILE \"/nowhere/x\": No such file");
	refused("GESYNC_GE_SESSION_FILE=/tmp", "name a file that can be read");
	assert_int_equal(with_file("GESYNC_GE_SESSION_FILE", "", 0), 2);
	assert_says("it is empty");
	assert_int_equal(with_file("GESYNC_GE_SESSION_FILE", "\n", 1), 2);
	assert_int_equal(with_file("GESYNC_GE_SESSION_FILE", "a\0b", 3), 2);
	assert_says("it is no text");
	assert_int_equal(with_file("GESYNC_GE_SESSION_FILE", "two words\n", 10), 2);
	assert_silent_about("words\"");
	assert_says("GESYNC_GE_SESSION_FILE: it holds a blank");
	refused("GESYNC_GE_SESSION=a;AWSALB=b", "';'");
	memset(big, 'x', sizeof(big));
	assert_int_equal(with_file("GESYNC_GE_SESSION_FILE", big, sizeof(big)), 2);
	assert_says("longer than 64 KiB");
	assert_int_equal(with_file("GESYNC_GE_SESSION_FILE", big, sizeof(big) - 1), -1);
}

static void only_secrets_and_urls_are_read_from_files(void **state)
{
	(void)state;
	assert_int_equal(worker("", "GESYNC_CONCURRENCY_FILE=/etc/hostname"), -1);
	assert_says("GESYNC_CONCURRENCY_FILE is no setting");
}

static void a_value_and_its_file_exclude_each_other(void **state)
{
	(void)state;
	refused("GESYNC_GE_SESSION=a GESYNC_GE_SESSION_FILE=/etc/hostname",
		"GESYNC_GE_SESSION and GESYNC_GE_SESSION_FILE are both set: leave one out");
	assert_int_equal(worker("--redis-url=redis://h", "GESYNC_REDIS_URL_FILE=/nowhere"), -1);
}

static void a_secret_has_no_flag(void **state)
{
	(void)state;
	assert_int_equal(worker("--ge-session s3cret", ""), 2);
	assert_says("set GESYNC_GE_SESSION or GESYNC_GE_SESSION_FILE");
	assert_silent_about("s3cret");
	assert_int_equal(lines(run.errs), 1);
	assert_int_equal(worker("--ge-csrf=s3cret", ""), 2);
	assert_silent_about("s3cret");
}

static void no_secret_and_no_url_is_ever_printed(void **state)
{
	(void)state;
	worker("", "GESYNC_REDIS_URL=http://u:s3cret@h GESYNC_DATABASE_URL=postgresql://u:s3cret@h:x/ "
	       "GESYNC_GE_URL=ftp://u:s3cret@h GESYNC_GE_SESSION=s3cret~s3cret");
	assert_int_equal(run.status, 2);
	assert_int_equal(lines(run.errs), 4);
	assert_silent_about("s3cret");
	assert_int_equal(worker("--databaseurl=postgresql://u:s3cret@h/", ""), 2);
	assert_says("did you mean --database-url?");
	assert_silent_about("s3cret");
	assert_int_equal(worker("postgresql://u:s3cret@h/", ""), 2);
	assert_silent_about("s3cret");
}

/* ---- the command line ---- */

static void options_stand_before_and_after_words(void **state)
{
	(void)state;
	assert_int_equal(scheduler("--json sync --license 1 --full --license=0310837893 --id=a"), -1);
	assert_true(run.o.json && run.o.full);
	assert_string_equal(run.o.id, "a");
	assert_int_equal(run.o.license.n, 2);
	assert_string_equal(run.o.license.v[1], "0310837893");
	assert_int_equal(run.args.n, 1);
	assert_string_equal(run.args.v[0], "sync");
}

static void two_dashes_end_the_options(void **state)
{
	(void)state;
	assert_int_equal(scheduler("dead -- show --help -x"), -1);
	assert_int_equal(run.args.n, 4);
	assert_string_equal(run.args.v[2], "--help");
	assert_int_equal(scheduler("dead -"), -1);
	assert_string_equal(run.args.v[1], "-");
}

static void wait_takes_its_seconds_only_with_an_equals_sign(void **state)
{
	(void)state;
	assert_int_equal(scheduler("sync"), -1);
	assert_int_equal(run.o.wait_ms, 0);
	assert_int_equal(scheduler("--wait sync"), -1);
	assert_int_equal(run.o.wait_ms, -1);
	assert_string_equal(run.args.v[0], "sync");
	assert_int_equal(scheduler("sync --wait=90"), -1);
	assert_int_equal(run.o.wait_ms, 90000);
	assert_int_equal(scheduler("sync --wait=5m"), -1);
	assert_int_equal(run.o.wait_ms, 300000);
	assert_int_equal(scheduler("sync --wait=0"), -1);
	assert_int_equal(run.o.wait_ms, 1);
	assert_int_equal(scheduler("sync --wait="), 2);
	assert_int_equal(scheduler("sync --wait=soon"), 2);
	assert_says("--wait=soon: give a time");
}

static void an_option_is_refused_with_a_command_it_is_not_for(void **state)
{
	(void)state;
	assert_int_equal(scheduler("ping --full"), 2);
	assert_says("--full is no option of ping: it belongs to sync");
	assert_int_equal(scheduler("sync --count 3"), 2);
	assert_int_equal(scheduler("ping --count 3"), -1);
	assert_int_equal(run.o.count, 3);
}

static void a_misspelling_is_answered_with_what_was_meant(void **state)
{
	(void)state;
	assert_int_equal(scheduler("sync --licence 1"), 2);
	assert_says("--licence is unknown: did you mean --license?");
	assert_int_equal(scheduler("sync --redis_url=x"), 2);
	assert_says("did you mean --redis-url?");
	assert_int_equal(scheduler("sink"), 2);
	assert_says("\"sink\" is no command: did you mean sync?");
	assert_int_equal(scheduler("xyzzy"), 2);
	assert_says("gesync-scheduler --help lists them");
	assert_int_equal(scheduler("sync --xyzzyxyzzy"), 2);
	assert_says("--help lists all options");
	assert_int_equal(scheduler("sync -n"), 2);
	assert_says("-n is unknown");
}

static void wrong_usage_is_one_line_each(void **state)
{
	(void)state;
	assert_int_equal(scheduler(""), 2);
	assert_says("no command is given");
	assert_int_equal(scheduler("sync --id"), 2);
	assert_says("--id needs a value: --id=ID");
	assert_int_equal(scheduler("sync --id --full"), 2);
	assert_says("--id needs a value");
	assert_int_equal(scheduler("sync --full=yes"), 2);
	assert_says("--full takes no value");
	for (const char *const *v = (const char *const[]){ "0", "1001", "x", "1x", "", "~1",
	     "99999999999999999999", NULL }; *v; v++) {
		char line[64];

		snprintf(line, sizeof(line), "ping --count=%s", *v);
		assert_int_equal(scheduler(line), 2);
		assert_says("give a whole number from 1 to 1000");
		assert_int_equal(lines(run.errs), 1);
	}
	assert_int_equal(worker("--concurrency", ""), 2);
	assert_says("--concurrency needs a value: --concurrency=N");
	assert_int_equal(worker("fast", ""), 2);
	assert_int_equal(worker("--log lo\nud\033", ""), 2);
	assert_int_equal(lines(run.errs), 1);
	assert_silent_about("\033");
}

static void help_shows_every_setting_within_a_hundred_columns(void **state)
{
	(void)state;
	assert_int_equal(scheduler("--help"), 0);
	assert_non_null(strstr(run.out, "usage: gesync-scheduler COMMAND"));
	assert_non_null(strstr(run.out, "dead ls|show ID"));
	assert_non_null(strstr(run.out, "--wait[=SECONDS]"));
	assert_non_null(strstr(run.out, "all of it (sync)"));
	assert_non_null(strstr(run.out, "--license NO"));
	assert_non_null(strstr(run.out, "[redis://127.0.0.1:6379/0]"));
	assert_non_null(strstr(run.out, "[today in Asia/Kolkata]"));
	assert_non_null(strstr(run.out, "--log-format FORMAT"));
	assert_non_null(strstr(run.out, "GESYNC_GE_SESSION"));
	assert_null(strstr(run.out, "--ge-session"));
	assert_string_equal(run.errs, "");
	for (const char *at = run.out; *at; at += strcspn(at, "\n") + 1)
		if (strcspn(at, "\n") > 100)
			fail_msg("too wide: %.*s", (int)strcspn(at, "\n"), at);
}

static void help_of_a_command_shows_its_own_options(void **state)
{
	(void)state;
	assert_int_equal(scheduler("ping --help"), 0);
	assert_non_null(strstr(run.out, "usage: gesync-scheduler ping [OPTION]"));
	assert_non_null(strstr(run.out, "--count N"));
	assert_null(strstr(run.out, "--full"));
	assert_int_equal(scheduler("xyzzy --help"), 0);
	assert_non_null(strstr(run.out, "Commands"));
}

static void help_and_version_answer_whatever_else_is_wrong(void **state)
{
	(void)state;
	assert_int_equal(worker("--bogus --concurrency x -h", "GESYNC_GE_RATE=fast"), 0);
	assert_string_equal(run.errs, "");
	assert_int_equal(worker("--version --bogus", ""), 0);
	assert_string_equal(run.out, "gesync-worker " GESYNC_VERSION "\n");
	assert_null(run.s.redis_url);
}

static int tidy(void **state)
{
	(void)state;
	clear();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_setting_has_its_default),
		cmocka_unit_test(the_flag_wins_over_the_environment),
		cmocka_unit_test(a_wrong_variable_is_no_matter_where_the_flag_is_given),
		cmocka_unit_test(all_wrong_settings_are_told_at_once),
		cmocka_unit_test(a_wrong_flag_and_a_wrong_setting_are_told_together),
		cmocka_unit_test(nothing_is_left_after_a_refusal),
		cmocka_unit_test(numbers_keep_to_their_bounds),
		cmocka_unit_test(a_duration_has_a_unit_or_is_seconds),
		cmocka_unit_test(what_is_no_duration_is_refused),
		cmocka_unit_test(today_must_be_a_real_date),
		cmocka_unit_test(queues_are_known_and_named_once),
		cmocka_unit_test(an_address_to_listen_on_has_a_port),
		cmocka_unit_test(redis_is_named_in_one_of_four_ways),
		cmocka_unit_test(the_database_is_any_connection_string_of_libpq),
		cmocka_unit_test(the_ge_server_is_http),
		cmocka_unit_test(names_keep_to_their_letters),
		cmocka_unit_test(switches_and_levels_are_read),
		cmocka_unit_test(an_empty_variable_is_none_only_where_none_is_the_default),
		cmocka_unit_test(an_unknown_variable_is_told_and_no_more),
		cmocka_unit_test(variables_of_kubernetes_are_no_misspellings),
		cmocka_unit_test(a_secret_may_be_in_a_file),
		cmocka_unit_test(a_file_that_cannot_be_is_told_with_its_name),
		cmocka_unit_test(only_secrets_and_urls_are_read_from_files),
		cmocka_unit_test(a_value_and_its_file_exclude_each_other),
		cmocka_unit_test(a_secret_has_no_flag),
		cmocka_unit_test(no_secret_and_no_url_is_ever_printed),
		cmocka_unit_test(options_stand_before_and_after_words),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(wait_takes_its_seconds_only_with_an_equals_sign),
		cmocka_unit_test(an_option_is_refused_with_a_command_it_is_not_for),
		cmocka_unit_test(a_misspelling_is_answered_with_what_was_meant),
		cmocka_unit_test(wrong_usage_is_one_line_each),
		cmocka_unit_test(help_shows_every_setting_within_a_hundred_columns),
		cmocka_unit_test(help_of_a_command_shows_its_own_options),
		cmocka_unit_test(help_and_version_answer_whatever_else_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, tidy);
}
