/*
 * test_metrics.c - /metrics says what the pools and checks are, in a form that Prometheus reads:
 * a parser of theirs judges that, not one of ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "serve/metrics.h"
#include "support/process.h"
#include "support/temp.h"

/* Two pools of which one has a name that nobody should have. */
static void render(struct buf *out)
{
    static hg_pool_snapshot pools[3];
    static hg_readiness report;
    hg_check_timing timings[2] = {{.id = "db.connect", .count = 3, .sum_s = 0.5, .last_ms = 1500},
                                  {.id = "db.engine", .count = 3}};
    hg_sample sample = {.status = HG_WARN,
                        .samples = 3,
                        .age_ms = 1250,
                        .migrations_known = true,
                        .migrations_pending = 2};
    hg_pool_list list = {.count = 3, .pools = pools};
    hg_cutover_step steps[2] = {{.state = "done"}, {.state = "begun"}};
    hg_cutover cutover = {.steps = steps,
                          .step_count = 2,
                          .question = "Type it",
                          .frozen_ms = 1500,
                          .budget_ms = 60000,
                          .working = true};

    pools[0] = (hg_pool_snapshot){.pid = 17,
                                  .process = "app",
                                  .name = "main",
                                  .alive = true,
                                  .size = 5,
                                  .max_overflow = 10,
                                  .in_use = 3,
                                  .idle = 2,
                                  .waiting = 4,
                                  .timeouts = 7,
                                  .checkouts = 12345678901,
                                  .wait_p99_ms = 12.5,
                                  .waits = {{1, 2, 3, 4, 4, 4, 4, 4}, 5, 17.25}};
    pools[1] = (hg_pool_snapshot){.pid = 18,
                                  .process = "ev\"il\\",
                                  .name = "a\nb\x1b[2J\xff",
                                  .alive = true,
                                  .size = 1,
                                  .max_overflow = -1};
    pools[2] = (hg_pool_snapshot){.pid = 19, .process = "gone", .name = "gone"};
    report.check_count = 2;
    report.checks[0] = (hg_check_result){.id = "db.connect", .status = HG_WARN};
    report.checks[1] = (hg_check_result){.id = "db.engine", .status = HG_PASS};
    for (size_t i = 0; i < HG_TIMING_BOUNDS; i++)
        timings[0].within[i] = i > 4 ? 3 : 1;
    metrics_put(out, &(struct metrics_facts){.libpq = 150004,
                                             .sqlite = 3040001,
                                             .sample = &sample,
                                             .report = &report,
                                             .timings = timings,
                                             .pools = &list,
                                             .cutover = &cutover});
}

static void has_line(const struct buf *out, const char *line)
{
    if (strstr(out->bytes, line) == NULL)
        fail_msg("no <%s> in\n%s", line, out->bytes);
}

static void pools_go_by_opentelemetrys_names(void **state)
{
    struct buf out = BUF_INIT(1 << 20);

    (void)state;
    render(&out);
    has_line(&out,
             "db_client_connection_count{db_client_connection_pool_name=\"main\","
             "process=\"app\",pid=\"17\",number=\"0\",db_client_connection_state=\"used\"} 3\n");
    has_line(&out, "db_client_connection_max{db_client_connection_pool_name=\"main\","
                   "process=\"app\",pid=\"17\",number=\"0\"} 15\n");
    has_line(&out, "db_client_connection_pending_requests{db_client_connection_pool_name=\"main\","
                   "process=\"app\",pid=\"17\",number=\"0\"} 4\n");
    has_line(&out, "db_client_connection_timeouts_total{db_client_connection_pool_name=\"main\","
                   "process=\"app\",pid=\"17\",number=\"0\"} 7\n");
    has_line(&out, "headgate_pool_checkouts_total{db_client_connection_pool_name=\"main\","
                   "process=\"app\",pid=\"17\",number=\"0\"} 12345678901\n");
    buf_release(&out);
}

static void times_are_histograms(void **state)
{
    struct buf out = BUF_INIT(1 << 20);

    (void)state;
    render(&out);
#define OF_MAIN "{db_client_connection_pool_name=\"main\",process=\"app\",pid=\"17\",number=\"0\""
    has_line(&out, "db_client_connection_wait_time_seconds_bucket" OF_MAIN ",le=\"0.001024\"} 1\n");
    has_line(&out, "db_client_connection_wait_time_seconds_bucket" OF_MAIN ",le=\"0.065536\"} 4\n");
    has_line(&out, "db_client_connection_wait_time_seconds_bucket" OF_MAIN ",le=\"+Inf\"} 5\n");
    has_line(&out, "db_client_connection_wait_time_seconds_sum" OF_MAIN "} 17.250000\n");
    has_line(&out, "db_client_connection_wait_time_seconds_count" OF_MAIN "} 5\n");
    has_line(&out, "db_client_connection_use_time_seconds_bucket" OF_MAIN ",le=\"0.004\"} 0\n");
#undef OF_MAIN
    buf_release(&out);
}

