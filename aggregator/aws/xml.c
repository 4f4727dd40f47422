/* Path matcher over expat. The wanted paths become a small tree; the parser walks it as elements
 * open and close, so that an element costs one look at its siblings' names and unwanted ones almost
 * nothing. State lives for one call; any thread. */
#include "aggregator/aws/xml.h"

#include <stdlib.h>
#include <string.h>

#include <expat.h>

#define NONE 0xFFU /* no node; node 0 is the root */

struct node {
    const char *name; /* borrowed from the path, not NUL-terminated */
    size_t name_length;
    int id;
    uint8_t first_child, next_sibling;
};

struct reader {
    XML_Parser parser;
    const struct aws_xml_schema *schema;
    const struct aws_xml_handler *handler;
    struct node nodes[AWS_XML_NODES_MAX];
    size_t node_count;
    uint8_t stack[AWS_XML_DEPTH_MAX]; /* matched nodes from the root down */
    unsigned matched;                 /* entries of stack in use */
    unsigned skipped;                 /* open elements below the last matched one */
    enum status status;
    size_t text_length;
    char text[AWS_XML_TEXT_MAX + 1];
};

static void fail(struct reader *reader, enum status status) {
    if (reader->status != STATUS_OK) return;
    reader->status = status;
    (void)XML_StopParser(reader->parser, XML_FALSE); /* fails only when it has stopped already */
}

static uint8_t find_child(const struct reader *reader, uint8_t parent, const char *name,
                          size_t length) {
    uint8_t at = reader->nodes[parent].first_child;
    while (at != NONE) {
        const struct node *node = &reader->nodes[at];
        if (node->name_length == length && memcmp(node->name, name, length) == 0) return at;
        at = node->next_sibling;
    }
    return NONE;
}

static uint8_t add_child(struct reader *reader, uint8_t parent, const char *name, size_t length) {
    ASSERT(reader->node_count < AWS_XML_NODES_MAX);
    uint8_t at = (uint8_t)reader->node_count++;
    reader->nodes[at] = (struct node){.name = name,
                                      .name_length = length,
                                      .first_child = NONE,
                                      .next_sibling = reader->nodes[parent].first_child};
    reader->nodes[parent].first_child = at;
    return at;
}

static void add_path(struct reader *reader, const struct aws_xml_path *path) {
    uint8_t at = 0;
    const char *name = path->path;
    for (;;) {
        size_t length = strcspn(name, "/");
        uint8_t child = find_child(reader, at, name, length);
        at = child != NONE ? child : add_child(reader, at, name, length);
        if (name[length] == '\0') break;
        name += length + 1;
    }
    reader->nodes[at].id = path->id;
}

static void build_tree(struct reader *reader) {
    reader->nodes[0] = (struct node){.first_child = NONE, .next_sibling = NONE};
    reader->node_count = 1;
    for (size_t i = 0; i < reader->schema->path_count; i++)
        add_path(reader, &reader->schema->paths[i]);
}

static void enter(struct reader *reader, uint8_t node) {
    reader->stack[reader->matched++] = node;
    reader->text_length = 0;
    int id = reader->nodes[node].id;
    if (id == 0 || reader->handler->begin == NULL) return;
    enum status status = reader->handler->begin(reader->handler->context, id);
    if (status != STATUS_OK) fail(reader, status);
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes) {
    struct reader *reader = context;
    (void)attributes;
    if (reader->status != STATUS_OK) return;
    if (reader->matched + reader->skipped >= AWS_XML_DEPTH_MAX) {
        fail(reader, STATUS_TOO_LARGE);
        return;
    }
    if (reader->matched == 0) {
        const char *root = reader->schema->root;
        if (root != NULL && strcmp(root, name) != 0) {
            fail(reader, STATUS_MALFORMED);
            return;
        }
        enter(reader, 0);
        return;
    }
    uint8_t child = NONE;
    if (reader->skipped == 0)
        child = find_child(reader, reader->stack[reader->matched - 1], name, strlen(name));
    if (child == NONE) {
        reader->skipped++;
        return;
    }
    enter(reader, child);
}

static void XMLCALL on_end(void *context, const XML_Char *name) {
    struct reader *reader = context;
    (void)name;
    if (reader->status != STATUS_OK) return;
    if (reader->skipped > 0) {
        reader->skipped--;
        return;
    }
    const struct node *node = &reader->nodes[reader->stack[--reader->matched]];
    reader->text[reader->text_length] = '\0';
    if (node->id != 0 && reader->handler->end != NULL) {
        enum status status = reader->handler->end(reader->handler->context, node->id, reader->text,
                                                  reader->text_length);
        if (status != STATUS_OK) fail(reader, status);
    }
    reader->text_length = 0;
}

static void XMLCALL on_text(void *context, const XML_Char *text, int length) {
    struct reader *reader = context;
    if (reader->status != STATUS_OK || reader->skipped > 0 || reader->matched == 0) return;
    const struct node *node = &reader->nodes[reader->stack[reader->matched - 1]];
    if (node->id == 0 || node->first_child != NONE) return; /* blanks between children */
    size_t more = (size_t)length;
    if (more > AWS_XML_TEXT_MAX - reader->text_length) {
        fail(reader, STATUS_TOO_LARGE);
        return;
    }
    memcpy(reader->text + reader->text_length, text, more);
    reader->text_length += more;
}

/* No AWS answer has a document type; refusing it refuses entities and external references. */
static void XMLCALL on_doctype(void *context, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public, int has_internal_subset) {
    (void)name;
    (void)system;
    (void)public;
    (void)has_internal_subset;
    fail(context, STATUS_MALFORMED);
}

static enum status run(struct reader *reader, const char *bytes, size_t length) {
    reader->parser = XML_ParserCreate("UTF-8");
    if (reader->parser == NULL) return STATUS_NO_MEMORY;
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader->parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
    enum XML_Status parsed = XML_Parse(reader->parser, bytes, (int)length, XML_TRUE);
    enum XML_Error error = XML_GetErrorCode(reader->parser);
    XML_ParserFree(reader->parser);
    if (reader->status != STATUS_OK) return reader->status;
    if (parsed == XML_STATUS_OK) return STATUS_OK;
    return error == XML_ERROR_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_MALFORMED;
}

enum status aws_xml_parse(const char *bytes, size_t length, const struct aws_xml_schema *schema,
                          const struct aws_xml_handler *handler) {
    if (length > AWS_XML_BYTES_MAX) return STATUS_TOO_LARGE;
    struct reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return STATUS_NO_MEMORY;
    reader->schema = schema;
    reader->handler = handler;
    build_tree(reader);
    enum status status = run(reader, bytes, length);
    free(reader);
    return status;
}

enum status aws_xml_time(const char *text, size_t length, struct wall_time *at_out) {
    if (length == 0) return STATUS_OK;
    return wall_parse(text, length, at_out) == STATUS_OK ? STATUS_OK : STATUS_MALFORMED;
}
