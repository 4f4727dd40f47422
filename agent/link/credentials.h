/* The agent's certificate, key and CA as a TLS configuration of nng. */
#ifndef EAR_AGENT_LINK_CREDENTIALS_H
#define EAR_AGENT_LINK_CREDENTIALS_H

#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>

#include "agent/link/link.h"

/* Reads the three files, checks that key and certificate belong together, wipes what it read.
 * config_out   the caller's: nng_tls_config_free()
 * problem_out  names the file; filled on failure
 * STATUS_MALFORMED, STATUS_IDENTITY (key and certificate), STATUS_NOT_FOUND, STATUS_DENIED,
 * STATUS_TOO_LARGE, STATUS_NO_MEMORY. */
enum status credentials_load(const char *certificate_file, const char *key_file,
                             const char *ca_file, const char *server_name,
                             nng_tls_config **config_out,
                             char problem_out[static LINK_PROBLEM_BYTES]) MUST_USE;

#endif
