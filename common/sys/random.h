/* Bytes nobody can foresee: ids, nonces, jitter seeds. */
#ifndef EAR_COMMON_SYS_RANDOM_H
#define EAR_COMMON_SYS_RANDOM_H

#include "common/base/status.h"

/* Fills `length` bytes from getrandom(2), waiting early in boot until the kernel's pool is ready.
 * STATUS_UNSUPPORTED or STATUS_IO when the kernel refuses; the bytes must then not be used. */
enum status sys_random(void *bytes, size_t length) MUST_USE;

#endif
