/* errno to status. */
#include <errno.h>

#include "common/sys/error.h"
#include "tests/support/unit.h"

TEST(known_errors_have_their_status) {
    (void)state;
    assert_int_equal(sys_status(ENOSPC), STATUS_NO_SPACE);
    assert_int_equal(sys_status(EROFS), STATUS_READ_ONLY);
    assert_int_equal(sys_status(ENOENT), STATUS_NOT_FOUND);
    assert_int_equal(sys_status(EACCES), STATUS_DENIED);
    assert_int_equal(sys_status(EAGAIN), STATUS_AGAIN);
    assert_int_equal(sys_status(EMFILE), STATUS_FULL);
}

TEST(an_error_never_becomes_ok) {
    (void)state;
    for (int error = 0; error < 200; error++) assert_int_not_equal(sys_status(error), STATUS_OK);
    assert_int_equal(sys_status(0), STATUS_IO);
    assert_int_equal(sys_status(-5), STATUS_IO);
}
