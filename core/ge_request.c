/* ge_request.c - writes the request that asks GE who owns a licence.
 *
 * The form and the query are percent-encoded. Cookies go as they are, since no
 * server decodes them (AWSALB holds '+', '/' and '='), and so what could end a
 * cookie or a header line is refused. */
#include "ge_request.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ge_date.h"
#include "mem.h"

#define QUERY "requestType=ApplicationRH&actionVal=viewScripOwnership&screenId=90000549&_csrf="
#define BLANKS " \t\r\n\v\f"

/* Text without the blanks around it: what people paste often ends in one. */
static const char *trim(const char *text, size_t *len)
{
	if (!text)
		text = "";
	text += strspn(text, BLANKS);
	*len = strlen(text);
	while (*len && strchr(BLANKS, text[*len - 1]))
		(*len)--;
	return text;
}

/* As a URL and a form want it. Not with isalnum(), which knows the locale. */
static char *encode(const char *text, size_t len)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	static const char hex[] = "0123456789ABCDEF";
	char *out = need(malloc(3 * len + 1)), *p = out;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c && strchr(plain, c)) {
			*p++ = (char)c;
		} else {
			*p++ = '%';
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		}
	}
	*p = '\0';
	return out;
}

static char *encode_trimmed(const char *text)
{
	size_t len;

	text = trim(text, &len);
	return encode(text, len);
}

static int make_url(struct ge_request *out, const char *endpoint, const char *csrf,
		    struct err *err)
{
	size_t len = strcspn(endpoint, "#");
	const char *host = endpoint + strcspn(endpoint, ":/?#"), *at, *glue = "?";
	size_t scheme, path, authority;
	char *token;

	if (host == endpoint || strncmp(host, "://", 3) || !strcspn(host + 3, "/?#@"))
		host = NULL;
	for (const char *p = endpoint; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			host = NULL;
	if (!host)
		return err_set(err, ERR_RETRY, "ge_unreachable",
			       "the GE URL in the settings is none: https://host/path is wanted");
	host += 3;
	scheme = (size_t)(host - endpoint);
	path = strcspn(endpoint, "?#");
	authority = strcspn(host, "/?#");
	at = memrchr(host, '@', authority);     /* a password is nobody's origin */
	if (at) {
		authority -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	if (memchr(endpoint, '?', len))
		glue = strchr("?&", endpoint[len - 1]) ? "" : "&";
	token = encode_trimmed(csrf);
	out->url = need_text("%.*s%s" QUERY "%s", (int)len, endpoint, glue, token);
	free(token);
	out->origin = need_text("Origin: %.*s%.*s", (int)scheme, endpoint, (int)authority, host);
	out->referer = need_text("Referer: %.*s%.*s", (int)scheme, endpoint,
			      (int)(path - (size_t)(host - endpoint)), host);
	return 0;
}

/* Appends "name=value" to *cookies; nothing for a value that is not set. */
static int add_cookie(char **cookies, const char *name, const char *value, struct err *err)
{
	char *old = *cookies;
	size_t len;

	value = trim(value, &len);
	if (!len)
		return 0;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] < ' ' || (unsigned char)value[i] >= 0x7f || value[i] == ';')
			return err_set(err, ERR_HOLD, "ge_session_expired",
				       "the GE session's %s has characters that no cookie can have: set the session anew", name);
	*cookies = need_text("%s%s%s=%.*s", old ? old : "", old ? "; " : "", name, (int)len, value);
	free(old);
	return 0;
}

static int make_cookie(struct ge_request *out, const struct ge_session *session, struct err *err)
{
	if (!session)
		return 0;
	if (add_cookie(&out->cookie, "JSESSIONID", session->jsessionid, err) < 0)
		return -1;
	return add_cookie(&out->cookie, "AWSALB", session->awsalb, err);
}

static int make_body(struct ge_request *out, const char *app_id, const char *license,
		     const char *date, const char *iec, struct err *err)
{
	char day[GE_DATE_SIZE];
	char *field[4];
	size_t len;

	trim(date, &len);
	if (!len)
		return err_set(err, ERR_PERMANENT, "license_incomplete", "licence %s has no date", license);
	if (ge_date_form(day, date) < 0)        /* 'infinity', 10000-01-01 */
		return err_set(err, ERR_PERMANENT, "license_incomplete",
			       "licence %s has a date that GE's form cannot hold", license);
	trim(iec, &len);
	if (!len)
		return err_set(err, ERR_PERMANENT, "license_incomplete",
			       "licence %s has no exporter with an IEC", license);
	trim(app_id, &len);
	field[0] = encode(license, strlen(license));
	field[1] = encode_trimmed(day);
	field[2] = encode_trimmed(iec);
	field[3] = encode_trimmed(len ? app_id : GE_APP_ID);
	out->body = need_text("scripNumber=%s&scripIssueDate=%s&iecNumber=%s&appId=%s",
			   field[0], field[1], field[2], field[3]);
	for (int i = 0; i < 4; i++)
		free(field[i]);
	return 0;
}

int ge_request_make(struct ge_request *out, const char *endpoint,
		    const struct ge_session *session, const char *app_id,
		    const char *license, const char *date, const char *iec,
		    struct err *err)
{
	*out = (struct ge_request){ 0 };
	if (make_body(out, app_id, license, date, iec, err) < 0 ||
	    make_url(out, endpoint, session ? session->csrf : NULL, err) < 0 ||
	    make_cookie(out, session, err) < 0) {
		ge_request_clear(out);
		return -1;
	}
	return 0;
}

void ge_request_clear(struct ge_request *req)
{
	free(req->url);
	free(req->body);
	free(req->cookie);
	free(req->origin);
	free(req->referer);
	*req = (struct ge_request){ 0 };
}
