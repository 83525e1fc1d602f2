/* settings_fuzz.c - settings, durations and Redis URLs. Each line of the input
 * is a variable ("GESYNC_X=value") or, where it has no such name, a word of
 * the command line; each is also read as a duration, as a URL, and as what
 * follows a password in one.
 *
 * Settings that are taken are within their bounds; what is refused is said,
 * and no secret with it. */
#include "fuzz.h"

#include "redis_url.h"
#include "settings.h"

#define WORDS 32
#define SECRET "s3cret"
#define YEARS (INT64_C(100) * 366 * 86400000)

struct options { bool watch; char *name; struct strings list; int limit; int64_t wait_ms; };

static const struct option_spec specs[] = {
	{ "watch", OPT_FLAG, offsetof(struct options, watch), NULL, "a flag", .max = 0 },
	{ "name", OPT_STRING, offsetof(struct options, name), "NAME", "a text", .max = 0 },
	{ "list", OPT_STRINGS, offsetof(struct options, list), "NO", "texts", .max = 0 },
	{ "limit", OPT_INT, offsetof(struct options, limit), "N", "a number", 1, 1000, NULL },
	{ "wait", OPT_OPTIONAL_SECONDS, offsetof(struct options, wait_ms), "SECONDS", "or none", .max = 0 },
	{ .name = NULL }
};
static const struct program_command commands[] = { { "go", NULL, "goes" }, { .name = NULL } };
static const struct program program = { "fuzz", "fuzzes", "fuzz go", specs, commands };

static void must_be_within_bounds(const struct settings *s)
{
	must(*s->redis_url && *s->database_url && *s->namespace_);
	must(s->ge_rate >= 0 && s->ge_rate <= 1e6 && s->ge_burst >= 0);
	must(s->nqueues >= 1 && s->nqueues <= QUEUES);
	for (int i = 0; i < s->nqueues; i++)
		for (int k = 0; k < i; k++)
			must(s->queues[i] != s->queues[k]);
	must(s->concurrency >= 1 && s->concurrency <= 10000 && s->db_pool >= 1);
	must(s->max_attempts >= 1 && s->ge_breaker >= 1);
	must(s->retry_base_ms >= 0 && s->retry_cap_ms <= YEARS && s->lease_ms > 0 && s->grace_ms >= 0);
	must(s->ge_timeout_ms > 0 && s->job_timeout_ms > 0 && s->ge_breaker_open_ms > 0);
}

static void try_settings(char **env, int argc, char **argv)
{
	struct settings s;
	struct options opt = { .limit = 7 };
	struct strings args = { NULL, 0 };
	char *out_text = NULL, *errs_text = NULL;
	size_t out_len, errs_len;
	FILE *out = open_memstream(&out_text, &out_len), *errs = open_memstream(&errs_text, &errs_len);
	int status;

	must(out && errs);
	status = settings_parse(&s, &opt, &program, argc, argv, env, &args, out, errs);
	fclose(out);
	fclose(errs);
	must(status == -1 || status == 0 || status == 2);
	must((status == 0) == (out_len > 0));
	must(status != 2 || errs_len > 0);
	must(!strstr(errs_text, SECRET) && !strstr(out_text, SECRET));
	if (status < 0) {
		must_be_within_bounds(&s);
		must(opt.limit >= 1 && opt.limit <= 1000 && opt.wait_ms >= -1);
		settings_clear(&s);
		strings_clear(&args);
	}
	strings_clear(&opt.list);
	free(out_text);
	free(errs_text);
}

static void try_duration(const char *text)
{
	int64_t ms = settings_duration_ms(text);
	char again[32];

	must(ms >= -1 && ms <= YEARS);
	if (ms >= 0) {
		snprintf(again, sizeof(again), "%lldms", (long long)ms);
		must(settings_duration_ms(again) == ms);
	}
}

static void must_be_place(const struct redis_place *at)
{
	must((*at->host != '\0') != (*at->path != '\0'));
	must(*at->path || (at->port >= 1 && at->port <= 65535));
}

static void try_url(const char *text)
{
	struct redis_url url;
	struct err err;

	if (redis_url_parse(&url, text, &err) < 0) {
		must_be_message(err.msg);
		must(!strstr(err.msg, SECRET));
		return;
	}
	must(!*url.master == !url.nsentinels && url.nsentinels <= REDIS_SENTINELS_MAX);
	if (!url.nsentinels)
		must_be_place(&url.at);
	for (int i = 0; i < url.nsentinels; i++)
		must_be_place(&url.sentinels[i]);
	must(url.db >= 0);
}

/* No file is read: the fuzzer would ask for /dev/stdin. */
static bool is_variable(const char *line)
{
	return !strncmp(line, "GESYNC_", 7) && strchr(line, '=') && !strstr(line, "_FILE");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = text_of(bytes, len), *rest = text, *line;
	char *env[WORDS + 2] = { "GESYNC_GE_SESSION=" SECRET, NULL }, *argv[WORDS + 2] = { "fuzz" };
	char url[128];
	int argc = 1, vars = 2;

	/* It may guess the secret; then it tells what it told itself. */
	for (char *at = text; (at = strstr(at, SECRET)); )
		*at = 'x';
	snprintf(url, sizeof(url), "GESYNC_REDIS_URL=redis://u:" SECRET "@%.90s", text);
	url[strcspn(url, "\n")] = '\0';
	env[1] = url;
	try_url(url + strlen("GESYNC_REDIS_URL="));
	while ((line = strsep(&rest, "\n"))) {
		try_duration(line);
		try_url(line);
		if (is_variable(line) && vars < WORDS)
			env[vars++] = line;
		else if (argc < WORDS)
			argv[argc++] = line;
	}
	try_settings(env, argc, argv);
	free(text);
	return 0;
}
