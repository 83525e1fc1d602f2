/* loop_uv.h - the libuv loop below a struct loop, for the files of io/ alone. */
#ifndef GESYNC_IO_LOOP_UV_H
#define GESYNC_IO_LOOP_UV_H

#include <stddef.h>
#include <uv.h>

#include "loop.h"

uv_loop_t *loop_uv(struct loop *loop);

#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))

#endif
