/*
 * json_lint.h - the hazards of migration files as a JSON document. Pure.
 */
#ifndef OPS_JSON_LINT_H
#define OPS_JSON_LINT_H

#include "json.h"
#include "lint.h"

bool json_lint(struct buf *out, const struct lint *lint);

#endif
