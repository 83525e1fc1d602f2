/* ge_request.h - a licence becomes a request to the GE server (DOMAIN.md 3). */
#ifndef GESYNC_GE_REQUEST_H
#define GESYNC_GE_REQUEST_H

#include "err.h"

struct ge_session {             /* secrets: never logged */
	char *jsessionid;       /* owned; NULL where unset */
	char *csrf;
	char *awsalb;
};

struct ge_request {             /* all owned; ge_request_clear() frees them */
	char *url;              /* endpoint?requestType=...&_csrf=... */
	char *body;             /* scripNumber=..&scripIssueDate=dd/mm/yyyy&iecNumber=..&appId=.. */
	char *cookie;           /* "JSESSIONID=..; AWSALB=.."; NULL where neither is set */
	char *origin;           /* "Origin: https://host" */
	char *referer;          /* "Referer: https://host/..." */
};

#define GE_APP_ID "204000000"   /* where the setting is empty (DOMAIN.md 3) */

/* license: 1 to 50 characters. date: ISO yyyy-mm-dd or NULL. iec: or NULL/"".
 * An endpoint may have a query of its own: then ours is added with '&'.
 * Every value of query and form is percent-encoded, cookies go as they are. A NULL
 * or empty app_id is GE_APP_ID; a NULL session is an empty one. On failure *out is
 * empty. Fails with
 *   license_incomplete (PERMANENT)  no date or IEC, or a date outside 0001 to 9999
 *   ge_unreachable (RETRY)          endpoint is no URL with scheme and host
 *   ge_session_expired (HOLD)       a session that no cookie can carry (';', control
 *                                   characters, beyond ASCII) */
int ge_request_make(struct ge_request *out, const char *endpoint,
		    const struct ge_session *session, const char *app_id,
		    const char *license, const char *date, const char *iec,
		    struct err *err);
void ge_request_clear(struct ge_request *req);

#endif
