/* Guessing which word was meant. */
#include <string.h>

#include "common/base/nearest.h"
#include "tests/support/unit.h"

TEST(distance_counts_changes) {
    (void)state;
    assert_int_equal(nearest_distance("", "", 2), 0);
    assert_int_equal(nearest_distance("abc", "abc", 2), 0);
    assert_int_equal(nearest_distance("abc", "abd", 2), 1);
    assert_int_equal(nearest_distance("abc", "ab", 2), 1);
    assert_int_equal(nearest_distance("abc", "xabc", 2), 1);
    assert_int_equal(nearest_distance("abcd", "abdc", 2), 1); /* neighbours swapped */
    assert_int_equal(nearest_distance("kitten", "sitting", 9), 3);
    assert_int_equal(nearest_distance("abc", "xyz", 2), 3); /* one more than the limit at most */
    assert_int_equal(nearest_distance("abcdefgh", "", 2), 3);
}

TEST(words_beyond_the_bound_are_far) {
    (void)state;
    char a[NEAREST_WORD_MAX + 2], b[NEAREST_WORD_MAX + 2];
    memset(a, 'a', sizeof a);
    memset(b, 'a', sizeof b);
    a[NEAREST_WORD_MAX] = b[NEAREST_WORD_MAX] = '\0';
    assert_int_equal(nearest_distance(a, b, 2), 0);
    b[0] = 'b';
    assert_int_equal(nearest_distance(a, b, 2), 1);
    a[NEAREST_WORD_MAX] = 'a';
    a[NEAREST_WORD_MAX + 1] = '\0';
    assert_int_equal(nearest_distance(a, b, 2), 3);
}

static const char *choose(const char *typed) {
    static const char *const words[] = {"", "status", "resume", "report", "instances"};
    struct nearest nearest = nearest_to(typed);
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) nearest_try(&nearest, words[i]);
    return nearest.found == NULL ? "none" : nearest.found;
}

TEST(the_nearest_of_several_wins) {
    (void)state;
    assert_string_equal(choose("statsu"), "status");
    assert_string_equal(choose("instance"), "instances");
    assert_string_equal(choose("reprot"), "report");
}

TEST(a_short_or_empty_word_is_near_to_little) {
    (void)state;
    assert_string_equal(choose(""), "none");
    assert_string_equal(choose("st"), "none");
    assert_string_equal(choose("rest"), "none");
}
