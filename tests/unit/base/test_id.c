/* Ids from the wire exist only in their form (SAFETY S7). */
#include <string.h>

#include "common/base/id.h"
#include "tests/support/unit.h"

static enum status instance(const char *text) {
    struct instance_id id;
    return instance_id_parse(text, strlen(text), &id);
}

TEST(instance_ids_of_both_lengths) {
    (void)state;
    struct instance_id id;
    assert_ok(instance_id_parse("i-0123456789abcdef0", 19, &id));
    assert_string_equal(id.text, "i-0123456789abcdef0");
    assert_ok(instance("i-12345678"));
}

TEST(other_instance_ids_are_refused) {
    (void)state;
    static const char *const wrong[] = {"",
                                        "i-",
                                        "i-1234567",
                                        "i-0123456789abcdef01",
                                        "i-0123456789ABCDEF0",
                                        "I-0123456789abcdef0",
                                        "i-../../etc/passwd",
                                        "i-0123456789abcde/0",
                                        "mi-0123456789abcdef0",
                                        "i-0123456789abcdef0 ",
                                        " i-0123456789abcdef0"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        assert_int_equal(instance(wrong[i]), STATUS_MALFORMED);
    struct instance_id id;
    assert_int_equal(instance_id_parse("i-0123456\0", 10, &id), STATUS_MALFORMED);
}

TEST(boot_ids_have_the_kernels_form) {
    (void)state;
    struct boot_id id;
    const char *text = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
    assert_ok(boot_id_parse(text, 36, &id));
    assert_string_equal(id.text, text);
    assert_int_equal(boot_id_parse(text, 35, &id), STATUS_MALFORMED);
    assert_int_equal(boot_id_parse("3f2504e0-4f89-11d3-9a0c-0305e82c330Z", 36, &id),
                     STATUS_MALFORMED);
    assert_int_equal(boot_id_parse("3f2504e0x4f89-11d3-9a0c-0305e82c3301", 36, &id),
                     STATUS_MALFORMED);
}

TEST(equality_and_hash_agree) {
    (void)state;
    struct instance_id a, b;
    assert_ok(instance_id_parse("i-12345678", 10, &a));
    assert_ok(instance_id_parse("i-12345678", 10, &b));
    assert_true(instance_id_equal(&a, &b));
    assert_true(instance_id_hash(&a) == instance_id_hash(&b));
    assert_ok(instance_id_parse("i-12345679", 10, &b));
    assert_false(instance_id_equal(&a, &b));
}

TEST(records_sort_by_time_and_repeat_with_their_inputs) {
    (void)state;
    struct record_id early = record_id_make("INC-", 1772525520000, 1, 2);
    struct record_id late = record_id_make("INC-", 1772525520001, 0, 0);
    struct record_id again = record_id_make("INC-", 1772525520000, 1, 2);
    assert_true(strcmp(early.text, late.text) < 0);
    assert_string_equal(early.text, again.text);
    assert_int_equal(strlen(early.text), 30);
    /* ULID: the time of the specification's example, 01ARYZ6S41 = 1469918176385 ms. */
    struct record_id known = record_id_make("", 1469918176385, 0, 0);
    assert_string_equal(known.text, "01ARYZ6S410000000000000000");
}
