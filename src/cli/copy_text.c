/*
 * copy_text.c - what a copy has done and found, for people.
 */
#include "copy_text.h"

#include <string.h>

#include "base/text.h"
#include "table.h"

static const char *verdict(const hg_copy_table *table)
{
    return !table->compared ? "-" : table->match ? "equal" : "DIFFERENT";
}

static void put_tables(struct buf *out, const hg_copy_result *result)
{
    static const struct table_column columns[] = {
        {"TABLE", ALIGN_LEFT},     {"ROWS", ALIGN_RIGHT},  {"COPIED", ALIGN_RIGHT},
        {"REJECTED", ALIGN_RIGHT}, {"BYTES", ALIGN_RIGHT}, {"CONTENT", ALIGN_LEFT},
        {"DIGEST", ALIGN_LEFT},
    };
    struct table t = TABLE_INIT(columns);

    for (size_t i = 0; i < result->table_count; i++) {
        const hg_copy_table *table = &result->tables[i];
        const char **row = table_row(&t);
        char bytes[32];

        row[0] = table->table;
        row[1] = arena_printf(&t.arena, "%lld", (long long)table->rows_read);
        row[2] = arena_printf(&t.arena, "%lld", (long long)table->rows_written);
        row[3] = arena_printf(&t.arena, "%lld", (long long)table->rejected);
        row[4] = arena_text(&t.arena, cli_bytes(table->bytes, bytes, sizeof bytes));
        row[5] = verdict(table);
        row[6] = table->source_digest[0] == '\0' ? "-" : table->source_digest;
    }
    table_end(&t, out);
}

static void put_sample(struct buf *out, const hg_copy_sample *sample)
{
    buf_text(out, "      ");
    if (sample->key != NULL)
        text_show(out, sample->key);
    else
        buf_printf(out, "rowid %lld", (long long)sample->rowid);
    buf_printf(out, "  %s  ", sample->storage);
    text_show(out, sample->value);
    buf_char(out, '\n');
}

static void put_finding(struct buf *out, const hg_copy_finding *finding)
{
    buf_printf(out, "%8lld  ", (long long)finding->count);
    text_show(out, finding->table);
    buf_char(out, '.');
    text_show(out, finding->column);
    buf_text(out, " (");
    text_show(out, finding->type);
    buf_printf(out, ")  %s: %s", finding->rule, finding->title);
    if (finding->action[0] != '\0')
        buf_printf(out, "; rule: %s", finding->action);
    buf_char(out, '\n');
    for (size_t i = 0; !finding->fits && i < finding->sample_count; i++)
        put_sample(out, &finding->samples[i]);
}

/* Of three kinds: does not fit, a rule was followed, fits in another form. */
static void put_findings(struct buf *out, const hg_copy_result *result)
{
    static const char *const titles[] = {"Values that do not fit:", "Rules that were followed:",
                                         "Values that were taken in another form:"};
    int last = -1;

    for (size_t i = 0; i < result->finding_count; i++) {
        const hg_copy_finding *finding = &result->findings[i];
        int kind = finding->fits ? 2 : finding->action[0] != '\0';

        if (kind != last)
            buf_printf(out, "\n%s\n", titles[kind]);
        last = kind;
        put_finding(out, finding);
    }
}

static void put_problems(struct buf *out, const hg_copy_result *result)
{
    if (result->problem_count > 0)
        buf_text(out, "\nTables:\n");
    for (size_t i = 0; i < result->problem_count; i++) {
        const hg_copy_problem *problem = &result->problems[i];

        buf_printf(out, "  %-5s ", problem->stops ? "stops" : "note");
        text_show(out, problem->table);
        buf_printf(out, "%s%s: ", problem->table[0] == '\0' ? "" : "  ", problem->kind);
        text_show(out, problem->message);
        buf_char(out, '\n');
    }
}

