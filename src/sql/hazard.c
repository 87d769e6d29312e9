/*
 * hazard.c - the table of hazards.
 *
 * A danger can stop an application that runs, lose data, or is certain to fail: it refuses a run in
 * production. A warning is worth knowing.
 */
#include "hazard.h"

#include <string.h>

#include "base/near.h"

#define WARNING HG_SEVERITY_WARNING
#define DANGER  HG_SEVERITY_DANGER

// clang-format off
static const hg_hazard hazards[] = {
    {"attach-scan", DANGER,
     "reads all rows of the new partition, and builds the indexes that it lacks, while nobody may use it; a default partition is read too",
     "add a CHECK equal to the bound NOT VALID, validate it, and create the parent's indexes on the table concurrently; then ATTACH", NULL},
    {"check-scan", DANGER,
     "reads all rows while nobody may read or write the table, and fails when one does not fit",
     "ADD CONSTRAINT ... CHECK (...) NOT VALID, then VALIDATE CONSTRAINT in a migration of its own", NULL},
    {"code-not-read", WARNING,
     "runs code that is not looked into: what it locks or loses is not known",
     "write it as statements", NULL},
    {"column-type", DANGER,
     "writes the whole table and its indexes anew while nobody may use it, unless the old type is stored like the new one",
     "add a new column, fill it by a trigger and in batches, switch over, drop the old one later", NULL},
    {"delete-all", DANGER,
     "deletes all rows",
     "delete in batches by key, each in a transaction of its own; keep a copy of what may be wanted again", NULL},
    {"delete-rows", WARNING,
     "deletes rows; going down again does not bring them back",
     "keep a copy of the rows in a table of their own", NULL},
    {"detach-blocks", DANGER,
     "nobody may read or write the partitioned table until every query on it has ended",
     "DETACH PARTITION ... CONCURRENTLY (PostgreSQL 14) in a migration with transaction:false", NULL},
    {"disable-trigger", DANGER,
     "switches triggers off for every session, foreign keys among them: rows written meanwhile are not checked",
     "SET LOCAL session_replication_role = replica for this session alone, or change the trigger", NULL},
    {"domain-scan", DANGER,
     "reads all rows of every table that uses the domain while nobody may write to them",
     "ALTER DOMAIN ... ADD CONSTRAINT ... NOT VALID, then VALIDATE CONSTRAINT in a quiet hour", NULL},
    {"drop-cascade", DANGER,
     "drops whatever depends on it, tables and columns among them, without naming it",
     "name what is to go, and drop it without CASCADE", NULL},
    {"drop-column", DANGER,
     "the column's data is gone, and code that still names it fails",
     "let a release go by that does not use the column, and drop it then", NULL},
    {"drop-database", DANGER,
     "the database is gone with all that is in it",
     "", NULL},
    {"drop-function", WARNING,
     "code that still calls it fails",
     "let a release go by that does not call it, and drop it then", NULL},
    {"drop-index-blocks", WARNING,
     "waits for every query on the table, and makes all new ones wait behind it",
     "DROP INDEX CONCURRENTLY in a migration with transaction:false", NULL},
    {"drop-sequence", DANGER,
     "the number that was reached is gone",
     "", NULL},
    {"drop-table", DANGER,
     "the table is gone with all its rows, and code that still names it fails",
     "rename it away first, and drop it a release later", NULL},
    {"drop-view", WARNING,
     "code that still reads it fails",
     "let a release go by that does not read it, and drop it then", NULL},
    {"enum-value-in-transaction", DANGER,
     "a value that the same transaction added to the type cannot be used before it has been committed: it fails",
     "use the value in a migration of its own", NULL},
    {"exclude-blocks", DANGER,
     "builds an index from all rows while nobody may read or write the table",
     "a quiet hour: there is no form of it that lets others work", NULL},
    {"foreign-key-scan", DANGER,
     "reads all rows, and compares them with the other table, while nobody may write to either",
     "ADD CONSTRAINT ... FOREIGN KEY ... NOT VALID, then VALIDATE CONSTRAINT in a migration of its own", NULL},
    {"foreign-keys-in-transaction", DANGER,
     "PRAGMA foreign_keys does nothing inside a transaction: DROP TABLE still deletes the rows that refer to the table",
     "leave it out and write rebuild:true behind the -- migrate: directive, which does it around the transaction", NULL},
    {"index-blocks-writes", DANGER,
     "builds the index from all rows while nobody may write to the table",
     "CREATE INDEX CONCURRENTLY in a migration with transaction:false", NULL},
    {"index-if-not-exists", WARNING,
     "takes an index that an earlier try left unusable for a finished one",
     "leave IF NOT EXISTS out: an unusable index is found and built anew", NULL},
    {"lock-held", DANGER,
     "takes long while the transaction holds a lock of an earlier statement: all that time others wait for that one too",
     "put the long statement into a migration of its own", NULL},
    {"lock-table", DANGER,
     "others wait for the table until the transaction ends",
     "take the weakest mode that is enough, and as late as possible", NULL},
    {"no-lock-timeout", WARNING,
     "without lock_timeout it waits for a busy table as long as it takes, and everybody waits behind it",
     "leave out lock_timeout:0", NULL},
    {"not-in-this-version", DANGER,
     "this version of the server does not know it: it fails",
     "", NULL},
    {"not-in-transaction", DANGER,
     "cannot run inside a transaction: it fails",
     "put it into a migration of its own with transaction:false behind -- migrate:up", NULL},
    {"not-null-scan", DANGER,
     "reads all rows while nobody may read or write the table, unless a validated CHECK (column IS NOT NULL) proves it",
     "ADD CONSTRAINT c CHECK (column IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT c in a migration of its own; then SET NOT NULL and drop c", NULL},
    {"not-null-without-default", DANGER,
     "fails when the table has rows: they have no value for the column",
     "give it a constant DEFAULT, or add it without NOT NULL, fill it, and SET NOT NULL later", NULL},
    {"not-understood", WARNING,
     "is not known here: what it locks or loses cannot be told",
     "", NULL},
    {"partition-of-locks-parent", WARNING,
     "waits for every query on the partitioned table, and makes all new ones wait behind it",
     "CREATE TABLE (LIKE ...), add a CHECK equal to the bound, then ATTACH PARTITION", NULL},
    {"primary-key-scan", WARNING,
     "reads all rows while nobody may use the table when a column of the key is not declared NOT NULL yet",
     "SET NOT NULL through a validated CHECK first", NULL},
    {"refresh-blocks", DANGER,
     "computes the view anew while nobody may read it",
     "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index", NULL},
    {"reindex-blocks", DANGER,
     "builds the index from all rows while nobody may write to the table, or read through the index",
     "REINDEX CONCURRENTLY (PostgreSQL 12) in a migration with transaction:false", NULL},
    {"rename-column", DANGER,
     "code that runs now names the old column and fails",
     "add a column with the new name, keep both alike by a trigger, switch over, drop the old one later", NULL},
    {"rename-table", DANGER,
     "code that runs now names the old table and fails",
     "leave a view with the old name behind in the same transaction, or expand and contract", NULL},
    {"rename-value", DANGER,
     "code that runs now names the old value and fails",
     "add the new value, change the rows, stop using the old one", NULL},
    {"row-security", WARNING,
     "roles other than the owner see no row until a policy lets them",
     "create the policies in the same transaction", NULL},
    {"set-unlogged", DANGER,
     "writes the table anew while nobody may use it; after a crash of the server it is empty",
     "", NULL},
    {"sqlite-refuses", DANGER,
     "SQLite does not take this form: it fails",
     "make a new table as it should be, copy the rows, drop the old one, rename the new one", NULL},
    {"table-rebuild", DANGER,
     "drops the table for a new one of the same name: while foreign keys are enforced the drop deletes the rows that refer to it",
     "rebuild:true behind the -- migrate: directive: foreign keys are off around the transaction, and looked at before its end", NULL},
    {"table-rewrite", DANGER,
     "writes the whole table and its indexes anew while nobody may read or write it",
     "an ordinary column without a computed default, filled by a trigger and in batches", NULL},
    {"table-scan", DANGER,
     "was seen to read all rows of a table, or to build an index from them, while others wait for it",
     "a quiet hour; or find out which part of it does, and do that part beforehand in a way that lets others work", NULL},
    {"truncate", DANGER,
     "all rows are gone",
     "delete in batches what has to go; keep a copy of what may be wanted again", NULL},
    {"unique-blocks", DANGER,
     "builds an index from all rows while nobody may read or write the table",
     "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT ... USING INDEX", NULL},
    {"update-all", DANGER,
     "changes every row in one transaction: others who want to change one of them wait until it ends",
     "change rows in batches by key, each in a transaction of its own", NULL},
    {"vacuum-sqlite", WARNING,
     "writes the whole file anew, which needs twice its room; nobody may write meanwhile",
     "", NULL},
    {"writable-schema", DANGER,
     "a mistake in the schema table makes the whole file unreadable",
     "make a new table as it should be, copy the rows, drop the old one, rename the new one", NULL},
};
// clang-format on

enum { HAZARDS = sizeof hazards / sizeof *hazards };

const hg_hazard *hg_hazards_all(size_t *out_count)
{
    *out_count = HAZARDS;
    return hazards;
}

const hg_hazard *hazard_find(const char *id)
{
    for (size_t i = 0; i < HAZARDS; i++)
        if (strcmp(hazards[i].id, id) == 0)
            return &hazards[i];
    return NULL;
}

const hg_hazard *hazard_named(const char *id, hg_error *err)
{
    const hg_hazard *hazard = hazard_find(id);

    if (hazard != NULL)
        return hazard;
    hg_fail(err, HG_USAGE, "there is no hazard \"%s\"", id);
    for (size_t i = 0; i < HAZARDS && hazard == NULL; i++)
        if (near_enough(id, hazards[i].id))
            hazard = &hazards[i];
    if (hazard != NULL)
        hg_error_hint(err, "Did you mean %s?", hazard->id);
    else
        hg_error_hint(err, "The plan shows the ids of its hazards.");
    return NULL;
}
