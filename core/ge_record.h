/* ge_record.h - a GE reply's document becomes an ownership record. */
#ifndef GESYNC_GE_RECORD_H
#define GESYNC_GE_RECORD_H

#include <jansson.h>

#include "err.h"

#define GE_KEY_CURRENT   "meisScripCurrentOwnerDtls"
#define GE_KEY_ORIGINAL  "meisScripOriginalOwnerDtls"
#define GE_KEY_TRANSFERS "scripTransfer"

/* root: an object with one of the three keys at least. *json is then the record
 * that ge_reply.h describes, owned by the caller; NULL on failure, which is
 * always ge_bad_response. */
int ge_record_make(char **json, const json_t *root, struct err *err);

#endif
