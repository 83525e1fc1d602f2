/* ge_reply.c - judges a reply of the GE server.
 *
 *      HTTP reply --> status --> page? --> JSON --> known keys? --> ge_record.c
 *                       |          |         |         |
 *              ge_http_<status>    |   ge_bad_response |
 *                          ge_session_expired    ge_not_found
 */
#include "ge_reply.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "ge_field.h"
#include "ge_record.h"
#include "mem.h"

#define BODY_MAX      (4u << 20)        /* io/http.c stops there as well; a real reply has a few KiB */
#define MESSAGE_DEPTH 4                 /* "no record" is looked for no deeper */

static bool has_words(const char *text, const char *words)
{
	for (; *text; text++)
		if (ge_text_begins(text, words))
			return true;
	return false;
}

/* Any text near the top will do: nobody has written down where GE puts it. */
static bool says_no_record(json_t *value, int depth)
{
	const char *key;
	json_t *inner;
	size_t i;

	if (json_is_string(value))
		return has_words(json_string_value(value), "no record");
	if (depth >= MESSAGE_DEPTH)
		return false;
	json_object_foreach(value, key, inner)
		if (says_no_record(inner, depth + 1))
			return true;
	json_array_foreach(value, i, inner)
		if (says_no_record(inner, depth + 1))
			return true;
	return false;
}

/* Length of the number at p, as far as it may be one; 0 where there is none. */
static size_t number_length(const char *p, const char *end)
{
	size_t n = 0;

	if (*p != '-' && (*p < '0' || *p > '9'))
		return 0;
	while (p + n < end && p[n] && strchr("0123456789+-.eE", p[n]))
		n++;
	return n;
}

static bool is_long_integer(const char *p, size_t n)
{
	if (*p == '-') {
		p++;
		n--;
	}
	if (n < 19 || *p == '0')        /* eighteen digits always fit 64 bits */
		return false;
	while (n && *p >= '0' && *p <= '9') {
		p++;
		n--;
	}
	return n == 0;
}

static bool is_key(const char *p, const char *end)
{
	while (p < end && ge_is_blank(*p))
		p++;
	return p < end && *p == ':';
}

/* A copy of the document in which integers too long for 64 bits are texts: user
 * ids of twenty digits are not worth less than those of ten. */
static char *quote_long_integers(const char *body, size_t len, size_t *out_len)
{
	const char *end = body + len;
	char *out = need(malloc(2 * len + 1)), *o = out;
	bool in_text = false;

	while (body < end) {
		size_t n = in_text ? 0 : number_length(body, end);
		bool quote = n && is_long_integer(body, n) && !is_key(body + n, end);

		if (quote)
			*o++ = '"';
		o = (char *)memcpy(o, body, n) + n;
		body += n;
		if (quote)
			*o++ = '"';
		if (n)
			continue;
		if (in_text && *body == '\\' && body + 1 < end)
			*o++ = *body++;
		else if (*body == '"')
			in_text = !in_text;
		*o++ = *body++;
	}
	*out_len = (size_t)(o - out);
	return out;
}

/* Of a repeated key the last value counts, as in the browser for which these
 * replies are written. NUL and what is no UTF-8 jansson refuses. */
static int load_document(json_t **root, const char *body, size_t len, struct err *err)
{
	json_error_t why;

	*root = json_loadb(body, len, JSON_DECODE_ANY, &why);
	if (!*root && json_error_code(&why) == json_error_numeric_overflow) {
		size_t quoted_len;
		char *quoted = quote_long_integers(body, len, &quoted_len);

		*root = json_loadb(quoted, quoted_len, JSON_DECODE_ANY, &why);
		free(quoted);
	}
	if (*root)
		return 0;
	if (json_error_code(&why) == json_error_premature_end_of_input)
		return ge_field_bad(err, "JSON that is cut short after %zu bytes", len);
	/* jansson's own text would quote the body */
	return ge_field_bad(err, "what is no JSON (line %d, column %d)", why.line, why.column);
}

static int judge_status(int status, const char *location, struct err *err)
{
	char code[sizeof(err->code)];

	if (status == 200)
		return 0;
	if (status == 401 || status == 403)
		return err_set(err, ERR_HOLD, "ge_session_expired", "GE answered %d: its session has expired", status);
	if (status >= 300 && status < 400 && *location)
		return err_set(err, ERR_HOLD, "ge_session_expired",
			       "GE answered %d, a redirect: its session has expired", status);
	if (status == 404)
		return err_set(err, ERR_PERMANENT, "ge_not_found", "GE answered 404: it does not know this licence");
	snprintf(code, sizeof(code), "ge_http_%d", status);
	return err_set(err, status == 429 ? ERR_HOLD : ERR_RETRY, code, "GE answered %d", status);
}

static bool is_html_type(const char *type)
{
	while (ge_is_blank(*type))
		type++;
	return ge_text_begins(type, "text/html") || ge_text_begins(type, "application/xhtml");
}

static int judge_document(char **json, json_t *root, struct err *err)
{
	bool known = json_object_get(root, GE_KEY_CURRENT) || json_object_get(root, GE_KEY_ORIGINAL) ||
		     json_object_get(root, GE_KEY_TRANSFERS);

	if (known)
		return ge_record_make(json, root, err);
	if (says_no_record(root, 0))
		return err_set(err, ERR_PERMANENT, "ge_not_found", "GE has no record of this licence");
	return ge_field_bad(err, "JSON without owner and transfers");
}

static int judge_body(char **json, const char *content_type, const char *body, size_t len,
		      struct err *err)
{
	json_t *root;
	int rc;

	if (len > BODY_MAX)
		return ge_field_bad(err, "%zu bytes, more than the %u that are believed", len, BODY_MAX);
	if (len >= 3 && !memcmp(body, "\xef\xbb\xbf", 3)) {    /* jansson takes no byte order mark */
		body += 3;
		len -= 3;
	}
	while (len && ge_is_blank(*body)) {
		body++;
		len--;
	}
	if (!len)
		return ge_field_bad(err, "an empty body");
	/* JSON is no page, whatever it is called: to hold back all queues for a
	 * wrong label would be worse than to read it. */
	if (*body == '<' || (is_html_type(content_type) && !strchr("{[\"", *body)))
		return err_set(err, ERR_HOLD, "ge_session_expired",
			       "GE answered with a page instead of data: its session has expired");
	if (load_document(&root, body, len, err) < 0)
		return -1;
	rc = judge_document(json, root, err);
	json_decref(root);
	return rc;
}

int ge_reply_parse(struct ge_reply *out, int status, const char *content_type,
		   const char *location, const char *body, size_t len,
		   struct err *err)
{
	out->json = NULL;
	if (judge_status(status, location, err) < 0)
		return -1;
	return judge_body(&out->json, content_type, body, len, err);
}

void ge_reply_clear(struct ge_reply *reply)
{
	free(reply->json);
	reply->json = NULL;
}
