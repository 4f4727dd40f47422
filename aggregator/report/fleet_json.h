/* JSON of the fleet and its members; private to this folder. */
#ifndef EAR_AGGREGATOR_REPORT_FLEET_JSON_H
#define EAR_AGGREGATOR_REPORT_FLEET_JSON_H

#include "common/base/text.h"
#include "common/model/fleet.h"

struct json_writer;

/* The members of one instance's JSON object, within an open object. */
void fleet_json_member(struct json_writer *json, const struct member_summary *member);
/* The whole document of `earctl status`: schema ear.status/1. */
void fleet_json_status(const struct fleet_snapshot *snapshot,
                       const struct member_summary *const *members, size_t count, struct text *out);

#endif
