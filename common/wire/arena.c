/* A bump allocator over the caller's bytes. One thread at a time, the arena's owner's. */
#include "common/wire/arena.h"

#include <stdalign.h>

static void *arena_take(void *data, size_t bytes) {
    struct wire_arena *arena = data;
    const size_t align = alignof(max_align_t);
    size_t capacity = arena->capacity < WIRE_ARENA_BYTES ? arena->capacity : WIRE_ARENA_BYTES;
    size_t start = arena->used;
    start += (align - ((uintptr_t)arena->bytes + start) % align) % align;
    if (start > capacity || bytes > capacity - start) {
        arena->overflow = true;
        return NULL;
    }
    arena->used = start + bytes;
    return arena->bytes + start;
}

static void arena_give_back(void *data, void *pointer) {
    (void)data; /* the whole arena is emptied at once */
    (void)pointer;
}

ProtobufCAllocator arena_allocator(struct wire_arena *arena) {
    arena->used = 0;
    arena->overflow = false;
    return (ProtobufCAllocator){arena_take, arena_give_back, arena};
}
