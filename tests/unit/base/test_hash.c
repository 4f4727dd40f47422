/* Known answers: the FNV authors' page (draft-eastlake-fnv) and RFC 3720 B.4. */
#include <string.h>

#include "common/base/hash.h"
#include "tests/support/unit.h"

TEST(fnv_1a_known_answers) {
    (void)state;
    assert_true(hash_string("") == 0xcbf29ce484222325ULL);
    assert_true(hash_string("a") == 0xaf63dc4c8601ec8cULL);
    assert_true(hash_string("foobar") == 0x85944171f73967e8ULL);
}

TEST(fnv_chains) {
    (void)state;
    uint64_t half = hash_bytes(HASH_SEED, "foo", 3);
    assert_true(hash_bytes(half, "bar", 3) == hash_string("foobar"));
}

TEST(crc32c_known_answers) {
    (void)state;
    uint8_t bytes[32];
    assert_int_equal(hash_crc32c(0, "123456789", 9), 0xe3069283);
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(hash_crc32c(0, bytes, sizeof bytes), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(hash_crc32c(0, bytes, sizeof bytes), 0x62a8ab43);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)i;
    assert_int_equal(hash_crc32c(0, bytes, sizeof bytes), 0x46dd794e);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(31 - i);
    assert_int_equal(hash_crc32c(0, bytes, sizeof bytes), 0x113fdb5c);
}

TEST(crc32c_chains) {
    (void)state;
    uint32_t half = hash_crc32c(0, "1234", 4);
    assert_int_equal(hash_crc32c(half, "56789", 5), 0xe3069283);
    assert_int_equal(hash_crc32c(7, "", 0), 7);
}
