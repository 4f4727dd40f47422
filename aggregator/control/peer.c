/* Peer credentials and groups: asks the kernel who is there, and the user database what groups that
 * user is in. Any thread. */
#include "aggregator/control/peer.h"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/text.h"

#define GROUPS_MAX  256
#define LOOKUP_SIZE 65536 /* of one group's or user's entry with all its members */

/* What SO_PEERCRED gives: the kernel's struct ucred, which glibc shows to GNU programs only. */
struct credentials {
    int32_t pid;
    uint32_t uid, gid;
};

enum status peer_find_group(const char *name, gid_t *group_out) {
    char buffer[LOOKUP_SIZE];
    struct group group, *found = NULL;
    if (name[0] == '\0') return STATUS_NOT_FOUND;
    if (getgrnam_r(name, &group, buffer, sizeof buffer, &found) != 0 || found == NULL)
        return STATUS_NOT_FOUND;
    *group_out = found->gr_gid;
    return STATUS_OK;
}

static bool is_member(const gid_t *groups, int count, const char *name) {
    gid_t wanted;
    if (peer_find_group(name, &wanted) != STATUS_OK) return false;
    for (int i = 0; i < count; i++)
        if (groups[i] == wanted) return true;
    return false;
}

void peer_judge(uint32_t uid, uint32_t gid, const char *read_group, const char *act_group,
                struct peer *peer_out) {
    char buffer[LOOKUP_SIZE];
    struct passwd user, *found = NULL;
    *peer_out = (struct peer){.uid = uid};
    struct text name = text_over(peer_out->name, sizeof peer_out->name);
    bool known = getpwuid_r(uid, &user, buffer, sizeof buffer, &found) == 0 && found != NULL;
    if (known) {
        text_add(&name, user.pw_name);
    } else {
        text_add(&name, "uid ");
        text_add_unsigned(&name, uid);
    }
    if (uid == 0 || uid == geteuid()) {
        peer_out->may_read = peer_out->may_act = true;
        return;
    }
    gid_t groups[GROUPS_MAX] = {gid};
    int count = known ? GROUPS_MAX : 1;
    if (known && getgrouplist(user.pw_name, gid, groups, &count) < 0)
        count = GROUPS_MAX; /* in more groups than fit: the first ones decide */
    peer_out->may_act = is_member(groups, count, act_group);
    peer_out->may_read = peer_out->may_act || is_member(groups, count, read_group);
}

enum status peer_identify(int fd, const char *read_group, const char *act_group,
                          struct peer *peer_out) {
    struct credentials credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0 ||
        size != sizeof credentials)
        return STATUS_IO;
    peer_judge(credentials.uid, credentials.gid, read_group, act_group, peer_out);
    return STATUS_OK;
}
