/*
 * test_recipes.c - every outcome of every check, forced on a real server or file. A check that
 * comes new has to bring a recipe for each outcome, or a reason why none can be had.
 *
 * What is only judged by a number of seconds or bytes is not waited for: the number is real, and
 * the threshold is moved by `shift`, which is the same as moving the number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

#include "base/buf.h"
#include "checks/beanstalk.h"
#include "support/certificate.h"
#include "support/kitchen.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"
#include "support/web.h"

/* --- recipes: a SQLite file, and what stands beside it --- */

#define EB                    "option_settings:\n  aws:elasticbeanstalk:application:environment:\n"
#define UP(revision, revises) "-- revision: " revision "\n" revises "-- migrate:up\n"

// clang-format off
static const struct recipe of_files[] = {
    {"config.environment", HG_PASS},
    {"config.environment", HG_WARN, .env = "ENV=test FLASK_ENV=development"},
    {"config.scheme", HG_PASS},
    {"config.scheme", HG_WARN, .url = "postgres://app@localhost:<PORT>/<DB>"},
    {"config.intent", HG_SKIP},
    {"config.intent", HG_WARN, .env = "ENV=production DATABASE_URL=" ALWAYS " DATABASE_URL_PROD=postgresql://app@localhost:<PORT>/<DB>"},
    {"config.intent", HG_PASS, .env = "ENV=production DATABASE_URL=postgresql://app@localhost:<PORT>/<DB> DATABASE_URL_PROD=postgresql://app@localhost:<PORT>/<DB>"},
    {"config.pool", HG_PASS},
    {"config.pool", HG_WARN, .env = "DB_POOL_TIMEOUT=60"},
    {"config.pool", HG_WARN, .env = "DB_POOL_RECYCLE=-1"},
    {"config.application", HG_SKIP},
    {"config.filled_in", HG_PASS},
    {"config.filled_in", HG_FAIL, .url = "postgresql://app@db.example.com/app"},
    {"security.env_file", HG_SKIP},
    {"security.env_file", HG_PASS, .file = ".env", .content = "ENV=test\n"},
    {"security.env_file", HG_WARN, .file = ".env", .content = "ENV=test\n", .mode = 0640},
    {"security.env_file", HG_WARN, .file = ".env", .content = "ENV=test\n", .mode = 0644},
    {"security.env_file", HG_FAIL, .file = ".env", .content = "A=b\n", .mode = 0644, .env = "ENV=production"},
    {"db.engine", HG_PASS},
    {"db.engine", HG_FAIL, .env = "ENV=production"},
    {"db.prod_url", HG_SKIP},
    {"db.prod_url", HG_FAIL, .env = "ENV=production DATABASE_URL=" ALWAYS},
    {"db.prod_url", HG_PASS, .env = "ENV=production DATABASE_URL_PROD=" ALWAYS},
    {"security.runtime", HG_SKIP, .env = "HEADGATE_RUNTIME_DIR=<DIR>/none"},
    {"security.runtime", HG_FAIL, .env = "HEADGATE_RUNTIME_DIR=<DIR>/migrations"},
    {"security.runtime", HG_FAIL, .env = "HEADGATE_RUNTIME_DIR=<DIR>/afile", .file = "afile", .content = ""},
    {"tls.in_use", HG_SKIP},
    {"migrate.table", HG_SKIP},
    {"migrate.table", HG_FAIL, .file = "migrations/1.sql", .content = UP("a1", "") "SELECT 1;\n"},
    {"migrate.table", HG_PASS, .before = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"},
    {"migrate.at_head", HG_PASS},
    {"migrate.at_head", HG_FAIL, .file = "migrations/1.sql", .content = UP("a1", "") "SELECT 1;\n"},
    {"migrate.one_head", HG_PASS},
    {"migrate.one_head", HG_FAIL, .before = "INSERT INTO alembic_version VALUES ('a1'), ('b1')", .after = "DELETE FROM alembic_version"},
    {"migrate.ahead", HG_PASS},
    {"migrate.ahead", HG_WARN, .before = "INSERT INTO alembic_version VALUES ('a1')", .after = "DELETE FROM alembic_version"},
    {"migrate.checksums", HG_PASS},
    {"migrate.half_applied", HG_PASS},
    {"migrate.deployer", HG_PASS},
    {"migrate.schema", HG_SKIP},
    {"migrate.schema", HG_PASS, .before = "CREATE TABLE s (a INTEGER)", .after = "DROP TABLE s", .file = "schema.sql", .content = "CREATE TABLE s (a INTEGER);\n"},
    {"migrate.schema", HG_WARN, .file = "schema.sql", .content = "CREATE TABLE s (a INTEGER);\n"},
    {"sqlite.file", HG_PASS},
    {"sqlite.file", HG_WARN, .env = "HEADGATE_READ_ONLY=1", .url = "sqlite:///<DIR>/empty.db", .file = "empty.db", .content = ""},
    {"db.writable", HG_WARN, .before = "CREATE TABLE headgate_frozen (run TEXT)", .after = "DROP TABLE headgate_frozen"},
    {"sqlite.integrity", HG_PASS},
    {"sqlite.foreign_keys", HG_PASS},
    {"sqlite.foreign_keys", HG_WARN, .before = "PRAGMA foreign_keys = OFF; CREATE TABLE p (a INTEGER PRIMARY KEY); CREATE TABLE c (a INTEGER REFERENCES p); INSERT INTO c VALUES (7)", .after = "DROP TABLE c; DROP TABLE p"},
    {"sqlite.journal_mode", HG_PASS},
    {"sqlite.busy_timeout", HG_PASS},
    {"sqlite.permissions", HG_WARN, .url = "sqlite:///<DIR>/g.db", .file = "g.db", .content = "", .mode = 0660},
    {"sqlite.permissions", HG_FAIL, .url = "sqlite:///<DIR>/g.db", .file = "g.db", .content = "", .mode = 0666},
    {"sqlite.permissions", HG_PASS, .url = "sqlite:///<DIR>/g.db", .file = "g.db", .content = "", .mode = 0600},
    {"sqlite.wal", HG_PASS},
    {"sqlite.space", HG_PASS},
    {"sqlite.journal", HG_PASS},
    {"sqlite.journal", HG_WARN, .file = "app.db-journal", .content = "not empty"},
    {"sqlite.primary_keys", HG_PASS, .before = "DROP TABLE alembic_version"},
    {"sqlite.primary_keys", HG_WARN, .before = "CREATE TABLE s (a INTEGER)", .after = "DROP TABLE s"},
    {"sqlite.copy", HG_SKIP},
    {"sqlite.copy", HG_PASS, .before = "VACUUM INTO '<DIR>/app.db.copy'"},
    {"sqlite.place", HG_PASS},
    {"sqlite.place", HG_WARN, .url = "sqlite:///<DIR>/var/app/current/x.db", .file = "var/app/current/x.db", .content = ""},
    {"sqlite.place", HG_FAIL, .env = "ENV=production", .url = "sqlite:///<DIR>/var/app/current/x.db", .file = "var/app/current/x.db", .content = ""},
    {"sqlite.exposure", HG_PASS},
    {"sqlite.exposure", HG_FAIL, .url = "sqlite:///<DIR>/static/x.db", .file = "static/x.db", .content = ""},
    {"fidelity.integers", HG_SKIP},
    {"fidelity.integers", HG_PASS, .before = "CREATE TABLE s (a INTEGER)", .after = "DROP TABLE s"},
    {"fidelity.integers", HG_FAIL, .before = "CREATE TABLE s (a INTEGER); INSERT INTO s VALUES ('seven')", .after = "DROP TABLE s"},
    {"fidelity.texts", HG_PASS, .before = "CREATE TABLE s (a TEXT); INSERT INTO s VALUES ('gr\xc3\xbc\xc3\x9f')", .after = "DROP TABLE s"},
    {"fidelity.texts", HG_FAIL, .before = "CREATE TABLE s (a TEXT); INSERT INTO s VALUES (CAST(x'61ff62' AS TEXT))", .after = "DROP TABLE s"},
    {"fidelity.lengths", HG_PASS, .before = "CREATE TABLE s (a VARCHAR(3)); INSERT INTO s VALUES ('abc')", .after = "DROP TABLE s"},
    {"fidelity.lengths", HG_FAIL, .before = "CREATE TABLE s (a VARCHAR(3)); INSERT INTO s VALUES ('abcd')", .after = "DROP TABLE s"},
    {"fidelity.ranges", HG_PASS, .before = "CREATE TABLE s (a BIGINT, b INTEGER); INSERT INTO s VALUES (3000000000, 1)", .after = "DROP TABLE s"},
    {"fidelity.ranges", HG_FAIL, .before = "CREATE TABLE s (a INTEGER); INSERT INTO s VALUES (3000000000)", .after = "DROP TABLE s"},
    {"fidelity.booleans", HG_PASS, .before = "CREATE TABLE s (a BOOLEAN); INSERT INTO s VALUES (1)", .after = "DROP TABLE s"},
    {"fidelity.booleans", HG_FAIL, .before = "CREATE TABLE s (a BOOLEAN); INSERT INTO s VALUES (2)", .after = "DROP TABLE s"},
    {"fidelity.times", HG_PASS, .before = "CREATE TABLE s (a DATETIME); INSERT INTO s VALUES ('2026-11-23 10:00:00')", .after = "DROP TABLE s"},
    {"fidelity.times", HG_FAIL, .before = "CREATE TABLE s (a DATETIME); INSERT INTO s VALUES ('yesterday')", .after = "DROP TABLE s"},
    {"fidelity.twins", HG_PASS},
    {"fidelity.twins", HG_WARN, .before = "CREATE TABLE s (a TEXT COLLATE NOCASE UNIQUE)", .after = "DROP TABLE s"},
    {"fidelity.json", HG_PASS, .before = "CREATE TABLE s (a JSON); INSERT INTO s VALUES ('{}')", .after = "DROP TABLE s"},
    {"fidelity.json", HG_WARN, .before = "CREATE TABLE s (a JSON); INSERT INTO s VALUES ('{')", .after = "DROP TABLE s"},
    {"fidelity.decimals", HG_PASS, .before = "CREATE TABLE s (a NUMERIC); INSERT INTO s VALUES (1.5)", .after = "DROP TABLE s"},
    {"fidelity.decimals", HG_WARN, .before = "CREATE TABLE s (a NUMERIC); INSERT INTO s VALUES (1.0 / 3)", .after = "DROP TABLE s"},
    {"beanstalk.files", HG_SKIP},
    {"beanstalk.files", HG_PASS, .file = ".ebextensions/a.config", .content = EB "    A: b\n"},
    {"beanstalk.files", HG_FAIL, .file = ".ebextensions/a.config", .content = EB "\tA: b\n"},
    {"beanstalk.secrets", HG_UNKNOWN, .file = ".ebextensions/a.config", .content = EB "\tA: b\n"},
    {"beanstalk.secrets", HG_PASS, .file = ".ebextensions/a.config", .content = EB "    API_TOKEN: arn:aws:x\n"},
    {"beanstalk.secrets", HG_FAIL, .file = ".ebextensions/a.config", .content = EB "    API_TOKEN: abc\n"},
    {"beanstalk.secrets", HG_FAIL, .file = ".ebextensions/a.config", .content = EB "    X: \"postgresql://a:b@c/d\"\n"},
    {"beanstalk.values", HG_PASS, .file = ".ebextensions/a.config", .content = EB "    A: \"5\"\n"},
    {"beanstalk.values", HG_WARN, .file = ".ebextensions/a.config", .content = EB "    A: 5\n"},
    {"beanstalk.size", HG_PASS, .file = ".ebextensions/a.config", .content = EB "    A: \"5\"\n"},
    {"beanstalk.leader", HG_PASS, .file = ".ebextensions/a.config", .content = "container_commands:\n  01_up:\n    command: headgate up\n"},
    {"beanstalk.leader", HG_WARN, .file = ".ebextensions/a.config", .content = "container_commands:\n  01_up:\n    command: headgate up\n    leader_only: true\n"},
    {"beanstalk.hooks", HG_SKIP},
    {"beanstalk.hooks", HG_PASS, .file = ".platform/hooks/predeploy/1", .content = "#!/bin/sh\n", .mode = 0755},
    {"beanstalk.hooks", HG_FAIL, .file = ".platform/hooks/predeploy/1", .content = "#!/bin/sh\n", .mode = 0644},
    {"beanstalk.health", HG_PASS, .file = ".ebextensions/a.config", .content = EB "    A: b\n"},
    {"beanstalk.health", HG_WARN, .file = ".ebextensions/a.config", .content = "Resources:\n  AWSEBAutoScalingGroup:\n    Type: AWS::AutoScaling::AutoScalingGroup\n    Properties:\n      HealthCheckType: ELB\n"},
    {"beanstalk.instances", HG_PASS, .file = ".ebextensions/a.config", .content = "option_settings:\n  aws:autoscaling:asg:\n    MaxSize: \"1\"\n"},
    {"beanstalk.instances", HG_WARN, .file = ".ebextensions/a.config", .content = "option_settings:\n  aws:autoscaling:asg:\n    MaxSize: \"4\"\n"},
    {"beanstalk.instances", HG_FAIL, .env = "ENV=production", .file = ".ebextensions/a.config", .content = "option_settings:\n  aws:autoscaling:asg:\n    MaxSize: \"4\"\n"},
    {"pool.waiters", HG_PASS, .env = "HEADGATE_RUNTIME_DIR=<DIR>/none"},
};
// clang-format on

static void files_and_settings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof of_files / sizeof *of_files; i++)
        recipe_cook(&of_files[i], ALWAYS, ALWAYS);
}

