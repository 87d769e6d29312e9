/*
 * form.c - the table of statement forms.
 *
 * Locks and work are those of PostgreSQL 15 unless a row says since when or until when; SQLite has
 * one writer a file, so that its rows say what is read and written alone. A row without hazard is
 * safe, or waits for a moment only: that is what lock_timeout and retries are for.
 */
#include "form.h"

#define NO  HG_LOCK_NONE
#define AS  HG_LOCK_ACCESS_SHARE
#define RS  HG_LOCK_ROW_SHARE
#define RE  HG_LOCK_ROW_EXCLUSIVE
#define SUE HG_LOCK_SHARE_UPDATE_EXCLUSIVE
#define S   HG_LOCK_SHARE
#define SRE HG_LOCK_SHARE_ROW_EXCLUSIVE
#define E   HG_LOCK_EXCLUSIVE
#define AE  HG_LOCK_ACCESS_EXCLUSIVE

#define SCAN    WORK_SCAN
#define BUILD   (WORK_SCAN | WORK_BUILD)
#define REWRITE (WORK_SCAN | WORK_REWRITE)
#define LOSS    WORK_LOSS
#define ALONE   WORK_ALONE
#define WORST   WORK_WORST

#define PG(major)   ((major)*10000)
#define LITE(minor) (3000000 + (minor)*1000)

