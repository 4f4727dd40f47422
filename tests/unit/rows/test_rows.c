/* Rows: duplicates, restarts, turns of blocks, silence, changes, disks that fail, clocks that jump.
 * Virtual time, one thread. */
#include "aggregator/rows/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "aggregator/rows/rows_private.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"
#include "common/sys/thread.h"
#include "tests/support/unit.h"

#define MINUTE_MS  60000LL
#define EVENTS_MAX 4096

static const struct instance_id instance = {"i-0123456789abcdef0"};
static const struct boot_id boot_a = {"11111111-2222-3333-4444-555555555555"};
static const struct boot_id boot_b = {"aaaaaaaa-2222-3333-4444-555555555555"};
static char folder[] = "/tmp/ear-rows-XXXXXX";

static struct {
    size_t count;
    struct event *events[EVENTS_MAX];
} posted;

static struct rows *rows;
static bool refusing;        /* the queue is full */
static bool setting_grace;   /* while the row is held, as it is across a write of the journal */
static bool posted_unlocked; /* an event left while its row could change */
static struct now now;
static struct report report;
static struct ack ack;

static bool row_is_held(const struct instance_id *id) {
    struct row *row = NULL;
    for (size_t i = 0; i < ROWS_INSTANCES_MAX && !row; i++)
        if (rows->slots[i] && instance_id_equal(&rows->slots[i]->id, id)) row = rows->slots[i];
    if (!row || pthread_mutex_trylock(&row->lock) == EBUSY) return true;
    (void)pthread_mutex_unlock(&row->lock);
    return false;
}

static enum status post(void *context, struct event *event) {
    (void)context;
    if (event->kind != EVENT_AGENT_REFUSED && !row_is_held(&event->instance))
        posted_unlocked = true;
    if (setting_grace) rows_set_grace(rows, &event->instance, true);
    if (refusing) {
        free(event);
        return STATUS_FULL;
    }
    assert_true(posted.count < EVENTS_MAX);
    posted.events[posted.count++] = event;
    return STATUS_OK;
}

static void forget_events(void) {
    for (size_t i = 0; i < posted.count; i++) free(posted.events[i]);
    posted.count = 0;
}

static size_t events_of(enum event_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < posted.count; i++) count += posted.events[i]->kind == kind;
    return count;
}

static void open_rows(bool disk) {
    struct rows_options options = rows_options_default();
    options.state_directory = disk ? folder : NULL;
    options.fence = 5;
    options.post = post;
    assert_ok(rows_create(&options, &rows));
}

static void begin(bool disk) {
    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (disk) assert_non_null(mkdtemp(folder));
    now = (struct now){{1000000}, {29520000 * MINUTE_MS}};
    report = (struct report){
        .instance = instance, .boot = boot_a, .interval_ms = 60000, .agent_version = "0.1.0"};
    open_rows(disk);
}

static void end(bool disk) {
    char command[128];
    rows_destroy(rows);
    forget_events();
    assert_false(posted_unlocked);
    snprintf(command, sizeof command, "rm -r %s", folder);
    if (disk) assert_int_equal(system(command), 0);
}

static void restart(void) {
    rows_destroy(rows);
    forget_events();
    open_rows(true);
}

static void pass_time(int64_t ms) {
    now.boot.ms += ms;
    now.wall.ms += ms;
}

static enum status send_report(uint64_t connection, uint64_t sequence, double memory) {
    report.sequence = sequence;
    metric_set(&report.core, METRIC_MEM_USED, memory);
    metric_set(&report.core, METRIC_SWAP_USED, 1);
    return rows_report(rows, connection, &report, now, &ack);
}

static float minute_value(const char *metric, const char *member, int64_t minute) {
    struct history_point point;
    assert_ok(rows_window(rows, &instance, metric, member, minute, minute + 1, &point, 1));
    return point.count ? point.mean : NAN;
}

static void near_to(float value, double wanted) {
    assert_true(fabs((double)value - wanted) < 0.01);
}

