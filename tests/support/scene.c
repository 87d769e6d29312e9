/*
 * scene.c - a console without a terminal: its model, what is sent to it, and the pools, migrations
 * and runs that it is told of.
 */
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "console/view.h"

struct scene *scene_new(int width, int height, bool utf8, bool production)
{
    struct scene *s = calloc(1, sizeof *s);
    struct facts facts = {.env = "development",
                          .driver = HG_SQLITE,
                          .database = "sqlite:///./instance/app.db",
                          .database_name = "app.db",
                          .operator_name = "ana",
                          .clipboard = true,
                          .detaches = true};

    if (s == NULL)
        abort();
    if (production)
        facts =
            (struct facts){.env = "production",
                           .production = true,
                           .driver = HG_POSTGRESQL,
                           .database = "postgresql://app:***@db.internal:5432/shop?sslmode=require",
                           .database_name = "shop",
                           .operator_name = "ana",
                           .clipboard = true,
                           .detaches = true};
    snprintf(facts.copy_from, sizeof facts.copy_from, "sqlite:///instance/app.db");
    snprintf(facts.copy_to, sizeof facts.copy_to, "postgresql://app:***@db.internal:5432/shop");
    snprintf(facts.copy_name, sizeof facts.copy_name, "shop");
    model_init(&s->model, &facts, width, height, utf8);
    s->now_ms = SCENE_START_MS;
    s->wall_ms = SCENE_WALL_MS;
    s->ping.request.kind = JOB_PING;
    s->ping.ok = true;
    s->pools.request.kind = JOB_POOLS;
    s->pools.ok = true;
    s->pools.pools.pools = s->snapshots;
    s->status.request.kind = JOB_STATUS;
    s->status.ok = true;
    s->status.readiness = &s->readiness;
    s->readiness.history = &s->history;
    s->history.revisions = s->revisions;
    s->history.ledger_exists = true;
    scene_send(s, (struct message){.kind = MSG_TICK}, 0);
    return s;
}

void scene_free(struct scene *s)
{
    model_release(&s->model);
    alloc_free(s->written);
    free(s);
}

void scene_send(struct scene *s, struct message message, int64_t after_ms)
{
    struct effects effects;

    s->now_ms += after_ms;
    message.now_ms = s->now_ms;
    message.wall_ms = s->wall_ms + s->now_ms - SCENE_START_MS;
    update(&s->model, &message, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        struct effects after;
        struct message started = {.kind = MSG_STARTED, .now_ms = s->now_ms};

        if (effects.items[i].kind != EFFECT_START)
            continue;
        started.wall_ms = message.wall_ms;
        started.job = ++s->last_job;
        started.request = effects.items[i].request;
        if (started.request.kind == JOB_WRITE) { /* as its job would have it */
            alloc_free(s->written);
            s->written = started.request.content;
        }
        update(&s->model, &started, &after);
    }
    s->effects = effects;
}

void scene_key(struct scene *s, uint32_t key)
{
    scene_send(s, (struct message){.kind = MSG_KEY, .key = key}, 10);
}

void scene_type(struct scene *s, const char *text)
{
    for (; *text != '\0'; text++)
        scene_key(s, (unsigned char)*text);
}

void scene_deliver(struct scene *s)
{
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->status}, 5);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->pools}, 5);
    if (s->model.feeds[FEED_PING].asked_ms != 0)
        scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->ping}, 0);
}

bool scene_has(const struct scene *s, enum effect_kind kind)
{
    for (size_t i = 0; i < s->effects.count; i++)
        if (s->effects.items[i].kind == kind)
            return true;
    return false;
}

static void set_pool(hg_pool_snapshot *p, int64_t pid, const char *process, const char *name)
{
    *p = (hg_pool_snapshot){.pid = pid,
                            .alive = true,
                            .silent_ms = -1,
                            .oldest_waiting_ms = -1,
                            .next_connect_ms = -1,
                            .size = 10,
                            .max_overflow = 10,
                            .started_ms = SCENE_WALL_MS - 41 * 60000,
                            .seen_ms = SCENE_WALL_MS,
                            .wait_p50_ms = 2.1,
                            .wait_p99_ms = 12,
                            .wait_max_ms = 48};
    snprintf(p->process, sizeof p->process, "%s", process);
    snprintf(p->name, sizeof p->name, "%s", name);
    snprintf(p->role, sizeof p->role, "web");
    snprintf(p->database, sizeof p->database, "postgresql://app:***@db.internal:5432/shop");
}

