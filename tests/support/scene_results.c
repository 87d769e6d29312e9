/*
 * scene_results.c - what jobs bring a scene that somebody looks into: sessions, sources, checks.
 */
#include "scene.h"

#include <stdio.h>
#include <string.h>

/* Sessions of a server, one of which forgot its transaction and keeps three waiting. */
static void fill_server(struct scene *s)
{
    static const int64_t blockers[] = {4211, 4302, 4211};
    const int64_t now = s->wall_ms;
    // clang-format off
    const hg_server_session rows[] = {
        {.pid = 4211, .visible = true, .kind = "client backend", .database = "shop", .user = "app", .application = "worker-3",
         .client = "10.0.3.17", .client_port = 51822, .state = "idle in transaction", .wait = "Client:ClientRead",
         .query = "UPDATE users\n   SET last_seen = now() -- each login\n WHERE id = 17 AND name <> 'root'",
         .backend_start_ms = now - 3100000, .xact_start_ms = now - 192000, .query_start_ms = now - 191000, .state_change_ms = now - 191000},
        {.pid = 4302, .visible = true, .kind = "client backend", .database = "shop", .user = "app", .application = "api-1",
         .client = "10.0.3.18", .state = "active", .wait = "Lock:tuple", .query = "UPDATE users SET name = $1 WHERE id = 17",
         .xact_start_ms = now - 41000, .query_start_ms = now - 41000, .blocked_by = blockers, .blocked_by_count = 1},
        {.pid = 4310, .visible = true, .kind = "client backend", .database = "shop", .user = "app", .application = "api-2",
         .client = "10.0.3.19", .state = "active", .wait = "Lock:transactionid", .query = "DELETE FROM users WHERE id = 17",
         .xact_start_ms = now - 12000, .query_start_ms = now - 12000, .blocked_by = blockers + 1, .blocked_by_count = 1},
        {.pid = 4318, .visible = true, .kind = "client backend", .database = "shop", .user = "mig", .application = "headgate/up",
         .client = "local", .state = "active", .wait = "Lock:relation", .query = "ALTER TABLE users VALIDATE CONSTRAINT email_nn",
         .xact_start_ms = now - 3000, .query_start_ms = now - 3000, .blocked_by = blockers + 2, .blocked_by_count = 1},
        {.pid = 4401, .visible = true, .kind = "client backend", .database = "shop", .user = "app", .application = "api-1",
         .client = "10.0.3.18", .state = "idle", .query = "COMMIT", .state_change_ms = now - 5000},
        {.pid = 4402, .visible = false, .kind = "client backend", .database = "billing", .user = "bill"},
    };
    const struct blocking_row order[] = {{0, 0, 0}, {1, 1, 2}, {2, 2, 2}, {3, 1, 0}, {4, 0, 0}, {5, 0, 0}};
    const hg_state_count states[] = {{"active", 3}, {"idle", 1}, {"idle in transaction", 1}, {NULL, 1}};
    // clang-format on

    memcpy(s->sessions, rows, sizeof rows);
    memcpy(s->order, order, sizeof order);
    memcpy(s->states, states, sizeof states);
    s->server = (hg_sessions){.driver = HG_POSTGRESQL,
                              .read_ms = now,
                              .sessions = s->sessions,
                              .session_count = sizeof rows / sizeof *rows,
                              .max_connections = 100,
                              .reserved = 3,
                              .used = 37,
                              .states = s->states,
                              .state_count = 4};
    s->holders[0] = (struct session_holder){&s->snapshots[0], &s->snapshots[0].connections[0]};
    s->seen = (struct job_result){
        .ok = true, .sessions = &s->server, .order = s->order, .holders = s->holders};
    s->seen.in_trees = 4;
    snprintf(s->seen.headroom.message, sizeof s->seen.headroom.message,
             "2 pools may open 40 connections; 61 are left for them: 21 to spare");
}

static void fill_file(struct scene *s)
{
    static const hg_file_process rows[] = {
        {.pid = 4100,
         .own = true,
         .name = "headgate",
         .database = true,
         .wal = true,
         .index = true,
         .lock = HG_FILE_READS},
        {.pid = 4211,
         .name = "web",
         .database = true,
         .wal = true,
         .index = true,
         .lock = HG_FILE_WRITES},
    };

    memcpy(s->processes, rows, sizeof rows);
    s->server = (hg_sessions){.driver = HG_SQLITE,
                              .read_ms = s->wall_ms,
                              .path = "/srv/shop/instance/app.db",
                              .processes = s->processes,
                              .process_count = 2,
                              .complete = true};
    s->seen = (struct job_result){.ok = true, .sessions = &s->server};
}

void scene_deliver_sessions(struct scene *s)
{
    if (s->model.facts.driver == HG_POSTGRESQL)
        fill_server(s);
    else
        fill_file(s);
    s->seen.request.kind = JOB_SESSIONS;
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->seen}, 5);
}

void scene_deliver_source(struct scene *s)
{
    static char text[] = "-- migrate:up\n"
                         "ALTER TABLE users ADD CONSTRAINT email_nn\n"
                         "\tCHECK (email IS NOT NULL) NOT VALID;\n"
                         "UPDATE users SET email = 'nobody@example.com' WHERE email IS NULL;\n"
                         "\n"
                         "-- migrate:down\n"
                         "ALTER TABLE users DROP CONSTRAINT email_nn;\n";

    s->source = (struct job_result){.ok = true, .text = text};
    s->source.request.kind = JOB_SOURCE;
    scene_send(
        s, (struct message){.kind = MSG_RESULT, .result = &s->source, .job = s->model.source.job},
        5);
}

void scene_deliver_smoke(struct scene *s)
{
    static const char *const evidence[] = {"orders.user_id", "invoices.order_id"};
    static const hg_check_result checks[] = {
        {.id = "db.connect",
         .title = "The database answers",
         .observed = "1.2 ms",
         .threshold = "warn > 20 ms",
         .duration_ms = 1.2,
         .severity = HG_CHECK_CRITICAL},
        {.id = "db.reserve",
         .title = "Connections are left",
         .status = HG_WARN,
         .observed = "12 of 100 left",
         .hint = "See who holds them.",
         .threshold = "warn < 20",
         .duration_ms = 3,
         .severity = HG_CHECK_MAJOR},
        {.id = "schema.fk_index",
         .title = "Foreign keys have an index",
         .status = HG_FAIL,
         .observed = "2 have none",
         .hint = "Make one concurrently.",
         .duration_ms = 31,
         .severity = HG_CHECK_MINOR,
         .evidence = evidence,
         .evidence_count = 2},
        {.id = "tls.expiry",
         .title = "The certificate is valid for long",
         .status = HG_SKIP,
         .observed = "no TLS on a local socket"},
    };

    s->smoke = (hg_smoke){.status = HG_FAIL,
                          .checks = checks,
                          .check_count = sizeof checks / sizeof *checks,
                          .counts = {1, 1, 1, 0, 1},
                          .duration_ms = 812};
    s->smoked = (struct job_result){.ok = true, .smoke = &s->smoke, .finished_ms = s->wall_ms};
    s->smoked.request.kind = JOB_SMOKE;
    scene_send(
        s, (struct message){.kind = MSG_RESULT, .result = &s->smoked, .job = s->model.smoke_job},
        800);
}
