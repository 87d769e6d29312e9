/*
 * test_job.c - jobs on threads: results and progress arrive as messages, a cancel ends them,
 * leaving never waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "ops/job.h"
#include "ops/job_cutover.h"
#include "ops/ops.h"
#include "support/temp.h"

enum { PATIENCE_MS = 60000 };

struct fixture {
    char *dir;
    struct ops ops;
    struct jobs *jobs;
};

static void open_ops(struct fixture *f, const char *url, bool detaches)
{
    char setting[512], migrations[512], runtime[512];
    const char *const environment[] = {setting, migrations, runtime, "DB_CONNECT_TIMEOUT=60", NULL};
    const hg_settings_options settings = {.environ = environment};
    const struct ops_options options = {.role = "test", .may_create = true, .detaches = detaches};

    snprintf(setting, sizeof setting, "DATABASE_URL=%s", url);
    snprintf(migrations, sizeof migrations, "DB_MIGRATIONS_DIR=%s/migrations", f->dir);
    snprintf(runtime, sizeof runtime, "HEADGATE_RUNTIME_DIR=%s/run", f->dir);
    assert_true(ops_open(&settings, &options, &f->ops, NULL));
    f->jobs = jobs_new(&f->ops);
    assert_non_null(f->jobs);
}

static int set_up(void **state)
{
    static struct fixture f;
    char url[512];

    f = (struct fixture){.dir = temp_dir_make()};
    temp_write(f.dir, "migrations/1_one.sql",
               "-- migrate:up\nCREATE TABLE one (n integer);\n-- migrate:down\nDROP TABLE one;\n");
    temp_write(f.dir, "migrations/2_two.sql",
               "-- migrate:up\nCREATE TABLE two (n integer);\n-- migrate:down\nDROP TABLE two;\n");
    snprintf(url, sizeof url, "sqlite:///%s/app.db", f.dir);
    open_ops(&f, url, false);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    jobs_free(f->jobs);
    ops_close(&f->ops);
    temp_dir_remove(f->dir);
    return 0;
}

/* The next message; the test fails when none comes. */
static struct job_message take(struct jobs *jobs)
{
    struct pollfd fd = {.fd = jobs_fd(jobs), .events = POLLIN};
    struct job_message message;

    while (!jobs_take(jobs, &message))
        if (poll(&fd, 1, PATIENCE_MS) == 0)
            fail_msg("no message came");
    return message;
}

/* Runs a job to its end; counts its progress messages of a kind. */
static struct job_result *run_job(struct jobs *jobs, const struct job_request *request,
                                  hg_event_kind kind, int *count)
{
    uint64_t id = jobs_start(jobs, request);
    struct job_message message;

    assert_int_not_equal(id, 0);
    while ((message = take(jobs)).result == NULL) {
        assert_int_equal(message.job, id);
        *count += message.event.kind == kind;
    }
    assert_int_equal(message.job, id);
    return message.result;
}

static char *content_of(const char *text)
{
    struct buf content = BUF_INIT(1024);

    buf_text(&content, text);
    return buf_take(&content);
}

static void a_text_is_written_into_a_new_file_alone(void **state)
{
    struct fixture *f = *state;
    struct job_request write = {.kind = JOB_WRITE, .content = content_of("first\n")};
    struct buf found = BUF_INIT(1024);
    struct job_result *result;
    int none = 0;

    snprintf(write.file, sizeof write.file, "%s/out.csv", f->dir);
    result = run_job(f->jobs, &write, HG_EVENT_STEP_DONE, &none);
    assert_true(result->ok);
    job_result_free(result);
    write.content = content_of("second\n");
    result = run_job(f->jobs, &write, HG_EVENT_STEP_DONE, &none);
    assert_false(result->ok);
    assert_int_equal(result->error.code, HG_IO);
    assert_non_null(strstr(result->error.hint, "not there yet"));
    job_result_free(result);
    assert_true(file_read(write.file, &found, NULL));
    assert_string_equal(found.bytes, "first\n");
    buf_release(&found);
}

static void a_plan_runs_as_it_was_shown(void **state)
{
    struct fixture *f = *state;
    struct job_request plan = {.kind = JOB_PLAN, .migrate = HG_MIGRATE_UP},
                       run = {.kind = JOB_RUN, .migrate = HG_MIGRATE_UP};
    struct job_result *result;
    int steps = 0;

    result = run_job(f->jobs, &plan, HG_EVENT_STEP_DONE, &steps);
    assert_true(result->ok);
    assert_int_equal(result->plan->step_count, 2);
    snprintf(run.plan_id, sizeof run.plan_id, "%s", result->plan->id);
    job_result_free(result);
    assert_int_equal(steps, 0);
    result = run_job(f->jobs, &run, HG_EVENT_STEP_DONE, &steps);
    assert_true(result->ok);
    assert_int_equal(result->run.applied_count, 2);
    assert_int_equal(steps, 2);
    job_result_free(result);
}

