/* tree.c - folders of files. They are few and small: worked upon at once. */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

#define OPEN_MAX_FDS 16

static int fail(struct err *err, const char *path)
{
	return err_set(err, ERR_PERMANENT, "migration_failed", "%s: %s", path, strerror(errno));
}

static char *path_of(const char *dir, const char *name, const char *more)
{
	char *path;

	path = need_text("%s/%s%s", dir, name, more);
	return path;
}

/* Opens, fills, closes: an error may show only then. */
static int write_file(const char *path, const char *bytes, size_t len, mode_t mode, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0777);

	if (fd < 0)
		return fail(err, path);
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0) {
			fail(err, path);
			close(fd);
			return -1;
		}
		bytes += n;
		len -= (size_t)n;
	}
	return close(fd) < 0 ? fail(err, path) : 0;
}

/* ---- copied ---- */

static int copy_file(const char *from, const char *to, const struct stat *st, struct err *err)
{
	char *bytes = need(malloc((size_t)st->st_size + 1));
	FILE *in = fopen(from, "re");
	size_t n = 0;
	int rc;

	if (in)
		n = fread(bytes, 1, (size_t)st->st_size, in);
	if (!in || ferror(in))
		rc = fail(err, from);
	else
		rc = write_file(to, bytes, n, st->st_mode, err);
	if (in)
		fclose(in);
	free(bytes);
	return rc;
}

static int copy_entry(const char *from, const char *to, struct err *err);

static int copy_folder(const char *from, const char *to, const struct stat *st, struct err *err)
{
	DIR *d = opendir(from);
	struct dirent *e;
	int rc = 0;

	if (!d)
		return fail(err, from);
	if (mkdir(to, st->st_mode & 0777) < 0)
		rc = fail(err, to);
	while (!rc && (e = readdir(d))) {
		char *a, *b;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		a = path_of(from, e->d_name, "");
		b = path_of(to, e->d_name, "");
		rc = copy_entry(a, b, err);
		free(a);
		free(b);
	}
	closedir(d);
	return rc;
}

static int copy_entry(const char *from, const char *to, struct err *err)
{
	struct stat st;

	if (lstat(from, &st) < 0)
		return fail(err, from);
	if (S_ISDIR(st.st_mode))
		return copy_folder(from, to, &st, err);
	if (S_ISREG(st.st_mode))
		return copy_file(from, to, &st, err);
	return err_set(err, ERR_PERMANENT, "migration_failed", "%s is no file and no folder", from);
}

int tree_copy(const char *from, const char *to, struct err *err)
{
	struct stat st;

	if (lstat(to, &st) == 0)
		return err_set(err, ERR_PERMANENT, "migration_failed", "%s is there already", to);
	if (copy_entry(from, to, err) == 0)
		return 0;
	tree_remove(to);
	return -1;
}

/* ---- removed ---- */

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	remove(path);
	return 0;
}

void tree_remove(const char *dir)
{
	nftw(dir, remove_entry, OPEN_MAX_FDS, FTW_DEPTH | FTW_PHYS);
}

int tree_empty(const char *dir, const char *app, struct err *err)
{
	char *path = path_of(dir, app, "");
	DIR *d = opendir(path);
	struct dirent *e;
	int rc = 0;

	if (!d && errno != ENOENT)
		rc = fail(err, path);
	while (d && !rc && (e = readdir(d))) {
		size_t len = strlen(e->d_name);

		if (len > 4 && !strcmp(e->d_name + len - 4, ".sql") && unlinkat(dirfd(d), e->d_name, 0) < 0)
			rc = fail(err, path);
	}
	if (d)
		closedir(d);
	free(path);
	return rc;
}

/* ---- written ---- */

int tree_write(const char *dir, const char *app, const char *name, const char *text, struct err *err)
{
	char *folder = path_of(dir, app, ""), *path = path_of(folder, name, ".sql");
	int rc = 0;

	if (mkdir(folder, 0777) < 0 && errno != EEXIST)
		rc = fail(err, folder);
	if (!rc)
		rc = write_file(path, text, strlen(text), 0666, err);
	free(path);
	free(folder);
	return rc;
}

int tree_sync(const char *dir, struct err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 || syncfs(fd) < 0 ? fail(err, dir) : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

int tree_exchange(const char *a, const char *b, struct err *err)
{
	return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0 ? fail(err, a) : 0;
}