static void add_connection(hg_pool_snapshot *p, hg_slot_state state, int64_t held_ms,
                           const char *holder)
{
    int slot = (int)p->connection_count;
    hg_pool_connection *c = &p->connections[p->connection_count++];

    *c = (hg_pool_connection){.slot = slot,
                              .state = state,
                              .overflow = slot >= p->size,
                              .age_ms = slot < p->size ? 41 * 60000 : 125000,
                              .held_ms = held_ms,
                              .idle_ms = held_ms < 0 ? 3000 : -1,
                              .backend_pid = 4211 + slot,
                              .holder_tid = held_ms < 0 ? 0 : 5000 + slot,
                              .checkouts = (uint64_t)(1932 - 90 * slot)};
    snprintf(c->holder, sizeof c->holder, "%s", holder);
    p->in_use += state == HG_SLOT_IN_USE;
    p->idle += state == HG_SLOT_IDLE;
    p->overflow += c->overflow;
}

static void add_revision(struct scene *s, const char *message, hg_revision_state state)
{
    size_t i = s->history.revision_count++;
    hg_revision *r = &s->revisions[i];
    char(*texts)[40] = s->texts[i];

    snprintf(texts[0], sizeof texts[0], "%04zu", i + 1);
    snprintf(texts[1], sizeof texts[1], "migrations/%04zu.sql", i + 1);
    *r = (hg_revision){.revision = texts[0],
                       .message = message,
                       .file = texts[1],
                       .state = state,
                       .applied_ms = state == HG_REVISION_PENDING
                                         ? 0
                                         : s->wall_ms - (int64_t)(44 - i) * 26 * 3600000,
                       .duration_ms = state == HG_REVISION_PENDING ? -1 : 120 + (double)i,
                       .applied_by = state == HG_REVISION_PENDING ? "" : "ana",
                       .release = "",
                       .checksum_known = state != HG_REVISION_PENDING,
                       .checksum_ok = true,
                       .has_down = true};
    s->history.pending_count += state == HG_REVISION_PENDING;
}

static void add_migrations(struct scene *s, size_t applied, size_t pending)
{
    static const char *const names[] = {"add accounts",  "add invoice idx",  "orders status enum",
                                        "plan table",    "drop legacy view", "users email not null",
                                        "backfill plan", "add audit"};

    s->history.revision_count = s->history.pending_count = 0;
    for (size_t i = 0; i < applied + pending; i++)
        add_revision(s, names[i % 8], i < applied ? HG_REVISION_APPLIED : HG_REVISION_PENDING);
    s->revisions[applied + pending - 1].head = true;
}

static void add_check(struct scene *s, const char *id, const char *title, hg_status status,
                      const char *observed, const char *hint)
{
    hg_check_result *c = &s->readiness.checks[s->readiness.check_count++];

    *c = (hg_check_result){.id = id, .title = title, .status = status, .duration_ms = 1.2};
    snprintf(c->observed, sizeof c->observed, "%s", observed);
    snprintf(c->hint, sizeof c->hint, "%s", hint);
    if (status > s->readiness.status)
        s->readiness.status = status;
}

static void set_ready(struct scene *s)
{
    s->readiness.status = HG_PASS;
    s->readiness.db = true;
    s->readiness.migrations_known = s->readiness.migrations_applied = true;
    s->readiness.check_count = 0;
    snprintf(s->readiness.server_version, sizeof s->readiness.server_version, "%s",
             s->model.facts.driver == HG_SQLITE ? "3.40.1" : "15.7");
    add_check(s, "db.connect", "The database answers", HG_PASS, "1.2 ms", "");
    add_check(s, "db.primary", "It takes writes", HG_PASS, "primary", "");
}

void scene_calm(struct scene *s)
{
    set_pool(&s->snapshots[0], 4211, "web", "main");
    for (int i = 0; i < 4; i++)
        add_connection(&s->snapshots[0], i == 0 ? HG_SLOT_IN_USE : HG_SLOT_IDLE, i == 0 ? 412 : -1,
                       i == 0 ? "worker-3" : "");
    s->pools.pools.count = 1;
    add_migrations(s, 41, 0);
    set_ready(s);
    add_check(s, "migrate.at_head", "Every migration is applied", HG_PASS, "0041", "");
    add_check(s, "pool.waiters", "Nobody waits for a connection", HG_PASS, "0", "");
}

void scene_idle(struct scene *s)
{
    hg_pool_snapshot *p = &s->snapshots[0];

    scene_calm(s);
    p->connections[0].state = HG_SLOT_IDLE;
    p->connections[0].held_ms = -1;
    p->connections[0].holder[0] = '\0';
    p->idle += p->in_use;
    p->in_use = 0;
}

