/*
 * test_json.c - the documents have the names and types that the command-line contract gives them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "ops/json.h"
#include "ops/json_copy.h"
#include "ops/json_lint.h"
#include "ops/json_read.h"

static hg_settings *settings_of(const char *url)
{
    const char *const environment[] = {
        "ENV=production", "DATABASE_URL_PROD=postgresql://app:hunter22@db.internal:5432/app", NULL};
    const hg_settings_options options = {.environ = environment, .url = url};
    hg_settings *settings = NULL;

    assert_true(hg_settings_load(&options, &settings, NULL));
    return settings;
}

/* One document: it ends with a line end, and it names the version. */
static json_t *parse(struct buf *out)
{
    json_t *root;

    assert_int_equal(out->bytes[out->size - 1], '\n');
    root = json_loads(out->bytes, 0, NULL);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "headgate")), hg_version());
    buf_release(out);
    return root;
}

/* Every name of a blank-separated list stands in the object; "name:s" asks for a type: s n b o a i
 * r. */
static void assert_has(const json_t *object, const char *list)
{
    char names[512], *save = NULL;

    assert_true(json_is_object(object));
    snprintf(names, sizeof names, "%s", list);
    for (char *name = strtok_r(names, " ", &save); name != NULL;
         name = strtok_r(NULL, " ", &save)) {
        char *type = strchr(name, ':');
        const json_t *value;

        if (type != NULL)
            *type++ = '\0';
        value = json_object_get(object, name);
        if (value == NULL)
            fail_msg("\"%s\" is missing", name);
        if (type == NULL)
            continue;
        assert_true(
            (*type == 's' && json_is_string(value)) || (*type == 'n' && json_is_null(value))
            || (*type == 'b' && json_is_boolean(value)) || (*type == 'o' && json_is_object(value))
            || (*type == 'a' && json_is_array(value)) || (*type == 'i' && json_is_integer(value))
            || (*type == 'r' && json_is_real(value)));
    }
}

static void config_lists_settings_and_the_database_without_the_password(void **state)
{
    hg_settings *settings = settings_of(NULL);
    struct buf out = BUF_INIT(1 << 20);
    json_t *root;

    (void)state;
    assert_true(json_config(&out, settings));
    assert_null(strstr(out.bytes, "hunter22"));
    root = parse(&out);
    assert_has(root, "settings:a database:o");
    assert_has(json_array_get(json_object_get(root, "settings"), 0), "name:s value:s source:s");
    assert_has(json_object_get(root, "database"),
               "driver:s hosts:a path:n database:s user:s password_set:b parameters:o");
    assert_has(json_array_get(json_object_get(json_object_get(root, "database"), "hosts"), 0),
               "host:s port:i");
    json_decref(root);
    hg_settings_free(settings);
}

static void ready_has_the_names_that_old_clients_read(void **state)
{
    hg_settings *settings = settings_of(NULL);
    hg_readiness report = {.status = HG_FAIL, .check_count = 1};
    struct buf out = BUF_INIT(1 << 20);
    json_t *root;

    (void)state;
    report.checks[0] = (hg_check_result){
        "db.connect", "The database answers", HG_FAIL, "refused", "Start it.", 1.25};
    assert_true(json_ready(&out, settings, &report));
    assert_null(strstr(out.bytes, "hunter22"));
    root = parse(&out);
    assert_has(
        root, "status:s env:s production:o db:b db_driver:s db_url_kind:s db_url:s server_version:n"
              " migrations_applied:n current:a heads:a pending:n pool:o checks:a");
    assert_true(
        json_is_true(json_object_get(json_object_get(root, "production"), "is_production")));
    assert_string_equal(json_string_value(json_object_get(root, "db_url")),
                        "postgresql://app:***@db.internal:5432/app");
    assert_has(json_object_get(root, "pool"),
               "size:i max_overflow:i in_use:i idle:i overflow:i waiting:i");
    assert_has(json_array_get(json_object_get(root, "checks"), 0),
               "id:s title:s status:s observed:s duration_ms:r hint:s");
    json_decref(root);
    hg_settings_free(settings);
}

