/*
 * account.c - tables, findings and problems copied into one arena; progress as events.
 */
#include "account.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"

/* The result with what it stands on. */
struct account {
    hg_copy_result result;
    struct arena arena;
};

hg_copy_result *account_new(hg_copy_mode mode)
{
    struct account *account = alloc_zero(1, sizeof *account);

    if (account == NULL)
        return NULL;
    account->result.mode = mode;
    return &account->result;
}

void hg_copy_result_free(hg_copy_result *result)
{
    struct account *account = (struct account *)result;

    if (account == NULL)
        return;
    arena_release(&account->arena);
    alloc_free(account);
}

static const char *keep(struct account *account, const char *text)
{
    return arena_text(&account->arena, text);
}

static bool keep_tables(struct account *account, const struct run *run)
{
    hg_copy_result *result = &account->result;

    result->tables = arena_alloc(&account->arena, run->mapping.table_count, sizeof *result->tables);
    for (size_t i = 0;
         result->tables != NULL && run->advances != NULL && i < run->mapping.table_count; i++) {
        const struct advance *advance = &run->advances[i];
        hg_copy_table *table = &result->tables[result->table_count++];
        const struct chunk *chunk;

        table->table = keep(account, run->mapping.tables[i].source->name);
        table->rejected = atomic_load(&advance->rejected);
        table->rows_read = advance->total_rows + table->rejected;
        table->bytes = advance->total_bytes;
        table->duration_ms = advance->duration_ms;
        VEC_EACH (&run->chunks, chunk)
            if (chunk->table == i && chunk->done)
                table->rows_written += chunk->digest.rows;
        table->compared = advance->compared;
        if (advance->compared) {
            digest_text(&advance->source, table->source_digest);
            digest_text(&advance->target, table->target_digest);
            table->target_rows = advance->target.rows;
            table->match = digest_same(&advance->source, &advance->target);
        }
        result->rows += table->rows_read;
        result->bytes += table->bytes;
        if (table->table == NULL)
            return false;
    }
    return result->tables != NULL;
}

static bool keep_samples(struct account *account, const struct tally_group *group,
                         hg_copy_finding *out)
{
    out->samples = arena_alloc(&account->arena, group->sample_count, sizeof *out->samples);
    for (size_t i = 0; out->samples != NULL && i < group->sample_count; i++) {
        hg_copy_sample *sample = &out->samples[out->sample_count++];

        sample->rowid = group->samples[i].rowid;
        sample->key = group->samples[i].key == NULL ? NULL : keep(account, group->samples[i].key);
        sample->value = keep(account, group->samples[i].value);
        sample->storage = group->samples[i].storage;
        if (sample->value == NULL)
            return false;
    }
    return out->samples != NULL;
}

static int compare_findings(const void *left, const void *right)
{
    const hg_copy_finding *a = left, *b = right;
    int a_rank = a->fits ? 2 : a->action[0] != '\0';
    int b_rank = b->fits ? 2 : b->action[0] != '\0';
    int order = a_rank - b_rank;

    if (order == 0 && a->count != b->count)
        order = a->count > b->count ? -1 : 1;
    if (order == 0)
        order = strcmp(a->table, b->table);
    if (order == 0)
        order = strcmp(a->column, b->column);
    return order != 0 ? order : strcmp(a->rule, b->rule);
}

static bool keep_findings(struct account *account, const struct run *run)
{
    hg_copy_result *result = &account->result;
    const struct tally_group *group;

    result->findings =
        arena_alloc(&account->arena, run->tally.groups.count, sizeof *result->findings);
    if (result->findings == NULL)
        return false;
    VEC_EACH (&run->tally.groups, group) {
        const struct column *column = &run->mapping.tables[group->table].columns[group->column];
        hg_copy_finding *finding = &result->findings[result->finding_count++];

        finding->table = keep(account, run->mapping.tables[group->table].source->name);
        finding->column = keep(account, column->source->name);
        finding->type = keep(account, column->target->type_name);
        finding->rule = finding_id(group->finding);
        finding->title = finding_title(group->finding);
        finding->action =
            group->action < 0 ? "" : rule_action_name((enum rule_action)group->action);
        finding->fits = finding_fits(group->finding);
        finding->count = group->count;
        if (finding->table == NULL || finding->column == NULL || finding->type == NULL
            || !keep_samples(account, group, finding))
            return false;
    }
    if (result->finding_count > 1)
        qsort(result->findings, result->finding_count, sizeof *result->findings, compare_findings);
    return true;
}

static bool keep_problems(struct account *account, const struct run *run)
{
    hg_copy_result *result = &account->result;
    const hg_copy_problem *problem;

    result->problems =
        arena_alloc(&account->arena, run->mapping.problems.count, sizeof *result->problems);
    if (result->problems == NULL)
        return false;
    VEC_EACH (&run->mapping.problems, problem) {
        hg_copy_problem *copy = &result->problems[result->problem_count++];

        *copy = *problem;
        copy->table = keep(account, problem->table);
        copy->message = keep(account, problem->message);
        if (copy->table == NULL || copy->message == NULL)
            return false;
    }
    return true;
}