/* --- recipes: a server --- */

#define APP    "postgresql://app@localhost:<PORT>/<DB>?sslmode=verify-full&sslrootcert=<CERT>"
#define PLAIN  "postgresql://app@localhost:<PORT>/<DB>?sslmode=disable"
#define AS_APP "SET ROLE app; "

// clang-format off
static const struct recipe of_servers[] = {
    {"db.connect", HG_PASS},
    {"db.connect", HG_FAIL, .url = "postgresql://app@127.0.0.1:1/<DB>"},
    {"db.round_trip", HG_PASS, .shift = 0},
    {"db.writable", HG_PASS},
    {"db.writable", HG_FAIL, .before = "ALTER ROLE app SET default_transaction_read_only = on", .after = "ALTER ROLE app RESET default_transaction_read_only"},
    {"db.writable", HG_WARN, .before = "ALTER ROLE app SET default_transaction_read_only = on; ALTER ROLE app SET headgate.planned_readonly = 'x'", .after = "ALTER ROLE app RESET ALL"},
    {"db.writable", HG_WARN, .before = "ALTER ROLE app SET default_transaction_read_only = on; CREATE TABLE headgate_cutover (run text); COMMENT ON TABLE headgate_cutover IS 'planned read-only: cutover 1'", .after = "DROP TABLE headgate_cutover; ALTER ROLE app RESET ALL"},
    {"db.writable", HG_SKIP, .env = "HEADGATE_READ_ONLY=1"},
    {"conn.name", HG_PASS},
    {"conn.name", HG_FAIL, .url = "postgresql://app@headgate.invalid/<DB>"},
    {"conn.name", HG_SKIP, .url = "postgresql://app@127.0.0.1:<PORT>/<DB>"},
    {"conn.port", HG_PASS},
    {"conn.port", HG_FAIL, .url = "postgresql://app@127.0.0.1:1/<DB>"},
    {"conn.accepting", HG_PASS},
    {"conn.accepting", HG_FAIL, .url = "postgresql://app@127.0.0.1:1/<DB>"},
    {"conn.detection", HG_WARN},
    {"conn.detection", HG_PASS, .url = "postgresql://app@localhost:<PORT>/<DB>?connect_timeout=3&keepalives_idle=10&keepalives_interval=5&keepalives_count=3&tcp_user_timeout=5000"},
    {"conn.server", HG_PASS},
    {"conn.clock", HG_PASS},
    {"tls.verified", HG_PASS},
    {"tls.verified", HG_WARN, .url = PLAIN},
    {"tls.verified", HG_WARN, .env = "ENV=production", .url = "postgresql://app@localhost:<PORT>/<DB>?sslmode=verify-ca&sslrootcert=<CERT>"},
    {"tls.verified", HG_FAIL, .env = "ENV=production DATABASE_URL_PROD=" PLAIN},
    {"tls.in_use", HG_PASS},
    {"tls.in_use", HG_WARN, .url = PLAIN},
    {"tls.in_use", HG_FAIL, .env = "ENV=production DATABASE_URL_PROD=" PLAIN},
    {"tls.protocol", HG_PASS},
    {"tls.protocol", HG_SKIP, .url = PLAIN},
    {"tls.enforced", HG_SKIP},
    {"tls.enforced", HG_WARN, .before = "ALTER ROLE app SET rds.force_ssl = '0'", .after = "ALTER ROLE app RESET ALL"},
    {"tls.enforced", HG_PASS, .before = "ALTER ROLE app SET rds.force_ssl = '1'", .after = "ALTER ROLE app RESET ALL"},
    {"tls.password_hash", HG_PASS},
    {"tls.password_hash", HG_WARN, .before = "ALTER ROLE app SET password_encryption = 'md5'", .after = "ALTER ROLE app RESET ALL"},
    {"tls.bundle", HG_SKIP, .url = PLAIN},
    {"tls.bundle", HG_FAIL, .url = PLAIN "&sslrootcert=<DIR>/none.pem"},
    {"tls.bundle", HG_FAIL, .url = PLAIN "&sslrootcert=<DIR>/x.pem", .file = "x.pem", .content = "no certificate\n"},
    {"security.passfile", HG_PASS, .url = PLAIN "&passfile=<DIR>/pass", .file = "pass", .content = ""},
    {"security.passfile", HG_FAIL, .url = PLAIN "&passfile=<DIR>/pass", .file = "pass", .content = "", .mode = 0644},
    {"server.supported", HG_PASS, .shift = -100000},
    {"server.minor", HG_PASS},
    {"server.pending_restart", HG_PASS},
    {"server.pending_restart", HG_WARN, .before = "ALTER SYSTEM SET max_connections = 60; SELECT pg_reload_conf(); SELECT pg_sleep(0.2)", .after = "ALTER SYSTEM RESET max_connections; SELECT pg_reload_conf(); SELECT pg_sleep(0.2)"},
    {"server.durability", HG_FAIL},
    {"server.durability", HG_PASS, .before = "ALTER SYSTEM SET fsync = on; ALTER SYSTEM SET full_page_writes = on; ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf(); SELECT pg_sleep(0.2)"},
    {"server.durability", HG_WARN, .before = "ALTER ROLE app SET synchronous_commit = off", .after = "ALTER ROLE app RESET ALL; ALTER SYSTEM RESET ALL; SELECT pg_reload_conf()"},
    {"server.role_timeouts", HG_WARN},
    {"server.role_timeouts", HG_PASS, .before = "ALTER ROLE app SET statement_timeout = '30s'; ALTER ROLE app SET lock_timeout = '5s'; ALTER ROLE app SET idle_in_transaction_session_timeout = '60s'", .after = "ALTER ROLE app RESET ALL"},
    {"server.encoding", HG_PASS},
    {"server.encoding", HG_FAIL, .before = "CREATE DATABASE ascii TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'", .url = "postgresql://app@localhost:<PORT>/ascii", .after = "DROP DATABASE ascii"},
    {"server.time_zone", HG_PASS},
    {"server.time_zone", HG_WARN, .before = "ALTER ROLE app SET timezone = 'Europe/Berlin'", .after = "ALTER ROLE app RESET ALL"},
    {"server.strings", HG_PASS},
    {"server.strings", HG_FAIL, .before = "ALTER ROLE app SET standard_conforming_strings = off", .after = "ALTER ROLE app RESET ALL"},
    {"server.collation", HG_PASS},
    {"server.collation", HG_WARN, .before = "UPDATE pg_database SET datcollversion = '0' WHERE datname = current_database()"},
    {"server.collation", HG_FAIL, .before = "CREATE TABLE s (a text UNIQUE)", .after = "DROP TABLE s; UPDATE pg_database SET datcollversion = NULL WHERE datname = current_database()"},
    {"server.extensions", HG_SKIP},
    {"server.extensions", HG_PASS, .file = "schema.sql", .content = "CREATE EXTENSION IF NOT EXISTS plpgsql;\n"},
    {"server.extensions", HG_FAIL, .file = "schema.sql", .content = "CREATE EXTENSION nosuch;\n"},
    {"server.extension_updates", HG_PASS},
    {"server.extension_updates", HG_WARN, .before = "UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'plpgsql'", .after = "UPDATE pg_extension SET extversion = '1.0' WHERE extname = 'plpgsql'"},
    {"server.search_path", HG_PASS},
    {"server.search_path", HG_FAIL, .before = "CREATE SCHEMA wide; GRANT ALL ON SCHEMA wide TO PUBLIC; ALTER ROLE app SET search_path = wide, public", .after = "DROP SCHEMA wide; ALTER ROLE app RESET ALL"},
    {"server.search_path", HG_WARN, .before = "ALTER ROLE app SET search_path = nowhere", .after = "ALTER ROLE app RESET ALL"},
    {"server.memory", HG_PASS},
    {"capacity.headroom", HG_PASS},
    {"capacity.headroom", HG_WARN, .shift = 80},
    {"capacity.limits", HG_PASS},
    {"capacity.limits", HG_FAIL, .before = "ALTER ROLE app CONNECTION LIMIT 1", .after = "ALTER ROLE app CONNECTION LIMIT -1"},
    {"capacity.acquire", HG_PASS},
    {"capacity.acquire", HG_FAIL, .before = "ALTER ROLE app CONNECTION LIMIT 1", .after = "ALTER ROLE app CONNECTION LIMIT -1"},
    {"capacity.saturation", HG_PASS},
    {"capacity.heals", HG_PASS},
    {"capacity.recycle", HG_PASS},
    {"capacity.recycle", HG_SKIP, .env = "DB_POOL_RECYCLE=-1"},
    {"capacity.rollback", HG_PASS},
    {"capacity.temporary", HG_PASS},
    {"capacity.temporary", HG_FAIL, .before = "REVOKE TEMPORARY ON DATABASE <DB> FROM PUBLIC", .after = "GRANT TEMPORARY ON DATABASE <DB> TO PUBLIC"},
    {"capacity.temporary", HG_SKIP, .env = "HEADGATE_READ_ONLY=1"},
    {"capacity.reset", HG_PASS},
    {"capacity.reset", HG_PASS, .env = "DB_POOL_RESET_ON_RETURN=full"},
    {"capacity.reset", HG_WARN, .env = "DB_POOL_RESET_ON_RETURN=commit"},
    {"capacity.reset", HG_FAIL, .env = "DB_POOL_RESET_ON_RETURN=none"},
    {"capacity.dead_peer", HG_PASS},
    {"vacuum.wraparound", HG_PASS},
    {"vacuum.wraparound", HG_WARN, .shift = 1.3e9},
    {"vacuum.wraparound", HG_FAIL, .shift = 1.4e9},
    {"vacuum.autovacuum", HG_FAIL},
    {"vacuum.autovacuum", HG_PASS, .before = "ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf(); SELECT pg_sleep(0.2)"},
    {"vacuum.autovacuum", HG_WARN, .before = "CREATE TABLE s (a int) WITH (autovacuum_enabled = false)", .after = "DROP TABLE s; ALTER SYSTEM RESET ALL; SELECT pg_reload_conf()"},
    {"vacuum.dead_rows", HG_PASS},
    {"vacuum.dead_rows", HG_WARN, .before = "CREATE TABLE s (a int); INSERT INTO s SELECT generate_series(1, 30000); DELETE FROM s; SELECT pg_stat_force_next_flush()", .after = "DROP TABLE s"},
    {"schema.analysed", HG_PASS},
    {"schema.analysed", HG_WARN, .before = "CREATE TABLE s (a int); INSERT INTO s SELECT generate_series(1, 30000); SELECT pg_stat_force_next_flush()", .after = "DROP TABLE s"},
    {"storage.size", HG_PASS},
    {"activity.prepared", HG_PASS},
    {"activity.deadlocks", HG_PASS},
    {"activity.strangers", HG_PASS},
    {"migrate.hazards", HG_PASS},
    {"migrate.hazards", HG_WARN, .file = "migrations/1.sql", .content = UP("a1", "") "DROP TABLE t;\n"},
    {"migrate.both_sides", HG_SKIP},
    {"migrate.both_sides", HG_PASS, .env = "ENV=production DATABASE_URL=" ALWAYS " DATABASE_URL_PROD=" APP},
    {"migrate.both_sides", HG_FAIL, .env = "ENV=production DATABASE_URL=" ALWAYS " DATABASE_URL_PROD=" APP, .before = AS_APP "CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('a1')", .after = "DROP TABLE alembic_version"},
    {"schema.primary_keys", HG_PASS},
    {"schema.primary_keys", HG_WARN, .before = "CREATE TABLE s (a int)", .after = "DROP TABLE s"},
    {"schema.sequences", HG_PASS},
    {"schema.sequences", HG_FAIL, .before = AS_APP "CREATE TABLE s (a serial PRIMARY KEY); INSERT INTO s VALUES (5)", .after = "DROP TABLE s"},
    {"schema.sequence_room", HG_PASS},
    {"schema.sequence_room", HG_WARN, .before = AS_APP "CREATE TABLE s (a serial PRIMARY KEY); SELECT setval('s_a_seq', 1900000000)", .after = "DROP TABLE s"},
    {"schema.sequence_room", HG_FAIL, .before = AS_APP "CREATE TABLE s (a serial PRIMARY KEY); SELECT setval('s_a_seq', 2100000000)", .after = "DROP TABLE s"},
    {"schema.int_keys", HG_PASS},
    {"schema.int_keys", HG_WARN, .before = AS_APP "CREATE TABLE s (a serial PRIMARY KEY); SELECT setval('s_a_seq', 1900000000)", .after = "DROP TABLE s"},
    {"schema.invalid_indexes", HG_PASS},
    {"schema.invalid_indexes", HG_FAIL, .before = "CREATE TABLE s (a int); INSERT INTO s VALUES (1), (1);!CREATE UNIQUE INDEX CONCURRENTLY ON s (a)", .after = "DROP TABLE s"},
    {"schema.unvalidated", HG_PASS},
    {"schema.unvalidated", HG_WARN, .before = "CREATE TABLE s (a int); ALTER TABLE s ADD CONSTRAINT c CHECK (a > 0) NOT VALID", .after = "DROP TABLE s"},
    {"schema.foreign_key_indexes", HG_PASS},
    {"schema.foreign_key_indexes", HG_WARN, .before = "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE s (a int REFERENCES p)", .after = "DROP TABLE s; DROP TABLE p"},
    {"schema.duplicate_indexes", HG_PASS},
    {"schema.duplicate_indexes", HG_WARN, .before = "CREATE TABLE s (a int); CREATE INDEX ON s (a); CREATE INDEX ON s (a)", .after = "DROP TABLE s"},
    {"schema.triggers", HG_PASS},
    {"schema.triggers", HG_WARN, .before = "CREATE TABLE s (a int); CREATE TRIGGER g BEFORE INSERT ON s EXECUTE FUNCTION suppress_redundant_updates_trigger(); ALTER TABLE s DISABLE TRIGGER g", .after = "DROP TABLE s"},
    {"schema.unlogged", HG_PASS},
    {"schema.unlogged", HG_WARN, .before = "CREATE UNLOGGED TABLE s (a int)", .after = "DROP TABLE s"},
    {"schema.definers", HG_PASS},
    {"schema.definers", HG_WARN, .before = "CREATE FUNCTION f() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'", .after = "DROP FUNCTION f()"},
    {"schema.owner", HG_PASS},
    {"schema.owner", HG_WARN, .before = "CREATE TABLE s (a int)", .after = "DROP TABLE s"},
    {"schema.policies", HG_PASS},
    {"schema.policies", HG_WARN, .before = "CREATE TABLE s (a int); ALTER TABLE s ENABLE ROW LEVEL SECURITY", .after = "DROP TABLE s"},
    {"rights.power", HG_PASS},
    {"rights.power", HG_WARN, .before = "ALTER ROLE app CREATEROLE", .after = "ALTER ROLE app NOCREATEROLE"},
    {"rights.power", HG_FAIL, .env = "ENV=production", .before = "ALTER ROLE app CREATEROLE", .after = "ALTER ROLE app NOCREATEROLE"},
    {"rights.data", HG_PASS},
    {"rights.data", HG_FAIL, .before = "CREATE TABLE s (a int)", .after = "DROP TABLE s"},
    {"rights.sequences", HG_PASS},
    {"rights.sequences", HG_FAIL, .before = "CREATE SEQUENCE s", .after = "DROP SEQUENCE s"},
    {"rights.public_create", HG_PASS},
    {"rights.public_create", HG_WARN, .before = "GRANT CREATE ON SCHEMA public TO PUBLIC", .after = "REVOKE CREATE ON SCHEMA public FROM PUBLIC"},
    {"rights.password", HG_PASS},
    {"rights.password", HG_WARN, .before = "ALTER ROLE app VALID UNTIL 'tomorrow'", .after = "ALTER ROLE app VALID UNTIL 'infinity'"},
    {"rights.password", HG_FAIL, .before = "ALTER ROLE app VALID UNTIL '2020-01-01'", .after = "ALTER ROLE app VALID UNTIL 'infinity'"},
    {"rights.future", HG_PASS},
    {"rights.future", HG_WARN, .before = "CREATE TABLE s (a int)", .after = "DROP TABLE s"},
    {"rights.monitor", HG_PASS},
    {"rights.monitor", HG_SKIP, .before = "REVOKE pg_monitor FROM app", .after = "GRANT pg_monitor TO app"},
    {"replication.lag", HG_PASS},
    {"replication.slots", HG_PASS},
    {"replication.lost_slots", HG_PASS},
    {"sqlite.file", HG_SKIP},
};
// clang-format on

