/* noise.h - randomness from the system: for jitter and for names. */
#ifndef GESYNC_NOISE_H
#define GESYNC_NOISE_H

#include <stdint.h>

uint32_t noise_word(void);
double noise_unit(void);        /* 0 to 1, 1 excluded */

#endif