TEST(a_report_is_acknowledged_with_its_sequence_and_the_fence) {
    (void)state;
    begin(true);
    assert_ok(send_report(1, 1, 40));
    assert_int_equal(ack.sequence, 1);
    assert_int_equal(ack.fence, 5);
    near_to(minute_value("mem_used_percent", NULL, history_minute(now.wall)), 40);
    end(true);
}

TEST(a_repeated_sequence_is_acknowledged_again_and_changes_nothing) {
    (void)state;
    struct rows_counters counters;
    begin(true);
    assert_ok(send_report(1, 1, 40));
    assert_ok(send_report(1, 2, 40));
    forget_events();
    assert_ok(send_report(1, 2, 99));
    assert_ok(send_report(1, 1, 99));
    assert_int_equal(ack.sequence, 1);
    near_to(minute_value("mem_used_percent", NULL, history_minute(now.wall)), 40);
    rows_counters(rows, &counters);
    assert_int_equal(counters.duplicates, 2);
    assert_int_equal(counters.reports, 2);
    assert_int_equal(posted.count, 0);
    end(true);
}

TEST(sequences_are_remembered_over_a_restart) {
    (void)state;
    struct rows_counters counters;
    begin(true);
    for (uint64_t i = 1; i <= 3; i++) assert_ok(send_report(1, i, 40));
    restart();
    assert_ok(send_report(1, 3, 99));
    rows_counters(rows, &counters);
    assert_int_equal(counters.duplicates, 1);
    assert_ok(send_report(1, 4, 40));
    near_to(minute_value("mem_used_percent", NULL, history_minute(now.wall)), 40);
    end(true);
}

TEST(a_late_report_of_an_older_boot_is_no_new_boot) {
    (void)state;
    begin(true);
    assert_ok(send_report(1, 1, 40));
    report.boot = boot_b;
    assert_ok(send_report(2, 1, 40));
    assert_int_equal(events_of(EVENT_AGENT_SEEN), 2);
    report.boot = boot_a;
    assert_ok(send_report(2, 1, 40)); /* a duplicate */
    assert_ok(send_report(2, 2, 40)); /* what it had not delivered before the reboot */
    assert_int_equal(events_of(EVENT_AGENT_SEEN), 2);
    struct rows_snapshot snapshot;
    assert_ok(rows_snapshot(rows, &instance, now, &snapshot));
    assert_string_equal(snapshot.boot.text, boot_b.text);
    restart();
    report.boot = boot_a;
    assert_ok(send_report(1, 2, 99)); /* still a duplicate */
    report.boot = boot_b;
    assert_ok(send_report(1, 1, 99));
    struct rows_counters counters;
    rows_counters(rows, &counters);
    assert_int_equal(counters.duplicates, 2);
    end(true);
}

TEST(a_message_of_an_older_connection_is_refused) {
    (void)state;
    begin(false);
    assert_ok(send_report(4, 1, 40));
    assert_int_equal(send_report(3, 2, 40), STATUS_REFUSED);
    assert_ok(send_report(5, 2, 40));
    assert_int_equal(events_of(EVENT_AGENT_SEEN), 2);
    end(false);
}

TEST(everything_is_there_after_a_restart_in_the_middle_of_a_block) {
    (void)state;
    begin(true);
    int64_t first = history_minute(now.wall);
    for (uint64_t i = 1; i <= 50; i++, pass_time(MINUTE_MS))
        assert_ok(send_report(1, i, (double)i));
    restart();
    for (int64_t i = 0; i < 50; i++)
        near_to(minute_value("mem_used_percent", NULL, first + i), (double)(i + 1));
    end(true);
}

