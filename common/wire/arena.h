/* The bounded allocator that decoding runs on (SAFETY 5.1, F31): takes from the caller's arena,
 * gives nothing back before the next message. Inside common/wire only. */
#ifndef EAR_COMMON_WIRE_ARENA_H
#define EAR_COMMON_WIRE_ARENA_H

#include <protobuf-c/protobuf-c.h>

#include "common/wire/wire.h"

/* Empties the arena and gives the allocator over it; both live until the caller's next message. */
ProtobufCAllocator arena_allocator(struct wire_arena *arena);

#endif
