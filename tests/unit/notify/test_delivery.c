/* The notifier against a scripted receiver: nothing is lost, nothing is sent where it must not go.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/notify/notify.h"
#include "aggregator/notify/webhook.h"
#include "common/json/json.h"
#include "common/sys/clock.h"
#include "tests/support/unit.h"
#include "tests/unit/notify/receiver.h"

static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
static const char slow_down[] =
    "HTTP/1.1 429 Too Many\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
static const char gone[] =
    "HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\nConnection: close\r\n\r\nno_service";
static const char broken[] = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
static const char redirect[] = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                               "Content-Length: 0\r\nConnection: close\r\n\r\n";

struct bench {
    struct receiver receiver;
    struct store *store;
    struct notify *notify;
    char url[64];
};

static void bench_start(struct bench *b) {
    receiver_start(&b->receiver);
    snprintf(b->url, sizeof b->url, "http://127.0.0.1:%d/hook", b->receiver.port);
    assert_int_equal(store_open_memory(&b->store), STATUS_OK);
    b->notify = NULL;
}

static void bench_notify(struct bench *b) {
    struct notify_options options = {.enabled = true,
                                     .slack_url = b->url,
                                     .deadline = {300},
                                     .give_up = {86400000},
                                     .allow_loopback = true,
                                     .seed = 1};
    assert_int_equal(notify_create(&options, b->store, &b->notify), STATUS_OK);
}

static void bench_stop(struct bench *b) {
    notify_destroy(b->notify);
    store_destroy(b->store);
    receiver_stop(&b->receiver);
}

static void ignore(void *arg, uint64_t id, enum status status) {
    (void)arg;
    (void)id;
    assert_int_equal(status, STATUS_OK);
}

static void say(struct bench *b, const char *id, struct wall_time at) {
    char item[512], time[CLOCK_RFC3339_SIZE];
    snprintf(item, sizeof item, "{\"id\":\"%s\",\"title\":\"title of %s\",\"time\":\"%s\"}", id, id,
             wall_format(at, time));
    struct batch *batch = batch_create(1);
    assert_int_equal(batch_add(batch, RECORD_PUT, RECORD_OUTBOX, id, "", item), STATUS_OK);
    assert_int_equal(store_submit(b->store, batch, ignore, NULL), STATUS_OK);
    if (b->notify != NULL) notify_wake(b->notify);
}

static size_t rows(struct bench *b, enum record_table table) {
    struct store_query query = {.table = table, .limit = 100};
    struct record *records;
    size_t count;
    assert_int_equal(store_read(b->store, &query, &records, &count), STATUS_OK);
    store_records_free(records, count);
    return count;
}

/* Waits for a state of the store; the test's own time limit ends a wait that is in vain. */
static void wait_rows(struct bench *b, enum record_table table, size_t wanted) {
    while (rows(b, table) != wanted) poll(NULL, 0, 2);
}

TEST(a_row_is_delivered_once_and_leaves_the_outbox) {
    (void)state;
    struct bench b;
    bench_start(&b);
    receiver_answer(&b.receiver, ANSWER_TEXT, ok);
    bench_notify(&b);
    say(&b, "n1", sys_now().wall);
    receiver_wait(&b.receiver, 1);
    assert_non_null(strstr(b.receiver.last_body, "title of n1"));
    wait_rows(&b, RECORD_OUTBOX, 0);
    assert_int_equal(notify_counts(b.notify).sent, 1);
    bench_stop(&b);
}

TEST(rows_written_before_the_start_are_delivered) {
    (void)state;
    struct bench b;
    bench_start(&b);
    receiver_answer(&b.receiver, ANSWER_TEXT, ok);
    say(&b, "n1", sys_now().wall);
    bench_notify(&b);
    receiver_wait(&b.receiver, 1);
    wait_rows(&b, RECORD_OUTBOX, 0);
    bench_stop(&b);
}

