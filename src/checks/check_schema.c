/*
 * check_schema.c - questions about the tables, indexes and sequences of a PostgreSQL database, and
 * what the role may do with them.
 */
#include "checks.h"

/* Ours: no system's, no extension's. Of alias c and its namespace n. */
#define OURS                                                                      \
    " n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"                  \
    " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend x WHERE x.objid = c.oid" \
    " AND x.classid = 'pg_catalog.pg_class'::regclass AND x.deptype = 'e')"
#define NAME "c.oid::regclass::text"
#define FROM_CLASS                                                                          \
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace " \
    "WHERE" OURS

static const char no_key[] =
    "SELECT 1, " NAME FROM_CLASS " AND c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT 1"
    " FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) ORDER BY 2";

/* Sequences that a column owns or takes its default from. query_to_xml() runs one small question a
 * table inside this one, so that a schema of any size costs one round trip. */
#define SEQUENCES                                                                        \
    "SELECT s.oid AS sequence, c.oid AS tab, a.attname, a.atttypid,"                     \
    " pg_catalog.has_table_privilege(c.oid, 'SELECT')"                                   \
    " AND pg_catalog.has_sequence_privilege(s.oid, 'SELECT') AS visible"                 \
    " FROM pg_catalog.pg_class s JOIN pg_catalog.pg_depend d ON d.objid = s.oid"         \
    " AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')"       \
    " JOIN pg_catalog.pg_class c ON c.oid = d.refobjid"                                  \
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid" \
    " WHERE s.relkind = 'S' OFFSET 0"

#define FIELD(query, name)                                                      \
    "((pg_catalog.xpath('/row/" name "/text()', pg_catalog.query_to_xml(" query \
    ", true, true, '')))[1]::text)"

static const char sequence_behind[] =
    "SELECT 1, q.sequence::regclass::text || ' at ' || q.last || ', ' || q.tab::regclass::text || "
    "'.'"
    " || q.attname || ' at ' || q.highest FROM (SELECT s.*,"
    " CASE WHEN visible THEN " FIELD(
        "'SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1"
        " END AS v FROM ' || sequence::regclass",
        "v") "::numeric END AS last,"
             " CASE WHEN visible THEN " FIELD(
                 "pg_catalog.format('SELECT max(%I) AS v FROM %s', attname,"
                 " tab::regclass)",
                 "v") "::numeric END AS highest FROM (" SEQUENCES ") AS s"
                      " WHERE s.atttypid IN (20, 21, 23)) AS q WHERE q.highest > q.last"
                      " UNION ALL SELECT NULL, 'the role may not read ' || count(*) || ' tables or "
                      "sequences, as '"
                      " || min(tab::regclass::text) FROM (" SEQUENCES
                      ") AS s WHERE NOT visible HAVING count(*) > 0";

/* How far a sequence is, pg_sequences tells only who may read it. */
#define UNREAD_SEQUENCES                                                                      \
    " UNION ALL SELECT NULL, 'the role may not read ' || count(*) || ' sequences' FROM"       \
    " (SELECT c.oid" FROM_CLASS " AND c.relkind = 'S' AND CASE WHEN c.relkind = 'S' THEN NOT" \
    " pg_catalog.has_sequence_privilege(c.oid, 'SELECT,USAGE') END) AS s HAVING count(*) > 0"

static const char sequence_used[] =
    "SELECT round(100.0 * coalesce(last_value, 0) / least(max_value, CASE data_type::text"
    " WHEN 'smallint' THEN 32767 WHEN 'integer' THEN 2147483647 ELSE max_value END))::bigint,"
    " schemaname || '.' || sequencename FROM pg_catalog.pg_sequences"
    " WHERE last_value IS NOT NULL AND increment_by > 0 AND NOT cycle" UNREAD_SEQUENCES;

