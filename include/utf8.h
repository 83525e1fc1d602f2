/* utf8.h - where characters begin and end. */
#ifndef GESYNC_UTF8_H
#define GESYNC_UTF8_H

#include <stddef.h>

/* Bytes of the UTF-8 character at bytes, of which left may be read: 1 to 4, or
 * 0 where none stands there. Overlong forms, surrogates and what lies past
 * U+10FFFF are none (RFC 3629). NUL is a character of one byte. */
size_t utf8_char(const char *bytes, size_t left);

#endif
