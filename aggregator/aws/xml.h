/* Streaming reader of AWS's XML answers: a list of wanted paths, a call back for each. Built on
 * expat; refuses document types and so every entity but XML's own five, deep nesting and long text.
 */
#ifndef EAR_AGGREGATOR_AWS_XML_H
#define EAR_AGGREGATOR_AWS_XML_H

#include "common/base/clock.h"

#define AWS_XML_BYTES_MAX (8U * 1024U * 1024U) /* a page of 1,000 instances is about 5 MB */
#define AWS_XML_DEPTH_MAX 32                   /* EC2's deepest answers reach 12 */
#define AWS_XML_TEXT_MAX  (16U * 1024U)        /* bytes of one wanted element's text */
#define AWS_XML_NODES_MAX 128                  /* elements in the tree of wanted paths */

/* A wanted element. `path` is below the root, "/"-separated: "reservationSet/item". Static storage.
 */
struct aws_xml_path {
    const char *path;
    int id; /* handed to the call backs; 0 is reserved */
};

struct aws_xml_schema {
    const char *root; /* name the root element must have; NULL = any */
    const struct aws_xml_path *paths;
    size_t path_count;
};

struct aws_xml_handler {
    void *context;
    /* Element `id` begins. NULL = not wanted. An error other than STATUS_OK ends the parse with it.
     */
    enum status (*begin)(void *context, int id);
    /* Element `id` ends; `text` is its own character data, NUL-terminated, borrowed, with blanks as
     * they stand. */
    enum status (*end)(void *context, int id, const char *text, size_t length);
};

/* Parses the whole document. Elements that no path names are skipped with all they contain.
 * STATUS_OK; STATUS_MALFORMED (not well formed, truncated, wrong root, holds a document type);
 * STATUS_TOO_LARGE (bytes, depth or text); STATUS_NO_MEMORY; or what a call back returned. */
enum status aws_xml_parse(const char *bytes, size_t length, const struct aws_xml_schema *schema,
                          const struct aws_xml_handler *handler) MUST_USE;

/* A time element's text; an empty element is an absent one and leaves *at_out alone. STATUS_OK or
 * STATUS_MALFORMED. */
enum status aws_xml_time(const char *text, size_t length, struct wall_time *at_out) MUST_USE;

#endif
