/* open_files.c - how many files this process may have open. */
#include "open_files.h"

#include <limits.h>
#include <sys/resource.h>

int open_files_raise(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return INT_MAX;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	getrlimit(RLIMIT_NOFILE, &files);
	return files.rlim_cur < INT_MAX ? (int)files.rlim_cur : INT_MAX;
}