static void servers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof of_servers / sizeof *of_servers; i++)
        recipe_cook(&of_servers[i], MAKER, APP);
}

/* --- recipes that need more than a sentence --- */

static void sessions_in_each_others_way(void **state)
{
    // clang-format off
    static const struct recipe meanwhile[] = {
        {"activity.idle_in_transaction", HG_PASS},
        {"activity.idle_in_transaction", HG_WARN, .shift = 61},
        {"activity.idle_in_transaction", HG_FAIL, .shift = 301},
        {"activity.long_transactions", HG_PASS},
        {"activity.long_transactions", HG_WARN, .shift = 301},
        {"activity.long_transactions", HG_FAIL, .shift = 1801},
        {"activity.long_queries", HG_PASS},
        {"activity.long_queries", HG_WARN, .shift = 61},
        {"activity.long_queries", HG_FAIL, .shift = 301},
        {"activity.blocked", HG_PASS},
        {"activity.blocked", HG_WARN, .shift = 11},
        {"activity.blocked", HG_FAIL, .shift = 61},
        {"activity.many_blocked", HG_PASS},
        {"activity.many_blocked", HG_FAIL, .shift = 4},
        {"activity.strong_locks", HG_PASS},
        {"activity.strong_locks", HG_WARN, .shift = 6},
        {"activity.strong_locks", HG_FAIL, .shift = 31},
        {"activity.strangers", HG_WARN},
    };
    // clang-format on
    struct session holder = session_open(MAKER), waiter = session_open(MAKER);

    (void)state;
    session_do(&holder, "SET application_name = 'x'; CREATE TABLE s (a int PRIMARY KEY);"
                        "BEGIN; LOCK TABLE s");
    session_start(&waiter, "SELECT * FROM s");
    session_wait("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    for (size_t i = 0; i < sizeof meanwhile / sizeof *meanwhile; i++)
        recipe_cook(&meanwhile[i], MAKER, APP);
    session_do(&holder, "COMMIT; DROP TABLE s");
    session_close(&waiter);
    session_close(&holder);
}

static void a_deadlock_that_was(void **state)
{
    static const struct recipe after = {"activity.deadlocks", HG_WARN};
    struct session one = session_open(MAKER), other = session_open(MAKER);

    (void)state;
    session_do(&one, "CREATE TABLE s (a int); CREATE TABLE p (a int); BEGIN; LOCK TABLE s");
    session_start(&other, "BEGIN; LOCK TABLE p; LOCK TABLE s; ROLLBACK");
    session_wait("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    session_do(&one, "LOCK TABLE p; ROLLBACK; SELECT pg_stat_force_next_flush()");
    session_close(&other);
    session_do(&one, "DROP TABLE s; DROP TABLE p");
    session_close(&one);
    session_wait("SELECT deadlocks > 0 FROM pg_stat_database WHERE datname = current_database()");
    recipe_cook(&after, MAKER, APP);
}

static void an_application_that_is_connected_or_not(void **state)
{
    static const struct web_page page = {"/readiness", 200, "{}"};
    struct web *web = web_start(&page, 1);
    struct session session;
    char url[64];

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d", web_port(web));
    kitchen.application_url = url;
    recipe_cook(&(struct recipe){"http.sessions", HG_WARN}, MAKER, APP);
    session = session_open(APP);
    session_do(&session, "SET application_name = 'shop'");
    recipe_cook(&(struct recipe){"http.sessions", HG_PASS}, MAKER, APP);
    session_close(&session);
    kitchen.application_url = NULL;
    recipe_cook(&(struct recipe){"http.sessions", HG_SKIP}, MAKER, APP);
    web_stop(web);
}

/* --- migrations that were run --- */

static void migrate(const char *url, const hg_observer *observer)
{
    const struct recipe none = {.id = "migrate"};
    struct stage stage = stage_open(&none, url);
    hg_migrate_options options = hg_migrate_options_default("migrations");
    hg_run_result result = {0};

    (void)!hg_migrate_run(stage.pool, &options, observer, &result, NULL);
    hg_run_result_release(&result);
    stage_close(&stage);
}

static void runs_that_ended_badly(void **state)
{
    static const struct recipe file = {
        "", HG_PASS, .file = "migrations/1.sql",
        .content = UP("a1", "") "CREATE TABLE s (a INTEGER);\nSELECT nothing;\n"};
    static const struct recipe again = {"", HG_PASS, .file = "migrations/1.sql",
                                        .content =
                                            "-- revision: a1\n-- migrate:up transaction:false\n"
                                            "CREATE TABLE s (a INTEGER);\nSELECT nothing;\n"};
    static const struct recipe good = {
        "", HG_PASS, .file = "migrations/1.sql",
        .content = UP("a1", "") "CREATE TABLE q (a INTEGER PRIMARY KEY);\n"};
    static const struct recipe edited = {
        "migrate.checksums", HG_WARN, .file = "migrations/1.sql",
        .content = UP("a1", "") "CREATE TABLE q (b INTEGER PRIMARY KEY);\n"};
    static const char one[] = "sqlite:///<DIR>/one.db", two[] = "sqlite:///<DIR>/two.db";
    static const char three[] = "sqlite:///<DIR>/three.db";

    (void)state;
    recipe_put_file(&file);
    migrate(one, NULL);
    recipe_cook(&(struct recipe){"migrate.half_applied", HG_WARN, .url = one}, one, one);
    recipe_put_file(&again);
    migrate(two, NULL);
    recipe_cook(&(struct recipe){"migrate.half_applied", HG_FAIL, .url = two}, two, two);
    recipe_put_file(&good);
    migrate(three, NULL);
    recipe_cook(&edited, three, three);
}

static void on_event(void *context, const hg_event *event)
{
    bool *asked = context;

    if (*asked || event->kind != HG_EVENT_STEP_STARTED)
        return;
    *asked = true;
    recipe_cook(&(struct recipe){"migrate.deployer", HG_WARN}, MAKER, APP);
}

static void somebody_who_migrates(void **state)
{
    static const struct recipe file = {"", HG_PASS, .file = "migrations/1.sql",
                                       .content = UP("a1", "") "CREATE TABLE q (a int);\n"};
    bool asked = false;
    const hg_observer observer = {.on_event = on_event, .context = &asked};

    (void)state;
    recipe_put_file(&file);
    migrate(APP, &observer);
    assert_true(asked);
    recipe_take_file(&file);
    kitchen_sql(MAKER, "DROP TABLE q; DROP TABLE alembic_version; DROP TABLE headgate_history");
}

/* --- files of a certain size or content --- */

static void make_sparse(const char *name, off_t size)
{
    char *path = temp_path(kitchen.folder, name);
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
    close(fd);
    free(path);
}

static void files_that_are_large(void **state)
{
    static const char big[] = "sqlite:///<DIR>/big.db";
    const off_t mb = 1 << 20;
    struct statvfs disk;
    off_t room;

    (void)state;
    make_sparse("big.db-wal", 65 * mb);
    recipe_cook(&(struct recipe){"sqlite.wal", HG_WARN, .url = big}, big, big);
    make_sparse("big.db-wal", 513 * mb);
    recipe_cook(&(struct recipe){"sqlite.wal", HG_FAIL, .url = big}, big, big);
    make_sparse("big.db-wal", 0);
    assert_int_equal(statvfs(kitchen.folder, &disk), 0);
    room = (off_t)(disk.f_bavail * disk.f_frsize);
    make_sparse("big.db", room / 2 + 100 * mb);
    recipe_cook(&(struct recipe){"sqlite.space", HG_WARN, .url = big}, big, big);
    make_sparse("big.db", room * 2);
    recipe_cook(&(struct recipe){"sqlite.space", HG_FAIL, .url = big}, big, big);
    make_sparse("big.db", 0);
}

static void a_file_that_is_broken(void **state)
{
    static const char broken[] = "sqlite:///<DIR>/broken.db";
    char *path = temp_path(kitchen.folder, "broken.db"), noise[600];
    int fd;

    (void)state;
    kitchen_sql(broken, "PRAGMA journal_mode = delete; CREATE TABLE t (a TEXT);"
                        "INSERT INTO t SELECT hex(randomblob(2000)) FROM pragma_function_list");
    fd = open(path, O_WRONLY | O_CLOEXEC);
    memset(noise, 0xee, sizeof noise);
    for (off_t page = 3; page < 8; page++) /* the schema's page stays */
        assert_int_equal(pwrite(fd, noise, sizeof noise, page * 4096), sizeof noise);
    close(fd);
    recipe_cook(&(struct recipe){"sqlite.integrity", HG_FAIL, .url = broken}, broken, broken);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    recipe_cook(&(struct recipe){"sqlite.file", HG_UNKNOWN, .url = broken}, broken, broken);
    free(path);
}

static void a_copy_that_is_old(void **state)
{
    char *path = temp_path(kitchen.folder, "app.db.copy");
    const struct timespec times[] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

    (void)state;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    recipe_cook(&(struct recipe){"sqlite.copy", HG_WARN}, ALWAYS, ALWAYS);
    unlink(path);
    free(path);
}

static void properties_that_have_no_room(void **state)
{
    struct recipe large = {"beanstalk.size", HG_FAIL, .file = ".ebextensions/a.config"};
    struct buf text = BUF_INIT(1 << 16);

    (void)state;
    buf_text(&text, EB);
    for (int i = 0; i < 50; i++)
        buf_printf(&text, "    A%d: \"%0100d\"\n", i, i);
    large.content = text.bytes;
    recipe_cook(&large, ALWAYS, ALWAYS);
    buf_release(&text);
}

static void bundles_that_end(void **state)
{
    char *key = temp_path(kitchen.folder, "key.pem"), *good = temp_path(kitchen.folder, "good.pem"),
         *expired = temp_path(kitchen.folder, "expired.pem");

    (void)state;
    certificate_make(good, key);
    certificate_make_expired(expired, key);
    recipe_cook(
        &(struct recipe){"tls.bundle", HG_FAIL, .url = PLAIN "&sslrootcert=<DIR>/expired.pem"},
        MAKER, APP);
    recipe_cook(&(struct recipe){"tls.bundle", HG_PASS, .url = PLAIN "&sslrootcert=<DIR>/good.pem"},
                MAKER, APP);
    free(key);
    free(good);
    free(expired);
}

static void deployments(void **state)
{
    hg_check_result result = {0};
    int64_t now_ms = (int64_t)time(NULL) * 1000;

    (void)state;
    beanstalk_deploy(kitchen.folder, now_ms, &result);
    assert_int_equal(result.status, HG_SKIP);
    temp_write(kitchen.folder, "var/log/eb-engine.log", "x\n");
    beanstalk_deploy(kitchen.folder, now_ms, &result);
    assert_int_equal(result.status, HG_WARN);
    beanstalk_deploy(kitchen.folder, now_ms + 3600 * 1000, &result);
    assert_int_equal(result.status, HG_PASS);
    recipe_note("beanstalk.deploy", HG_WARN);
    recipe_note("beanstalk.deploy", HG_PASS);
}

/* --- the host --- */

static void limits_of_the_process(void **state)
{
    struct rlimit before, now;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = before;
    now.rlim_cur = 1000;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    recipe_cook(&(struct recipe){"host.descriptors", HG_WARN}, ALWAYS, ALWAYS);
    now.rlim_cur = 200;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    recipe_cook(&(struct recipe){"host.descriptors", HG_FAIL}, ALWAYS, ALWAYS);
    now.rlim_cur = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    recipe_cook(&(struct recipe){"host.descriptors", before.rlim_max > 1024 ? HG_PASS : HG_WARN},
                ALWAYS, ALWAYS);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(getrlimit(RLIMIT_CORE, &before), 0);
    now = before;
    now.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_CORE, &now), 0);
    recipe_cook(&(struct recipe){"security.cores", HG_PASS}, ALWAYS, ALWAYS);
    if (before.rlim_max > 0) {
        now.rlim_cur = 4096 < before.rlim_max ? 4096 : before.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_CORE, &now), 0);
        recipe_cook(&(struct recipe){"security.cores", HG_WARN}, ALWAYS, ALWAYS);
    }
    assert_int_equal(setrlimit(RLIMIT_CORE, &before), 0);
}

