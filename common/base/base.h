/* Small words every file uses: must-use, cleanup, array length, assertions that stay on. */
#ifndef EAR_COMMON_BASE_BASE_H
#define EAR_COMMON_BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define FORMAT_LIKE(format_at, arguments_at)                                                       \
    __attribute__((format(printf, format_at, arguments_at)))
/* Runs `destroy(&variable)` when the variable leaves its scope: the one extension STYLE allows. */
#define CLEANUP(destroy) __attribute__((cleanup(destroy)))

/* Drops a must-use result on purpose; the reason stands beside it. */
#define IGNORE(result) ((void)!(result))

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* States what only our own bug can break; stays on in release builds. Never used on input. */
#define ASSERT(condition) ((condition) ? (void)0 : assert_failed(#condition, __FILE__, __LINE__))
/* Ends the program. common/sys defines it and logs the place first; see cmake/pure_symbols.txt. */
_Noreturn void assert_failed(const char *condition, const char *file, int line);

#endif
