/* proc.c - the folder, the processes and the waiting of a test program.
 *
 * Everything is undone at exit(): processes killed, the folder removed. Where
 * the program dies without exit() (a sanitizer, a crash), its children get
 * SIGKILL from the kernel, and a small shell that waits for the end of a pipe
 * removes the folder. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stddef.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "servers_impl.h"

struct block {                  /* memory that lives until the end */
	struct block *next;
	max_align_t bytes[];
};

struct child {
	struct child *next;
	struct proc proc;
};

static struct block *blocks;
static struct child *children;
static char dir[64];
static pid_t owner;             /* forked children must not clean up */

extern char **environ;

/* --- failing and memory ------------------------------------------------------------ */

void test_fail(const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_error("%s\n", text);
	fail();
}

void *test_alloc(size_t size)
{
	struct block *b = calloc(1, sizeof(*b) + size);

	if (!b)
		abort();
	b->next = blocks;
	blocks = b;
	return b->bytes;
}

static char *format(const char *fmt, va_list ap)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	text = test_alloc((size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	return text;
}

char *test_format(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = format(fmt, ap);
	va_end(ap);
	return text;
}

/* --- waiting ------------------------------------------------------------------------- */

int64_t test_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void test_pause(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

void test_deadline(int64_t since_ms, const char *cond, const char *file, int line)
{
	if (test_now_ms() - since_ms > WAIT_MS)
		test_fail("%s:%d: waited %d s in vain for: %s", file, line, WAIT_MS / 1000, cond);
}

struct tick {
	struct timer *timer;
};

static void on_tick(void *data)
{
	struct tick *t = data;

	timer_set(t->timer, 10);
}

struct timer *test_tick(struct loop *loop)
{
	struct tick *t = test_alloc(sizeof(*t));

	t->timer = timer_new(loop, on_tick, t);
	timer_set(t->timer, 10);
	return t->timer;
}

/* --- the folder ---------------------------------------------------------------------- */

static void remove_dir(void)
{
	pid_t pid = fork();

	if (!pid) {
		execlp("rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void clean_up(void)
{
	struct block *b;

	if (getpid() != owner)
		return;
	for (struct child *c = children; c; c = c->next)
		proc_signal(&c->proc, SIGKILL);
	for (struct child *c = children; c; c = c->next)
		if (!c->proc.ended)
			waitpid(c->proc.pid, NULL, 0);
	while (children) {
		struct child *c = children;

		children = c->next;
		free(c);
	}
	remove_dir();
	while ((b = blocks)) {
		blocks = b->next;
		free(b);
	}
}

/* Its standard input ends when we do. The processes of PostgreSQL notice a
 * little later that their parent is gone: hence the second try. */
static void start_watchman(void)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		abort();
	pid = fork();
	if (!pid) {
		setsid();
		dup2(fds[0], STDIN_FILENO);
		execlp("sh", "sh", "-c", "exec >/dev/null 2>&1; cat; rm -rf \"$0\" || { sleep 2; rm -rf \"$0\"; }",
		       dir, (char *)NULL);
		_exit(127);
	}
	close(fds[0]);          /* the other end stays open as long as we live */
}

const char *test_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	if (*dir)
		return dir;
	/* The path of a Unix socket is short. */
	if (!tmp || strlen(tmp) > 30)
		tmp = "/tmp";
	snprintf(dir, sizeof(dir), "%s/gesync-test-XXXXXX", tmp);
	if (!mkdtemp(dir) || chmod(dir, 0755) < 0)
		abort();
	owner = getpid();
	start_watchman();
	atexit(clean_up);
	return dir;
}

char *test_path(const char *fmt, ...)
{
	va_list ap;
	char *name;

	va_start(ap, fmt);
	name = format(fmt, ap);
	va_end(ap);
	return test_format("%s/%s", test_dir(), name);
}

void test_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		test_fail("cannot write %s: %s", path, strerror(errno));
}

char *test_read(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t len = 0, size = 4096;
	char *text = malloc(size), *kept;

	while (f && text) {
		len += fread(text + len, 1, size - len - 1, f);
		if (len < size - 1)
			break;
		size *= 2;
		text = realloc(text, size);
	}
	if (!text)
		abort();
	if (f)
		fclose(f);
	kept = test_alloc(len + 1);
	memcpy(kept, text, len);
	free(text);
	return kept;
}

/* One below those that the kernel gives to whoever asks for any, so that it is
 * still free when its server comes to it; a test program begins at its own. */
int test_free_port(void)
{
	static unsigned int next;
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	for (;;) {
		int port = (int)(10000 + ((unsigned int)getpid() * 20 + next++) % 20000);
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

		addr.sin_port = htons((uint16_t)port);
		if (fd < 0)
			abort();
		rc = bind(fd, (struct sockaddr *)&addr, sizeof(addr));
		close(fd);
		if (rc == 0)
			return port;
	}
}

/* --- programs ------------------------------------------------------------------------ */

static void open_as(int fd, const char *path, int flags)
{
	int from = open(path, flags | O_CLOEXEC, 0644);

	if (from < 0 || dup2(from, fd) < 0)
		_exit(126);
}

/* In the child, before its program. */
static void become(const struct passwd *user, const char *const *argv, const char *const *env,
		   const char *in, const char *out, const char *err)
{
	open_as(STDIN_FILENO, in, O_RDONLY);
	open_as(STDOUT_FILENO, out, O_WRONLY | O_CREAT | O_APPEND);
	open_as(STDERR_FILENO, err, O_WRONLY | O_CREAT | O_APPEND);
	if (user && (setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0))
		_exit(126);
	/* After setuid(), which would undo it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != owner)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	if (user && chdir("/") < 0)
		_exit(126);
	for (; env && *env; env++)
		putenv((char *)(uintptr_t)*env);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

struct proc *proc_start_as(const struct passwd *user, const char *const *argv,
			   const char *const *env, const char *input)
{
	static int number;
	struct child *c = calloc(1, sizeof(*c));
	const char *in = "/dev/null";

	if (!c)
		abort();
	test_dir();
	number++;
	c->proc.out = test_path("%d.out", number);
	c->proc.err = test_path("%d.err", number);
	if (input) {
		in = test_path("%d.in", number);
		test_write(in, input);
	}
	fflush(NULL);
	c->proc.pid = fork();
	if (c->proc.pid < 0)
		abort();
	if (!c->proc.pid)
		become(user, argv, env, in, c->proc.out, c->proc.err);
	c->next = children;
	children = c;
	return &c->proc;
}

struct proc *proc_start(const char *const *argv, const char *const *env)
{
	return proc_start_as(NULL, argv, env, NULL);
}

struct proc *proc_start_input(const char *const *argv, const char *const *env,
			      const char *input)
{
	return proc_start_as(NULL, argv, env, input);
}

bool proc_ended(struct proc *p)
{
	int status;

	if (p->ended || waitpid(p->pid, &status, WNOHANG) != p->pid)
		return p->ended;
	p->ended = true;
	p->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return true;
}

void proc_signal(struct proc *p, int signum)
{
	if (!proc_ended(p))
		kill(p->pid, signum);
}

int proc_wait(struct proc *p)
{
	wait_until(proc_ended(p));
	return p->status;
}

char *proc_out(struct proc *p)
{
	return test_read(p->out);
}

char *proc_err(struct proc *p)
{
	return test_read(p->err);
}

static bool has_said(struct proc *p, const char *text)
{
	return strstr(proc_out(p), text) || strstr(proc_err(p), text);
}

void proc_wait_text(struct proc *p, const char *text)
{
	bool ended = false;

	for (int64_t since = test_now_ms(); !has_said(p, text); test_pause()) {
		if (ended)
			test_fail("a program ended (%d) without saying '%s': %s%s", p->status, text,
				  proc_out(p), proc_err(p));
		ended = proc_ended(p);  /* its last words count: one more look */
		if (test_now_ms() - since > WAIT_MS)
			test_fail("'%s' was not said: %s%s", text, proc_out(p), proc_err(p));
	}
}

char *proc_run(const char *const *argv, const char *const *env, int *status)
{
	struct proc *p = proc_start(argv, env);
	int rc = proc_wait(p);

	if (status)
		*status = rc;
	else if (rc)
		test_fail("%s: exit status %d: %s", argv[0], rc, proc_err(p));
	return proc_out(p);
}