static const char int_keys[] =
    "SELECT CASE WHEN used > 50 THEN 1 ELSE 0 END, CASE WHEN used IS NULL THEN"
    " 'no primary key is a plain integer with a sequence' ELSE used || ' % of ' || what END FROM"
    " (SELECT max(round(100.0 * coalesce(p.last_value, 0) / 2147483647)) AS used, min(" NAME
    ") AS what FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indnatts = 1"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]"
    " AND a.atttypid = 23 JOIN pg_catalog.pg_depend d ON d.refobjid = c.oid"
    " AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i')"
    " JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'"
    " JOIN pg_catalog.pg_sequences p ON p.sequencename = s.relname WHERE" OURS
    ") AS k" UNREAD_SEQUENCES;

static const char invalid_index[] =
    "SELECT 1, i.indexrelid::regclass::text || ' on ' || " NAME
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_index i ON i.indrelid = c.oid WHERE" OURS
    " AND NOT (i.indisvalid AND i.indisready AND i.indislive) ORDER BY 2";

static const char unvalidated[] =
    "SELECT 1, k.conname || ' on ' || " NAME
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid WHERE" OURS
    " AND NOT k.convalidated ORDER BY 2";

static const char key_without_index[] =
    "SELECT 1, k.conname || ' on ' || " NAME
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f' WHERE" OURS
    " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid"
    " AND i.indpred IS NULL AND i.indisvalid AND k.conkey OPERATOR(pg_catalog.<@)"
    " (i.indkey::int2[])[0:cardinality(k.conkey) - 1]) ORDER BY 2";

static const char duplicate_index[] =
    "SELECT 1, string_agg(i.indexrelid::regclass::text, ', ' ORDER BY i.indexrelid) || ' on ' || "
    "min(" NAME ")"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_index i ON i.indrelid = c.oid JOIN pg_catalog.pg_class x"
    " ON x.oid = i.indexrelid WHERE" OURS
    " GROUP BY c.oid, x.relam, i.indkey::text, i.indclass::text, i.indcollation::text,"
    " i.indoption::text, coalesce(pg_catalog.pg_get_expr(i.indexprs, c.oid), ''),"
    " coalesce(pg_catalog.pg_get_expr(i.indpred, c.oid), '') HAVING count(*) > 1";

static const char disabled_trigger[] =
    "SELECT 1, t.tgname || ' on ' || " NAME
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid WHERE" OURS
    " AND t.tgenabled = 'D' ORDER BY 2";

static const char unlogged[] =
    "SELECT 1, " NAME FROM_CLASS " AND c.relkind = 'r' AND c.relpersistence = 'u' ORDER BY 2";

static const char never_analysed[] =
    "SELECT 1, schemaname || '.' || relname || ', ' || n_live_tup || ' rows'"
    " FROM pg_catalog.pg_stat_user_tables WHERE n_live_tup > 1000 AND last_analyze IS NULL"
    " AND last_autoanalyze IS NULL ORDER BY n_live_tup DESC";

static const char definer_path[] =
    "SELECT 1, p.oid::regprocedure::text FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n"
    " ON n.oid = p.pronamespace WHERE p.prosecdef AND n.nspname !~ '^pg_'"
    " AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT 1 FROM unnest(p.proconfig) AS c"
    " WHERE c LIKE 'search_path=%') AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend x"
    " WHERE x.objid = p.oid AND x.classid = 'pg_catalog.pg_proc'::regclass AND x.deptype = 'e')"
    " ORDER BY 2";

static const char foreign_owner[] =
    "SELECT 1, " NAME " || ' belongs to ' || pg_catalog.pg_get_userbyid(c.relowner)" FROM_CLASS
    " AND c.relkind IN ('r', 'p', 'v', 'm', 'S')"
    " AND NOT pg_catalog.pg_has_role(current_user, c.relowner, 'MEMBER') ORDER BY 2";

static const char no_policy[] =
    "SELECT 1, " NAME FROM_CLASS " AND c.relrowsecurity AND NOT EXISTS (SELECT 1"
    " FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid) ORDER BY 2";

/* --- rights --- */

static const char too_powerful[] =
    "SELECT CASE WHEN what IS NULL THEN 0 ELSE 2 END, current_user || coalesce(' has ' || what,"
    " ' has no power over the server') FROM (SELECT nullif(pg_catalog.concat_ws(', ',"
    " CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,"
    " CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolreplication THEN 'REPLICATION' END,"
    " CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN EXISTS (SELECT 1"
    " FROM pg_catalog.pg_roles r WHERE r.rolname = 'rds_superuser'"
    " AND pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER')) THEN 'rds_superuser' END), '')"
    " AS what FROM pg_catalog.pg_roles WHERE rolname = current_user) AS s";

