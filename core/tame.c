/* tame.c - text from outside, on its way to a terminal. */
#include "tame.h"

void tame(char *text, bool lines)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if (lines && (*p == '\n' || *p == '\t'))
			continue;
		if (*p < ' ' || *p == 0x7f)
			*p = '?';
		else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = '?';
	}
}