static void a_pool_that_is_gone_is_not_counted(void **state)
{
    struct buf out = BUF_INIT(1 << 20);

    (void)state;
    render(&out);
    assert_null(strstr(out.bytes, "gone"));
    buf_release(&out);
}

static void a_name_cannot_leave_its_label(void **state)
{
    struct buf out = BUF_INIT(1 << 20);

    (void)state;
    render(&out);
    has_line(&out, "process=\"ev\\\"il\\\\\"");
    assert_null(strchr(out.bytes, '\x1b'));
    assert_null(strstr(out.bytes, "\xff"));
    buf_release(&out);
}

static void checks_and_readiness_have_names_of_their_own(void **state)
{
    struct buf out = BUF_INIT(1 << 20);

    (void)state;
    render(&out);
    has_line(&out, "headgate_build_info{version=\"" HG_VERSION "\",libpq=\"15.4\","
                   "sqlite=\"3.40.1\"} 1\n");
    has_line(&out, "headgate_ready 1\n");
    has_line(&out, "headgate_sampler_age_seconds 1.250\n");
    has_line(&out, "headgate_migrations_pending 2\n");
    has_line(&out, "headgate_cutover_open 1.000\n");
    has_line(&out, "headgate_cutover_waiting 1.000\n");
    has_line(&out, "headgate_cutover_steps{state=\"done\"} 1\n");
    has_line(&out, "headgate_cutover_frozen_seconds 1.500\n");
    has_line(&out, "headgate_cutover_budget_seconds 60.000\n");
    has_line(&out, "headgate_check_status{id=\"db.connect\",status=\"warn\"} 1\n");
    has_line(&out, "headgate_check_status{id=\"db.connect\",status=\"pass\"} 0\n");
    has_line(&out, "headgate_check_duration_seconds_bucket{id=\"db.connect\",le=\"+Inf\"} 3\n");
    has_line(&out, "headgate_check_last_run_timestamp_seconds{id=\"db.connect\"} 1.500\n");
    assert_int_equal(out.bytes[out.size - 1], '\n');
    buf_release(&out);
}

/* promtool reads it and would like another name for what OpenTelemetry calls a count. */
static bool only_a_name(const struct process_result *result)
{
    static const char wish[] = "db_client_connection_count non-histogram";

    return result->status == 3 && strncmp(result->err, wish, sizeof wish - 1) == 0
           && result->err[strcspn(result->err, "\n") + 1] == '\0';
}

/* Prometheus' own tool, else its Python client; which one there is, is the distribution's matter.
 */
static void prometheus_own_parser_reads_it(void **state)
{
    static const char script[] =
        "if command -v promtool >/dev/null; then exec promtool check metrics <metrics.txt; fi;"
        " python3 -c 'import prometheus_client' 2>/dev/null || exit 77;"
        " exec python3 -c 'from prometheus_client.parser import text_string_to_metric_families as "
        "p;"
        " print(len(list(p(open(\"metrics.txt\", encoding=\"utf-8\").read()))))'";
    const char *argv[] = {"/bin/sh", "-c", script, NULL}, *environ[] = {NULL};
    struct buf out = BUF_INIT(1 << 20);
    char *dir = temp_dir_make();
    struct process_result result;

    (void)state;
    render(&out);
    temp_write(dir, "metrics.txt", out.bytes);
    result = process_run(dir, environ, argv);
    if (result.status == 77)
        print_message("neither promtool nor prometheus_client is here\n");
    else if (result.status != 0 && !only_a_name(&result))
        fail_msg("%s%s", result.out, result.err);
    buf_release(&out);
    temp_dir_remove(dir);
    if (result.status == 77) {
        process_release(&result);
        skip();
    }
    process_release(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pools_go_by_opentelemetrys_names),
        cmocka_unit_test(times_are_histograms),
        cmocka_unit_test(a_pool_that_is_gone_is_not_counted),
        cmocka_unit_test(a_name_cannot_leave_its_label),
        cmocka_unit_test(checks_and_readiness_have_names_of_their_own),
        cmocka_unit_test(prometheus_own_parser_reads_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
