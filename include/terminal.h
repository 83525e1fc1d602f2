/* terminal.h - who reads the output. */
#ifndef GESYNC_TERMINAL_H
#define GESYNC_TERMINAL_H

#include <stdbool.h>

/* Standard output is a terminal that shows colours, and nobody said NO_COLOR. */
bool terminal_colours(void);

#endif
