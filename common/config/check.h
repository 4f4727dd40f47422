/* Checks of the forms texts must have; each gives NULL when `text` is right, else what is allowed.
 * The text "\x01" is never right. Pure, any thread. */
#ifndef EAR_COMMON_CONFIG_CHECK_H
#define EAR_COMMON_CONFIG_CHECK_H

const char *config_check_agent_address(const char *text); /* tls+tcp://HOST:PORT, tcp://HOST:PORT */
const char *
config_check_listen_address(const char *text);          /* ADDRESS:PORT, [IPV6]:PORT; port 0 too */
const char *config_check_instance_id(const char *text); /* common/base/id.h */
const char *config_check_url(const char *text);         /* https:// or http:// and a host */
const char *config_check_region(const char *text);  /* "eu-central-1": small letters, digits, - */
const char *config_check_account(const char *text); /* 12 digits */
const char *config_check_arn(const char *text);     /* "arn:" and at least five colons */
const char *config_check_name(const char *text);    /* letters, digits and . _ - */
const char *config_check_host(const char *text);    /* a DNS name or an IP address */
/* A systemd unit: NAME.service and kin, by allow-list (SAFETY S9): never starts with "-". */
const char *config_check_unit(const char *text);
const char *config_check_command(const char *text); /* comm of /proc: 1 to 15 bytes, no "/" */

#endif
