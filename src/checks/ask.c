/*
 * ask.c - a question to the database, and its rows held against thresholds.
 */
#include "checks.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { ROWS_MAX = 1000 /* more findings than that are not counted */ };

/* What the rows have said so far. */
struct answer {
    size_t rows;     /* with a number */
    size_t findings; /* rows that do not pass by themselves */
    double extreme;  /* the number that counts */
    char about[160]; /* the row that it stands in */
    char unseen[160];
    bool has_unseen;
};

/* "warn > 20 ms, fail > 200 ms" */
static void say_threshold(const struct question *ask, hg_check_result *result)
{
    const char *sign = ask->measure == MEASURE_LEAST ? "<" : ">";
    char warn[32] = "", fail[32] = "";

    if (ask->measure == MEASURE_LEVEL)
        return;
    if (!isnan(ask->warn))
        snprintf(warn, sizeof warn, "warn %s %.10g %s", sign, ask->warn, ask->unit);
    if (!isnan(ask->fail))
        snprintf(fail, sizeof fail, "fail %s %.10g %s", sign, ask->fail, ask->unit);
    snprintf(result->threshold, sizeof result->threshold, "%s%s%s", warn,
             warn[0] != '\0' && fail[0] != '\0' ? ", " : "", fail);
}

static hg_status judge(const struct question *ask, double number)
{
    if (ask->measure == MEASURE_LEVEL)
        return number >= 2 ? HG_FAIL : number >= 1 ? HG_WARN : HG_PASS;
    if (ask->measure == MEASURE_LEAST)
        return check_judge(-number, -ask->warn, -ask->fail);
    return check_judge(number, ask->warn, ask->fail);
}

static double number_of(hg_rows *rows)
{
    hg_value value = hg_rows_value(rows, 0);

    return value.type == HG_REAL ? value.as.real : (double)hg_rows_integer(rows, 0);
}

static void take_row(const struct question *ask, struct check_context *context, hg_rows *rows,
                     struct answer *answer, hg_check_result *result)
{
    const char *about = hg_rows_text(rows, 1);
    double number = number_of(rows);
    bool finding = ask->measure == MEASURE_COUNT || judge(ask, number) != HG_PASS;

    if (hg_rows_value(rows, 0).type == HG_NULL) {
        answer->has_unseen = true;
        text_copy(answer->unseen, sizeof answer->unseen, about);
        return;
    }
    if (answer->rows++ == 0
        || (ask->measure == MEASURE_LEAST ? number < answer->extreme : number > answer->extreme)) {
        answer->extreme = number;
        text_copy(answer->about, sizeof answer->about, about);
    }
    answer->findings += finding;
    if (finding)
        check_evidence(context, result, "%s", about);
}

static void say_nothing(const struct question *ask, const struct answer *answer,
                        hg_check_result *result)
{
    if (answer->has_unseen)
        check_say(result, HG_SKIP, "%s", answer->unseen);
    else if (ask->measure == MEASURE_LEVEL)
        check_say(result, HG_UNKNOWN, "no row came back");
    else
        check_say(result, HG_PASS, "none");
}

static void say_answer(const struct question *ask, const struct answer *answer,
                       hg_check_result *result)
{
    hg_status status =
        judge(ask, ask->measure == MEASURE_COUNT ? (double)answer->rows : answer->extreme);

    if (answer->rows == 0 || (answer->has_unseen && status == HG_PASS))
        say_nothing(ask, answer, result);
    else if (ask->measure == MEASURE_COUNT)
        check_say(result, status, "%zu%s %s%s%s", answer->rows,
                  answer->rows == ROWS_MAX ? " or more" : "", ask->unit,
                  answer->rows == 1 ? ": " : ", one is ", answer->about);
    else if (ask->measure == MEASURE_LEVEL)
        check_say(result, status, "%s", answer->about);
    else
        check_say(result, status, "%.10g %s%s%s", answer->extreme, ask->unit,
                  answer->about[0] == '\0' ? "" : ": ", answer->about);
}

void check_ask(const struct check *check, struct check_context *context, hg_check_result *result)
{
    const struct question *ask = &check->ask;
    struct answer answer = {0};
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;
    hg_error err = {0};

    say_threshold(ask, result);
    if (hg_conn_server_version_number(context->conn) < ask->from) {
        check_say(result, HG_SKIP, "not before version %d",
                  hg_conn_driver(context->conn) == HG_POSTGRESQL ? ask->from / 10000 : ask->from);
        return;
    }
    if (hg_conn_query(context->conn, ask->sql, NULL, 0, context->by, &rows, &err))
        while ((step = hg_rows_next(rows, context->by, &err)) == HG_ROW && answer.rows < ROWS_MAX)
            take_row(ask, context, rows, &answer, result);
    hg_rows_close(rows);
    if (step == HG_ERROR)
        check_say_error(result, &err);
    else
        say_answer(ask, &answer, result);
}