static const char data_rights[] =
    "SELECT 1, " NAME " || ': ' || r.name FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS r (name) WHERE" OURS
    " AND c.relkind IN ('r', 'p') AND CASE WHEN c.relkind IN ('r', 'p')"
    " THEN NOT pg_catalog.has_table_privilege(c.oid, r.name) END ORDER BY 2";

static const char sequence_rights[] =
    "SELECT 1, " NAME FROM_CLASS " AND c.relkind = 'S' AND CASE WHEN c.relkind = 'S'"
    " THEN NOT pg_catalog.has_sequence_privilege(c.oid, 'USAGE') END ORDER BY 2";

static const char public_create[] =
    "SELECT CASE WHEN pg_catalog.has_schema_privilege('public', oid, 'CREATE') THEN 1 ELSE 0 END,"
    " CASE WHEN pg_catalog.has_schema_privilege('public', oid, 'CREATE')"
    " THEN 'everybody may create in schema public' ELSE 'only some may create in schema public' END"
    " FROM pg_catalog.pg_namespace WHERE nspname = 'public'"
    " UNION ALL SELECT NULL, 'there is no schema public' WHERE NOT EXISTS (SELECT 1"
    " FROM pg_catalog.pg_namespace WHERE nspname = 'public')";

static const char password_validity[] =
    "SELECT extract(day FROM rolvaliduntil - pg_catalog.now())::bigint,"
    " 'until ' || rolvaliduntil::date::text FROM pg_catalog.pg_roles"
    " WHERE rolname = current_user AND isfinite(rolvaliduntil)";

static const char future_grants[] =
    "SELECT 1, owner || ' makes the tables' FROM (SELECT DISTINCT"
    " pg_catalog.pg_get_userbyid(c.relowner)::text AS owner, c.relowner" FROM_CLASS
    " AND c.relkind IN ('r', 'p')) AS o"
    " WHERE NOT pg_catalog.pg_has_role(current_user, o.relowner, 'USAGE') AND NOT EXISTS (SELECT 1"
    " FROM pg_catalog.pg_default_acl d WHERE d.defaclrole = o.relowner AND d.defaclobjtype = 'r')";

static const char monitor_rights[] =
    "SELECT CASE WHEN pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') THEN 0 "
    "END,"
    " CASE WHEN pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')"
    " THEN 'may see other sessions' ELSE 'may not see other sessions: GRANT pg_monitor TO the role'"
    " END";

#define P ON_POSTGRES | CONNECTED

