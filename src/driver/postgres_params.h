/*
 * postgres_params.h - values as libpq takes them, for a statement and for a prepared one.
 * Pure.
 */
#ifndef DRIVER_POSTGRES_PARAMS_H
#define DRIVER_POSTGRES_PARAMS_H

#include <headgate/connection.h>

#include "base/arena.h"
#include "pq.h"

/* Object ids of built-in types (pg_type.dat). They never change. */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_OID = 26,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701
};

/* The arrays that libpq wants, all in one arena. */
struct params {
    struct arena arena;
    Oid *types;
    const char **values;
    int *lengths;
    int *formats; /* 1: binary */
};

/* prepared: the types are the server's, so all values go as text. Release them also after a
 * failure. */
bool params_init(struct params *params, const hg_value *values, size_t n, bool prepared,
                 hg_error *err);
void params_release(struct params *params);

#endif
