/*
 * json_copy.h - the document of `headgate copy`. Pure.
 */
#ifndef OPS_JSON_COPY_H
#define OPS_JSON_COPY_H

#include "json.h"

/* error: NULL when it went well. */
bool json_copy_result(struct buf *out, const hg_copy_result *result, const hg_error *error);

#endif
