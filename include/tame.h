/* tame.h - text from outside, on its way to a terminal. */
#ifndef GESYNC_TAME_H
#define GESYNC_TAME_H

#include <stdbool.h>

/* Control characters become '?': what came from Redis or PostgreSQL could steer the
 * terminal. lines: line feeds and tabs stay. */
void tame(char *text, bool lines);

#endif
