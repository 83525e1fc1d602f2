/* servers_impl.h - what proc.c and servers.c share. */
#ifndef GESYNC_TESTS_SERVERS_IMPL_H
#define GESYNC_TESTS_SERVERS_IMPL_H

#include <pwd.h>

#include "servers.h"

void *test_alloc(size_t size);  /* zeroed; freed when the program ends */
void test_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
struct proc *proc_start_as(const struct passwd *user, const char *const *argv,
			   const char *const *env, const char *input);
/* redis-cli, which may fail. */
char *test_redis_try(struct test_redis *redis, const char *const *words);

#endif
