/*
 * type_change.h - what becomes of a column's values when PostgreSQL gives it another type. Pure.
 * Types are as format_type() spells them: "character varying(20)", "numeric(10,2)".
 */
#ifndef SCHEMA_TYPE_CHANGE_H
#define SCHEMA_TYPE_CHANGE_H

#include <stdbool.h>

/* Whether values are stored in both alike, so that the table is not written anew. */
bool type_change_alike(const char *from, const char *to);

/* Whether the server converts by itself, and fails on what does not fit; a cast that is written out
 * cuts it off without a word. */
bool type_change_is_strict(const char *to);

/* What values lose without an error: "digits", "the time of day"; NULL: nothing that is known. */
const char *type_change_loses(const char *from, const char *to);

#endif
