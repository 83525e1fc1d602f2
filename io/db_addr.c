/* db_addr.c - parses a conninfo, resolves the names in it, adds our settings.
 *
 * libpq takes lists: host=a,b port=1,2. Each host that is a name becomes as
 * many entries as it has addresses, with hostaddr filled; host stays beside it,
 * for certificates and .pgpass. Sockets and a given hostaddr stay as they are.
 * (Hosts that only a service= file names are resolved by libpq, blocking.) */
#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db_addr.h"
#include "mem.h"
#include "resolve.h"

#define ENTRIES_MAX 32

/* The user's own options come after ours and so win. A statement's timeout is
 * below the deadline of a request, so that it is the server who gives up first
 * and says why; only a stream is ever idle in a transaction. */
#define OPTIONS "-c statement_timeout=25s -c lock_timeout=5s" \
	" -c idle_in_transaction_session_timeout=5min -c TimeZone=UTC" \
	" -c DateStyle=ISO -c IntervalStyle=postgres -c bytea_output=hex" \
	" -c standard_conforming_strings=on -c extra_float_digits=1"

/* What stands only where the user has said nothing. A peer that vanished is
 * noticed within a minute. */
static const char *const defaults[][2] = {
	{ "keepalives", "1" }, { "keepalives_idle", "30" },
	{ "keepalives_interval", "10" }, { "keepalives_count", "3" },
	{ "tcp_user_timeout", "30000" },
	{ "client_encoding", "UTF8" },
};

struct entry {
	char *host, *addr, *port;       /* owned */
};

struct db_addr {
	struct loop *loop;              /* borrowed */
	PQconninfoOption *options;      /* owned; NULL: could not be parsed */
	char *application_name;         /* owned */
	bool writes;
	unsigned attempt;
	char *hosts, *ports;            /* owned; what is left of hosts: next */
	char *next;
	int nth;                        /* of the host being resolved */
	struct resolve *resolve;        /* pending */
	struct entry entries[ENTRIES_MAX];
	int n;
	struct err err;                 /* of the last name that has no address */
	bool cancelled;
	db_addr_cb *cb;
	void *data;
};

static void addr_free(struct db_addr *a)
{
	for (int i = 0; i < a->n; i++) {
		free(a->entries[i].host);
		free(a->entries[i].addr);
		free(a->entries[i].port);
	}
	PQconninfoFree(a->options);
	free(a->application_name);
	free(a->hosts);
	free(a->ports);
	free(a);
}

static const char *option(const PQconninfoOption *o, const char *key)
{
	for (; o && o->keyword; o++)
		if (!strcmp(o->keyword, key))
			return o->val && *o->val ? o->val : NULL;
	return NULL;
}

/* The nth of a comma list into out; a list of one counts for every host. */
static char *list_item(const char *list, int nth)
{
	const char *end;

	if (!strchr(list, ','))
		return need_copy(list);
	while (nth-- > 0 && (end = strchr(list, ',')))
		list = end + 1;
	return need(strndup(list, strcspn(list, ",")));
}

static char *join(const struct db_addr *a, size_t field)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = need(open_memstream(&text, &size));

	for (int i = 0; i < a->n; i++) {
		const struct entry *e = &a->entries[(i + (int)(a->attempt % (unsigned)a->n)) % a->n];

		fprintf(f, "%s%s", i ? "," : "", *(char *const *)((const char *)e + field));
	}
	fclose(f);
	return need(text);
}

