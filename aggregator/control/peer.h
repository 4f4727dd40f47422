/* Who is at the other end of a Unix socket, and what that user may do. */
#ifndef EAR_AGGREGATOR_CONTROL_PEER_H
#define EAR_AGGREGATOR_CONTROL_PEER_H

#include <sys/types.h>

#include "common/base/status.h"

struct peer {
    uint32_t uid;
    char name[64]; /* the user's name, or "uid 1234" */
    bool may_read, may_act;
};

/* By SO_PEERCRED and peer_judge(). STATUS_IO. */
enum status peer_identify(int fd, const char *read_group, const char *act_group,
                          struct peer *peer_out) MUST_USE;
/* Root and our own user may all; members of `act_group` act and read, of `read_group` read. An
 * empty or unknown group has no members; a user that the database does not know is only in `gid`.
 */
void peer_judge(uint32_t uid, uint32_t gid, const char *read_group, const char *act_group,
                struct peer *peer_out);
/* STATUS_NOT_FOUND. */
enum status peer_find_group(const char *name, gid_t *group_out) MUST_USE;

#endif
