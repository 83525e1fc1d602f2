/* migration.c - one migration file: its names and its header. */
#include "migration.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "settings.h"
#include "sql_lex.h"
#include "utf8.h"

/* ---- names ---- */

static bool is_word(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_')
			return false;
	return len > 0;
}

bool migration_app_valid(const char *app)
{
	return is_word(app, strlen(app)) && !isdigit((unsigned char)*app) && strlen(app) < 100;
}

bool migration_name_valid(const char *name)
{
	return strlen(name) > 5 && strlen(name) < 100 && strspn(name, "0123456789") == 4 &&
	       name[4] == '_' && is_word(name, strlen(name));
}

/* "app.name", len bytes of it. */
static bool id_valid(const char *id, size_t len)
{
	char copy[MIGRATION_NAME_MAX + 1];
	char *dot;

	if (len > MIGRATION_NAME_MAX)
		return false;
	memcpy(copy, id, len);
	copy[len] = '\0';
	dot = strchr(copy, '.');
	if (!dot)
		return false;
	*dot = '\0';
	return migration_app_valid(copy) && migration_name_valid(dot + 1);
}

/* ---- the header ---- */

struct header {
	struct migration *m;
	int line;
	struct err *err;
};

__attribute__((format(printf, 2, 3)))
static int header_wrong(struct header *h, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(h->err, ERR_PERMANENT, "migration_failed", "%s/%s.sql:%d: %s",
		       h->m->app, h->m->name, h->line, what);
}

static void names_add(struct migration_names *names, const char *id, size_t len)
{
	names->v = need(reallocarray(names->v, names->n + 1, sizeof(*names->v)));
	names->v[names->n++] = need(strndup(id, len));
}

/* "core.0001_initial, license.0002_x" */
static int read_names(struct header *h, struct migration_names *names, const char *value)
{
	if (!*value)
		return header_wrong(h, "names no migration");
	while (*value) {
		size_t len = strcspn(value, ", \t");

		if (!id_valid(value, len))
			return header_wrong(h, "'%.*s' is no migration: write app.NNNN_name", (int)(len > 60 ? 60 : len), value);
		if (names->n == MIGRATIONS_MAX)
			return header_wrong(h, "names more than %d migrations", MIGRATIONS_MAX);
		names_add(names, value, len);
		value += len;
		value += strspn(value, ", \t");
	}
	return 0;
}

static int read_depends(struct header *h, const char *value)
{
	return read_names(h, &h->m->depends, value);
}

static int read_replaces(struct header *h, const char *value)
{
	return read_names(h, &h->m->replaces, value);
}

static int read_transaction(struct header *h, const char *value)
{
	if (strcmp(value, "on") && strcmp(value, "off"))
		return header_wrong(h, "transaction is on or off, not '%.60s'", value);
	h->m->transaction = !strcmp(value, "on");
	return 0;
}

static int read_timeout(struct header *h, const char *value)
{
	int64_t ms = settings_duration_ms(value);

	if (ms < 1 || ms > INT32_MAX)
		return header_wrong(h, "statement_timeout is a time like 30m or 2h, not '%.60s'", value);
	h->m->statement_timeout_ms = ms;
	return 0;
}

static int read_lint(struct header *h, const char *value)
{
	(void)value;            /* migration_lint.c reads these, wherever they stand */
	(void)h;
	return 0;
}

static const struct header_key {
	const char *name;
	int (*read)(struct header *h, const char *value);
} header_keys[] = {
	{ "depends", read_depends }, { "replaces", read_replaces }, { "transaction", read_transaction },
	{ "statement_timeout", read_timeout }, { "lint", read_lint },
};

/* "-- depend: x" was meant to be something: it does not become prose. */
static bool is_near(const char *key, const char *name)
{
	return !strncasecmp(key, name, 5) && strcspn(key, " ") == strlen(key);
}

static int read_line(struct header *h, const char *key, const char *value)
{
	for (size_t i = 0; i < sizeof(header_keys) / sizeof(*header_keys); i++)
		if (!strcmp(key, header_keys[i].name))
			return header_keys[i].read(h, value);
	for (size_t i = 0; i < sizeof(header_keys) / sizeof(*header_keys); i++)
		if (is_near(key, header_keys[i].name))
			return header_wrong(h, "'%.40s' is unknown; '%s' was meant?", key, header_keys[i].name);
	return 0;
}

/* A line of the header, cut out: "-- key: value". */
static int read_comment(struct header *h, char *line)
{
	char *key = line + 2 + strspn(line + 2, " \t");
	char *colon = strchr(key, ':');
	char *value, *end;

	if (!colon)
		return 0;
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	for (end = value + strlen(value); end > value && isspace((unsigned char)end[-1]); )
		*--end = '\0';
	return read_line(h, key, value);
}

static int read_header(struct header *h)
{
	const char *at = h->m->sql;
	int rc = 0;

	for (h->line = 1; !rc && *at; h->line++) {
		size_t len = strcspn(at, "\n");
		char *line = need(strndup(at, len));

		if (strncmp(line, "--", 2) && strspn(line, " \t\r") != len) {
			free(line);
			return 0;
		}
		if (!strncmp(line, "--", 2))
			rc = read_comment(h, line);
		free(line);
		at += len + (at[len] == '\n');
	}
	return rc;
}

static int look_at_bytes(struct header *h, const char *bytes, size_t len)
{
	h->line = 1;
	if (len > MIGRATION_BYTES_MAX)
		return header_wrong(h, "the file is longer than %d bytes", MIGRATION_BYTES_MAX);
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_char(bytes + i, len - i);
		if (!n || !bytes[i])
			return header_wrong(h, "the file is no UTF-8 text here");
		h->line += bytes[i] == '\n';
	}
	return 0;
}

/* gesync opens and ends the transactions, and has nothing to feed a COPY with. */
static int look_at_statements(struct header *h)
{
	const char *at = h->m->sql;
	struct sql_statement st;
	int line = 1;

	while (sql_next_statement(&at, &line, &st)) {
		h->line = st.line;
		if (sql_controls_transaction(&st))
			return header_wrong(h, "BEGIN, COMMIT, SAVEPOINT and the like are gesync's to say, not a file's");
		if (sql_copies_client(&st))
			return header_wrong(h, "COPY from or to the client cannot be run here: write INSERT");
	}
	return 0;
}

/* ---- what the header promised ---- */

struct migration *migration_parse(const char *app, const char *name, const char *bytes, size_t len,
				  const char *checksum, struct err *err)
{
	struct migration *m = need(calloc(1, sizeof(*m)));
	struct header h = { .m = m, .err = err };
	size_t bom;

	m->app = need_copy(app);
	m->name = need_copy(name);
	m->id = need_text("%s.%s", app, name);
	m->checksum = need_copy(checksum);
	m->transaction = true;
	m->statement_timeout_ms = MIGRATION_TIMEOUT_MS;
	if (look_at_bytes(&h, bytes, len) < 0) {
		migration_free(m);
		return NULL;
	}
	/* An editor's byte order mark is no SQL; psql passes over it, too. */
	bom = len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
	m->sql = need(strndup(bytes + bom, len - bom));
	if (read_header(&h) < 0 || look_at_statements(&h) < 0) {
		migration_free(m);
		return NULL;
	}
	return m;
}

static void names_clear(struct migration_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
}

void migration_free(struct migration *m)
{
	if (!m)
		return;
	free(m->app);
	free(m->name);
	free(m->id);
	free(m->sql);
	free(m->checksum);
	names_clear(&m->depends);
	names_clear(&m->replaces);
	free(m);
}