void scene_busy(struct scene *s)
{
    hg_pool_snapshot *p = &s->snapshots[0];

    set_pool(p, 4211, "web", "main");
    set_pool(&s->snapshots[1], 4377, "worker", "jobs");
    add_connection(&s->snapshots[1], HG_SLOT_IDLE, -1, "");
    for (int i = 0; i < 16; i++)
        add_connection(p,
                       i == 8       ? HG_SLOT_CHECKING
                       : i % 5 == 4 ? HG_SLOT_IDLE
                                    : HG_SLOT_IN_USE,
                       i % 5 == 4 || i == 8 ? -1 : 4100 - i * 230,
                       i % 5 == 4 || i == 8 ? ""
                       : i % 2 == 0         ? "worker-3"
                                            : "api-1");
    p->waiting = 3;
    p->oldest_waiting_ms = 1800;
    p->wait_p99_ms = 412;
    p->wait_max_ms = 1230;
    p->checkouts = 182000;
    p->timeouts = 2;
    p->connect_failures = 1;
    snprintf(p->last_error, sizeof p->last_error, "could not connect: connection refused");
    p->last_error_ms = s->wall_ms - 600000;
    s->pools.pools.count = 2;
    add_migrations(s, 41, 2);
    set_ready(s);
    add_check(s, "migrate.at_head", "Every migration is applied", HG_FAIL, "2 are pending",
              "Run headgate up.");
    add_check(s, "pool.waiters", "Nobody waits for a connection", HG_WARN,
              "3 wait for a connection", "See who holds them.");
}

void scene_empty(struct scene *s)
{
    s->pools.pools.count = 0;
    s->history.revision_count = 0;
    set_ready(s);
}

void scene_hostile(struct scene *s, const char *text)
{
    hg_pool_snapshot *p = &s->snapshots[0];

    scene_busy(s);
    snprintf(p->process, sizeof p->process, "%s", text);
    snprintf(p->name, sizeof p->name, "%s", text);
    snprintf(p->last_error, sizeof p->last_error, "%s", text);
    for (size_t i = 0; i < p->connection_count; i++)
        snprintf(p->connections[i].holder, sizeof p->connections[i].holder, "%s", text);
    for (size_t i = 0; i < s->history.revision_count; i++) {
        s->revisions[i].message = text;
        s->revisions[i].applied_by = text;
        s->revisions[i].release = text;
        s->revisions[i].file = text;
    }
    for (size_t i = 0; i < s->readiness.check_count; i++) {
        snprintf(s->readiness.checks[i].observed, sizeof s->readiness.checks[i].observed, "%s",
                 text);
        snprintf(s->readiness.checks[i].hint, sizeof s->readiness.checks[i].hint, "%s", text);
    }
    snprintf(s->readiness.server_version, sizeof s->readiness.server_version, "%s", text);
    snprintf(s->model.facts.database, sizeof s->model.facts.database, "postgresql://%s", text);
    snprintf(s->model.facts.env, sizeof s->model.facts.env, "%s", text);
}

void scene_plan(struct scene *s)
{
    static hg_plan_table users[] = {{.name = "public.users",
                                     .lock = HG_LOCK_ACCESS_EXCLUSIVE,
                                     .scan = true,
                                     .rows = 1200000,
                                     .size_bytes = 412000000}};
    static hg_hazard hazards[] = {{.id = "scan-under-lock",
                                   .severity = HG_SEVERITY_WARNING,
                                   .message = "every row is read while nobody else may",
                                   .safer = "VALIDATE a CHECK constraint first."}};
    static hg_plan_statement first[] = {
        {"ALTER TABLE users ADD CONSTRAINT email_nn CHECK (email IS NOT NULL) NOT VALID", 12,
         .unmeasured = ""},
        {"ALTER TABLE users VALIDATE CONSTRAINT email_nn", 15, .unmeasured = ""},
        {.sql = "ALTER TABLE users ALTER email SET NOT NULL",
         .line = 16,
         .unmeasured = "",
         .tables = users,
         .table_count = 1,
         .predicted_ms = 2000,
         .hazards = hazards,
         .hazard_count = 1},
    };
    static hg_plan_statement second[] = {
        {"UPDATE accounts\n   SET plan = 'free'\n WHERE plan IS NULL", 9, .unmeasured = ""},
    };
    static hg_plan_step steps[] = {
        {.revision = "0042",
         .message = "users email not null",
         .file = "migrations/0042.sql",
         .transaction = true,
         .lock_timeout_ms = 2000,
         .statement_timeout_ms = -1,
         .predicted_ms = 2100,
         .statements = first,
         .statement_count = 3},
        {.revision = "0043",
         .message = "backfill plan",
         .file = "migrations/0043.sql",
         .lock_timeout_ms = -1,
         .statement_timeout_ms = -1,
         .predicted_ms = -1,
         .statements = second,
         .statement_count = 1},
    };

    s->planned = (hg_plan){.id = "5f2a9c01d37be846",
                           .steps = steps,
                           .step_count = 2,
                           .measured_ms = -1,
                           .unmeasured = ""};
    s->plan = (struct job_result){.ok = true, .plan = &s->planned};
    s->plan.request = (struct job_request){.kind = JOB_PLAN, .migrate = s->model.change.kind};
    scene_send(
        s,
        (struct message){.kind = MSG_RESULT, .result = &s->plan, .job = s->model.change.plan_job},
        20);
}