/* Others' processes come and go on this host: that none is found cannot be asserted. */
static void processes_that_tell_too_much(void **state)
{
    static const char stopped[] = "kill -STOP $$; : postgresql://app:pw@db/app";
    const char *argv[] = {"/bin/sh", "-c", stopped, NULL},
               *listener[] = {TEST_HEADGATE, "serve", "--listen", "0.0.0.0:0", NULL};
    const char *other[] = {"DATABASE_URL=postgresql://other@elsewhere/x", NULL};
    const char *open[] = {"HEADGATE_TOKEN=a-token-of-some-length", "DATABASE_URL=sqlite:///app.db",
                          NULL};
    pid_t teller = process_start(kitchen.folder, other, argv),
          door = process_start(kitchen.folder, open, listener);
    const struct recipe told = {"security.command_lines", HG_WARN};
    const struct recipe heard = {"security.listener", HG_WARN};
    struct stage stage = stage_open(&told, ALWAYS);

    (void)state;
    while (recipe_run(&stage, &told).status == HG_PASS
           || recipe_run(&stage, &heard).status == HG_SKIP)
        ; /* until they are what they are to become */
    stage_close(&stage);
    recipe_cook(&told, ALWAYS, ALWAYS);
    recipe_cook(&heard, ALWAYS, ALWAYS);
    recipe_cook(&(struct recipe){"security.command_lines", HG_FAIL, .env = "ENV=production"},
                ALWAYS, ALWAYS);
    recipe_cook(&(struct recipe){"config.application", HG_FAIL, .env = "DATABASE_URL=" ALWAYS},
                ALWAYS, ALWAYS);
    kill(teller, SIGKILL);
    kill(door, SIGKILL);
    process_wait(teller);
    process_wait(door);
}

