/* Peer credentials and groups. `struct ucred` needs _GNU_SOURCE on glibc. */
#define _GNU_SOURCE
#include "aggregator/control/peer.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/text.h"

#define GROUPS_MAX  256
#define LOOKUP_SIZE 16384

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

enum status peer_identify(int fd, const char *read_group, const char *act_group,
                          struct peer *peer_out) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    char buffer[LOOKUP_SIZE];
    struct passwd user, *found = NULL;
    struct peer peer = {.uid = 0};
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return STATUS_IO;
    struct text name = text_over(peer.name, sizeof peer.name);
    peer.uid = credentials.uid;
    bool known =
        getpwuid_r(credentials.uid, &user, buffer, sizeof buffer, &found) == 0 && found != NULL;
    if (known) {
        text_add(&name, user.pw_name);
    } else {
        text_add(&name, "uid ");
        text_add_unsigned(&name, credentials.uid);
    }
    if (credentials.uid == 0 || credentials.uid == geteuid()) {
        peer.may_read = peer.may_act = true;
    } else {
        gid_t groups[GROUPS_MAX] = {credentials.gid};
        int count = known ? GROUPS_MAX : 1;
        if (known && getgrouplist(user.pw_name, credentials.gid, groups, &count) < 0)
            count = GROUPS_MAX; /* more groups than fit: the first ones decide */
        peer.may_act = is_member(groups, count, act_group);
        peer.may_read = peer.may_act || is_member(groups, count, read_group);
    }
    *peer_out = peer;
    return STATUS_OK;
}