void scene_progress(struct scene *s, struct job_event event)
{
    scene_send(s,
               (struct message){.kind = MSG_PROGRESS, .job = s->model.change.job, .event = event},
               1000);
}

void scene_end(struct scene *s, bool ok)
{
    static hg_applied applied[] = {{"0042", HG_UP, 412, 3}, {"0043", HG_UP, 2300, 1}};
    static char current[1][sizeof s->run.run.current[0]];

    snprintf(current[0], sizeof current[0], "%s", ok ? "0043" : "0042");
    s->run = (struct job_result){.ok = ok, .duration_ms = 2800};
    s->run.request = (struct job_request){.kind = JOB_RUN, .migrate = s->model.change.kind};
    s->run.run = (hg_run_result){applied, ok ? 2 : 1, current, 1};
    if (!ok)
        s->run.error = (hg_error){.code = HG_SQL,
                                  .sqlstate = "42703",
                                  .message = "revision \"0043\": column \"plan\" does not exist",
                                  .hint = "Is the migration that adds it applied?",
                                  .file = "migrations/0043.sql",
                                  .line = 10,
                                  .column = 8,
                                  .excerpt = "   SET plan = 'free'",
                                  .excerpt_column = 8};
    scene_send(s,
               (struct message){.kind = MSG_RESULT, .result = &s->run, .job = s->model.change.job},
               1000);
}

void scene_copy(struct scene *s, bool ok)
{
    static hg_copy_table tables[] = {
        {.table = "users",
         .rows_read = 1200000,
         .bytes = 412000000,
         .source_digest = "5f2a9c01d37be846a0b1c2d3e4f50617",
         .compared = true,
         .match = true},
        {.table = "orders",
         .rows_read = 31200,
         .bytes = 2100000,
         .rejected = 2,
         .source_digest = "09c1e2d3a4b5968778695a4b3c2d1e0f",
         .target_digest = "19c1e2d3a4b5968778695a4b3c2d1e0f",
         .compared = true},
    };
    static hg_copy_sample samples[] = {{.rowid = 17, .value = "yesterday", .storage = "text"}};
    static hg_copy_finding findings[] = {
        {.table = "orders",
         .column = "paid_at",
         .rule = "text-timestamp",
         .title = "a text that is no timestamp",
         .type = "timestamptz",
         .action = "",
         .count = 2,
         .samples = samples,
         .sample_count = 1},
        {.table = "users",
         .column = "active",
         .rule = "integer-boolean",
         .title = "0 and 1 taken as false and true",
         .type = "boolean",
         .action = "",
         .fits = true,
         .count = 1200000},
    };
    static hg_copy_problem problems[] = {{.kind = "orphan",
                                          .table = "orders",
                                          .message = "3 rows name a user that is not there",
                                          .count = 3,
                                          .stops = true}};
    static hg_copy_result result;

    result = (hg_copy_result){.mode = s->model.transfer.mode,
                              .ok = ok,
                              .tables = tables,
                              .table_count = 2,
                              .rows = 1231200,
                              .bytes = 414100000};
    if (!ok) {
        result.findings = findings;
        result.finding_count = 2;
        result.problems = problems;
        result.problem_count = 1;
    }
    tables[0].compared = tables[1].compared = s->model.transfer.mode != HG_COPY_DRY_RUN;
    tables[1].match = ok;
    tables[1].rejected = ok ? 0 : 2;
    s->copied = (struct job_result){.ok = ok, .copy = &result, .duration_ms = 9000};
    s->copied.request = (struct job_request){.kind = JOB_COPY, .copy = s->model.transfer.mode};
    if (s->model.transfer.mode == HG_COPY_RUN)
        snprintf(s->copied.request.text, sizeof s->copied.request.text, "%s", s->model.copying.id);
    s->copied.finished_ms = s->wall_ms;
    if (!ok)
        s->copied.error = (hg_error){.code = HG_FAILED,
                                     .message = "2 values do not fit",
                                     .hint = "Write a rule for them, or change them."};
    scene_send(
        s, (struct message){.kind = MSG_RESULT, .result = &s->copied, .job = s->model.transfer.job},
        1000);
}

char *scene_screen(const struct scene *s, bool roles)
{
    struct buf out = BUF_INIT(1 << 20);
    struct canvas c;

    if (!canvas_init(&c, s->model.width, s->model.height, s->model.utf8))
        abort();
    view(&s->model, &c);
    canvas_print(&c, roles, &out);
    canvas_release(&c);
    return buf_take(&out);
}
