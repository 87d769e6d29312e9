/*
 * sqlite_table.h - the text of a CREATE TABLE, as SQLite keeps it, into columns and constraints.
 * Pure.
 *
 * SQLite has no catalog of constraints beside this text. The grammar is that of its parse.y. A
 * constraint of a column and the same one of the table become one thing; one without a name is
 * named by its own text.
 */
#ifndef SCHEMA_SQLITE_TABLE_H
#define SCHEMA_SQLITE_TABLE_H

#include "model.h"

/* Adds the table with all that belongs to it. tag: of the table's object. False: memory ran out. */
bool sqlite_table_add(struct model_maker *maker, const char *name, const char *sql, uint64_t tag);

#endif
