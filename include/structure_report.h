/* structure_report.h - what a check or migrate found and did, for people: for
 * gesync-scheduler --wait and gesyncctl report alike. */
#ifndef GESYNC_STRUCTURE_REPORT_H
#define GESYNC_STRUCTURE_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* outcome: an outcome object of INTERFACE.md section 4, with or without a result. */
void structure_report_check(FILE *out, const json_t *outcome, bool colours);
void structure_report_migrate(FILE *out, const json_t *outcome, bool colours);

#endif
