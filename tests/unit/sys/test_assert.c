/* An assertion that fails says where, and ends the program. */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/base.h"
#include "common/sys/log.h"
#include "tests/support/unit.h"

TEST(a_failed_assertion_logs_its_place_and_aborts) {
    (void)state;
    int ends[2], result;
    char out[1024];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)signal(SIGABRT, SIG_DFL);
        log_set_descriptor(ends[1]);
        ASSERT(1 + 1 == 3);
        _exit(0);
    }
    (void)close(ends[1]);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGABRT);
    ssize_t got = read(ends[0], out, sizeof out - 1);
    out[got < 0 ? 0 : got] = '\0';
    assert_non_null(strstr(out, "\"event\":\"program.assertion\",\"condition\":\"1 + 1 == 3\""));
    assert_non_null(strstr(out, "test_assert.c"));
    (void)close(ends[0]);
}

TEST(an_assertion_that_holds_costs_nothing_else) {
    (void)state;
    int evaluated = 0;
    ASSERT(++evaluated == 1);
    assert_int_equal(evaluated, 1);
}
