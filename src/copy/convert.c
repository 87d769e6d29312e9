/*
 * convert.c - the table of findings and the table of conversions. Pure.
 */
#include "convert.h"

static const struct {
    const char *id;
    bool fits;
    const char *title;
} findings[] = {
#define FINDING_ROW(name, id, fits, title) {id, fits, title},
    FINDING_TABLE(FINDING_ROW)
#undef FINDING_ROW
};

const char *finding_id(enum finding finding)
{
    return findings[finding].id;
}

const char *finding_title(enum finding finding)
{
    return findings[finding].title;
}

bool finding_fits(enum finding finding)
{
    return findings[finding].fits;
}

static enum finding convert_other(const struct target *target, const struct cell *cell,
                                  struct image *out)
{
    (void)target;
    (void)cell;
    (void)out;
    return TYPE_UNKNOWN;
}

static convert_value *const conversions[PG_TYPES] = {
    [PG_OTHER] = convert_other,
    [PG_BOOL] = convert_bool,
    [PG_INT2] = convert_int2,
    [PG_INT4] = convert_int4,
    [PG_INT8] = convert_int8,
    [PG_FLOAT4] = convert_float4,
    [PG_FLOAT8] = convert_float8,
    [PG_NUMERIC] = convert_numeric,
    [PG_TEXT] = convert_text,
    [PG_VARCHAR] = convert_varchar,
    [PG_BPCHAR] = convert_bpchar,
    [PG_ENUM] = convert_enum,
    [PG_BYTEA] = convert_bytea,
    [PG_DATE] = convert_date,
    [PG_TIME] = convert_time,
    [PG_TIMESTAMP] = convert_timestamp,
    [PG_TIMESTAMPTZ] = convert_timestamptz,
    [PG_UUID] = convert_uuid,
    [PG_JSON] = convert_json,
    [PG_JSONB] = convert_jsonb,
};

convert_value *convert_to(enum pg_type type)
{
    return conversions[type];
}