static void status_is_one_page(void **state)
{
    hg_settings *settings = settings_of("sqlite:///app.db");
    hg_readiness report = {.status = HG_PASS, .db = true};
    struct buf out = BUF_INIT(1 << 20);
    json_t *root;

    (void)state;
    assert_true(json_status(&out, settings, &report, 3));
    root = parse(&out);
    assert_has(root, "env:s database:o current:a heads:a pending:n pools:i ready:s");
    assert_int_equal(json_integer_value(json_object_get(root, "pools")), 3);
    json_decref(root);
    hg_settings_free(settings);
}

static void history_tells_what_is_applied_and_what_is_not(void **state)
{
    const char *parent = "a1", *current[] = {"a1"}, *heads[] = {"b2"};
    hg_revision revisions[] = {
        {.revision = "a1",
         .message = "first",
         .file = "a.sql",
         .state = HG_REVISION_APPLIED,
         .applied_ms = 1764979200000,
         .duration_ms = 3.5,
         .applied_by = "ana",
         .checksum_known = true,
         .checksum_ok = true},
        {.revision = "b2",
         .revises = &parent,
         .revises_count = 1,
         .message = "bad \xff byte",
         .file = "b.sql",
         .state = HG_REVISION_PENDING,
         .duration_ms = -1,
         .applied_by = "",
         .head = true},
    };
    hg_history history = {revisions, 2, current, 1, heads, 1, 1, true};
    struct buf out = BUF_INIT(1 << 20);
    json_t *root, *rows;

    (void)state;
    assert_true(json_history(&out, &history));
    root = parse(&out);
    assert_has(root, "revisions:a current:a heads:a");
    rows = json_object_get(root, "revisions");
    assert_has(json_array_get(rows, 0),
               "revision:s revises:a message:s file:s state:s applied_at:s duration_ms:r "
               "applied_by:s checksum_ok:b head:b");
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "applied_at")),
                        "2025-12-06T00:00:00Z");
    assert_has(json_array_get(rows, 1),
               "applied_at:n duration_ms:n applied_by:n checksum_ok:n head:b");
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 1), "message")),
                        "bad \xef\xbf\xbd byte");
    json_decref(root);
}

static void a_run_carries_its_error_in_the_document(void **state)
{
    hg_applied applied = {"a1", HG_DOWN, 2, 3};
    char current[1][HG_REVISION_SIZE] = {"base0"};
    hg_run_result result = {&applied, 1, current, 1};
    hg_error err = {0};
    struct buf out = BUF_INIT(1 << 20);
    json_t *root;

    (void)state;
    hg_fail(&err, HG_SQL, "relation \"x\" does not exist");
    hg_error_sqlstate(&err, "42P01");
    hg_error_place(&err, "m/a.sql", 7, 3);
    assert_true(json_run(&out, &result, &err));
    root = parse(&out);
    assert_has(root, "applied:a current:a error:o");
    assert_has(json_array_get(json_object_get(root, "applied"), 0),
               "revision:s direction:s duration_ms:r statements:i");
    assert_has(json_object_get(root, "error"),
               "code:s sqlstate:s message:s hint:n file:s line:i column:i");
    json_decref(root);
    assert_true(json_run(&out, &result, NULL));
    root = parse(&out);
    assert_has(root, "error:n");
    json_decref(root);
}

static void an_error_alone_is_a_document(void **state)
{
    hg_error err = {0};
    struct buf out = BUF_INIT(1 << 20);
    json_t *root;

    (void)state;
    hg_fail(&err, HG_CONFIG, "no");
    assert_true(json_error(&out, &err));
    root = parse(&out);
    assert_has(json_object_get(root, "error"),
               "code:s sqlstate:n message:s hint:n file:n line:n column:n");
    assert_string_equal(json_string_value(json_object_get(json_object_get(root, "error"), "code")),
                        "config");
    json_decref(root);
}

