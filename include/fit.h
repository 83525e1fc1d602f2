/* fit.h - a report of any size becomes one that fits. */
#ifndef GESYNC_FIT_H
#define GESYNC_FIT_H

#include <jansson.h>
#include <stddef.h>

#define FIT_RESULT_MAX  (4 * 1024 * 1024)       /* bytes of a job's result: a script writes it to several keys */

/* Until the object's compact text has no more than max bytes its largest list is
 * halved; then "truncated" says how many entries it had: {"drift": 41000}. What is
 * no list and too large goes ("truncated": {"name": null}). */
void fit_object(json_t *obj, size_t max);

#endif
