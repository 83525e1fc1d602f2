/* zone.h - a time zone by its name, from the system's tzdata. */
#ifndef GESYNC_ZONE_H
#define GESYNC_ZONE_H

#include "tz.h"

/* "Europe/Berlin"; "UTC" needs no file. folder, NULL: $TZDIR, else
 * /usr/share/zoneinfo. NULL and err (bad_zone) for an unknown one. */
struct tz *zone_load(const char *name, const char *folder, struct err *err);

#endif
