/* iso.h - an instant as text: 2025-11-19T01:30:00.101Z. */
#ifndef GESYNC_ISO_H
#define GESYNC_ISO_H

#include <stdint.h>

#define ISO_TIME 32     /* bytes of the text, its end included */

/* ms: unix milliseconds, UTC. Returns out, which holds ISO_TIME bytes. */
char *iso_time(int64_t ms, char *out);

#endif
