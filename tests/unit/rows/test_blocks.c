/* Block files: written once, read in order, damaged ones set aside, old ones removed. */
#include "aggregator/rows/blocks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sys/log.h"
#include "tests/support/unit.h"

static const struct instance_id instance = {"i-0123456789abcdef0"};
static char folder[] = "/tmp/ear-blocks-XXXXXX";
static uint8_t bytes[HISTORY_BYTES_MAX];

static void remove_all(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static size_t encoded(int64_t start, double value) {
    static struct history_block block;
    struct metric_vector core = {0};
    size_t length = 0;
    history_init(&block);
    metric_set(&core, METRIC_MEM_USED, value);
    assert_ok(history_append(&block, start, &core));
    assert_ok(history_encode(&block, &instance, bytes, sizeof bytes, &length));
    return length;
}

static void put(int64_t start, double value) {
    size_t length = encoded(start, value);
    assert_ok(blocks_write(folder, &instance, start, bytes, length));
}

struct seen {
    unsigned count;
    int64_t starts[16];
};

static void note(void *context, const struct history_sealed *sealed) {
    struct seen *seen = context;
    assert_true(seen->count < 16);
    seen->starts[seen->count++] = sealed->start;
}

static void path_of(const char *name, char path[256]) {
    uint8_t shard = (uint8_t)(instance_id_hash(&instance) >> 56);
    snprintf(path, 256, "%s/%02x/%s/%s", folder, (unsigned)shard, instance.text, name);
}

TEST(blocks_come_back_oldest_first_and_only_those_asked_for) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    put(360, 3);
    put(120, 1);
    put(240, 2);
    struct seen seen = {0};
    assert_ok(blocks_each(folder, &instance, 0, 1000, note, &seen, NULL));
    assert_int_equal(seen.count, 3);
    assert_true(seen.starts[0] == 120 && seen.starts[1] == 240 && seen.starts[2] == 360);
    seen.count = 0;
    assert_ok(blocks_each(folder, &instance, 241, 300, note, &seen, NULL));
    assert_int_equal(seen.count, 1);
    remove_all();
}

TEST(the_same_block_is_written_once_and_another_one_beside_it) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    put(120, 1);
    put(120, 1);
    put(120, 2);
    struct seen seen = {0};
    assert_ok(blocks_each(folder, &instance, 0, 1000, note, &seen, NULL));
    assert_int_equal(seen.count, 2);
    remove_all();
}

TEST(an_unknown_instance_is_not_found) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    struct seen seen = {0};
    assert_int_equal(blocks_each(folder, &instance, 0, 1000, note, &seen, NULL), STATUS_NOT_FOUND);
    remove_all();
}

TEST(a_damaged_block_is_set_aside_and_the_rest_is_served) {
    (void)state;
    char path[256], aside[256];
    uint64_t corrupt = 0;
    assert_non_null(mkdtemp(folder));
    FILE *quiet = fopen("/dev/null", "w");
    log_set_descriptor(fileno(quiet));
    put(120, 1);
    put(240, 2);
    path_of("120-0.block", path);
    path_of("120-0.block.corrupt", aside);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, 30, SEEK_SET), 0);
    assert_int_equal(fputc('!', file), '!');
    assert_int_equal(fclose(file), 0);
    struct seen seen = {0};
    assert_ok(blocks_each(folder, &instance, 0, 1000, note, &seen, &corrupt));
    assert_int_equal(corrupt, 1);
    assert_int_equal(seen.count, 1);
    assert_int_equal(access(aside, F_OK), 0);
    assert_ok(blocks_each(folder, &instance, 0, 1000, note, &seen, &corrupt));
    assert_int_equal(corrupt, 1); /* said once */
    fclose(quiet);
    remove_all();
}

TEST(another_instances_block_is_not_served) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    FILE *quiet = fopen("/dev/null", "w");
    log_set_descriptor(fileno(quiet));
    put(120, 1);
    const struct instance_id second = {"i-0123456789abcdef1"};
    struct seen seen = {0};
    size_t length = encoded(120, 1);
    assert_ok(blocks_write(folder, &second, 120, bytes, length)); /* names the first one */
    assert_ok(blocks_each(folder, &second, 0, 1000, note, &seen, NULL));
    assert_int_equal(seen.count, 0);
    fclose(quiet);
    remove_all();
}

TEST(old_blocks_are_removed_by_age_but_the_newest_are_kept) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (int64_t i = 1; i <= 6; i++) put(120 * i, 1);
    struct seen seen = {0};
    blocks_expire(folder, &instance, 100000000, 4); /* a wall clock far ahead */
    assert_ok(blocks_each(folder, &instance, 0, 10000, note, &seen, NULL));
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.starts[0], 360);
    seen.count = 0;
    blocks_expire(folder, &instance, 600, 0);
    assert_ok(blocks_each(folder, &instance, 0, 10000, note, &seen, NULL));
    assert_int_equal(seen.count, 2);
    remove_all();
}
