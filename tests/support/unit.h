/* Unit tests: each case is `TEST(name_that_states_behaviour) { ... }` at the start of a line.
 * CMake finds the cases (cmake/EarTests.cmake) and makes one ctest entry of each. */
#ifndef EAR_TESTS_SUPPORT_UNIT_H
#define EAR_TESTS_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TEST(name)                                                                                 \
    void test_##name(void **state);                                                                \
    void test_##name(void **state)

/* Fails the case unless the call answers STATUS_OK; shows the status by name. */
#define assert_ok(expression) assert_string_equal(status_name(expression), "ok")

#endif