// clang-format off
static const struct form forms[] = {
    {FORM_NONE,                        "",                                                     NO,  NO,  0, NULL},
    {FORM_UNKNOWN,                     "not understood",                                       NO,  NO,  0, "not-understood"},

    {FORM_CREATE_TABLE,                "CREATE TABLE",                                         NO,  NO,  0, NULL},
    {FORM_CREATE_TABLE_REFERENCES,     "CREATE TABLE ... REFERENCES",                          NO,  SRE, 0, NULL},
    {FORM_CREATE_TABLE_PARTITION_OF,   "CREATE TABLE ... PARTITION OF",                        NO,  AE,  0, "partition-of-locks-parent"},
    {FORM_CREATE_TABLE_INHERITS,       "CREATE TABLE ... INHERITS",                            NO,  SUE, 0, NULL},
    {FORM_CREATE_TABLE_LIKE,           "CREATE TABLE (LIKE ...)",                              NO,  AS,  0, NULL},
    {FORM_CREATE_TABLE_AS,             "CREATE TABLE AS",                                      NO,  NO,  0, NULL},
    {FORM_DROP_TABLE,                  "DROP TABLE",                                           AE,  NO,  LOSS, "drop-table"},
    {FORM_TRUNCATE,                    "TRUNCATE",                                             AE,  NO,  WORK_REWRITE | LOSS, "truncate"},
    {FORM_CREATE_INDEX,                "CREATE INDEX",                                         S,   NO,  BUILD, "index-blocks-writes"},
    {FORM_CREATE_INDEX_ONLY,           "CREATE INDEX ... ON ONLY",                             S,   NO,  WORK_BUILD | WORST, NULL},
    {FORM_CREATE_INDEX_CONCURRENTLY,   "CREATE INDEX CONCURRENTLY",                            SUE, NO,  BUILD | ALONE, NULL},
    {FORM_CREATE_INDEX_CONCURRENTLY_IF,"CREATE INDEX CONCURRENTLY IF NOT EXISTS",              SUE, NO,  BUILD | ALONE | WORST, "index-if-not-exists"},
    {FORM_DROP_INDEX,                  "DROP INDEX",                                           AE,  NO,  0, "drop-index-blocks"},
    {FORM_DROP_INDEX_CONCURRENTLY,     "DROP INDEX CONCURRENTLY",                              SUE, NO,  ALONE, NULL},
    {FORM_REINDEX,                     "REINDEX",                                              S,   NO,  BUILD, "reindex-blocks"},
    {FORM_REINDEX_CONCURRENTLY,        "REINDEX CONCURRENTLY",                                 SUE, NO,  BUILD | ALONE, NULL, PG(12)},
    {FORM_REINDEX_DATABASE,            "REINDEX SCHEMA, DATABASE or SYSTEM",                   S,   NO,  BUILD | ALONE, "reindex-blocks"},
    {FORM_CREATE_TRIGGER,              "CREATE TRIGGER",                                       SRE, NO,  0, NULL},
    {FORM_ALTER_TRIGGER_RENAME,        "ALTER TRIGGER ... RENAME",                             AE,  NO,  0, NULL},
    {FORM_DROP_TRIGGER,                "DROP TRIGGER",                                         AE,  NO,  0, NULL},
    {FORM_CREATE_RULE,                 "CREATE RULE",                                          AE,  NO,  0, NULL},
    {FORM_DROP_RULE,                   "DROP RULE",                                            AE,  NO,  0, NULL},
    {FORM_CREATE_POLICY,               "CREATE POLICY",                                        AE,  NO,  0, NULL},
    {FORM_ALTER_POLICY,                "ALTER POLICY",                                         AE,  NO,  0, NULL},
    {FORM_DROP_POLICY,                 "DROP POLICY",                                          AE,  NO,  0, NULL},
    {FORM_CREATE_STATISTICS,           "CREATE STATISTICS",                                    SUE, NO,  0, NULL},
    {FORM_CREATE_PUBLICATION,          "CREATE PUBLICATION ... FOR TABLE",                     SUE, NO,  0, NULL},
    {FORM_ALTER_PUBLICATION,           "ALTER PUBLICATION ... TABLE",                          SUE, NO,  0, NULL},
    {FORM_COMMENT_TABLE,               "COMMENT ON TABLE or COLUMN",                           SUE, NO,  0, NULL},
    {FORM_LOCK_TABLE,                  "LOCK TABLE",                                           AE,  NO,  WORST, "lock-table"},

    {FORM_ADD_COLUMN,                  "ALTER TABLE ... ADD COLUMN",                           AE,  NO,  0, NULL},
    {FORM_ADD_COLUMN_DEFAULT,          "ALTER TABLE ... ADD COLUMN ... DEFAULT constant",      AE,  NO,  0, NULL, PG(11)},
    {FORM_ADD_COLUMN_DEFAULT,          "ALTER TABLE ... ADD COLUMN ... DEFAULT constant",      AE,  NO,  REWRITE, "table-rewrite", 0, PG(11)},
    {FORM_ADD_COLUMN_VOLATILE,         "ALTER TABLE ... ADD COLUMN ... DEFAULT volatile",      AE,  NO,  REWRITE | WORST, "table-rewrite"},
    {FORM_ADD_COLUMN_NOT_NULL,         "ALTER TABLE ... ADD COLUMN ... NOT NULL",              AE,  NO,  SCAN, "not-null-without-default"},
    {FORM_ADD_COLUMN_SERIAL,           "ALTER TABLE ... ADD COLUMN ... serial",                AE,  NO,  REWRITE, "table-rewrite"},
    {FORM_ADD_COLUMN_IDENTITY,         "ALTER TABLE ... ADD COLUMN ... AS IDENTITY",           AE,  NO,  REWRITE, "table-rewrite"},
    {FORM_ADD_COLUMN_STORED,           "ALTER TABLE ... ADD COLUMN ... GENERATED STORED",      AE,  NO,  REWRITE, "table-rewrite", PG(12)},
    {FORM_ADD_COLUMN_VIRTUAL,          "ALTER TABLE ... ADD COLUMN ... GENERATED VIRTUAL",     AE,  NO,  0, NULL, PG(18)},
    {FORM_ADD_COLUMN_UNIQUE,           "ALTER TABLE ... ADD COLUMN ... UNIQUE",                AE,  NO,  BUILD, "unique-blocks"},
    {FORM_ADD_COLUMN_REFERENCES,       "ALTER TABLE ... ADD COLUMN ... REFERENCES",            AE,  SRE, 0, NULL},
    {FORM_ADD_COLUMN_CHECK,            "ALTER TABLE ... ADD COLUMN ... CHECK",                 AE,  NO,  SCAN, "check-scan"},
    {FORM_DROP_COLUMN,                 "ALTER TABLE ... DROP COLUMN",                          AE,  NO,  LOSS, "drop-column"},
    {FORM_RENAME_COLUMN,               "ALTER TABLE ... RENAME COLUMN",                        AE,  NO,  0, "rename-column"},
    {FORM_RENAME_TABLE,                "ALTER TABLE ... RENAME TO",                            AE,  NO,  0, "rename-table"},
    {FORM_RENAME_CONSTRAINT,           "ALTER TABLE ... RENAME CONSTRAINT",                    AE,  NO,  0, NULL},
    {FORM_SET_SCHEMA,                  "ALTER TABLE ... SET SCHEMA",                           AE,  NO,  0, "rename-table"},
    {FORM_COLUMN_TYPE,                 "ALTER TABLE ... ALTER COLUMN ... TYPE",                AE,  NO,  REWRITE | BUILD | WORST, "column-type"},
    {FORM_SET_DEFAULT,                 "ALTER TABLE ... ALTER COLUMN ... SET DEFAULT",         AE,  NO,  0, NULL},
    {FORM_DROP_DEFAULT,                "ALTER TABLE ... ALTER COLUMN ... DROP DEFAULT",        AE,  NO,  0, NULL},
    {FORM_SET_NOT_NULL,                "ALTER TABLE ... ALTER COLUMN ... SET NOT NULL",        AE,  NO,  SCAN | WORST, "not-null-scan"},
    {FORM_DROP_NOT_NULL,               "ALTER TABLE ... ALTER COLUMN ... DROP NOT NULL",       AE,  NO,  0, NULL},
    {FORM_SET_STATISTICS,              "ALTER TABLE ... ALTER COLUMN ... SET STATISTICS",      SUE, NO,  0, NULL},
    {FORM_SET_COLUMN_OPTIONS,          "ALTER TABLE ... ALTER COLUMN ... SET (...)",           SUE, NO,  0, NULL},
    {FORM_SET_STORAGE,                 "ALTER TABLE ... ALTER COLUMN ... SET STORAGE",         AE,  NO,  0, NULL},
    {FORM_SET_COMPRESSION,             "ALTER TABLE ... ALTER COLUMN ... SET COMPRESSION",     AE,  NO,  0, NULL, PG(14)},
    {FORM_ADD_IDENTITY,                "ALTER TABLE ... ALTER COLUMN ... ADD GENERATED",       AE,  NO,  0, NULL},
    {FORM_SET_IDENTITY,                "ALTER TABLE ... ALTER COLUMN ... SET GENERATED",       AE,  NO,  0, NULL},
    {FORM_DROP_IDENTITY,               "ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY",       AE,  NO,  0, NULL},
    {FORM_DROP_EXPRESSION,             "ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION",     AE,  NO,  0, NULL, PG(13)},
    {FORM_SET_EXPRESSION,              "ALTER TABLE ... ALTER COLUMN ... SET EXPRESSION",      AE,  NO,  REWRITE, "table-rewrite", PG(17)},
    {FORM_ADD_CHECK,                   "ALTER TABLE ... ADD CHECK",                            AE,  NO,  SCAN, "check-scan"},
    {FORM_ADD_CHECK_NOT_VALID,         "ALTER TABLE ... ADD CHECK ... NOT VALID",              AE,  NO,  0, NULL},
    {FORM_ADD_FOREIGN_KEY,             "ALTER TABLE ... ADD FOREIGN KEY",                      SRE, SRE, SCAN, "foreign-key-scan", 0, 0, SCAN | WORST},
    {FORM_ADD_FOREIGN_KEY_NOT_VALID,   "ALTER TABLE ... ADD FOREIGN KEY ... NOT VALID",        SRE, SRE, 0, NULL},
    {FORM_ADD_UNIQUE,                  "ALTER TABLE ... ADD UNIQUE",                           AE,  NO,  BUILD, "unique-blocks"},
    {FORM_ADD_PRIMARY_KEY,             "ALTER TABLE ... ADD PRIMARY KEY",                      AE,  NO,  BUILD, "unique-blocks"},
    {FORM_ADD_UNIQUE_USING_INDEX,      "ALTER TABLE ... ADD UNIQUE USING INDEX",               AE,  NO,  0, NULL},
    {FORM_ADD_PRIMARY_KEY_USING_INDEX, "ALTER TABLE ... ADD PRIMARY KEY USING INDEX",          AE,  NO,  SCAN | WORST, "primary-key-scan"},
    {FORM_ADD_EXCLUDE,                 "ALTER TABLE ... ADD EXCLUDE",                          AE,  NO,  BUILD, "exclude-blocks"},
    {FORM_VALIDATE_CONSTRAINT,         "ALTER TABLE ... VALIDATE CONSTRAINT",                  SUE, NO,  SCAN, NULL},
    {FORM_ALTER_CONSTRAINT,            "ALTER TABLE ... ALTER CONSTRAINT",                     AE,  NO,  0, NULL},
    {FORM_DROP_CONSTRAINT,             "ALTER TABLE ... DROP CONSTRAINT",                      AE,  NO,  0, NULL},
    {FORM_ATTACH_PARTITION,            "ALTER TABLE ... ATTACH PARTITION",                     AE,  AE,  0, "attach-scan", 0, PG(12), BUILD | WORST},
    {FORM_ATTACH_PARTITION,            "ALTER TABLE ... ATTACH PARTITION",                     SUE, AE,  0, "attach-scan", PG(12), 0, BUILD | WORST},
    {FORM_DETACH_PARTITION,            "ALTER TABLE ... DETACH PARTITION",                     AE,  AE,  0, "detach-blocks"},
    {FORM_DETACH_PARTITION_CONCURRENTLY, "ALTER TABLE ... DETACH PARTITION ... CONCURRENTLY",  SUE, NO,  ALONE, NULL, PG(14)},
    {FORM_DETACH_PARTITION_FINALIZE,   "ALTER TABLE ... DETACH PARTITION ... FINALIZE",        SUE, AE,  0, NULL, PG(14)},
    {FORM_INHERIT,                     "ALTER TABLE ... INHERIT",                              AE,  SUE, 0, NULL},
    {FORM_NO_INHERIT,                  "ALTER TABLE ... NO INHERIT",                           AE,  AS,  0, NULL},
    {FORM_OF_TYPE,                     "ALTER TABLE ... OF",                                   AE,  NO,  0, NULL},
    {FORM_NOT_OF,                      "ALTER TABLE ... NOT OF",                               AE,  NO,  0, NULL},
    {FORM_SET_OPTIONS,                 "ALTER TABLE ... SET (...)",                            SUE, NO,  0, NULL},
    {FORM_SET_LOGGED,                  "ALTER TABLE ... SET LOGGED",                           AE,  NO,  REWRITE, "table-rewrite"},
    {FORM_SET_UNLOGGED,                "ALTER TABLE ... SET UNLOGGED",                         AE,  NO,  REWRITE, "set-unlogged"},
    {FORM_SET_TABLESPACE,              "ALTER TABLE ... SET TABLESPACE",                       AE,  NO,  WORK_REWRITE, "table-rewrite"},
    {FORM_SET_ACCESS_METHOD,           "ALTER TABLE ... SET ACCESS METHOD",                    AE,  NO,  REWRITE | WORST, "table-rewrite", PG(15)},
    {FORM_CLUSTER_ON,                  "ALTER TABLE ... CLUSTER ON",                           SUE, NO,  0, NULL},
    {FORM_REPLICA_IDENTITY,            "ALTER TABLE ... REPLICA IDENTITY",                     AE,  NO,  0, NULL},
    {FORM_TRIGGER_STATE,               "ALTER TABLE ... ENABLE TRIGGER",                       SRE, NO,  0, NULL},
    {FORM_DISABLE_TRIGGER,             "ALTER TABLE ... DISABLE TRIGGER",                      SRE, NO,  0, "disable-trigger"},
    {FORM_RULE_STATE,                  "ALTER TABLE ... ENABLE or DISABLE RULE",               AE,  NO,  0, NULL},
    {FORM_ROW_SECURITY,                "ALTER TABLE ... ROW LEVEL SECURITY",                   AE,  NO,  0, "row-security"},
    {FORM_OWNER,                       "ALTER TABLE or SEQUENCE ... OWNER TO",                 AE,  NO,  0, NULL},
    {FORM_ALTER_TABLE_OTHER,           "ALTER TABLE",                                          AE,  NO,  WORST, "not-understood"},

    {FORM_ALTER_INDEX_RENAME,          "ALTER INDEX ... RENAME",                               NO,  NO,  0, NULL},
    {FORM_ALTER_INDEX_OPTIONS,         "ALTER INDEX",                                          NO,  NO,  0, NULL},
    {FORM_CREATE_VIEW,                 "CREATE VIEW",                                          NO,  NO,  0, NULL},
    {FORM_REPLACE_VIEW,                "CREATE OR REPLACE VIEW",                               AE,  NO,  WORST, NULL},
    {FORM_ALTER_VIEW,                  "ALTER VIEW",                                           AE,  NO,  0, NULL},
    {FORM_RENAME_VIEW,                 "ALTER VIEW ... RENAME",                                AE,  NO,  0, "rename-table"},
    {FORM_DROP_VIEW,                   "DROP VIEW",                                            AE,  NO,  0, "drop-view"},
    {FORM_CREATE_MATVIEW,              "CREATE MATERIALIZED VIEW",                             NO,  NO,  0, NULL},
    {FORM_REFRESH,                     "REFRESH MATERIALIZED VIEW",                            AE,  NO,  WORK_REWRITE, "refresh-blocks"},
    {FORM_REFRESH_CONCURRENTLY,        "REFRESH MATERIALIZED VIEW CONCURRENTLY",               E,   NO,  SCAN, NULL},
    {FORM_DROP_MATVIEW,                "DROP MATERIALIZED VIEW",                               AE,  NO,  0, "drop-view"},
    {FORM_CREATE_SEQUENCE,             "CREATE SEQUENCE",                                      NO,  NO,  0, NULL},
    {FORM_ALTER_SEQUENCE,              "ALTER SEQUENCE",                                       SRE, NO,  WORK_REWRITE | WORST, NULL},
    {FORM_DROP_SEQUENCE,               "DROP SEQUENCE",                                        AE,  NO,  LOSS, "drop-sequence"},
    {FORM_CREATE_TYPE,                 "CREATE TYPE",                                          NO,  NO,  0, NULL},
    {FORM_ADD_VALUE,                   "ALTER TYPE ... ADD VALUE",                             NO,  NO,  0, NULL, PG(12)},
    {FORM_ADD_VALUE,                   "ALTER TYPE ... ADD VALUE",                             NO,  NO,  ALONE, NULL, 0, PG(12)},
    {FORM_RENAME_VALUE,                "ALTER TYPE ... RENAME VALUE",                          NO,  NO,  0, "rename-value"},
    {FORM_ALTER_TYPE,                  "ALTER TYPE",                                           NO,  NO,  0, NULL},
    {FORM_DROP_TYPE,                   "DROP TYPE or DOMAIN",                                  NO,  NO,  0, NULL},
    {FORM_CREATE_DOMAIN,               "CREATE DOMAIN",                                        NO,  NO,  0, NULL},
    {FORM_DOMAIN_CHECK,                "ALTER DOMAIN ... ADD CHECK",                           NO,  S,   0, "domain-scan", 0, 0, SCAN | WORST},
    {FORM_DOMAIN_CHECK_NOT_VALID,      "ALTER DOMAIN ... ADD CHECK ... NOT VALID",             NO,  NO,  0, NULL},
    {FORM_DOMAIN_VALIDATE,             "ALTER DOMAIN ... VALIDATE CONSTRAINT",                 NO,  S,   0, "domain-scan", 0, 0, SCAN | WORST},
    {FORM_DOMAIN_NOT_NULL,             "ALTER DOMAIN ... SET NOT NULL",                        NO,  S,   0, "domain-scan", 0, 0, SCAN | WORST},
    {FORM_DOMAIN_OTHER,                "ALTER DOMAIN",                                         NO,  NO,  0, NULL},
    {FORM_CREATE_FUNCTION,             "CREATE FUNCTION or PROCEDURE",                         NO,  NO,  0, NULL},
    {FORM_DROP_FUNCTION,               "DROP FUNCTION or PROCEDURE",                           NO,  NO,  0, "drop-function"},
    {FORM_CREATE_EXTENSION,            "CREATE EXTENSION",                                     NO,  NO,  0, NULL},
    {FORM_DROP_EXTENSION,              "DROP EXTENSION",                                       NO,  NO,  0, "drop-function"},
    {FORM_CREATE_SCHEMA,               "CREATE SCHEMA",                                        NO,  NO,  0, NULL},
    {FORM_RENAME_SCHEMA,               "ALTER SCHEMA ... RENAME",                              NO,  NO,  0, "rename-table"},
    {FORM_DROP_SCHEMA,                 "DROP SCHEMA",                                          NO,  NO,  0, NULL},
    {FORM_DROP_CASCADE,                "DROP ... CASCADE",                                     NO,  NO,  LOSS, "drop-cascade"},
    {FORM_DROP_OTHER,                  "DROP",                                                 NO,  NO,  0, NULL},
    {FORM_DROP_OWNED,                  "DROP OWNED",                                           NO,  NO,  LOSS, "drop-cascade"},
    {FORM_GRANT,                       "GRANT or REVOKE",                                      NO,  NO,  0, NULL, 0, PG(18)},
    {FORM_GRANT,                       "GRANT or REVOKE",                                      AS,  NO,  0, NULL, PG(18)},
    {FORM_CREATE_OTHER,                "CREATE",                                               NO,  NO,  0, NULL},
    {FORM_RENAME_OTHER,                "ALTER ... RENAME",                                     NO,  NO,  0, NULL},
    {FORM_ALTER_OTHER,                 "ALTER",                                                NO,  NO,  0, NULL},
    {FORM_DROP_DATABASE,               "DROP DATABASE",                                        NO,  NO,  LOSS | ALONE, "drop-database"},
    {FORM_DATABASE,                    "CREATE or ALTER DATABASE, TABLESPACE or SYSTEM",       NO,  NO,  ALONE, NULL},

    {FORM_ANALYZE,                     "ANALYZE",                                              SUE, NO,  0, NULL},
    {FORM_VACUUM,                      "VACUUM",                                               SUE, NO,  SCAN | ALONE, NULL},
    {FORM_VACUUM_FULL,                 "VACUUM FULL",                                          AE,  NO,  REWRITE | ALONE, "table-rewrite"},
    {FORM_CLUSTER,                     "CLUSTER",                                              AE,  NO,  REWRITE, "table-rewrite"},
    {FORM_SELECT,                      "SELECT",                                               AS,  NO,  SCAN | WORST, NULL},
    {FORM_SELECT_FOR,                  "SELECT ... FOR UPDATE or SHARE",                       RS,  NO,  SCAN | WORST, NULL},
    {FORM_INSERT,                      "INSERT",                                               RE,  NO,  0, NULL},
    {FORM_UPDATE,                      "UPDATE ... WHERE",                                     RE,  NO,  SCAN | WORST, NULL},
    {FORM_UPDATE_ALL,                  "UPDATE without WHERE",                                 RE,  NO,  SCAN, "update-all"},
    {FORM_DELETE,                      "DELETE ... WHERE",                                     RE,  NO,  SCAN | LOSS | WORST, "delete-rows"},
    {FORM_DELETE_ALL,                  "DELETE without WHERE",                                 RE,  NO,  SCAN | LOSS, "delete-all"},
    {FORM_MERGE,                       "MERGE",                                                RE,  NO,  SCAN | WORST, NULL, PG(15)},
    {FORM_COPY_FROM,                   "COPY ... FROM",                                        RE,  NO,  0, NULL},
    {FORM_COPY_TO,                     "COPY ... TO",                                          AS,  NO,  SCAN, NULL},
    {FORM_CODE,                        "DO or CALL",                                           NO,  NO,  WORST, "code-not-read"},
    {FORM_SESSION,                     "SET and the like",                                     NO,  NO,  0, NULL},
    {FORM_TRANSACTION,                 "BEGIN, COMMIT and the like",                           NO,  NO,  0, NULL},

    {FORM_LITE_CREATE_TABLE,           "CREATE TABLE",                                         NO,  NO,  0, NULL},
    {FORM_LITE_CREATE_TABLE_AS,        "CREATE TABLE AS",                                      NO,  NO,  0, NULL},
    {FORM_LITE_CREATE_INDEX,           "CREATE INDEX",                                         NO,  NO,  BUILD, NULL},
    {FORM_LITE_CREATE_OTHER,           "CREATE VIEW or TRIGGER",                               NO,  NO,  0, NULL},
    {FORM_LITE_DROP_TABLE,             "DROP TABLE",                                           NO,  NO,  LOSS, "drop-table"},
    {FORM_LITE_REBUILD,                "DROP TABLE, then RENAME TO its name",                  NO,  NO,  REWRITE, "table-rebuild"},
    {FORM_LITE_DROP_INDEX,             "DROP INDEX",                                           NO,  NO,  0, NULL},
    {FORM_LITE_DROP_OTHER,             "DROP VIEW or TRIGGER",                                 NO,  NO,  0, NULL},
    {FORM_LITE_ADD_COLUMN,             "ALTER TABLE ... ADD COLUMN",                           NO,  NO,  0, NULL},
    {FORM_LITE_ADD_COLUMN_CHECK,       "ALTER TABLE ... ADD COLUMN ... CHECK or GENERATED",    NO,  NO,  SCAN, NULL},
    {FORM_LITE_ADD_COLUMN_REFUSED,     "ALTER TABLE ... ADD COLUMN as SQLite refuses it",      NO,  NO,  0, "sqlite-refuses"},
    {FORM_LITE_DROP_COLUMN,            "ALTER TABLE ... DROP COLUMN",                          NO,  NO,  REWRITE | LOSS, "drop-column", LITE(35)},
    {FORM_LITE_RENAME_COLUMN,          "ALTER TABLE ... RENAME COLUMN",                        NO,  NO,  0, "rename-column", LITE(25)},
    {FORM_LITE_RENAME_TABLE,           "ALTER TABLE ... RENAME TO",                            NO,  NO,  0, "rename-table"},
    {FORM_LITE_ALTER_REFUSED,          "ALTER TABLE as SQLite refuses it",                     NO,  NO,  0, "sqlite-refuses"},
    {FORM_LITE_REINDEX,                "REINDEX",                                              NO,  NO,  BUILD, NULL},
    {FORM_LITE_VACUUM,                 "VACUUM",                                               NO,  NO,  REWRITE | ALONE, "vacuum-sqlite"},
    {FORM_LITE_FOREIGN_KEYS,           "PRAGMA foreign_keys",                                  NO,  NO,  0, NULL},
    {FORM_LITE_WRITABLE_SCHEMA,        "PRAGMA writable_schema",                               NO,  NO,  0, "writable-schema"},
    {FORM_LITE_PRAGMA,                 "PRAGMA",                                               NO,  NO,  0, NULL},
    {FORM_LITE_INSERT,                 "INSERT or REPLACE",                                    NO,  NO,  0, NULL},
    {FORM_LITE_UPDATE,                 "UPDATE ... WHERE",                                     NO,  NO,  SCAN | WORST, NULL},
    {FORM_LITE_UPDATE_ALL,             "UPDATE without WHERE",                                 NO,  NO,  SCAN, "update-all"},
    {FORM_LITE_DELETE,                 "DELETE ... WHERE",                                     NO,  NO,  SCAN | LOSS | WORST, "delete-rows"},
    {FORM_LITE_DELETE_ALL,             "DELETE without WHERE",                                 NO,  NO,  LOSS, "delete-all"},
    {FORM_LITE_SELECT,                 "SELECT",                                               NO,  NO,  0, NULL},
    {FORM_LITE_SESSION,                "ATTACH, ANALYZE, BEGIN and the like",                  NO,  NO,  0, NULL},
};
// clang-format on

enum { FORMS = sizeof forms / sizeof *forms };

const struct form *form_all(size_t *out_count)
{
    *out_count = FORMS;
    return forms;
}

static bool fits(const struct form *form, int version)
{
    return version >= form->since && (form->until == 0 || version < form->until);
}

/* Rows stand in the order of the ids, at or behind the place that the id names. */
const struct form *form_at(enum form_id id, int server_version)
{
    for (size_t i = id; i < FORMS && forms[i].id <= id; i++)
        if (forms[i].id == id && fits(&forms[i], server_version))
            return &forms[i];
    return NULL;
}

bool form_is_sqlite(enum form_id id)
{
    return id >= FORM_LITE_CREATE_TABLE && id < FORM_COUNT;
}