TEST(full_blocks_are_sealed_and_their_journal_is_removed) {
    (void)state;
    struct rows_counters counters;
    char path[64];
    begin(true);
    int64_t first = history_minute(now.wall);
    for (uint64_t i = 1; i <= 300; i++, pass_time(MINUTE_MS)) {
        assert_ok(send_report(1, i, (double)(i % 90)));
        rows_sync(rows, now);
    }
    rows_counters(rows, &counters);
    assert_int_equal(counters.blocks_sealed, 2);
    snprintf(path, sizeof path, "%s/history/journal-1", folder);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/history/journal-3", folder);
    assert_int_equal(access(path, F_OK), 0);
    for (int64_t i = 0; i < 300; i += 7)
        near_to(minute_value("mem_used_percent", NULL, first + i), (double)((i + 1) % 90));
    restart();
    for (int64_t i = 0; i < 300; i += 7)
        near_to(minute_value("mem_used_percent", NULL, first + i), (double)((i + 1) % 90));
    end(true);
}

TEST(a_silent_instances_block_is_sealed_when_its_time_is_over) {
    (void)state;
    struct rows_counters counters;
    begin(true);
    assert_ok(send_report(1, 1, 40));
    pass_time(121 * MINUTE_MS);
    rows_sync(rows, now);
    rows_counters(rows, &counters);
    assert_int_equal(counters.blocks_sealed, 1);
    end(true);
}

TEST(silence_is_posted_once_and_its_end_too) {
    (void)state;
    begin(false);
    report.interval_ms = 10000;
    rows_sync(rows, now);
    assert_ok(send_report(1, 1, 40));
    pass_time(30000);
    rows_sync(rows, now);
    assert_int_equal(events_of(EVENT_AGENT_SILENT), 0);
    pass_time(1000);
    rows_sync(rows, now);
    pass_time(1000);
    rows_sync(rows, now);
    assert_int_equal(events_of(EVENT_AGENT_SILENT), 1);
    assert_int_equal(posted.events[posted.count - 1]->agent.silent_for.ms, 31000);
    assert_int_equal(events_of(EVENT_AGENT_SEEN), 1);
    assert_ok(send_report(1, 2, 40));
    assert_int_equal(events_of(EVENT_AGENT_SEEN), 2);
    end(false);
}

TEST(a_wall_clock_that_jumps_makes_nobody_silent) {
    (void)state;
    begin(false);
    rows_sync(rows, now);
    assert_ok(send_report(1, 1, 40));
    now.wall.ms += 10LL * 365 * 86400 * 1000;
    rows_sync(rows, now);
    now.wall.ms -= 20LL * 365 * 86400 * 1000;
    rows_sync(rows, now);
    assert_int_equal(events_of(EVENT_AGENT_SILENT), 0);
    end(false);
}

TEST(an_agent_that_stays_away_after_our_restart_is_silent_after_its_grace) {
    (void)state;
    begin(true);
    report.interval_ms = 10000;
    assert_ok(send_report(1, 1, 40));
    restart();
    rows_sync(rows, now);
    pass_time(60000);
    rows_sync(rows, now);
    assert_int_equal(events_of(EVENT_AGENT_SILENT), 0);
    pass_time(31000);
    rows_sync(rows, now);
    assert_int_equal(events_of(EVENT_AGENT_SILENT), 1);
    end(true);
}

static void set_check(const char *name, enum check_state check_state) {
    report.check_count = 1;
    memset(&report.checks[0], 0, sizeof report.checks[0]);
    strncat(report.checks[0].name, name, sizeof report.checks[0].name - 1);
    report.checks[0].state = check_state;
}

TEST(only_changes_of_checks_are_posted) {
    (void)state;
    begin(false);
    set_check("http", CHECK_PASSING);
    assert_ok(send_report(1, 1, 40));
    assert_ok(send_report(1, 2, 40));
    assert_int_equal(events_of(EVENT_AGENT_CHECK), 1);
    set_check("http", CHECK_FAILING);
    assert_ok(send_report(1, 3, 40));
    assert_ok(send_report(1, 4, 40));
    assert_int_equal(events_of(EVENT_AGENT_CHECK), 2);
    assert_int_equal(posted.events[posted.count - 1]->agent.check.state, CHECK_FAILING);
    end(false);
}