static void pools_list_every_connection(void **state)
{
    static hg_pool_snapshot pool = {.pid = 42,
                                    .process = "api",
                                    .name = "main",
                                    .alive = true,
                                    .size = 5,
                                    .max_overflow = 10,
                                    .in_use = 1,
                                    .silent_ms = -1,
                                    .closed = {[HG_CLOSE_DISCARD] = 3},
                                    .oldest_waiting_ms = -1,
                                    .next_connect_ms = 250,
                                    .down_since_ms = 1700000000000,
                                    .down_ms = 1500,
                                    .outages = 1,
                                    .use = {.level_ms = {[0] = 900, [3] = 100}},
                                    .event_count = 1,
                                    .connection_count = 1};
    hg_pool_list list = {1, &pool};
    struct buf out = BUF_INIT(1 << 20);
    json_t *root, *object;

    (void)state;
    pool.connections[0] = (hg_pool_connection){.slot = 0,
                                               .state = HG_SLOT_IN_USE,
                                               .age_ms = 1500,
                                               .held_ms = 20,
                                               .idle_ms = -1,
                                               .backend_pid = 7,
                                               .holder = "GET /"};
    pool.events[0] = (hg_pool_event){.at_ms = 1700000000000,
                                     .kind = HG_POOL_EVENT_CONNECT_FAILED,
                                     .times = 2,
                                     .slot = -1,
                                     .detail = "connection refused"};
    assert_true(json_pools(&out, &list));
    root = parse(&out);
    object = json_array_get(json_object_get(root, "pools"), 0);
    assert_has(object, "pid:i process:s name:s database:s size:i max_overflow:i in_use:i idle:i "
                       "overflow:i waiting:i"
                       " checkouts:i timeouts:i wait_ms:o connections:a");
    assert_has(object, "life:s silent_ms:n mode:s oldest_waiting_ms:n next_connect_ms:i closed:o "
                       "last_minute:o last_15_minutes:o use:a advice:o events:a");
    assert_has(object, "down_since:s down_ms:i outages:i");
    assert_has(json_object_get(object, "wait_ms"), "p50:r p99:r max:r");
    assert_has(json_object_get(object, "closed"), "hung_up:i no_answer:i discard:i");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(object, "closed"), "discard")), 3);
    assert_has(json_object_get(object, "last_minute"), "span_ms:i wait_ms:o hold_ms:o");
    assert_has(json_array_get(json_object_get(object, "use"), 1), "in_use:i ms:i");
    assert_has(json_object_get(object, "advice"), "configured:i needed:i fewer:n message:s");
    assert_has(json_array_get(json_object_get(object, "connections"), 0),
               "slot:i state:s age_s:r held_ms:i backend_pid:i holder:s address:n leaked:b "
               "phase:n connect_ms:o");
    assert_has(
        json_object_get(json_array_get(json_object_get(object, "connections"), 0), "connect_ms"),
        "resolve:r tcp:r tls:r auth:r setup:r");
    assert_has(json_array_get(json_object_get(object, "events"), 0),
               "at:s event:s times:i slot:n backend_pid:n detail:s");
    json_decref(root);
}

static void a_plan_shows_steps_and_statements(void **state)
{
    hg_plan_table table = {.name = "public.t", .lock = HG_LOCK_SHARE, .rows = 7, .size_bytes = -1};
    hg_hazard hazard = {.id = "index-blocks-writes", .message = "m", .safer = ""};
    hg_plan_statement statements[] = {
        {.sql = "CREATE INDEX ON t (a)",
         .line = 7,
         .form = "CREATE INDEX",
         .source = HG_PLAN_MEASURED,
         .unmeasured = "",
         .lock = HG_LOCK_SHARE,
         .table = "public.t",
         .tables = &table,
         .table_count = 1,
         .hazards = &hazard,
         .hazard_count = 1},
        {.sql = "FROBNICATE", .form = "", .unmeasured = "why", .table = ""}};
    hg_plan_step step = {.revision = "a1",
                         .message = "m",
                         .file = "a.sql",
                         .transaction = true,
                         .predicted_ms = -1,
                         .statements = statements,
                         .statement_count = 2};
    hg_plan plan = {.id = "0123456789abcdef",
                    .steps = &step,
                    .step_count = 1,
                    .measured_ms = 2.5,
                    .unmeasured = ""};
    struct buf out = BUF_INIT(1 << 20);
    json_t *root, *object;

    (void)state;
    assert_true(json_plan(&out, &plan));
    root = parse(&out);
    object = json_array_get(json_object_get(root, "steps"), 0);
    assert_has(root, "plan_id:s dangers:i measured_ms:r unmeasured:n steps:a");
    assert_has(object, "revision:s direction:s transaction:b predicted_ms statements:a");
    object = json_array_get(json_object_get(object, "statements"), 0);
    assert_has(
        object,
        "sql:s line:i form:s source:s unmeasured:n lock:s table:s blocks_reads:b blocks_writes:b "
        "rewrite:b scan:b tables:a hazards:a");
    assert_string_equal(json_string_value(json_object_get(object, "lock")), "SHARE");
    assert_has(
        json_array_get(json_object_get(object, "tables"), 0),
        "table:s lock:s scan:b rewrite:b index_build:b loses_rows:b created_by_plan:b rows:i "
        "rows_exact:b size_bytes");
    assert_has(json_array_get(json_object_get(object, "hazards"), 0),
               "id:s severity:s message:s safer accepted");
    json_decref(root);
}

