/* Credentials: from the environment, else from the shared credentials file, else from the shared
 * configuration file (sources 2, 5 and 7 of aws-facts 2.1; the others join with the whole AWS
 * edge). Secrets are wiped when replaced or released and stand in no log. One thread at a time. */
#ifndef EAR_AGGREGATOR_AWS_CREDENTIALS_H
#define EAR_AGGREGATOR_AWS_CREDENTIALS_H

#include "aggregator/aws/endpoint.h"
#include "common/base/clock.h"

#define AWS_ACCESS_KEY_SIZE   132 /* STS: at most 128 characters */
#define AWS_SECRET_SIZE       256
#define AWS_TOKEN_SIZE        4096 /* session tokens have no stated bound; seen up to 2 KB */
#define AWS_PROFILE_BYTES_MAX (256U * 1024U)   /* of a shared file */
#define AWS_REFRESH_SOON_MS   (15 * 60 * 1000) /* below: ask for new ones, failure tolerated */
#define AWS_REFRESH_MUST_MS   (10 * 60 * 1000) /* below: required; see aws_refresh_need() */

struct aws_credentials {
    char access_key[AWS_ACCESS_KEY_SIZE];
    char secret[AWS_SECRET_SIZE];
    char session_token[AWS_TOKEN_SIZE]; /* "" = long-lived key */
    struct wall_time expires;           /* 0 = not known to expire */
    const char *source; /* "environment", "credentials file", "config file"; static */
};

enum aws_refresh {
    AWS_REFRESH_NOT_NEEDED,
    AWS_REFRESH_SOON,
    AWS_REFRESH_REQUIRED,
    AWS_REFRESH_EXPIRED, /* not to be used any more */
};

/* Reads credentials.
 * environment  AWS_ACCESS_KEY_ID ..., AWS_PROFILE, AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE,
 * HOME profile      chosen by our own setting: then the environment's key is not used; NULL or "" =
 * none STATUS_OK; STATUS_NOT_FOUND when no source has any; STATUS_MALFORMED for half a key,
 * characters that cannot stand in a header, or a bad expiry; STATUS_TOO_LARGE; STATUS_DENIED (file
 * not readable), STATUS_IO. A source that has credentials but bad ones ends the search: the next
 * one might belong to another account. */
enum status aws_credentials_load(const struct aws_environment *environment, const char *profile,
                                 struct aws_credentials *credentials_out) MUST_USE;
void aws_credentials_wipe(struct aws_credentials *credentials);
bool aws_credentials_equal(const struct aws_credentials *a, const struct aws_credentials *b);

/* The region of the profile in the shared configuration file (`profile` as above). STATUS_NOT_FOUND
 * when there is none, STATUS_MALFORMED when it is no region's name, else as aws_credentials_load().
 */
enum status aws_profile_region(const struct aws_environment *environment, const char *profile,
                               char region_out[static AWS_REGION_SIZE]) MUST_USE;

/* What the expiry asks for at `now`. Pure. */
enum aws_refresh aws_refresh_need(const struct aws_credentials *credentials, struct wall_time now);

/* Looks up `key` in section `section` of an INI text as AWS writes it. Lines beginning with '#' or
 * ';' and nested (indented) lines are skipped; a value ends before " #" or " ;". The last of equal
 * keys counts. STATUS_OK, STATUS_NOT_FOUND, STATUS_TOO_LARGE. Pure. */
enum status aws_profile_get(const char *text, size_t length, const char *section, const char *key,
                            char *value_out, size_t capacity) MUST_USE;

#endif
