/* noise.c - randomness from the system. */
#include "noise.h"

#include <uv.h>

uint32_t noise_word(void)
{
	uint32_t n = 0;

	uv_random(NULL, NULL, &n, sizeof(n), 0, NULL);
	return n;
}

double noise_unit(void)
{
	return (double)noise_word() / 4294967296.0;
}