static void put_differences(struct buf *out, const hg_copy_result *result)
{
    if (result->difference_count > 0)
        buf_text(out, "\nRows that differ:\n");
    for (size_t i = 0; i < result->difference_count; i++) {
        const hg_copy_difference *difference = &result->differences[i];

        buf_text(out, "  ");
        text_show(out, difference->table);
        if (difference->name == NULL)
            buf_printf(out, "  rowid %lld", (long long)difference->key);
        else
            buf_text(out, "  ");
        text_show(out, difference->name == NULL ? "" : difference->name);
        buf_printf(out, "  %s",
                   strcmp(difference->kind, "extra") == 0     ? "only in the target"
                   : strcmp(difference->kind, "missing") == 0 ? "not in the target"
                                                              : "differs in ");
        text_show(out, difference->columns);
        buf_char(out, '\n');
    }
}

static void put_target_statements(struct buf *out, const hg_copy_result *result)
{
    bool any = false, after = false;

    for (size_t i = 0; i < result->statement_count; i++) {
        if (result->statements[i].source)
            continue;
        buf_text(out, any ? "" : "\nTables that would be made:\n");
        if (result->statements[i].after && !after)
            buf_text(out, "  -- after the rows\n");
        any = true;
        after = result->statements[i].after;
        buf_text(out, "  ");
        text_show(out, result->statements[i].sql);
        buf_text(out, ";\n");
    }
}

static void put_source_statements(struct buf *out, const hg_copy_result *result, const char *title)
{
    bool any = false;

    for (size_t i = 0; i < result->statement_count; i++) {
        if (!result->statements[i].source)
            continue;
        buf_text(out, any ? "" : title);
        any = true;
        buf_text(out, "  ");
        text_show(out, result->statements[i].sql);
        buf_text(out, ";\n");
    }
}

static void put_statements(struct buf *out, const hg_copy_result *result)
{
    if (result->mode != HG_COPY_DRY_RUN)
        return;
    put_target_statements(out, result);
    put_source_statements(out, result, "\nWould be installed in the source:\n");
}

static void put_removal(struct buf *out, const hg_copy_result *result)
{
    if (result->statement_count == 0)
        buf_text(out, "The source has nothing of headgate's triggers.\n");
    put_source_statements(out, result, "Taken away from the source:\n");
}

static void put_phase(struct buf *out, const char *name, double ms)
{
    char took[32];

    if (ms > 0)
        buf_printf(out, ", %s %s", name, cli_duration(ms, took, sizeof took));
}

static void put_summary(struct buf *out, const hg_copy_result *result)
{
    char size[32];

    buf_printf(out, "\n%s%lld rows, %s", result->mode == HG_COPY_DRY_RUN ? "dry run: " : "",
               (long long)result->rows, cli_bytes(result->bytes, size, sizeof size));
    if (result->sequences_reset > 0)
        buf_printf(out, ", %d sequence%s set", result->sequences_reset,
                   result->sequences_reset == 1 ? "" : "s");
    put_phase(out, "checked in", result->check_ms);
    put_phase(out, "copied in", result->data_ms);
    put_phase(out, "finished in", result->finish_ms);
    put_phase(out, "verified in", result->verify_ms);
    buf_char(out, '\n');
}

/* By triggers no pages are compared. */
void copy_text_pages(struct buf *out, const hg_copy_result *result)
{
    if (result->pages_changed > 0)
        buf_printf(out, ", %lld pages", (long long)result->pages_changed);
}

static void put_catch_up(struct buf *out, const hg_copy_result *result)
{
    char behind[32];

    buf_printf(out, "%lld rows new or changed, %lld gone", (long long)result->rows_put,
               (long long)result->rows_gone);
    copy_text_pages(out, result);
    put_phase(out, "compared in", result->check_ms);
    put_phase(out, "brought over in", result->data_ms);
    buf_printf(out, ", %s behind\n", cli_duration(result->behind_ms, behind, sizeof behind));
    put_findings(out, result);
}

void copy_text_put(struct buf *out, const hg_copy_result *result, bool failed)
{
    if (result->mode == HG_COPY_CATCH_UP && !failed) {
        put_catch_up(out, result);
    } else if (result->mode == HG_COPY_REMOVE_TRIGGERS) {
        put_removal(out, result);
    } else if (result->mode == HG_COPY_ABANDON) {
        buf_text(out, "The unfinished copy was given up; the target is as it was before.\n");
    } else {
        put_tables(out, result);
        put_findings(out, result);
        put_problems(out, result);
        put_differences(out, result);
        put_statements(out, result);
        put_summary(out, result);
    }
}