/* Runs the check beside a variable of so many bytes; returns how many it has counted in all. */
static size_t count_beside(size_t bytes, hg_status expected)
{
    char variable[6000] = "X=";
    struct process_result result;
    const json_t *check;
    size_t all;
    json_t *root;

    memset(variable + 2, 'x', bytes);
    variable[2 + bytes] = '\0';
    result = headgate_run(kitchen.folder, variable, "smoke", "--only", "config.size", "--json",
                          "--url", "sqlite:///app.db", NULL);
    root = json_loads(result.out, 0, NULL);
    check = json_array_get(json_object_get(root, "checks"), 0);
    assert_non_null(check);
    assert_string_equal(json_string_value(json_object_get(check, "status")),
                        hg_status_name(expected));
    recipe_note("config.size", expected);
    all = strtoul(json_string_value(json_object_get(check, "observed")), NULL, 10);
    json_decref(root);
    process_release(&result);
    return all;
}

/* The variables that a process was started with are those of a new one only. */
static void variables_that_have_no_room(void **state)
{
    size_t others = count_beside(10, HG_PASS) - 10;

    (void)state;
    count_beside(3900 - others, HG_WARN);
    count_beside(5000 - others, HG_FAIL);
}

static void *wait_in_vain(void *context)
{
    hg_conn *conn = NULL;

    if (hg_pool_checkout(context, "waiter", hg_deadline_in_ms(20 * SECONDS), &conn, NULL))
        hg_pool_return(context, conn);
    return NULL;
}

