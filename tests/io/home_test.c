/* home_test.c - the same program, run from several places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "home.h"
#include "tests/support/servers.h"

/* What the program says if it lies at path. */
static const char *from(const char *path)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *install[] = { "install", "-D", self, path, NULL };
	const char *run[] = { path, "models", NULL };

	assert_true(n > 0);
	self[n] = '\0';
	proc_run(install, NULL, NULL);
	return proc_run(run, NULL, NULL);
}

static void make_folder(const char *path)
{
	const char *mkdir[] = { "mkdir", "-p", path, NULL };

	proc_run(mkdir, NULL, NULL);
}

static void a_setting_wins(void **state)
{
	char *dir = home_dir("/somewhere/else", "models");

	(void)state;
	assert_string_equal(dir, "/somewhere/else");
	free(dir);
}

static void a_program_in_its_build_folder_uses_the_tree(void **state)
{
	(void)state;
	make_folder(test_path("tree/db/models"));
	assert_string_equal(from(test_path("tree/build/san/bin/gesyncctl")),
			    test_path("tree/db/models"));
}

static void an_installed_program_uses_what_lies_beside_it(void **state)
{
	(void)state;
	make_folder(test_path("usr/share/gesync/db/models"));
	assert_string_equal(from(test_path("usr/bin/gesyncctl")),
			    test_path("usr/share/gesync/db/models"));
}

static void any_other_program_uses_its_prefix(void **state)
{
	(void)state;
	assert_string_equal(from(test_path("alone/gesyncctl")),
			    GESYNC_PREFIX "/share/gesync/db/models");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_setting_wins),
		cmocka_unit_test(a_program_in_its_build_folder_uses_the_tree),
		cmocka_unit_test(an_installed_program_uses_what_lies_beside_it),
		cmocka_unit_test(any_other_program_uses_its_prefix),
	};

	if (argc > 1) {
		char *dir = home_dir(NULL, argv[1]);

		fputs(dir, stdout);
		free(dir);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
