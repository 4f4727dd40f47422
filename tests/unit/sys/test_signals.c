/* Signals arrive as events, and SIGPIPE does not kill. */
#include <signal.h>
#include <unistd.h>

#include "common/sys/file.h"
#include "common/sys/signals.h"
#include "tests/support/unit.h"

TEST(each_signal_is_one_event) {
    (void)state;
    int fd;
    enum signals_event event;
    assert_ok(signals_open(&fd));
    assert_int_equal(signals_read(fd, &event), STATUS_AGAIN);
    static const struct {
        int number;
        enum signals_event event;
    } rows[] = {{SIGHUP, SIGNALS_RELOAD}, {SIGTERM, SIGNALS_STOP}, {SIGINT, SIGNALS_STOP}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(kill(getpid(), rows[i].number), 0);
        assert_ok(signals_read(fd, &event));
        assert_int_equal(event, rows[i].event);
    }
    assert_int_equal(signals_read(fd, &event), STATUS_AGAIN);
    file_close(&fd);
}

TEST(writing_to_a_closed_pipe_is_an_error_only) {
    (void)state;
    int fd, ends[2];
    assert_ok(signals_open(&fd));
    assert_int_equal(pipe(ends), 0);
    file_close(&ends[0]);
    assert_int_equal(file_append(ends[1], "x", 1), STATUS_CLOSED);
    file_close(&ends[1]);
    file_close(&fd);
}