/* What is published lies in memory; so does a file system that goes with the host. */
static void what_lies_in_memory(void **state)
{
    char run[] = "/dev/shm/headgate-recipes-XXXXXX", url[64], env[64];
    hg_pool_options options = {.runtime_dir = run, .settings = {.size = 1, .recycle_ms = -1}};
    const struct recipe waiters = {"pool.waiters", HG_WARN, .env = env};
    struct stage stage;
    pthread_t thread;
    hg_conn *conn = NULL;
    hg_pool *pool = NULL;
    hg_url *memory = NULL;
    char file[64];

    (void)state;
    if (mkdtemp(run) == NULL)
        skip();
    snprintf(env, sizeof env, "HEADGATE_RUNTIME_DIR=%s", run);
    snprintf(url, sizeof url, "sqlite:///%s/x.db", run);
    snprintf(file, sizeof file, "%s/x.db", run);
    recipe_cook(&(struct recipe){"security.runtime", HG_PASS, .env = env}, ALWAYS, ALWAYS);
    kitchen_sql(url, "CREATE TABLE t (a)");
    recipe_cook(&(struct recipe){"sqlite.file_system", HG_WARN, .url = url}, url, url);
    unlink(file);
    assert_true(hg_url_parse("sqlite:///:memory:", &memory, NULL));
    assert_true(hg_pool_open(memory, &options, &pool, NULL));
    assert_true(hg_pool_checkout(pool, NULL, hg_deadline_in_ms(20 * SECONDS), &conn, NULL));
    assert_int_equal(pthread_create(&thread, NULL, wait_in_vain, pool), 0);
    stage = stage_open(&waiters, ALWAYS);
    while (recipe_run(&stage, &waiters).status == HG_PASS)
        ; /* until it waits */
    stage_close(&stage);
    recipe_cook(&waiters, ALWAYS, ALWAYS);
    hg_pool_return(pool, conn);
    pthread_join(thread, NULL);
    hg_pool_close(pool, hg_deadline_in_ms(5 * SECONDS));
    hg_url_free(memory);
    temp_dir_remove(strdup(run));
}

