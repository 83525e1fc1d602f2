/* home.c - finds the files that come with gesync, by where the program lies. */
#include "home.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

/* "ROOT/below/what", if ROOT is the first len bytes of path; NULL if there is none. */
static char *folder(const char *path, size_t len, const char *below, const char *what)
{
	struct stat st;
	char *dir;

	dir = need_text("%.*s/%s/%s", (int)len, path, below, what);
	if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
		return dir;
	free(dir);
	return NULL;
}

/* Where the last "/build/" or "/bin/" of a path begins; 0 if there is none. */
static size_t before(const char *path, const char *part)
{
	size_t at = 0;

	for (const char *p = path; (p = strstr(p, part)); p++)
		at = (size_t)(p - path);
	return at;
}

char *home_dir(const char *setting, const char *what)
{
	char exe[4096], *dir = NULL;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	size_t root;

	if (setting)
		return need_copy(setting);
	exe[n > 0 ? n : 0] = '\0';
	if ((root = before(exe, "/build/")))
		dir = folder(exe, root, "db", what);
	if (!dir && (root = before(exe, "/bin/")))
		dir = folder(exe, root, "share/gesync/db", what);
	return dir ? dir : need_text("%s/share/gesync/db/%s", GESYNC_PREFIX, what);
}