// clang-format off
static const struct check rows[] = {
    {"schema.primary_keys", "SCH001", "Every table has a primary key", MAJOR, P, NULL,
     {no_key, MEASURE_COUNT, 0, NAN, "tables"}, "no_primary_key", "Without one, rows cannot be compared, replicated or found again."},
    {"schema.sequences", "SCH002", "No sequence is behind its column", CRITICAL, P, NULL,
     {sequence_behind, MEASURE_COUNT, NAN, 0, "sequences"}, "sequence_behind", "The next insert fails: setval() the sequence to the column's maximum."},
    {"schema.sequence_room", "SCH003", "Sequences have room", MAJOR, P, NULL,
     {sequence_used, MEASURE_MOST, 85, 95, "%"}, "sequence_exhausted", "Change column and sequence to bigint."},
    {"schema.int_keys", "SCH004", "Integer keys have room", INFO, P, NULL,
     {int_keys, MEASURE_LEVEL}, "int_key", "Plan the change to bigint while the table is small."},
    {"schema.invalid_indexes", "SCH005", "Every index is valid", MAJOR, P, NULL,
     {invalid_index, MEASURE_COUNT, NAN, 0, "indexes"}, "invalid_index", "REINDEX INDEX CONCURRENTLY, or drop it and make it again."},
    {"schema.unvalidated", "SCH006", "Every constraint is validated", MAJOR, P, NULL,
     {unvalidated, MEASURE_COUNT, 0, NAN, "constraints"}, "unvalidated_constraint", "ALTER TABLE ... VALIDATE CONSTRAINT."},
    {"schema.foreign_key_indexes", "SCH007", "Foreign keys have an index", MINOR, P, NULL,
     {key_without_index, MEASURE_COUNT, 0, NAN, "foreign keys"}, "foreign_key_unindexed", "Each delete in the other table scans this one: CREATE INDEX CONCURRENTLY."},
    {"schema.duplicate_indexes", "SCH008", "No two indexes are the same", INFO, P, NULL,
     {duplicate_index, MEASURE_COUNT, 0, NAN, "pairs"}, "duplicate_index", "Drop the one that no constraint needs."},
    {"schema.triggers", "SCH009", "No trigger is disabled", MAJOR, P, NULL,
     {disabled_trigger, MEASURE_COUNT, 0, NAN, "triggers"}, "disabled_trigger", "Was it left off after a copy? ALTER TABLE ... ENABLE TRIGGER."},
    {"schema.unlogged", "SCH010", "Every table survives a crash", MAJOR, P, NULL,
     {unlogged, MEASURE_COUNT, 0, NAN, "tables"}, "unlogged_table", "ALTER TABLE ... SET LOGGED: it is empty after a failover."},
    {"schema.analysed", "SCH011", "The planner knows the tables", MINOR, P, NULL,
     {never_analysed, MEASURE_COUNT, 0, NAN, "tables"}, "never_analysed", "ANALYZE, at the latest after a copy."},
    {"schema.definers", "SCH012", "Definer functions fix their search_path", MINOR, P, NULL,
     {definer_path, MEASURE_COUNT, 0, NAN, "functions"}, "definer_path", "ALTER FUNCTION ... SET search_path = ..."},
    {"schema.owner", "SCH013", "The role may alter what there is", MAJOR, P, NULL,
     {foreign_owner, MEASURE_COUNT, 0, NAN, "objects"}, "foreign_owner", "Migrations with this role fail: give it the owner's role, or migrate as the owner."},
    {"schema.policies", "SCH014", "Row security has policies", MINOR, P, NULL,
     {no_policy, MEASURE_COUNT, 0, NAN, "tables"}, "no_policy", "Without a policy the table looks empty to everybody but its owner."},
    {"rights.power", "PRV001", "The role has no power over the server", MAJOR, P | LENIENT, NULL,
     {too_powerful, MEASURE_LEVEL}, "role_too_powerful", "Give the application a role of its own, and migrations another."},
    {"rights.data", "PRV002", "The role may read and write the tables", CRITICAL, P, NULL,
     {data_rights, MEASURE_COUNT, NAN, 0, "rights are missing"}, "rights_missing", "GRANT SELECT, INSERT, UPDATE, DELETE ON ... TO the role."},
    {"rights.sequences", "PRV003", "The role may use the sequences", CRITICAL, P, NULL,
     {sequence_rights, MEASURE_COUNT, NAN, 0, "sequences"}, "sequence_rights_missing", "Inserts fail: GRANT USAGE ON SEQUENCE ... TO the role."},
    {"rights.public_create", "PRV004", "Not everybody may create tables", MINOR, P, NULL,
     {public_create, MEASURE_LEVEL}, "public_create", "REVOKE CREATE ON SCHEMA public FROM PUBLIC."},
    {"rights.password", "PRV005", "The password stays valid", MAJOR, P, NULL,
     {password_validity, MEASURE_LEAST, 14, 0, "days"}, "password_expires", "ALTER ROLE ... VALID UNTIL a later day, with a new password."},
    {"rights.future", "PRV006", "The role may use what comes next", MINOR, P, NULL,
     {future_grants, MEASURE_COUNT, 0, NAN, "owners without default privileges"}, "no_default_privileges", "ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT ... ON TABLES TO the role."},
    {"rights.monitor", "PRV007", "The role may see other sessions", INFO, P, NULL,
     {monitor_rights, MEASURE_LEVEL}, "no_monitor_rights", "GRANT pg_monitor TO the role."},
};
// clang-format on

const struct check_table schema_checks = {rows, sizeof rows / sizeof *rows};