static void hold_the_write_lock(int ready)
{
    struct session s = session_open(ALWAYS);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    session_do(&s, "BEGIN IMMEDIATE");
    if (write(ready, "r", 1) == 1)
        for (;;)
            pause();
    _exit(1);
}

/* That nobody has the file, only who sees the processes of all users can say. */
static void nobody_has_it(const char *id)
{
    const struct recipe r = {id, HG_PASS};
    struct stage stage = stage_open(&r, ALWAYS);
    hg_status status = recipe_run(&stage, &r).status;

    stage_close(&stage);
    assert_true(status == HG_PASS || (status == HG_SKIP && geteuid() != 0));
    recipe_note(id, HG_PASS);
}

static void somebody_who_writes(void **state)
{
    int ends[2];
    char byte;
    pid_t pid;

    (void)state;
    nobody_has_it("sqlite.writer");
    nobody_has_it("sqlite.handles");
    assert_int_equal(pipe(ends), 0);
    if ((pid = fork()) == 0)
        hold_the_write_lock(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    recipe_cook(&(struct recipe){"sqlite.writer", HG_WARN}, ALWAYS, ALWAYS);
    kill(pid, SIGKILL);
    process_wait(pid);
    close(ends[0]);
    close(ends[1]);
}

/* A client's library that is too old cannot be had here; its number can. */
static void versions_of_libpq(void **state)
{
    static const struct {
        int version;
        hg_status status;
    } rows[] = {{150018, HG_PASS}, {150015, HG_PASS}, {150014, HG_WARN},
                {150011, HG_WARN}, {150010, HG_FAIL}, {170002, HG_FAIL},
                {180000, HG_WARN}, {190000, HG_PASS}, {120022, HG_FAIL}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(check_libpq_version(rows[i].version), rows[i].status);
        recipe_note("client.libpq", rows[i].status);
    }
}

/* --- as a role that may do nothing but connect --- */

/* Of what such a role is told in full. */
static const char *const open_to_all[] = {
    "db.", "conn.", "config.", "security.", "host.", "client.", "tls.", "server.", "beanstalk.",
    "capacity.acquire", "capacity.saturation", "capacity.heals", "capacity.recycle",
    "capacity.rollback", "capacity.temporary", "capacity.reset", "capacity.dead_peer", "pool.",
    "rights.", "migrate.", "capacity.headroom", "capacity.limits", "vacuum.wraparound",
    "vacuum.autovacuum", "activity.prepared", "activity.deadlocks", "storage.size",
    /* catalogs that everybody may read */
    "schema.primary_keys", "schema.invalid_indexes", "schema.unvalidated",
    "schema.foreign_key_indexes", "schema.duplicate_indexes", "schema.triggers", "schema.unlogged",
    "schema.definers", "schema.policies", "schema.analysed", "vacuum.dead_rows"};

static bool is_open_to_all(const char *id)
{
    for (size_t i = 0; i < sizeof open_to_all / sizeof *open_to_all; i++)
        if (strncmp(id, open_to_all[i], strlen(open_to_all[i])) == 0)
            return true;
    return false;
}

static void a_role_that_may_only_connect_passes_nothing_that_it_cannot_see(void **state)
{
    const struct recipe visitor = {"db.connect", HG_PASS};
    hg_smoke_options options = {0};
    hg_smoke *smoke = NULL;
    struct stage stage;
    hg_error err = {0};
    size_t unseen = 0;

    (void)state;
    kitchen_sql(MAKER,
                "CREATE ROLE visitor LOGIN; SET ROLE app; CREATE TABLE s (a serial PRIMARY KEY)");
    stage = stage_open(&visitor, "postgresql://visitor@localhost:<PORT>/<DB>");
    if (!hg_smoke_run(stage.settings, stage.pool, &options, hg_deadline_in_ms(60 * SECONDS), NULL,
                      &smoke, &err))
        fail_msg("%s", err.message);
    for (size_t i = 0; i < smoke->check_count; i++) {
        const hg_check_result *check = &smoke->checks[i];

        unseen += check->status == HG_SKIP || check->status == HG_UNKNOWN;
        if (check->status == HG_PASS && !is_open_to_all(check->id))
            fail_msg("%s passed: %s", check->id, check->observed);
    }
    assert_true(unseen > 10);
    hg_smoke_free(smoke);
    stage_close(&stage);
    kitchen_sql(MAKER, "DROP TABLE s; DROP ROLE visitor");
}

/* --- what has been forced --- */

/* Of these an outcome is had elsewhere, or not at all. */
static const struct {
    const char *id;
    bool pass, bad; /* what is missing here */
    const char *why;
} without[] = {
    {"config.application", true, false, "other processes of this host may have the variable"},
    {"security.command_lines", true, false, "other processes of this host may show a password"},
    {"security.listener", true, false, "other processes of this host may listen"},
    {"sqlite.file_system", true, false, "the folder may lie on any file system"},
    {"host.memory", true, true, "the host has the memory that it has"},
    {"db.round_trip", false, true, "who answers late is late to connect, which is told first"},
    {"conn.clock", false, true, "both clocks are the host's"},
    {"conn.server", false, true, "it says which server it is, and judges nothing"},
    {"tls.protocol", false, true, "no server here speaks an older protocol"},
    {"server.supported", false, true, "the server has one version"},
    {"server.minor", false, true, "the server has one version"},
    {"server.memory", false, true, "it does a sum, and judges nothing"},
    {"storage.size", false, true, "it says how large, and judges nothing"},
    {"sqlite.busy_timeout", false, true, "it says how long, and judges nothing"},
    {"sqlite.handles", false, true, "it says who, and judges nothing"},
    {"sqlite.journal_mode", false, true, "such a mode is a connection's own, and ours has another"},
    {"rights.monitor", false, true, "without the right it is skipped, as the others are"},
    {"replication.lag", false, true, "the server has no replica"},
    {"replication.slots", false, true, "the server keeps too little WAL for slots"},
    {"replication.lost_slots", false, true, "the server keeps too little WAL for slots"},
    {"activity.prepared", false, true, "the server has room for no prepared transaction"},
    {"capacity.heals", false, true, "the pool would have to be broken"},
    {"capacity.saturation", false, true, "the pool would have to be broken"},
    {"capacity.recycle", false, true, "the pool would have to be broken"},
    {"capacity.rollback", false, true, "the pool would have to be broken"},
    {"capacity.dead_peer", false, true, "the pool would have to be broken"},
    {"http.alive", true, true, "test_application.c forces it"},
    {"http.ready", true, true, "test_application.c forces it"},
    {"http.database", true, true, "test_application.c forces it"},
    {"http.metrics", true, true, "test_application.c forces it"},
    {"http.discreet", true, true, "test_application.c forces it"},
};

static size_t without_of(const char *id)
{
    size_t i = 0;

    while (i < sizeof without / sizeof *without && strcmp(without[i].id, id) != 0)
        i++;
    return i;
}

/* What is about one engine is skipped on the other. */
static void note_other_engines(void)
{
    for (size_t i = 0; i < hg_check_count(); i++)
        if (hg_check_at(i).engines != ON_ANY) {
            const struct recipe r = {hg_check_at(i).id, HG_SKIP};

            recipe_cook(&r, MAKER, (hg_check_at(i).engines & ON_SQLITE) != 0 ? APP : ALWAYS);
        }
}

static void every_check_has_a_recipe_for_each_outcome_that_can_be_had(void **state)
{
    const unsigned bad = 1U << HG_WARN | 1U << HG_FAIL;
    size_t passes = 0, bads = 0, skips = 0;

    (void)state;
    assert_true(hg_check_count() <= CHECKS_MOST);
    note_other_engines();
    for (size_t i = 0; i < hg_check_count(); i++) {
        const char *id = hg_check_at(i).id;
        size_t w = without_of(id);
        bool excused = w < sizeof without / sizeof *without;
        bool no_pass = (kitchen.forced[i] & 1U << HG_PASS) == 0,
             no_bad = (kitchen.forced[i] & bad) == 0;

        passes += !no_pass;
        bads += !no_bad;
        skips += (kitchen.forced[i] & 1U << HG_SKIP) != 0;
        if (no_pass == (excused && without[w].pass) && no_bad == (excused && without[w].bad))
            continue;
        kitchen.wrong++;
        print_error("%s: %s%s%s\n", id, no_pass ? "no pass " : "", no_bad ? "no warn or fail " : "",
                    excused ? "(its excuse is another one)" : "");
    }
    print_message("%zu checks: %zu passed, %zu warned or failed, %zu were skipped\n",
                  hg_check_count(), passes, bads, skips);
    assert_int_equal(kitchen.wrong, 0);
}

/* --- */

#define RECIPES(test) cmocka_unit_test_teardown(test, recipe_count_wrong)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RECIPES(files_and_settings),
        RECIPES(files_that_are_large),
        RECIPES(a_file_that_is_broken),
        RECIPES(a_copy_that_is_old),
        RECIPES(somebody_who_writes),
        RECIPES(properties_that_have_no_room),
        RECIPES(deployments),
        RECIPES(servers),
        RECIPES(sessions_in_each_others_way),
        RECIPES(a_deadlock_that_was),
        RECIPES(an_application_that_is_connected_or_not),
        RECIPES(runs_that_ended_badly),
        RECIPES(somebody_who_migrates),
        RECIPES(bundles_that_end),
        RECIPES(limits_of_the_process),
        RECIPES(processes_that_tell_too_much),
        RECIPES(variables_that_have_no_room),
        RECIPES(what_lies_in_memory),
        RECIPES(versions_of_libpq),
        RECIPES(a_role_that_may_only_connect_passes_nothing_that_it_cannot_see),
        cmocka_unit_test(every_check_has_a_recipe_for_each_outcome_that_can_be_had),
    };

    return cmocka_run_group_tests(tests, kitchen_open, kitchen_close);
}