TEST(a_check_that_is_gone_from_the_report_is_unknown) {
    (void)state;
    begin(false);
    set_check("http", CHECK_FAILING);
    strncat(report.checks[0].unit, "web.service", sizeof report.checks[0].unit - 1);
    assert_ok(send_report(1, 1, 40));
    forget_events();
    set_check("tcp", CHECK_PASSING);
    assert_ok(send_report(1, 2, 40));
    assert_int_equal(posted.count, 2);
    const struct check_result *gone = &posted.events[0]->agent.check;
    assert_string_equal(gone->name, "http");
    assert_string_equal(gone->unit, "web.service");
    assert_int_equal(gone->state, CHECK_UNKNOWN);
    assert_string_equal(posted.events[1]->agent.check.name, "tcp");
    forget_events();
    report.check_count = 0;
    assert_ok(send_report(1, 3, 40));
    assert_int_equal(posted.count, 1);
    assert_string_equal(posted.events[0]->agent.check.name, "tcp");
    assert_int_equal(posted.events[0]->agent.check.state, CHECK_UNKNOWN);
    assert_ok(send_report(1, 4, 40));
    assert_int_equal(posted.count, 1);
    end(false);
}

TEST(a_report_whose_events_were_refused_is_said_again_by_the_next_one) {
    (void)state;
    begin(false);
    set_check("http", CHECK_FAILING);
    refusing = true;
    assert_ok(send_report(1, 1, 40)); /* the values are kept: it is acknowledged */
    assert_int_equal(posted.count, 0);
    refusing = false;
    assert_ok(send_report(1, 2, 40));
    assert_int_equal(events_of(EVENT_AGENT_SEEN), 1);
    assert_int_equal(events_of(EVENT_AGENT_CHECK), 1);
    assert_ok(send_report(1, 3, 40));
    assert_int_equal(posted.count, 2);
    end(false);
}

TEST(a_silence_that_was_refused_is_found_again) {
    (void)state;
    struct rows_counters counters;
    begin(false);
    rows_sync(rows, now);
    assert_ok(send_report(1, 1, 40));
    pass_time(4 * MINUTE_MS);
    refusing = true;
    rows_sync(rows, now);
    refusing = false;
    rows_sync(rows, now);
    rows_sync(rows, now);
    assert_int_equal(events_of(EVENT_AGENT_SILENT), 1);
    rows_counters(rows, &counters);
    assert_int_equal(counters.silences, 1);
    end(false);
}

TEST(a_notice_whose_event_was_refused_is_not_acknowledged) {
    (void)state;
    begin(false);
    struct notice notice = {
        .instance = instance, .boot = boot_a, .sequence = 2, .kind = NOTICE_UPGRADING};
    refusing = true;
    assert_int_equal(rows_notice(rows, 1, &notice, now, &ack), STATUS_FULL);
    refusing = false;
    assert_ok(rows_notice(rows, 1, &notice, now, &ack));
    assert_int_equal(events_of(EVENT_AGENT_NOTICE), 1);
    end(false);
}

TEST(a_score_that_was_refused_is_posted_with_the_next_pass) {
    (void)state;
    begin(false);
    assert_ok(send_report(1, 1, 40));
    refusing = true;
    rows_pass(rows, now);
    refusing = false;
    rows_pass(rows, now);
    rows_pass(rows, now);
    assert_int_equal(events_of(EVENT_PREDICTION), 1);
    end(false);
}

TEST(events_and_notices_of_agents_are_posted_once) {
    (void)state;
    begin(false);
    report.event_count = 1;
    report.events[0].kind = AGENT_EVENT_OOM_KILL;
    assert_ok(send_report(1, 1, 40));
    assert_ok(send_report(1, 1, 40));
    assert_int_equal(events_of(EVENT_AGENT_EVENT), 1);
    struct notice notice = {
        .instance = instance, .boot = boot_a, .sequence = 2, .kind = NOTICE_UPGRADING};
    assert_ok(rows_notice(rows, 1, &notice, now, &ack));
    assert_int_equal(ack.sequence, 2);
    assert_int_equal(events_of(EVENT_AGENT_NOTICE), 1);
    rows_refused(rows, &instance, "127.0.0.1:9", "i-00000000000000000");
    assert_int_equal(events_of(EVENT_AGENT_REFUSED), 1);
    end(false);
}

