/* json_line.h - where in a text a field stands. */
#ifndef GESYNC_JSON_LINE_H
#define GESYNC_JSON_LINE_H

#include "table.h"

/* The line, from 1, of the value at path in the valid JSON text; where the path leads
 * nowhere, that of the last step which does. */
int json_line(const char *text, const struct table_path *path);
/* "tables[3].columns[0].type" */
void json_path(const struct table_path *path, char *to, size_t size);

#endif