TEST(a_fault_is_tried_again_until_it_is_delivered) {
    (void)state;
    struct bench b;
    bench_start(&b);
    receiver_answer(&b.receiver, ANSWER_TEXT, broken);
    receiver_answer(&b.receiver, ANSWER_RESET, NULL);
    receiver_answer(&b.receiver, ANSWER_TEXT, ok);
    bench_notify(&b);
    say(&b, "n1", sys_now().wall);
    receiver_wait(&b.receiver, 3);
    wait_rows(&b, RECORD_OUTBOX, 0);
    assert_int_equal(notify_counts(b.notify).failed, 2);
    assert_int_equal(rows(&b, RECORD_META), 0);
    bench_stop(&b);
}

TEST(retry_after_is_honoured) {
    (void)state;
    struct bench b;
    bench_start(&b);
    receiver_answer(&b.receiver, ANSWER_TEXT, slow_down);
    receiver_answer(&b.receiver, ANSWER_TEXT, ok);
    bench_notify(&b);
    say(&b, "n1", sys_now().wall);
    receiver_wait(&b.receiver, 1);
    struct boot_time first = sys_now().boot;
    receiver_wait(&b.receiver, 2);
    assert_true(boot_since(sys_now().boot, first).ms >= 900);
    bench_stop(&b);
}

TEST(a_receiver_that_is_gone_ends_in_a_dead_letter) {
    (void)state;
    struct bench b;
    bench_start(&b);
    receiver_answer(&b.receiver, ANSWER_TEXT, gone);
    bench_notify(&b);
    say(&b, "n1", sys_now().wall);
    wait_rows(&b, RECORD_META, 1);
    wait_rows(&b, RECORD_OUTBOX, 0);
    assert_int_equal(notify_counts(b.notify).dead, 1);
    bench_stop(&b);
}

TEST(what_is_too_old_ends_in_a_dead_letter_unsent) {
    (void)state;
    struct bench b;
    bench_start(&b);
    receiver_answer(&b.receiver, ANSWER_TEXT, ok);
    bench_notify(&b);
    say(&b, "n1", (struct wall_time){1000});
    wait_rows(&b, RECORD_META, 1);
    wait_rows(&b, RECORD_OUTBOX, 0);
    assert_int_equal(b.receiver.requests, 0);
    bench_stop(&b);
}

TEST(a_malformed_row_does_not_stop_the_others) {
    (void)state;
    struct bench b;
    bench_start(&b);
    receiver_answer(&b.receiver, ANSWER_TEXT, ok);
    struct batch *batch = batch_create(1);
    assert_int_equal(batch_add(batch, RECORD_PUT, RECORD_OUTBOX, "n0", "", "{}"), STATUS_OK);
    assert_int_equal(store_submit(b.store, batch, ignore, NULL), STATUS_OK);
    say(&b, "n1", sys_now().wall);
    bench_notify(&b);
    wait_rows(&b, RECORD_OUTBOX, 0);
    assert_int_equal(b.receiver.requests, 1);
    assert_int_equal(rows(&b, RECORD_META), 1);
    bench_stop(&b);
}

TEST(a_dead_letter_can_be_read_and_says_when_it_was_buried) {
    (void)state;
    struct bench b;
    bench_start(&b);
    receiver_answer(&b.receiver, ANSWER_TEXT, gone);
    struct batch *batch = batch_create(1);
    assert_int_equal(batch_add(batch, RECORD_PUT, RECORD_OUTBOX, "n0", "", "no \"JSON\""),
                     STATUS_OK);
    assert_int_equal(store_submit(b.store, batch, ignore, NULL), STATUS_OK);
    say(&b, "n1", sys_now().wall);
    bench_notify(&b);
    wait_rows(&b, RECORD_META, 2);
    struct store_query query = {.table = RECORD_META, .limit = 2};
    struct record *records;
    size_t count = 0;
    assert_int_equal(store_read(b.store, &query, &records, &count), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        struct json_doc *doc = NULL;
        char buried[CLOCK_RFC3339_SIZE];
        struct wall_time at;
        assert_int_equal(json_parse(records[i].item, strlen(records[i].item), 8192, &doc),
                         STATUS_OK);
        assert_int_equal(json_get_string(json_root(doc), "buried", buried, sizeof buried),
                         STATUS_OK);
        assert_int_equal(wall_parse(buried, strlen(buried), &at), STATUS_OK);
        json_cleanup(&doc);
    }
    store_records_free(records, count);
    bench_stop(&b);
}