static struct series_dictionary a_dictionary(uint32_t generation, uint16_t count) {
    static struct series_dictionary dictionary;
    memset(&dictionary, 0, sizeof dictionary);
    dictionary.generation = generation;
    dictionary.count = count;
    for (uint16_t i = 0; i < count; i++) {
        struct series_name *name = &dictionary.names[i];
        name->number = i;
        name->family = METRIC_MEMBER_SERVICE;
        strncat(name->name, "service_memory_used_percent", sizeof name->name - 1);
        snprintf(name->member, sizeof name->member, "unit-%u-%u.service", (unsigned)generation,
                 (unsigned)i);
    }
    return dictionary;
}

TEST(an_unknown_dictionary_is_asked_for_and_its_series_are_kept) {
    (void)state;
    begin(true);
    report.dictionary_generation = 1;
    report.further_count = 1;
    report.further[0] = (struct series_value){2, 33};
    assert_ok(send_report(1, 1, 40));
    assert_true(ack.directives & ACK_DIRECTIVE_SEND_DICTIONARY);
    struct series_dictionary dictionary = a_dictionary(1, 3);
    assert_ok(rows_dictionary(rows, 1, &instance, &boot_a, 2, &dictionary, now, &ack));
    assert_ok(send_report(1, 3, 40));
    assert_false(ack.directives & ACK_DIRECTIVE_SEND_DICTIONARY);
    report.further[0].value = 34;
    pass_time(MINUTE_MS);
    assert_ok(send_report(1, 4, 40));
    pass_time(MINUTE_MS);
    assert_ok(send_report(1, 5, 40)); /* the same value: not written again, still there */
    int64_t minute = history_minute(now.wall);
    near_to(minute_value("service_memory_used_percent", "unit-1-2.service", minute - 2), 33);
    near_to(minute_value("service_memory_used_percent", "unit-1-2.service", minute), 34);
    restart();
    near_to(minute_value("service_memory_used_percent", "unit-1-2.service", minute - 2), 33);
    near_to(minute_value("service_memory_used_percent", "unit-1-2.service", minute - 1), 34);
    near_to(minute_value("service_memory_used_percent", "unit-1-2.service", minute), 34);
    end(true);
}

TEST(columns_of_series_that_are_gone_are_used_again_after_the_block) {
    (void)state;
    begin(true);
    report.dictionary_generation = 1;
    struct series_dictionary dictionary = a_dictionary(1, 64);
    assert_ok(rows_dictionary(rows, 1, &instance, &boot_a, 1, &dictionary, now, &ack));
    assert_ok(send_report(1, 2, 40));
    dictionary = a_dictionary(2, 64);
    report.dictionary_generation = 2;
    assert_ok(rows_dictionary(rows, 1, &instance, &boot_a, 3, &dictionary, now, &ack));
    assert_ok(send_report(1, 4, 40));
    pass_time(121 * MINUTE_MS);
    assert_ok(send_report(1, 5, 40)); /* the turn: there is room now */
    assert_true(ack.directives & ACK_DIRECTIVE_SEND_DICTIONARY);
    assert_ok(rows_dictionary(rows, 1, &instance, &boot_a, 6, &dictionary, now, &ack));
    report.further_count = 1;
    report.further[0] = (struct series_value){63, 12};
    assert_ok(send_report(1, 7, 40));
    near_to(
        minute_value("service_memory_used_percent", "unit-2-63.service", history_minute(now.wall)),
        12);
    restart();
    near_to(
        minute_value("service_memory_used_percent", "unit-2-63.service", history_minute(now.wall)),
        12);
    end(true);
}

