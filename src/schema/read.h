/*
 * read.h - catalogs → model, in a number of queries that does not grow with the schema.
 *
 * What belongs to an extension, the version tables, and a partition's inherited columns are left
 * out. What is of a kind that is not modelled appears as OBJECT_OTHER.
 */
#ifndef SCHEMA_READ_H
#define SCHEMA_READ_H

#include <headgate/connection.h>

#include "model.h"

struct read_options {
    bool privileges; /* read who may do what, too */
};

/*
 * Reads the schema of a connection as of one moment; changes nothing, and leaves the session as it
 * was. A transaction that is open is used. The default schema is the session's current_schema().
 * options: NULL is fine. out_model: on success the caller's until model_free(). err: what the
 * connection says, HG_UNSUPPORTED (a server before 12), HG_NOMEM.
 */
bool schema_read(hg_conn *conn, const struct read_options *options, hg_deadline by,
                 struct model **out_model, hg_error *err);

/* The two engines' parts. */
bool schema_read_postgres(hg_conn *conn, const struct read_options *options, hg_deadline by,
                          struct model **out_model, hg_error *err);
bool schema_read_sqlite(hg_conn *conn, hg_deadline by, struct model **out_model, hg_error *err);

#endif