static void lint_tells_of_each_file_and_engine(void **state)
{
    hg_hazard hazard = {
        .id = "drop-table", .severity = HG_SEVERITY_DANGER, .message = "m", .safer = ""};
    hg_plan_statement statement = {.sql = "DROP TABLE t",
                                   .line = 2,
                                   .form = "DROP TABLE",
                                   .unmeasured = "",
                                   .table = "",
                                   .hazards = &hazard,
                                   .hazard_count = 1};
    hg_plan_step step = {
        .revision = "a1", .file = "a.sql", .statements = &statement, .statement_count = 1};
    hg_plan plan = {.steps = &step, .step_count = 1, .danger_count = 1};
    hg_error fault = {.code = HG_FILE, .line = 3};
    struct lint_result results[] = {
        {.file = "a.sql", .driver = HG_SQLITE, .server_version = 3053000, .plan = &plan},
        {.file = "b.sql", .driver = HG_POSTGRESQL, .server_version = 150000, .fault = &fault}};
    const struct lint lint = {.results = results, .count = 2, .danger_count = 1, .fault_count = 1};
    struct buf out = BUF_INIT(1 << 20);
    json_t *root, *files, *object;

    (void)state;
    assert_true(json_lint(&out, &lint));
    root = parse(&out);
    assert_has(root, "files:a dangers:i warnings:i faults:i ok:b");
    assert_false(json_boolean_value(json_object_get(root, "ok")));
    files = json_object_get(root, "files");
    object = json_array_get(files, 0);
    assert_has(object, "file:s dialect:s server_version:i dangers:i statements:a error:n");
    object = json_array_get(json_object_get(object, "statements"), 0);
    assert_has(object, "sql:s line:i form:s hazards:a");
    assert_has(json_array_get(json_object_get(object, "hazards"), 0),
               "id:s severity:s message:s safer accepted");
    object = json_array_get(files, 1);
    assert_has(object, "file:s dialect:s server_version:i dangers:n statements:n error:o");
    assert_has(json_object_get(object, "error"), "code:s line:i");
    json_decref(root);
}