static void limit_files(rlim_t bytes) {
    struct rlimit limit = {bytes, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST(a_full_disk_refuses_the_ack_and_loses_nothing_acknowledged) {
    (void)state;
    struct rows_snapshot snapshot;
    begin(true);
    int64_t first = history_minute(now.wall);
    uint64_t sequence = 1;
    limit_files(4096);
    while (send_report(1, sequence, 40) == STATUS_OK) {
        sequence++;
        pass_time(MINUTE_MS);
        assert_true(sequence < 1000);
    }
    assert_true(sequence > 10);
    assert_ok(rows_snapshot(rows, &instance, now, &snapshot)); /* still watched */
    assert_int_equal(snapshot.since_report.ms, 0);
    assert_int_not_equal(send_report(1, sequence, 40), STATUS_OK);
    limit_files(RLIM_INFINITY);
    assert_ok(send_report(1, sequence, 40)); /* the agent's repetition */
    restart();
    for (uint64_t i = 0; i < sequence; i++)
        near_to(minute_value("mem_used_percent", NULL, first + (int64_t)i), 40);
    end(true);
}

TEST(blocks_that_cannot_be_written_wait_and_are_still_shown) {
    (void)state;
    struct rows_counters counters;
    begin(true);
    int64_t first = history_minute(now.wall);
    for (uint64_t i = 1; i <= 120; i++, pass_time(MINUTE_MS))
        assert_ok(send_report(1, i, (double)(i % 50)));
    limit_files(16);
    rows_sync(rows, now);
    rows_sync(rows, now);
    rows_counters(rows, &counters);
    assert_int_equal(counters.blocks_sealed, 0);
    near_to(minute_value("mem_used_percent", NULL, first + 10), 11);
    limit_files(RLIM_INFINITY);
    rows_sync(rows, now);
    rows_counters(rows, &counters);
    assert_int_equal(counters.blocks_sealed, 1);
    near_to(minute_value("mem_used_percent", NULL, first + 10), 11);
    end(true);
}

TEST(a_read_only_folder_is_an_error_at_the_start) {
    (void)state;
    struct rows_options options = rows_options_default();
    struct rows *none = NULL;
    options.state_directory = "/proc/self";
    assert_int_not_equal(rows_create(&options, &none), STATUS_OK);
    options.state_directory = NULL;
    options.instances_max = 0;
    assert_int_equal(rows_create(&options, &none), STATUS_OUT_OF_RANGE);
    assert_null(none);
}

TEST(a_clock_that_steps_back_an_hour_or_ten_years_loses_nothing) {
    (void)state;
    begin(true);
    int64_t first = history_minute(now.wall);
    assert_ok(send_report(1, 1, 10));
    now.wall.ms += 10LL * 365 * 86400 * 1000; /* ten years ahead */
    assert_ok(send_report(1, 2, 20));
    rows_sync(rows, now);
    now.wall.ms -= 10LL * 365 * 86400 * 1000; /* and back */
    pass_time(MINUTE_MS);
    assert_ok(send_report(1, 3, 30));
    rows_sync(rows, now);
    near_to(minute_value("mem_used_percent", NULL, first), 10);
    near_to(minute_value("mem_used_percent", NULL, first + 1), 30);
    restart();
    near_to(minute_value("mem_used_percent", NULL, first), 10);
    near_to(minute_value("mem_used_percent", NULL, first + 1), 30);
    assert_ok(send_report(1, 4, 30));
    end(true);
}

TEST(the_table_is_bounded) {
    (void)state;
    struct rows_options options = rows_options_default();
    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    options.instances_max = 2;
    options.post = post;
    options.predict = false;
    now = (struct now){{1000}, {29520000 * MINUTE_MS}};
    assert_ok(rows_create(&options, &rows));
    report = (struct report){.boot = boot_a, .interval_ms = 60000};
    for (int i = 0; i < 3; i++) {
        snprintf(report.instance.text, sizeof report.instance.text, "i-0000000%d", i);
        assert_int_equal(send_report(1, 1, 1), i < 2 ? STATUS_OK : STATUS_FULL);
    }
    struct instance_id ids[4];
    assert_int_equal(rows_list(rows, ids, 4), 2);
    assert_string_equal(ids[0].text, "i-00000000");
    rows_destroy(rows);
    forget_events();
}

TEST(a_leak_is_scored_and_posted_and_survives_a_restart) {
    (void)state;
    begin(true);
    uint64_t sequence = 1;
    for (int64_t minute = 0; minute < 36 * 60; minute++, pass_time(MINUTE_MS)) {
        assert_ok(send_report(1, sequence++, 40));
        if (minute % 120 == 0) rows_sync(rows, now);
    }
    rows_pass(rows, now);
    assert_int_equal(events_of(EVENT_PREDICTION), 1);
    assert_true(posted.events[posted.count - 1]->prediction.confidence < 0.2F);
    for (int64_t minute = 0; minute < 150; minute++, pass_time(MINUTE_MS))
        assert_ok(send_report(1, sequence++, 40 + 0.2 * (double)minute));
    rows_sync(rows, now);
    restart(); /* the streams are fed from blocks and journal */
    for (int64_t minute = 150; minute < 180; minute++, pass_time(MINUTE_MS))
        assert_ok(send_report(1, sequence++, 40 + 0.2 * (double)minute));
    rows_pass(rows, now);
    struct rows_snapshot snapshot;
    assert_ok(rows_snapshot(rows, &instance, now, &snapshot));
    assert_true(snapshot.prediction.confidence >= 0.8F);
    assert_int_equal(snapshot.prediction.kind, FAILURE_MEMORY_LEAK);
    assert_string_equal(snapshot.prediction.instance.text, instance.text);
    assert_int_equal(events_of(EVENT_PREDICTION), 1);
    rows_pass(rows, now); /* high ones are posted each time */
    assert_int_equal(events_of(EVENT_PREDICTION), 2);
    end(true);
}

TEST(new_levels_count_from_the_next_score_on) {
    (void)state;
    struct predict_settings levels = predict_settings_default();
    begin(false);
    for (uint64_t i = 1; i <= 30 * 60; i++, pass_time(MINUTE_MS)) assert_ok(send_report(1, i, 60));
    rows_pass(rows, now);
    struct rows_snapshot before, after;
    assert_ok(rows_snapshot(rows, &instance, now, &before));
    levels.memory_warning = 30;
    levels.memory_critical = 50;
    levels.day = (struct duration){60000}; /* not taken over */
    rows_set_levels(rows, &levels);
    rows_pass(rows, now);
    assert_ok(rows_snapshot(rows, &instance, now, &after));
    assert_true(after.prediction.confidence > before.prediction.confidence);
    end(false);
}

TEST(grace_is_told_in_the_ack) {
    (void)state;
    begin(false);
    assert_ok(send_report(1, 1, 40));
    rows_set_grace(rows, &instance, true);
    assert_ok(send_report(1, 2, 40));
    assert_true(ack.directives & ACK_DIRECTIVE_GRACE);
    rows_set_grace(rows, &instance, false);
    assert_ok(send_report(1, 3, 40));
    assert_false(ack.directives & ACK_DIRECTIVE_GRACE);
    end(false);
}

TEST(grace_is_set_while_the_row_is_held) {
    (void)state;
    begin(false);
    setting_grace = true;
    assert_ok(send_report(1, 1, 40)); /* a wait for the row's lock would never end here */
    setting_grace = false;
    assert_ok(send_report(1, 2, 40));
    assert_true(ack.directives & ACK_DIRECTIVE_GRACE);
    end(false);
}

/* Values of the step being filled, over all inputs. */
static uint32_t gathered(void) {
    uint32_t count = 0;
    for (unsigned i = 0; i < PREDICT_INPUT_COUNT; i++)
        count += rows->slots[0]->predict->gathers[i].count;
    return count;
}

TEST(the_end_of_grace_tells_the_predictor_before_the_next_value) {
    (void)state;
    begin(false);
    assert_ok(send_report(1, 1, 40));
    uint32_t of_one = gathered();
    assert_true(of_one > 0);
    pass_time(1000);
    assert_ok(send_report(1, 2, 40));
    assert_int_equal(gathered(), 2 * of_one);
    rows_set_grace(rows, &instance, true);
    rows_set_grace(rows, &instance, false);
    pass_time(1000);
    assert_ok(send_report(1, 3, 40)); /* what was before it is forgotten */
    assert_int_equal(gathered(), of_one);
    pass_time(1000);
    assert_ok(send_report(1, 4, 40)); /* once */
    assert_int_equal(gathered(), 2 * of_one);
    end(false);
}

TEST(an_unknown_instance_has_no_snapshot_and_no_window) {
    (void)state;
    struct rows_snapshot snapshot;
    struct history_point point;
    begin(true);
    assert_int_equal(rows_snapshot(rows, &instance, now, &snapshot), STATUS_NOT_FOUND);
    assert_int_equal(rows_window(rows, &instance, "load1", NULL, 0, 10, &point, 1),
                     STATUS_NOT_FOUND);
    assert_int_equal(rows_window(rows, &instance, "load1", NULL, 10, 10, &point, 1),
                     STATUS_OUT_OF_RANGE);
    end(true);
}

TEST(threads_start_and_stop) {
    (void)state;
    begin(true);
    assert_ok(send_report(1, 1, 40));
    assert_ok(rows_start(rows));
    end(true);
}

#define WRITERS 4
#define REPORTS 400

struct writer {
    struct thread thread;
    uint64_t number;
    uint64_t acked;
};

static void write_reports(void *context) {
    struct writer *writer = context;
    struct report mine = {.boot = boot_a, .interval_ms = 1000};
    struct now then = {{1000000}, {29520000 * MINUTE_MS}};
    for (uint64_t i = 1; i <= REPORTS; i++) {
        struct ack my_ack;
        snprintf(mine.instance.text, sizeof mine.instance.text, "i-%08x",
                 (unsigned)(writer->number * 3 + i % 3));
        mine.sequence = i;
        metric_set(&mine.core, METRIC_MEM_USED, (double)(i % 90));
        then.wall.ms += 30000; /* crosses a block */
        then.boot.ms += 30000;
        if (rows_report(rows, 1, &mine, then, &my_ack) == STATUS_OK) writer->acked++;
    }
}

static enum status count_only(void *context, struct event *event) {
    (void)context;
    free(event);
    return STATUS_OK;
}

TEST(threads_that_write_score_sync_and_read_at_once_lose_nothing) {
    (void)state;
    static struct writer writers[WRITERS];
    struct rows_options options = rows_options_default();
    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    assert_non_null(mkdtemp(folder));
    options.state_directory = folder;
    options.post = count_only;
    options.settings.day = (struct duration){60000};
    options.settings.step = (struct duration){1000};
    assert_ok(rows_create(&options, &rows));
    assert_ok(rows_start(rows));
    for (uint64_t i = 0; i < WRITERS; i++) {
        writers[i].number = i;
        assert_ok(thread_start(&writers[i].thread, "writer", 0, write_reports, &writers[i]));
    }
    const struct instance_id first = {"i-00000000"};
    for (int i = 0; i < 200; i++) {
        struct history_point points[10];
        struct rows_snapshot snapshot;
        struct now at = {{1000000 + i * 60000}, {(29520000 + i) * MINUTE_MS}};
        rows_pass(rows, at);
        enum status status = rows_snapshot(rows, &first, at, &snapshot);
        assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
        status =
            rows_window(rows, &first, "mem_used_percent", NULL, 29520000, 29520300, points, 10);
        assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
    }
    for (uint64_t i = 0; i < WRITERS; i++) {
        thread_join(&writers[i].thread);
        assert_int_equal(writers[i].acked, REPORTS);
    }
    rows_destroy(rows);
    options.post = post;
    assert_ok(rows_create(&options, &rows));
    struct rows_counters counters;
    rows_counters(rows, &counters);
    assert_int_equal(counters.instances, WRITERS * 3);
    end(true);
}
