/* child.c - another program: its end, and the last line it says. */
#include "child.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop_uv.h"
#include "mem.h"

extern char **environ;

struct child {
	uv_process_t process;
	uv_pipe_t err;
	int open;                       /* handles that are not closed */
	bool running, at_end;
	int status;
	char buf[1024];                 /* what is being read */
	char line[CHILD_SAID], said[CHILD_SAID];        /* under way, and the last whole one */
	size_t len;
	child_cb *cb;                   /* NULL: stopped */
	void *data;
};

/* ---- what it says ---- */

static void end_line(struct child *c)
{
	if (!c->len)
		return;
	memcpy(c->said, c->line, c->len);
	c->said[c->len] = '\0';
	c->len = 0;
}

static void take_bytes(struct child *c, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n')
			end_line(c);
		else if (c->len < sizeof(c->line) - 1)
			c->line[c->len++] = bytes[i];
	}
}

/* ---- its end ---- */

static void on_closed(uv_handle_t *h)
{
	struct child *c = h->data;

	if (--c->open)
		return;
	end_line(c);
	if (c->cb)
		c->cb(c->status, c->said, c->data);
	free(c);
}

static void close_handle(uv_handle_t *h)
{
	if (!uv_is_closing(h))
		uv_close(h, on_closed);
}

/* Both its exit and the end of what it says: whichever comes first. */
static void look_at_end(struct child *c)
{
	if (c->running || !c->at_end)
		return;
	close_handle((uv_handle_t *)&c->err);
	close_handle((uv_handle_t *)&c->process);
}

static void on_exit_(uv_process_t *process, int64_t status, int signum)
{
	struct child *c = process->data;

	c->status = signum ? 128 + signum : (int)status;
	c->running = false;
	look_at_end(c);
}

static void on_room(uv_handle_t *h, size_t want, uv_buf_t *buf)
{
	struct child *c = h->data;

	(void)want;
	*buf = uv_buf_init(c->buf, sizeof(c->buf));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct child *c = stream->data;

	if (n > 0)
		take_bytes(c, buf->base, (size_t)n);
	if (n < 0) {
		uv_read_stop(stream);
		c->at_end = true;
		look_at_end(c);
	}
}

/* ---- its beginning ---- */

static bool replaced(const char *entry, const char *const *env)
{
	size_t len = strcspn(entry, "=") + 1;

	for (; *env; env++)
		if (!strncmp(*env, entry, len))
			return true;
	return false;
}

/* The vector is the caller's, the strings are not. */
static char **merge_env(const char *const *env)
{
	size_t n = 0, i = 0;
	char **all;

	while (environ[n])
		n++;
	for (i = 0; env[i]; i++)
		n++;
	all = need(calloc(n + 1, sizeof(char *)));
	n = 0;
	for (i = 0; environ[i]; i++)
		if (!replaced(environ[i], env))
			all[n++] = environ[i];
	for (i = 0; env[i]; i++)
		all[n++] = (char *)(uintptr_t)env[i];
	return all;
}

struct child *child_start(struct loop *loop, const char *const *argv, const char *const *env,
			  child_cb *cb, void *data)
{
	struct child *c = need(calloc(1, sizeof(*c)));
	uv_stdio_container_t stdio[3] = { { .flags = UV_IGNORE }, { .flags = UV_IGNORE } };
	uv_process_options_t options = {
		.exit_cb = on_exit_, .file = argv[0], .args = (char **)(uintptr_t)argv,
		.stdio_count = 3, .stdio = stdio,
	};
	int rc;

	c->cb = cb;
	c->data = data;
	c->open = 2;
	c->process.data = c->err.data = c;
	uv_pipe_init(loop_uv(loop), &c->err, 0);
	stdio[2].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
	stdio[2].data.stream = (uv_stream_t *)&c->err;
	options.env = merge_env(env);
	rc = uv_spawn(loop_uv(loop), &c->process, &options);
	free(options.env);
	c->running = rc == 0;
	if (rc == 0 && uv_read_start((uv_stream_t *)&c->err, on_room, on_read) == 0)
		return c;
	c->at_end = true;
	if (rc < 0) {
		c->status = -1;
		snprintf(c->said, sizeof(c->said), "%s: %s", argv[0], uv_strerror(rc));
	}
	look_at_end(c);
	return c;
}

void child_stop(struct child *c)
{
	if (!c)
		return;
	c->cb = NULL;
	if (c->running)
		uv_process_kill(&c->process, SIGKILL);  /* and stays until it is reaped */
	uv_read_stop((uv_stream_t *)&c->err);
	c->at_end = true;
	look_at_end(c);
}
