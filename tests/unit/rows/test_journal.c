/* The journal: records, torn tails, segments. */
#include "aggregator/rows/journal.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/prng.h"
#include "common/base/text.h"
#include "tests/support/unit.h"

static struct journal_record a_report(uint64_t sequence) {
    struct journal_record record = {.kind = JOURNAL_REPORT};
    record.report.row = 7;
    record.report.at.ms = 1772000000000;
    record.report.sequence = sequence;
    record.report.present = 0x1f;
    record.report.changed = 0x05;
    record.report.values[0] = 1.5F;
    record.report.values[2] = -3.25F;
    record.report.further_count = 2;
    record.report.further_columns[0] = 3;
    record.report.further_values[0] = 9;
    record.report.further_columns[1] = 4 | JOURNAL_SAME;
    return record;
}

static struct journal_record a_name(void) {
    struct journal_record record = {.kind = JOURNAL_NAME};
    record.name = (struct journal_name){7, {"i-0123456789abcdef0"}, 10000};
    return record;
}

static struct journal_record a_boot(void) {
    struct journal_record record = {.kind = JOURNAL_BOOT};
    record.boot = (struct journal_boot){7, {"11111111-2222-3333-4444-555555555555"}, 99};
    return record;
}

static struct journal_record a_series(void) {
    struct journal_record record = {.kind = JOURNAL_SERIES};
    record.series = (struct journal_series){
        7, 3, {.family = METRIC_MEMBER_MOUNT, .name = "disk_used_percent", .member = "/var"}};
    return record;
}

TEST(each_kind_of_record_comes_back_as_it_was) {
    (void)state;
    const struct journal_record all[] = {a_name(), a_boot(), a_series(), a_report(100)};
    for (size_t i = 0; i < 4; i++) {
        uint8_t bytes[JOURNAL_RECORD_MAX];
        struct journal_record back;
        size_t used = 0, length = journal_encode(&all[i], bytes);
        assert_ok(journal_decode(bytes, length, &back, &used));
        assert_int_equal(used, length);
        assert_memory_equal(&back, &all[i], sizeof back);
    }
}

TEST(a_report_of_twenty_values_takes_about_a_hundred_bytes) {
    (void)state;
    uint8_t bytes[JOURNAL_RECORD_MAX];
    struct journal_record record = a_report(1);
    record.report.further_count = 0;
    record.report.present = record.report.changed = 0xfffff;
    assert_true(journal_encode(&record, bytes) <= 128);
    record.report.changed = 0x3ff;
    assert_true(journal_encode(&record, bytes) <= 84);
}

TEST(cuts_are_torn_and_flips_are_corrupt) {
    (void)state;
    uint8_t bytes[JOURNAL_RECORD_MAX];
    struct journal_record back, record = a_report(100);
    size_t used = 0, length = journal_encode(&record, bytes);
    for (size_t cut = 0; cut < length; cut++)
        assert_int_equal(journal_decode(bytes, cut, &back, &used), STATUS_TOO_FEW);
    for (size_t i = 0; i < length; i++) {
        bytes[i] ^= 1;
        assert_int_not_equal(journal_decode(bytes, length, &back, &used), STATUS_OK);
        bytes[i] ^= 1;
    }
}

TEST(random_bytes_are_never_a_record) {
    (void)state;
    struct prng prng = prng_seeded(3);
    uint8_t bytes[JOURNAL_RECORD_MAX];
    for (int round = 0; round < 20000; round++) {
        struct journal_record back;
        size_t used = 0, length = 2 + prng_below(&prng, 200);
        for (size_t i = 0; i < length; i++) bytes[i] = (uint8_t)prng_next(&prng);
        bytes[0] = (uint8_t)length;
        bytes[1] = 0;
        assert_int_not_equal(journal_decode(bytes, length, &back, &used), STATUS_OK);
    }
}

struct folder {
    char path[64];
    uint64_t taken, last;
};

static struct folder make_folder(void) {
    struct folder folder = {.path = "/tmp/ear-journal-XXXXXX"};
    assert_non_null(mkdtemp(folder.path));
    return folder;
}

static void remove_folder(const struct folder *folder) {
    char path[128];
    for (unsigned i = 0; i < 10; i++) {
        struct text text = text_over(path, sizeof path);
        text_add(&text, folder->path);
        text_add(&text, "/journal-");
        text_add_unsigned(&text, i);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(folder->path), 0);
}