TEST(a_flood_goes_out_as_one_message) {
    (void)state;
    struct bench b;
    bench_start(&b);
    receiver_answer(&b.receiver, ANSWER_TEXT, ok);
    for (int i = 0; i < 14; i++) {
        char id[16];
        snprintf(id, sizeof id, "n%02d", i);
        say(&b, id, sys_now().wall);
    }
    bench_notify(&b);
    wait_rows(&b, RECORD_OUTBOX, 0);
    assert_int_equal(b.receiver.requests, 1);
    assert_non_null(strstr(b.receiver.last_body, "14 notifications"));
    bench_stop(&b);
}

TEST(stopping_does_not_wait_for_a_hanging_receiver) {
    (void)state;
    struct bench b;
    bench_start(&b);
    receiver_answer(&b.receiver, ANSWER_HANG, NULL);
    bench_notify(&b);
    say(&b, "n1", sys_now().wall);
    receiver_wait(&b.receiver, 1);
    struct boot_time before = sys_now().boot;
    notify_wake(b.notify); /* never blocks, whatever the receiver does */
    assert_true(boot_since(sys_now().boot, before).ms < 100);
    notify_destroy(b.notify);
    assert_true(boot_since(sys_now().boot, before).ms < 2000);
    b.notify = NULL;
    assert_int_equal(rows(&b, RECORD_OUTBOX), 1);
    bench_stop(&b);
}

static struct webhook_verdict post(const char *url, bool allow_loopback) {
    struct webhook *webhook;
    struct webhook_verdict verdict;
    assert_int_equal(webhook_create(allow_loopback, &webhook), STATUS_OK);
    webhook_post(webhook, url, "{}", 2, duration_ms(300), &verdict);
    webhook_destroy(webhook);
    return verdict;
}

TEST(forbidden_addresses_are_refused_after_resolution) {
    (void)state;
    static const char *const urls[] = {"https://127.0.0.1:1/",        "https://localhost:1/",
                                       "https://169.254.169.254/",    "https://[::1]:1/",
                                       "https://[fe80::1]/",          "https://[fd00:ec2::254]/",
                                       "https://[::ffff:127.0.0.1]/", "https://0.0.0.0/",
                                       "https://224.0.0.1/",          "http://127.0.0.1:1/",
                                       "file:///etc/passwd",          "https://2130706433/"};
    for (size_t i = 0; i < ARRAY_LENGTH(urls); i++)
        assert_int_equal(post(urls[i], false).status, STATUS_DENIED);
    /* With the setting for tests, loopback is tried; the metadata service is still refused. */
    assert_int_equal(post("http://127.0.0.1:1/", true).status, STATUS_UNREACHABLE);
    assert_int_equal(post("http://169.254.169.254/", true).status, STATUS_DENIED);
}

TEST(redirects_are_not_followed) {
    (void)state;
    struct bench b;
    bench_start(&b);
    receiver_answer(&b.receiver, ANSWER_TEXT, redirect);
    struct webhook_verdict verdict = post(b.url, true);
    assert_int_equal(verdict.status, STATUS_REFUSED);
    assert_int_equal(verdict.http, 302);
    bench_stop(&b);
}

TEST(a_huge_answer_is_cut_but_counts_by_its_status) {
    (void)state;
    struct bench b;
    char *huge = malloc(100000);
    strcpy(huge, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    memset(huge + strlen(huge), 'x', 90000);
    huge[90000] = '\0';
    bench_start(&b);
    receiver_answer(&b.receiver, ANSWER_TEXT, huge);
    assert_int_equal(post(b.url, true).status, STATUS_OK);
    bench_stop(&b);
    free(huge);
}
