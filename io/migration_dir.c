/* migration_dir.c - reads the migration files of a folder. They are few and
 * small: read at once, at the beginning of a command or job. */
#include "migration_dir.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "digest.h"
#include "mem.h"

static int fail(struct err *err, const char *path)
{
	return err_set(err, ERR_PERMANENT, "migration_failed", "%s: %s", path, strerror(errno));
}

static char *path_of(const char *dir, const char *name)
{
	char *path;

	path = need_text("%s/%s", dir, name);
	return path;
}

/* At most one byte more than a file may have: migration_parse() says it is too long. */
static char *read_file(const char *path, size_t *len, struct err *err)
{
	FILE *in = fopen(path, "re");
	char *bytes = need(malloc(MIGRATION_BYTES_MAX + 1));

	if (!in) {
		fail(err, path);
		free(bytes);
		return NULL;
	}
	*len = fread(bytes, 1, MIGRATION_BYTES_MAX + 1, in);
	if (ferror(in)) {
		fail(err, path);
		free(bytes);
		bytes = NULL;
	}
	fclose(in);
	return bytes;
}

static int add_file(struct migrations *set, const char *app, const char *name, const char *path, struct err *err)
{
	char sum[DIGEST_HEX];
	struct migration *m;
	size_t len;
	char *bytes;

	if (!migration_name_valid(name))
		return err_set(err, ERR_PERMANENT, "migration_failed", "%s: name it NNNN_name.sql, four digits first", path);
	if (set->n >= MIGRATIONS_MAX)
		return err_set(err, ERR_PERMANENT, "migration_failed", "%s: more than %d migrations", path, MIGRATIONS_MAX);
	bytes = read_file(path, &len, err);
	if (!bytes)
		return -1;
	m = migration_parse(app, name, bytes, len, digest_sha256(bytes, len, sum), err);
	free(bytes);
	if (!m)
		return -1;
	migrations_add(set, m);
	return 0;
}

/* Calls each() with the name of every entry that is not hidden. */
static int each_entry(const char *dir, int (*each)(const char *dir, const char *name, void *data, struct err *err),
		      void *data, struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int rc = 0;

	if (!d)
		return fail(err, dir);
	while (!rc && (e = readdir(d)))
		if (*e->d_name != '.')
			rc = each(dir, e->d_name, data, err);
	closedir(d);
	return rc;
}

struct folder { struct migrations *set; const char *app; };

static int on_file(const char *dir, const char *file, void *data, struct err *err)
{
	struct folder *f = data;
	size_t len = strlen(file);
	char *path, *name;
	int rc;

	if (len < 4 || strcmp(file + len - 4, ".sql"))
		return 0;
	path = path_of(dir, file);
	name = need(strndup(file, len - 4));
	rc = add_file(f->set, f->app, name, path, err);
	free(name);
	free(path);
	return rc;
}

static int on_app(const char *dir, const char *app, void *data, struct err *err)
{
	struct folder f = { data, app };
	struct stat st;
	char *path;
	int rc = 0;

	if (!migration_app_valid(app) || !strcmp(app, "gesync"))
		return 0;
	path = path_of(dir, app);
	if (stat(path, &st) < 0)
		rc = fail(err, path);
	else if (S_ISDIR(st.st_mode))
		rc = each_entry(path, on_file, &f, err);
	free(path);
	return rc;
}

int migration_dir_load(struct migrations *set, const char *dir, struct err *err)
{
	if (each_entry(dir, on_app, set, err) < 0)
		return -1;
	return migrations_order(set, err);
}