static void sessions_tell_who_blocks_whom_and_what_is_left(void **state)
{
    const int64_t blockers[] = {7, 8};
    hg_server_session rows[] = {{.pid = 9,
                                 .own = true,
                                 .visible = true,
                                 .kind = "client backend",
                                 .database = "app",
                                 .user = "app",
                                 .application = "worker",
                                 .client = "10.0.0.1",
                                 .client_port = 51822,
                                 .state = "active",
                                 .wait = "Lock:tuple",
                                 .query = "UPDATE t\nSET x = '\xff'",
                                 .backend_start_ms = 1,
                                 .xact_start_ms = 1,
                                 .query_start_ms = 1,
                                 .state_change_ms = 1,
                                 .blocked_by = blockers,
                                 .blocked_by_count = 2},
                                {.pid = 10, .database = "app", .user = "other"}};
    hg_state_count states[] = {{"active", 1}, {NULL, 1}};
    hg_sessions sessions = {.driver = HG_POSTGRESQL,
                            .sessions = rows,
                            .session_count = 2,
                            .states = states,
                            .state_count = 2,
                            .max_connections = 100,
                            .reserved = 3,
                            .role_limit = {"app", 20, 1},
                            .database_limit = {"app", -1, 2},
                            .used = 2};
    static hg_pool_snapshot pool = {.pid = 42,
                                    .alive = true,
                                    .process = "api",
                                    .database = "postgresql://db/app",
                                    .connection_count = 1};
    const hg_pool_list pools = {1, &pool};
    hg_url *url = NULL;
    hg_headroom headroom = {.pools_max = 40, .left = 60, .spare = 20, .message = "enough"};
    struct buf out = BUF_INIT(1 << 20);
    json_t *root, *list, *server;

    (void)state;
    pool.connections[0] = (hg_pool_connection){
        .slot = 3, .backend_pid = 9, .held_ms = 12, .holder_tid = 43, .holder = "GET /"};
    assert_true(hg_url_parse("postgresql://app@db/app", &url, NULL));
    assert_true(json_sessions(&out, &sessions, &headroom, url, &pools));
    root = parse(&out);
    list = json_object_get(root, "sessions");
    server = json_object_get(root, "server");
    assert_has(root, "sessions:a server:o headroom:o");
    assert_has(json_array_get(list, 0),
               "pid:i user:s application:s client:s state:s wait:s backend_start:s xact_start:s "
               "query_start:s state_change:s query:s blocked_by:a own:b visible:b database:s "
               "kind:s client_port:i pool:o");
    assert_has(json_object_get(json_array_get(list, 0), "pool"),
               "pid:i process:s name:s slot:i holder:s thread:i held_ms:i");
    assert_int_equal(json_array_size(json_object_get(json_array_get(list, 0), "blocked_by")), 2);
    assert_has(json_array_get(list, 1),
               "pid:i user:s application:n client:n state:n wait:n backend_start:n xact_start:n "
               "query_start:n state_change:n query:n blocked_by:a own:b visible:b kind:n");
    assert_has(json_array_get(list, 1), "pool:n");
    assert_has(server, "max_connections:i reserved:i used:i by_state:o now:n role_limit:o "
                       "database_limit:n");
    assert_has(json_object_get(server, "by_state"), "active:i unknown:i");
    assert_has(json_object_get(root, "headroom"),
               "pools_max:i left:i spare:i message:s pools:i pools_now:i others:i bound:s hosts:i "
               "spare_alike:i");
    hg_url_free(url);
    json_decref(root);
}

static void sessions_of_a_file_are_processes(void **state)
{
    hg_file_process rows[] = {{.lock = HG_FILE_READS},
                              {.pid = 12,
                               .name = "python3",
                               .database = true,
                               .wal = true,
                               .index = true,
                               .lock = HG_FILE_WRITES}};
    hg_sessions sessions = {
        .driver = HG_SQLITE, .path = "/srv/app.db", .processes = rows, .process_count = 2};
    struct buf out = BUF_INIT(1 << 20);
    json_t *root, *files, *process;

    (void)state;
    assert_true(json_sessions(&out, &sessions, NULL, NULL, NULL));
    root = parse(&out);
    files = json_object_get(root, "files");
    assert_has(files, "path:s processes:a complete:b");
    assert_has(json_array_get(json_object_get(files, "processes"), 0),
               "pid:n process:n files:a lock:s own:b");
    process = json_array_get(json_object_get(files, "processes"), 1);
    assert_has(process, "pid:i process:s files:a lock:s own:b");
    assert_int_equal(json_array_size(json_object_get(process, "files")), 3);
    assert_string_equal(json_string_value(json_object_get(process, "lock")), "write");
    json_decref(root);
}

