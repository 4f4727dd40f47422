/* The table of statuses is whole. */
#include <string.h>

#include "common/base/status.h"
#include "tests/support/unit.h"

TEST(each_status_has_a_name_of_its_own_and_a_text) {
    (void)state;
    for (int i = 0; i < STATUS_COUNT; i++) {
        const char *name = status_name((enum status)i);
        assert_true(strlen(name) > 0 && strlen(status_text((enum status)i)) > 0);
        for (int j = 0; j < i; j++) assert_string_not_equal(name, status_name((enum status)j));
    }
}

TEST(only_ok_has_the_class_ok) {
    (void)state;
    assert_int_equal(status_class(STATUS_OK), STATUS_CLASS_OK);
    for (int i = 1; i < STATUS_COUNT; i++)
        assert_int_not_equal(status_class((enum status)i), STATUS_CLASS_OK);
}

TEST(an_unknown_status_is_a_bug) {
    (void)state;
    assert_int_equal(status_class((enum status)9999), STATUS_CLASS_BUG);
    assert_string_equal(status_name(STATUS_COUNT), "unknown");
    assert_string_equal(status_text((enum status) - 1), "unknown status");
}