static void another_plan_than_the_one_that_was_shown_is_refused(void **state)
{
    struct fixture *f = *state;
    struct job_request run = {
        .kind = JOB_RUN, .migrate = HG_MIGRATE_UP, .plan_id = "0000000000000000"};
    struct job_result *result;
    int steps = 0;

    result = run_job(f->jobs, &run, HG_EVENT_STEP_DONE, &steps);
    assert_false(result->ok);
    assert_int_equal(result->error.code, HG_REFUSED);
    assert_int_equal(result->run.applied_count, 0);
    job_result_free(result);
}

static void the_status_carries_checks_and_history(void **state)
{
    struct fixture *f = *state;
    struct job_request request = {.kind = JOB_STATUS};
    struct job_result *result;
    int none = 0;

    result = run_job(f->jobs, &request, HG_EVENT_NOTE, &none);
    assert_true(result->ok);
    assert_true(result->readiness->db);
    assert_int_equal(result->readiness->status, HG_FAIL); /* two are pending */
    assert_non_null(result->readiness->history);
    assert_int_equal(result->readiness->history->pending_count, 2);
    job_result_free(result);
}

static void a_silent_server(struct fixture *f, int *out_fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char url[128];

    *out_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(*out_fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(*out_fd, 8), 0);
    assert_int_equal(getsockname(*out_fd, (struct sockaddr *)&address, &size), 0);
    jobs_free(f->jobs);
    ops_close(&f->ops);
    snprintf(url, sizeof url, "postgresql://u@127.0.0.1:%d/d", ntohs(address.sin_port));
    open_ops(f, url, false);
}

/* The same with a process that starts workers; the one before is closed, and with it its threads.
 */
static void reopen_with_workers(struct fixture *f)
{
    char url[512];

    jobs_free(f->jobs);
    ops_close(&f->ops);
    snprintf(url, sizeof url, "sqlite:///%s/app.db", f->dir);
    open_ops(f, url, true);
    assert_non_null(f->ops.launcher);
}

static void a_run_in_a_worker_tells_the_same(void **state)
{
    struct fixture *f = *state;
    struct job_request run = {.kind = JOB_RUN, .migrate = HG_MIGRATE_UP};
    struct job_result *result;
    int steps = 0;

    reopen_with_workers(f);
    result = run_job(f->jobs, &run, HG_EVENT_STEP_DONE, &steps);
    assert_true(result->ok);
    assert_int_equal(steps, 2);
    assert_int_equal(result->run.applied_count, 2);
    assert_string_equal(result->run.applied[1].revision, "2");
    assert_int_equal(result->run.applied[1].statements, 1);
    assert_string_equal(result->run.current[0], "2");
    job_result_free(result);
}

static void a_failure_in_a_worker_keeps_its_place(void **state)
{
    struct fixture *f = *state;
    struct job_request run = {.kind = JOB_RUN, .migrate = HG_MIGRATE_UP};
    struct job_result *result;
    int steps = 0;

    temp_write(f->dir, "migrations/3_three.sql",
               "-- migrate:up\n  INSERT INTO nowhere VALUES (1);\n-- migrate:down\n");
    reopen_with_workers(f);
    result = run_job(f->jobs, &run, HG_EVENT_STEP_DONE, &steps);
    assert_false(result->ok);
    assert_int_equal(result->error.code, HG_SQL);
    assert_non_null(strstr(result->error.message, "nowhere"));
    assert_non_null(strstr(result->error.file, "3_three.sql"));
    assert_int_equal(result->error.line, 2);
    assert_non_null(strstr(result->error.excerpt, "INSERT INTO nowhere"));
    assert_int_equal(result->run.applied_count, 2);
    job_result_free(result);
}

enum { STEPS = 100 };

/* A worker in the middle of its last step. */
static pid_t start_worker(const struct fixture *f)
{
    struct worker *w = NULL;
    struct worker_info info;

    assert_true(worker_start(hg_settings_runtime_dir(f->ops.settings), "up",
                             hg_url_redacted(hg_settings_url(f->ops.settings)), &w, &info, NULL));
    if (w == NULL)
        return (pid_t)info.pid;
    for (int i = 0; i < STEPS; i++)
        worker_event(w, &(hg_event){.kind = HG_EVENT_STEP_STARTED,
                                    .subject = "one",
                                    .message = "",
                                    .unit = "step",
                                    .done = i,
                                    .total = STEPS});
    worker_event(w, &(hg_event){.kind = HG_EVENT_STEP_PROGRESS,
                                .subject = "one",
                                .message = "SELECT 1",
                                .unit = "statement",
                                .total = 1});
    while (!worker_cancelled(w))
        (void)poll(NULL, 0, 10);
    worker_end(w, &(struct worker_outcome){130, "", "", "{}"});
    _exit(0);
}

