/* db_error.c - SQLSTATEs sorted by what to do about them. */
#include <string.h>

#include "db_error.h"

static const char *state_of(const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	return state ? state : "";
}

static bool one_of(const char *state, const char *list)
{
	return strlen(state) == 5 && strstr(list, state);
}

/* Going away, or no longer the primary (25006). */
bool db_error_is_fatal(const PGresult *res)
{
	const char *state = state_of(res);

	return !strncmp(state, "08", 2) ||
	       one_of(state, "57P01 57P02 57P03 57P05 25P03 25006");
}

/* The server, not the statement, is the trouble: away, or out of connections,
 * memory or disk (class 53, 58030). */
static bool is_unavailable(const PGresult *res)
{
	const char *state = state_of(res);

	return db_error_is_fatal(res) || !strncmp(state, "53", 2) || one_of(state, "58030");
}

bool db_error_is_stale(const PGresult *res)
{
	const char *state = state_of(res);
	/* 0A000 is many things; the message is in the server's language. */
	const char *where = PQresultErrorField(res, PG_DIAG_SOURCE_FUNCTION);

	return one_of(state, "26000 42P05") ||
	       (one_of(state, "0A000") && where && !strcmp(where, "RevalidateCachedQuery"));
}

void db_error_set(struct err *err, const PGresult *res, const char *name)
{
	const char *state = state_of(res);
	const char *msg = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	enum err_kind kind = ERR_RETRY;
	const char *code = "db_error";

	if (is_unavailable(res)) {
		kind = ERR_HOLD;
		code = "db_unavailable";
	} else if (one_of(state, "55P03 40P01 40001")) {
		code = "lock_timeout";
	}
	err_set(err, kind, code, "%s: %s (SQLSTATE %s)", name, msg ? msg : "no message", state);
}
