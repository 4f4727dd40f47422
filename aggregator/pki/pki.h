/* A small site CA for static-PKI mode and the demo: `earctl pki init | server | agent`. Enrolment
 * replaces the last two on a fleet that can enrol itself.
 *
 * Files in the folder: ca.pem, ca.key, server.pem, server.key, INSTANCE.pem, INSTANCE.key. Keys are
 * EC P-256 (groups of DESIGN 6), mode 0600 from the moment they exist; certificates are replaced as
 * one step. Serials are 159 random bits (RFC 5280 4.1.2.2). */
#ifndef EAR_AGGREGATOR_PKI_PKI_H
#define EAR_AGGREGATOR_PKI_PKI_H

#include "common/base/clock.h"
#include "common/base/id.h"

#define PKI_HOSTS_MAX   8
#define PKI_CA_DAYS     3650
#define PKI_SERVER_DAYS 397
#define PKI_AGENT_DAYS  30
#define PKI_DAYS_MAX    7300
#define PKI_PLACE_SIZE  4352 /* a path, or what was given */
#define PKI_BACKDATE_S  300  /* of notBefore: clocks of agents may be behind */

/* Common name "ear site CA". With `renew` the key stays and the certificate is made anew, so agents
 * may keep the old one while both are valid; without it an existing CA is STATUS_EXISTS.
 * `place_out[PKI_PLACE_SIZE]` names the file of a failure, or the fault in what was given, in all
 * three. */
enum status pki_make_ca(const char *folder, bool renew, int64_t days, struct wall_time now,
                        char *place_out) MUST_USE;

/* For the aggregator: `hosts`, 1..PKI_HOSTS_MAX, are DNS names or IP addresses. A certificate never
 * outlives the CA. STATUS_IDENTITY: ca.key is not ca.pem's; STATUS_EXPIRED: the CA is; STATUS_NOT_
 * FOUND: no CA yet; STATUS_MALFORMED: a host that is none, the CA's files. */
enum status pki_make_server(const char *folder, const char *const *hosts, size_t host_count,
                            int64_t days, struct wall_time now, char *place_out) MUST_USE;

/* Whether `host` is an IP address. The agent's TLS library checks names only, never addresses. */
bool pki_is_address(const char *host);

/* For one agent: SAN holds DNS:<instance> and URI:ear://<account>/<instance>. `account` is twelve
 * digits. */
enum status pki_make_agent(const char *folder, const struct instance_id *instance,
                           const char *account, int64_t days, struct wall_time now,
                           char *place_out) MUST_USE;

/* `earctl pki ...`: argv[0] is "pki". Gives the exit code. */
int pki_main(int argc, char **argv);

#endif