static bool keep_differences(struct account *account, const struct run *run)
{
    hg_copy_result *result = &account->result;
    const struct difference *difference;

    result->differences =
        arena_alloc(&account->arena, run->differences.count, sizeof *result->differences);
    if (result->differences == NULL)
        return false;
    VEC_EACH (&run->differences, difference) {
        hg_copy_difference *copy = &result->differences[result->difference_count++];

        *copy = (hg_copy_difference){
            keep(account, run->mapping.tables[difference->table].source->name), difference->kind,
            difference->key, keep(account, difference->columns),
            difference->name == NULL ? NULL : keep(account, difference->name)};
        if (copy->table == NULL || copy->columns == NULL
            || (difference->name != NULL && copy->name == NULL))
            return false;
    }
    return true;
}

static bool keep_statement(struct account *account, const char *table, bool after, bool source,
                           const char *sql)
{
    hg_copy_statement *statement = &account->result.statements[account->result.statement_count++];

    *statement = (hg_copy_statement){keep(account, table), after, source, keep(account, sql)};
    return statement->table != NULL && statement->sql != NULL;
}

static bool keep_statements(struct account *account, const struct run *run)
{
    const struct build *build = &run->build;
    const struct build_part *part;
    const struct target_hold *hold;
    const struct trigger_part *trigger;
    size_t count =
        build->parts.count + build->extras.count + build->holds.count + run->plan.parts.count;

    account->result.statements =
        arena_alloc(&account->arena, count, sizeof *account->result.statements);
    if (account->result.statements == NULL)
        return false;
    VEC_EACH (&build->parts, part)
        if (!keep_statement(account, part->subject, false, false, part->sql))
            return false;
    VEC_EACH (&build->extras, part)
        if (!keep_statement(account, part->subject, false, false, part->sql))
            return false;
    VEC_EACH (&build->holds, hold)
        if (!keep_statement(account, hold->table, true, false, hold->put_back))
            return false;
    VEC_EACH (&run->plan.parts, trigger)
        if (!keep_statement(account, trigger->table, false, true, trigger->sql))
            return false;
    return true;
}

static void digest_rules(const struct run *run, char out[33])
{
    struct digest digest = {0};
    const struct rule *rule;

    VEC_EACH (&run->rules.list, rule)
        digest_row(&digest, rule->text, strlen(rule->text));
    if (digest.rows > 0)
        digest_text(&digest, out);
}

bool account_fill(struct run *run, hg_error *err)
{
    struct account *account = (struct account *)run->result;

    digest_rules(run, account->result.rules_digest);
    return (keep_tables(account, run) && keep_findings(account, run) && keep_problems(account, run)
            && keep_differences(account, run) && keep_statements(account, run))
           || hg_fail(err, HG_NOMEM, "could not write the account of the copy: out of memory");
}

/* --- progress --- */

void copy_tell(const struct run *run, hg_event_kind kind, const char *subject, const char *message,
               double duration_ms)
{
    const hg_event event = {.kind = kind,
                            .subject = subject,
                            .message = message,
                            .unit = "row",
                            .duration_ms = duration_ms};

    if (run->observer != NULL && run->observer->on_event != NULL)
        run->observer->on_event(run->observer->context, &event);
}

void copy_phase(struct run *run, const char *phase, int64_t total_bytes)
{
    run->phase = phase;
    run->phase_total = total_bytes;
    run->phase_ns = clock_now_ns();
    for (size_t i = 0; i < run->mapping.table_count; i++) {
        atomic_store(&run->advances[i].rows, 0);
        atomic_store(&run->advances[i].bytes, 0);
        run->advances[i].announced = false;
    }
}

static void tell_table(const struct run *run, size_t i, int64_t rows)
{
    const hg_event event = {.kind = HG_EVENT_STEP_PROGRESS,
                            .subject = run->mapping.tables[i].source->name,
                            .message = run->phase,
                            .unit = "row",
                            .done = rows,
                            .total = run->advances[i].total_rows};

    if (rows > 0)
        run->observer->on_event(run->observer->context, &event);
}

/* "copying, 1.2 M rows/s, 40 s left": what is left is known once it is known how much it is. */
static void describe(const struct run *run, int64_t rows, int64_t bytes, char *out, size_t size)
{
    double ms = clock_since_ms(run->phase_ns);
    double rate = ms > 0 ? (double)rows / ms * 1000 : 0;
    int n = snprintf(out, size, "%s, %.0f rows/s", run->phase, rate);

    if (run->phase_total > 0 && bytes > 0 && (size_t)n < size)
        snprintf(out + n, size - (size_t)n, ", %.0f s left",
                 bytes < run->phase_total
                     ? ms / 1000 * (double)(run->phase_total - bytes) / (double)bytes
                     : 0.0);
}

void copy_report(void *context)
{
    const struct run *run = context;
    int64_t all_rows = 0, all_bytes = 0;
    char message[128];
    hg_event event = {.kind = HG_EVENT_STEP_PROGRESS, .subject = "", .unit = "byte"};

    if (run->observer == NULL || run->observer->on_event == NULL)
        return;
    for (size_t i = 0; i < run->mapping.table_count; i++) {
        int64_t rows = atomic_load_explicit(&run->advances[i].rows, memory_order_relaxed);

        all_rows += rows;
        all_bytes += atomic_load_explicit(&run->advances[i].bytes, memory_order_relaxed);
        tell_table(run, i, rows);
    }
    describe(run, all_rows, all_bytes, message, sizeof message);
    event.message = message;
    event.done = all_bytes;
    event.total = run->phase_total;
    run->observer->on_event(run->observer->context, &event);
}