static void append(struct journal *journal, uint64_t sequence) {
    uint8_t bytes[JOURNAL_RECORD_MAX];
    struct journal_record record = a_report(sequence);
    size_t length = journal_encode(&record, bytes);
    assert_ok(journal_append(journal, bytes, length));
}

static enum status count(void *context, const struct journal_record *record) {
    struct folder *folder = context;
    folder->taken++;
    folder->last = record->report.sequence;
    return STATUS_OK;
}

TEST(a_segment_is_read_back_in_order_up_to_its_torn_tail) {
    (void)state;
    struct folder folder = make_folder();
    struct journal journal;
    uint64_t torn = 0;
    journal_init(&journal, folder.path, 0, 0);
    assert_ok(journal_ready(&journal, 1200, 120));
    for (uint64_t i = 1; i <= 20; i++) append(&journal, i);
    uint64_t whole = journal.good_bytes;
    assert_int_equal(write(journal.fd, "\x20\x00\x04torn", 7), 7);
    journal_fini(&journal);
    assert_ok(journal_read(folder.path, 1, count, &folder, &torn));
    assert_int_equal(folder.taken, 20);
    assert_int_equal(folder.last, 20);
    assert_int_equal(torn, 7);
    assert_true(whole > 20 * 50);
    remove_folder(&folder);
}

TEST(a_segment_begins_when_the_block_turns_and_old_ones_are_removed) {
    (void)state;
    struct folder folder = make_folder();
    struct journal journal;
    uint64_t oldest = 0, newest = 0, torn = 0;
    journal_init(&journal, folder.path, 0, 0);
    assert_ok(journal_ready(&journal, 1200, 120));
    assert_ok(journal_ready(&journal, 1320, 120));
    assert_int_equal(journal.segment, 2);
    assert_ok(journal_ready(&journal, 1200, 120)); /* a late thread */
    assert_int_equal(journal.segment, 2);
    assert_ok(journal_ready(&journal, 120, 120)); /* a clock stepped back */
    assert_int_equal(journal.segment, 3);
    journal_forget(&journal, 3);
    journal_forget(&journal, 9); /* never the open one */
    assert_ok(journal_find(folder.path, &oldest, &newest));
    assert_int_equal(oldest, 3);
    assert_int_equal(newest, 3);
    assert_int_equal(journal_read(folder.path, 1, count, &folder, &torn), STATUS_NOT_FOUND);
    journal_fini(&journal);
    remove_folder(&folder);
}

TEST(a_newer_segment_is_refused_and_a_headless_one_is_torn) {
    (void)state;
    struct folder folder = make_folder();
    char path[96];
    uint64_t torn = 0;
    struct text text = text_over(path, sizeof path);
    text_add(&text, folder.path);
    text_add(&text, "/journal-1");
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "EARJ\x02\0\0\0", 8), 8);
    assert_int_equal(journal_read(folder.path, 1, count, &folder, &torn), STATUS_NEWER);
    assert_int_equal(ftruncate(fd, 3), 0);
    assert_ok(journal_read(folder.path, 1, count, &folder, &torn));
    assert_int_equal(folder.taken, 0);
    close(fd);
    remove_folder(&folder);
}

TEST(an_append_that_fails_leaves_whole_records_only) {
    (void)state;
    struct folder folder = make_folder();
    struct journal journal;
    uint64_t torn = 0;
    journal_init(&journal, folder.path, 0, 0);
    assert_ok(journal_ready(&journal, 1200, 120));
    append(&journal, 1);
    int good = journal.fd;
    journal.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    uint8_t bytes[JOURNAL_RECORD_MAX];
    struct journal_record record = a_report(2);
    assert_int_equal(journal_append(&journal, bytes, journal_encode(&record, bytes)),
                     STATUS_NO_SPACE);
    assert_int_equal(journal.fd, -1); /* it could not be cut back: never written again */
    close(good);
    assert_ok(journal_ready(&journal, 1200, 120));
    assert_int_equal(journal.segment, 2);
    append(&journal, 2);
    journal_fini(&journal);
    assert_ok(journal_read(folder.path, 1, count, &folder, &torn));
    assert_int_equal(folder.last, 1);
    assert_ok(journal_read(folder.path, 2, count, &folder, &torn));
    assert_int_equal(folder.last, 2);
    remove_folder(&folder);
}
