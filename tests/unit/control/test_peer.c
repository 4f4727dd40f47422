/* Who may read and who may act. */
#include <sys/socket.h>
#include <unistd.h>

#include "aggregator/control/peer.h"
#include "tests/support/unit.h"

/* Ids of Debian's base system that are the same everywhere: `daemon` is user 1 and group 1, `bin`
 * user 2 and group 2, and neither is in the other's group. */
#define DAEMON 1
#define BIN    2

static struct peer judged(uint32_t uid, uint32_t gid, const char *read, const char *act) {
    struct peer peer;
    peer_judge(uid, gid, read, act, &peer);
    return peer;
}

TEST(the_kernel_says_who_is_there) {
    (void)state;
    int pair[2];
    struct peer peer;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_ok(peer_identify(pair[0], "", "", &peer));
    assert_int_equal(peer.uid, geteuid());
    assert_true(peer.may_read && peer.may_act); /* our own user */
    assert_true(peer.name[0] != '\0');
    close(pair[0]);
    assert_int_equal(peer_identify(pair[0], "", "", &peer), STATUS_IO);
    close(pair[1]);
}

TEST(root_may_all) {
    (void)state;
    struct peer peer = judged(0, 0, "", "");
    assert_true(peer.may_read && peer.may_act);
    assert_string_equal(peer.name, "root");
}

TEST(members_read_or_act_by_group) {
    (void)state;
    struct peer peer = judged(DAEMON, DAEMON, "daemon", "bin");
    assert_true(peer.may_read && !peer.may_act);
    assert_string_equal(peer.name, "daemon");
    peer = judged(BIN, BIN, "daemon", "bin");
    assert_true(peer.may_read && peer.may_act); /* who acts also reads */
}

TEST(strangers_may_nothing) {
    (void)state;
    struct peer peer = judged(DAEMON, DAEMON, "bin", "bin");
    assert_false(peer.may_read || peer.may_act);
    peer = judged(DAEMON, DAEMON, "", "");
    assert_false(peer.may_read || peer.may_act);
    peer = judged(DAEMON, DAEMON, "no-such-group-here", "no-such-group-here");
    assert_false(peer.may_read || peer.may_act);
}

TEST(a_user_unknown_to_the_database_has_its_group_and_no_name) {
    (void)state;
    struct peer peer = judged(3999999999U, DAEMON, "daemon", "bin");
    assert_string_equal(peer.name, "uid 3999999999");
    assert_true(peer.may_read && !peer.may_act);
    peer = judged(3999999999U, 3999999999U, "daemon", "bin");
    assert_false(peer.may_read || peer.may_act);
}

TEST(groups_are_found_by_name) {
    (void)state;
    gid_t group = 7;
    assert_ok(peer_find_group("daemon", &group));
    assert_int_equal(group, DAEMON);
    assert_int_equal(peer_find_group("", &group), STATUS_NOT_FOUND);
    assert_int_equal(peer_find_group("no-such-group-here", &group), STATUS_NOT_FOUND);
}