static void a_copy_is_read_back_as_it_was_written(void **state)
{
    hg_copy_table tables[] = {{.table = "users", .rows_read = 3, .rows_written = 2},
                              {.table = "orders",
                               .rows_read = 7,
                               .rejected = 1,
                               .source_digest = "5f2a9c01d37be846a0b1c2d3e4f50617",
                               .compared = true,
                               .match = true}};
    hg_copy_sample samples[] = {{.rowid = 17, .value = "yesterday", .storage = "text"},
                                {.key = "de", .value = "\xff", .storage = "blob"}};
    hg_copy_finding findings[] = {{.table = "orders",
                                   .column = "paid_at",
                                   .rule = "text-timestamp",
                                   .title = "a text that is no timestamp",
                                   .type = "timestamptz",
                                   .action = "",
                                   .count = 2,
                                   .samples = samples,
                                   .sample_count = 2}};
    hg_copy_problem problems[] = {
        {.kind = "orphan", .table = "orders", .message = "3 rows", .count = 3, .stops = true}};
    hg_copy_difference differences[] = {
        {.table = "users", .kind = "missing", .key = 3, .columns = ""},
        {.table = "tags", .kind = "different", .columns = "n", .name = "'a'"}};
    const hg_copy_result written = {.tables = tables,
                                    .differences = differences,
                                    .difference_count = 2,
                                    .table_count = 2,
                                    .findings = findings,
                                    .finding_count = 1,
                                    .problems = problems,
                                    .problem_count = 1,
                                    .rows = 10};
    const hg_error failed = {.code = HG_CANCELLED, .message = "stopped", .hint = "Copy again."};
    struct buf text = BUF_INIT(1 << 20);
    struct arena memory = ARENA_INIT;
    hg_copy_result *read = NULL;
    hg_error err = {0};

    (void)state;
    assert_true(json_copy_result(&text, &written, &failed));
    assert_false(json_read_copy(text.bytes, &memory, &read, &err));
    assert_int_equal(err.code, HG_CANCELLED);
    assert_string_equal(err.hint, "Copy again.");
    assert_int_equal(read->rows, 10);
    assert_int_equal(read->table_count, 2);
    assert_false(read->tables[0].compared);
    assert_true(read->tables[1].match);
    assert_int_equal(read->tables[1].rejected, 1);
    assert_string_equal(read->tables[1].source_digest, tables[1].source_digest);
    assert_int_equal(read->findings[0].sample_count, 2);
    assert_int_equal(read->findings[0].samples[0].rowid, 17);
    assert_string_equal(read->findings[0].samples[1].key, "de");
    assert_string_equal(read->findings[0].type, "timestamptz");
    assert_true(read->problems[0].stops);
    assert_int_equal(read->difference_count, 2);
    assert_string_equal(read->differences[0].kind, "missing");
    assert_int_equal(read->differences[0].key, 3);
    assert_null(read->differences[0].name);
    assert_string_equal(read->differences[1].name, "'a'");
    assert_string_equal(read->differences[1].columns, "n");
    arena_release(&memory);
    buf_release(&text);
}

/* Success is only what says so itself. */
static void what_is_no_document_of_a_copy_is_no_success(void **state)
{
    static const char *const texts[] = {
        "", "{}", "[]", "{\"tables\": [], \"error\": null}",
        "{\"tables\": [1, {}], \"findings\": 7, \"error\": null, \"ok\": false}"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct arena memory = ARENA_INIT;
        hg_copy_result *read = NULL;
        hg_error err = {0};

        assert_false(json_read_copy(texts[i], &memory, &read, &err));
        assert_int_equal(err.code, HG_FAILED);
        arena_release(&memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_lists_settings_and_the_database_without_the_password),
        cmocka_unit_test(ready_has_the_names_that_old_clients_read),
        cmocka_unit_test(status_is_one_page),
        cmocka_unit_test(history_tells_what_is_applied_and_what_is_not),
        cmocka_unit_test(a_run_carries_its_error_in_the_document),
        cmocka_unit_test(an_error_alone_is_a_document),
        cmocka_unit_test(a_copy_is_read_back_as_it_was_written),
        cmocka_unit_test(what_is_no_document_of_a_copy_is_no_success),
        cmocka_unit_test(pools_list_every_connection),
        cmocka_unit_test(a_plan_shows_steps_and_statements),
        cmocka_unit_test(lint_tells_of_each_file_and_engine),
        cmocka_unit_test(sessions_tell_who_blocks_whom_and_what_is_left),
        cmocka_unit_test(sessions_of_a_file_are_processes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