static void whoever_attaches_hears_of_the_statement_that_runs_now(void **state)
{
    struct fixture *f = *state;
    struct job_request watch = {.kind = JOB_WATCH};
    struct job_message message;
    pid_t worker;
    uint64_t id;

    jobs_free(f->jobs); /* and with them their threads */
    f->jobs = NULL;
    worker = start_worker(f);
    f->jobs = jobs_new(&f->ops);
    id = jobs_start(f->jobs, &watch);
    for (int i = 0; i < STEPS; i++) {
        message = take(f->jobs);
        assert_int_equal(message.event.done, i);
        (void)poll(NULL, 0, i % 10 == 0 ? 2 : 0); /* meanwhile what is told waits for its turn */
    }
    message = take(f->jobs);
    assert_int_equal(message.event.kind, HG_EVENT_STEP_PROGRESS);
    assert_string_equal(message.event.message, "SELECT 1");
    jobs_cancel(f->jobs, id);
    message = take(f->jobs);
    assert_non_null(message.result);
    job_result_free(message.result);
    assert_int_equal(waitpid(worker, NULL, 0), worker);
}

static void one_of_a_kind_runs_and_leaving_does_not_wait_for_a_silent_server(void **state)
{
    struct fixture *f = *state;
    struct job_request request = {.kind = JOB_STATUS}, pools = {.kind = JOB_POOLS};
    int64_t start_ns;
    struct job_result *result;
    int fd, client, none = 0;

    a_silent_server(f, &fd);
    assert_int_not_equal(jobs_start(f->jobs, &request), 0);
    client = accept(fd, NULL, NULL); /* it is on its way to the database now */
    assert_int_equal(jobs_start(f->jobs, &request), 0);
    result = run_job(f->jobs, &pools, HG_EVENT_NOTE, &none); /* the others go on */
    assert_true(result->ok);
    job_result_free(result);
    start_ns = clock_now_ns();
    jobs_free(f->jobs);
    f->jobs = NULL;
    assert_true(clock_since_ms(start_ns) < 30000); /* the connect may take sixty seconds */
    close(client);
    close(fd);
}

static bool always(void *context)
{
    (void)context;
    return true;
}

static void a_cutover_is_looked_for_and_planned_unless_that_is_cancelled(void **state)
{
    struct fixture *f = *state;
    char source[512], folder[512];
    const char *const environment[] = {source, "HEADGATE_CUTOVER_URL=postgresql://u@127.0.0.1:1/d",
                                       folder, NULL};
    const hg_settings_options settings = {.environ = environment};
    const hg_observer cancelled = {.cancelled = always};
    struct job_request look = {.kind = JOB_CUTOVER}, plan = {.kind = JOB_CUTOVER_PLAN},
                       order = {.kind = JOB_CUTOVER_ORDER};
    struct job_result *result, none = {.ok = false};
    int count = 0;

    snprintf(source, sizeof source, "DATABASE_URL=sqlite:///%s/app.db", f->dir);
    snprintf(folder, sizeof folder, "HEADGATE_STATE_DIR=%s/state", f->dir);
    f->ops.reading = &settings;
    result = run_job(f->jobs, &look, HG_EVENT_NOTE, &count);
    assert_int_equal(result->error.code, HG_FAILED); /* none has been begun */
    job_result_free(result);
    result = run_job(f->jobs, &order, HG_EVENT_NOTE, &count);
    assert_false(result->ok);
    job_result_free(result);
    result = run_job(f->jobs, &plan, HG_EVENT_NOTE, &count);
    assert_true(result->ok);
    assert_int_equal(result->cutover->step_count, 18);
    assert_true(result->cutover->steps[1].tried);
    assert_string_not_equal(result->cutover->steps[1].error, ""); /* nobody listens there */
    job_result_free(result);
    assert_false(job_cutover(&f->ops, &plan, &cancelled, &none));
    assert_int_equal(none.error.code, HG_CANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_text_is_written_into_a_new_file_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_plan_runs_as_it_was_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_plan_than_the_one_that_was_shown_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_status_carries_checks_and_history, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_run_in_a_worker_tells_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failure_in_a_worker_keeps_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whoever_attaches_hears_of_the_statement_that_runs_now,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            one_of_a_kind_runs_and_leaving_does_not_wait_for_a_silent_server, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_cutover_is_looked_for_and_planned_unless_that_is_cancelled, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
