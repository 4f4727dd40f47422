/* Threads have their name and take no signal. */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/sys/thread.h"
#include "tests/support/unit.h"

struct seen {
    char name[16];
    sigset_t mask;
};

static void look(void *argument) {
    struct seen *seen = argument;
    (void)prctl(PR_GET_NAME, seen->name);
    (void)pthread_sigmask(SIG_BLOCK, NULL, &seen->mask);
}

TEST(a_thread_has_its_name_and_no_signals) {
    (void)state;
    struct seen seen = {0};
    struct thread thread;
    assert_ok(thread_start(&thread, "engine-of-the-aggregator", 65536, look, &seen));
    thread_join(&thread);
    thread_join(&thread); /* a second time does nothing */
    assert_string_equal(seen.name, "engine-of-the-a");
    assert_int_equal(sigismember(&seen.mask, SIGTERM), 1);
    assert_int_equal(sigismember(&seen.mask, SIGHUP), 1);
    assert_int_equal(sigismember(&seen.mask, SIGCHLD), 1);
}

TEST(the_starter_keeps_its_own_signals) {
    (void)state;
    struct seen seen = {0};
    struct thread thread;
    sigset_t before, after;
    (void)pthread_sigmask(SIG_BLOCK, NULL, &before);
    assert_ok(thread_start(&thread, "x", 0, look, &seen));
    (void)pthread_sigmask(SIG_BLOCK, NULL, &after);
    thread_join(&thread);
    assert_int_equal(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
    assert_int_equal(sigismember(&after, SIGTERM), 0);
}

TEST(joining_what_never_started_does_nothing) {
    (void)state;
    struct thread thread = {0};
    thread_join(&thread);
}