/* Calls back with the user's options, ours, and the resolved entries. */
static void answer(struct db_addr *a)
{
	const char *keys[64], *values[64];
	char *owned[4] = { NULL };
	const char *user = option(a->options, "options");
	int n = 0;

	for (const PQconninfoOption *o = a->options; o->keyword && n < 48; o++) {
		if (!o->val || !strcmp(o->keyword, "options") ||
		    (a->n && (!strcmp(o->keyword, "host") || !strcmp(o->keyword, "port"))))
			continue;
		keys[n] = o->keyword;
		values[n++] = o->val;
	}
	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++) {
		if (option(a->options, defaults[i][0]))
			continue;
		keys[n] = defaults[i][0];
		values[n++] = defaults[i][1];
	}
	if (a->writes && !option(a->options, "target_session_attrs")) {
		keys[n] = "target_session_attrs";
		values[n++] = "read-write";
	}
	if (!user)
		user = getenv("PGOPTIONS");
	owned[0] = need_text(OPTIONS " %s", user ? user : "");
	keys[n] = "options";
	values[n++] = owned[0];
	keys[n] = "fallback_application_name";
	values[n++] = a->application_name;
	if (a->n) {
		static const struct { const char *key; size_t field; } lists[] = {
			{ "host", offsetof(struct entry, host) },
			{ "hostaddr", offsetof(struct entry, addr) },
			{ "port", offsetof(struct entry, port) },
		};

		for (int i = 0; i < 3; i++) {
			owned[i + 1] = join(a, lists[i].field);
			keys[n] = lists[i].key;
			values[n++] = owned[i + 1];
		}
	}
	keys[n] = values[n] = NULL;
	a->cb(keys, values, NULL, a->data);
	for (int i = 0; i < 4; i++)
		free(owned[i]);
}

static void on_complete(void *data)
{
	struct db_addr *a = data;

	if (!a->cancelled) {
		if (!a->options)
			err_set(&a->err, ERR_HOLD, "db_unavailable",
				"the database's connection string is not one that libpq understands");
		if (!a->options || (a->hosts && !a->n))
			a->cb(NULL, NULL, &a->err, a->data);
		else
			answer(a);
	}
	addr_free(a);
}

static void add_entry(struct db_addr *a, const char *host, const char *addr)
{
	struct entry *e = &a->entries[a->n];

	if (a->n == ENTRIES_MAX)
		return;
	a->n++;
	e->host = need_copy(host);
	e->addr = need_copy(addr);
	e->port = list_item(a->ports, a->nth);
}

static void resolve_next(struct db_addr *a);

static void on_resolved(const char *const *ips, int n, const struct err *err, void *data)
{
	struct db_addr *a = data;
	char *host = list_item(a->hosts, a->nth);

	a->resolve = NULL;
	for (int i = 0; i < n; i++)
		add_entry(a, host, ips[i]);
	if (err)
		err_set(&a->err, ERR_HOLD, "db_unavailable", "%s", err->msg);
	free(host);
	a->nth++;
	resolve_next(a);
}

static void resolve_next(struct db_addr *a)
{
	while (a->next) {
		char *host = a->next, *end = strchr(host, ',');

		if (end)
			*end = '\0';
		a->next = end ? end + 1 : NULL;
		if (*host && *host != '/' && *host != '@') {
			a->resolve = resolve_all(a->loop, host, on_resolved, a);
			if (end)
				*end = ',';
			return;
		}
		add_entry(a, host, "");         /* a socket */
		if (end)
			*end = ',';
		a->nth++;
	}
	loop_defer(a->loop, on_complete, a);
}

/* The environment's value, where the conninfo has none. */
static char *setting(const struct db_addr *a, const PQconninfoOption *env, const char *key)
{
	const char *val = option(a->options, key);

	if (!val && !option(a->options, "service"))
		val = option(env, key);
	return need_copy(val);
}

struct db_addr *db_addr_find(struct loop *loop, const char *conninfo,
			     const char *application_name, bool writes, unsigned attempt,
			     db_addr_cb *cb, void *data)
{
	struct db_addr *a = need(calloc(1, sizeof(*a)));
	PQconninfoOption *env = PQconndefaults();
	char *hostaddr, *message = NULL;

	a->loop = loop;
	a->attempt = attempt;
	a->cb = cb;
	a->data = data;
	a->application_name = need_copy(application_name);
	a->writes = writes;
	/* libpq's message may quote the string, and so a password: not used. */
	a->options = PQconninfoParse(conninfo, &message);
	PQfreemem(message);
	hostaddr = setting(a, env, "hostaddr");
	if (a->options && !hostaddr)
		a->hosts = setting(a, env, "host");
	a->ports = setting(a, env, "port");
	if (!a->ports)
		a->ports = need_copy("");
	a->next = a->hosts;
	free(hostaddr);
	PQconninfoFree(env);
	resolve_next(a);
	return a;
}

void db_addr_cancel(struct db_addr *addr)
{
	if (!addr)
		return;
	addr->cancelled = true;
	if (!addr->resolve)
		return;                 /* on_complete() is on its way */
	resolve_cancel(addr->resolve);
	addr_free(addr);
}
