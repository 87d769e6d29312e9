/*
 * conditions.c - rows that do not meet a CHECK of the target, found before one of them is sent
 * there to stay.
 *
 * A condition may say anything that PostgreSQL's SQL can, so nobody but PostgreSQL judges it: what
 * would be sent goes into a temporary table, some megabytes at a time, and the server counts those
 * for which the condition is false. Of a table without conditions nothing is sent.
 */
#include "court.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "schema/names.h"

enum { BATCH_BYTES = 4 << 20 };

struct judge {
    struct run *run;
    VEC(struct court_task) tasks;
    size_t next;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not look into the conditions: out of memory");
}

/* --- which --- */

static size_t find_column(const struct table *table, const char *name)
{
    size_t i = 0;

    while (i < table->column_count && strcmp(table->columns[i].target->name, name) != 0)
        i++;
    return i;
}

static const struct target_column *find_target(const struct table *table, const char *name)
{
    for (size_t i = 0; i < table->target->column_count; i++)
        if (strcmp(table->target->columns[i].name, name) == 0)
            return &table->target->columns[i];
    return NULL;
}

static void fail(struct condition *condition, const hg_error *said)
{
    condition->failed = true;
    condition->why = *said;
}

/* What a generated column is made from is not known, so all are sent where one is looked at. What
 * the server gives a column that the copy does not send is known to nobody beforehand. */
static void choose_columns(struct court_task *task, const struct table *table,
                           struct condition *condition)
{
    hg_error why = {HG_OK};

    if (condition->check->partitions && condition->check->expression == NULL
        && !hg_fail(&why, HG_FAILED, "there are very many of them"))
        fail(condition, &why);
    if (condition->check->whole && !hg_fail(&why, HG_FAILED, "it looks at the row as such"))
        fail(condition, &why);
    for (size_t i = 0; i < condition->check->column_count; i++) {
        const char *name = condition->check->columns[i];
        size_t column = find_column(table, name);
        const struct target_column *target = find_target(table, name);

        if (column < table->column_count)
            task->sent[column] = true;
        else if (target != NULL && target->generated)
            memset(task->sent, true, table->column_count * sizeof *task->sent);
        else if (!hg_fail(&why, HG_FAILED, "column \"%s\" gets its value in the target", name))
            fail(condition, &why);
    }
}

static struct court_task *task_of(struct judge *judge, size_t table, hg_error *err)
{
    struct run *run = judge->run;
    struct court_task *task;

    VEC_EACH (&judge->tasks, task)
        if (task->table == table)
            return task;
    task = VEC_PUSH(&judge->tasks);
    if (task != NULL)
        *task = (struct court_task){.table = table,
                                    .sent = arena_alloc(&run->mapping.arena,
                                                        run->mapping.tables[table].column_count,
                                                        sizeof *task->sent)};
    return task != NULL && task->sent != NULL ? task : (no_memory(err), NULL);
}

static bool plan(struct judge *judge, hg_error *err)
{
    struct run *run = judge->run;

    for (size_t i = 0; i < run->target.check_count; i++) {
        size_t table = run_table(run, run->target.checks[i].table);
        struct court_task *task;
        struct condition *condition;

        if (table == run->mapping.table_count)
            continue;
        task = task_of(judge, table, err);
        if (task == NULL)
            return false;
        condition = VEC_PUSH(&task->conditions);
        if (condition == NULL)
            return no_memory(err);
        *condition = (struct condition){.check = &run->target.checks[i]};
        choose_columns(task, &run->mapping.tables[table], condition);
    }
    return true;
}

/* --- the table that they are judged in --- */

/* As the table is or will be; its own conditions do not come along. */
static bool put_table(const struct court *c, struct buf *sql)
{
    const struct target_table *target = c->table->target;
    const struct build_part *part;

    buf_text(sql, "CREATE TEMPORARY TABLE headgate_probe ");
    if (!target->made) {
        buf_printf(sql, "(LIKE %s INCLUDING GENERATED)", target->sql_name);
        return true;
    }
    VEC_EACH (&c->run->build.parts, part)
        if (strcmp(part->subject, target->name) == 0) {
            buf_text(sql, part->sql + strlen("CREATE TABLE ") + strlen(target->sql_name));
            return true;
        }
    return false;
}

/* Nothing is given for columns that are not sent; and a domain would judge by itself. */
static void put_changes(const struct court *c, struct buf *sql)
{
    const struct target_table *target = c->table->target;
    const struct condition *condition;

    buf_text(sql, " ON COMMIT DELETE ROWS; ALTER TABLE " PROBE " ADD headgate_row bigint");
    for (size_t i = 0; i < target->column_count; i++) {
        size_t column = find_column(c->table, target->columns[i].name);

        if (!target->columns[i].target.not_null || (target->made && target->columns[i].has_default)
            || (column < c->table->column_count && c->task->sent[column]))
            continue;
        buf_text(sql, ", ALTER COLUMN ");
        name_put(sql, target->columns[i].name);
        buf_text(sql, " DROP NOT NULL");
    }
    VEC_EACH (&c->task->conditions, condition)
        if (condition->check->base != NULL) {
            buf_text(sql, ", ALTER COLUMN ");
            name_put(sql, condition->check->columns[0]);
            buf_printf(sql, " TYPE %s", condition->check->base);
        }
}

static bool run_script(const struct court *c, const struct buf *sql, hg_error *err)
{
    return buf_failed(sql) ? no_memory(err)
                           : bulk_script(c->hand->target, sql->bytes, hg_deadline_never(), err);
}

/* What the server says is no reason to stop, as long as it is there and nobody wants to. */
static bool is_only_said(const struct court *c, const hg_error *said)
{
    return !hg_conn_lost(c->hand->target) && said->code != HG_CANCELLED && said->code != HG_NOMEM
           && !crew_stopping(c->hand->crew);
}

static bool fail_all(struct court *c, const hg_error *said, hg_error *err)
{
    struct condition *condition;

    if (!is_only_said(c, said)) {
        if (err != NULL)
            *err = *said;
        return false;
    }
    VEC_EACH (&c->task->conditions, condition)
        if (!condition->failed)
            fail(condition, said);
    return true;
}

bool court_try(struct court *c, struct condition *condition, const struct buf *sql, hg_error *err)
{
    hg_error said = {HG_OK};
    bool ok = run_script(c, sql, &said);

    if (!ok && is_only_said(c, &said)) {
        fail(condition, &said);
        return true;
    }
    if (!ok && err != NULL)
        *err = said;
    return ok;
}

/* A condition that a table to be made will have may be one that the server does not understand:
 * making it tells that, and nobody has to meet it. */
static bool try_condition(struct court *c, struct condition *condition, hg_error *err)
{
    struct buf sql = BUF_INIT(1 << 20);
    bool ok;

    if (condition->check->exclude != NULL)
        return exclusion_make(c, condition, err);
    buf_text(&sql, "SELECT count(*) FROM " PROBE " AS ");
    name_put(&sql, c->table->target->name);
    buf_printf(&sql, " WHERE NOT (%s)", condition->check->expression);
    ok = court_try(c, condition, &sql, err);
    buf_release(&sql);
    return ok;
}

/* One pass over what was sent counts for all conditions. */
static void write_count(struct court *c)
{
    const struct condition *condition;

    c->count.size = 0;
    VEC_EACH (&c->task->conditions, condition)
        if (!condition->failed && condition->check->exclude == NULL)
            buf_printf(&c->count,
                       "%s count(*) FILTER (WHERE NOT (%s)), min(headgate_row) FILTER (WHERE NOT "
                       "(%s))",
                       c->count.size == 0 ? "SELECT" : ",", condition->check->expression,
                       condition->check->expression);
    if (c->count.size == 0)
        return;
    buf_text(&c->count, " FROM " PROBE " AS ");
    name_put(&c->count, c->table->target->name);
}

static bool prepare(struct court *c, hg_error *err)
{
    struct buf sql = BUF_INIT(4 << 20);
    struct condition *condition;
    hg_error said = {HG_OK};
    bool ok = put_table(c, &sql);

    assert(ok);
    put_changes(c, &sql);
    c->made = run_script(c, &sql, &said);
    ok = c->made || fail_all(c, &said, err);
    buf_release(&sql);
    VEC_EACH (&c->task->conditions, condition)
        if (ok && !condition->failed)
            ok = try_condition(c, condition, err);
    write_count(c);
    return ok;
}

/* --- rows --- */

/* Of those that look at rows one by one. */
static bool add_counts(struct court *c, hg_error *err)
{
    struct condition *condition;
    hg_rows *rows = NULL;
    size_t at = 0;
    bool ok =
        hg_conn_query(c->hand->target, c->count.bytes, NULL, 0, hg_deadline_never(), &rows, err)
        && hg_rows_next(rows, hg_deadline_never(), err) == HG_ROW;

    VEC_EACH (&c->task->conditions, condition) {
        if (!ok || condition->failed || condition->check->exclude != NULL)
            continue;
        if (condition->count == 0)
            condition->first = hg_rows_integer(rows, at + 1);
        condition->count += hg_rows_integer(rows, at);
        at += 2;
    }
    hg_rows_close(rows);
    return ok;
}

static bool count_rows(struct court *c, hg_error *err)
{
    struct condition *condition;
    bool ok = c->count.size == 0 || add_counts(c, err);

    VEC_EACH (&c->task->conditions, condition)
        if (ok && !condition->failed && condition->check->exclude != NULL)
            ok = exclusion_count(c, condition, err);
    return ok;
}

static bool can_judge(const struct court *c)
{
    const struct condition *condition;

    VEC_EACH (&c->task->conditions, condition)
        if (!condition->failed)
            return true;
    return false;
}

static bool drop_tables(struct court *c, hg_error *err)
{
    const struct condition *condition;
    bool ok = !c->made || bulk_script(c->hand->target, "DROP TABLE " PROBE, copy_soon(), err);

    VEC_EACH (&c->task->conditions, condition)
        if (ok && c->made && condition->check->exclude != NULL)
            ok = exclusion_drop(c, condition, err);
    return ok;
}

static bool send_batch(struct court *c, hg_error *err)
{
    struct buf sql = BUF_INIT(1 << 20);
    bool ok;

    buf_text(&sql, "COPY " PROBE " (");
    for (size_t i = 0; i < c->table->column_count; i++)
        if (c->task->sent[i]) {
            name_put(&sql, c->table->columns[i].target->name);
            buf_text(&sql, ", ");
        }
    buf_text(&sql, "headgate_row) FROM STDIN (FORMAT binary)");
    ok = buf_failed(&sql) ? no_memory(err)
                          : bulk_copy_in(c->hand->target, sql.bytes, copy_soon(), err);
    buf_release(&sql);
    if (ok
        && !bulk_send(c->hand->target, c->batch.bytes, c->batch.size, hg_deadline_never(), err)) {
        ok = false;
        (void)bulk_copy_end(c->hand->target, "given up", copy_soon(), NULL, NULL);
    }
    return ok && bulk_copy_end(c->hand->target, NULL, hg_deadline_never(), NULL, err);
}

/* Sends what has come together and has it judged; *out_over: nothing can be any more. */
static bool judge_batch(struct court *c, bool *out_over, hg_error *err)
{
    hg_conn *conn = c->hand->target;
    hg_error said = {HG_OK};
    bool ok;

    encode_trailer(&c->batch);
    if (c->batch.failed)
        return no_memory(err);
    ok = hg_conn_begin(conn, copy_soon(), &said) && send_batch(c, &said) && count_rows(c, &said)
         && hg_conn_commit(conn, copy_soon(), &said);
    c->batch.size = 0;
    encode_header(&c->batch);
    *out_over = !ok;
    if (ok)
        return true;
    if (!hg_conn_lost(conn))
        (void)hg_conn_rollback(conn, copy_soon(), NULL);
    return fail_all(c, &said, err);
}

/* The fields that conditions look at, and the rowid or the row's number. */
static bool add_row(struct court *c, hg_error *err)
{
    const struct image *row = &c->hand->encoder.image;
    const char *at = row->bytes + 2;
    int64_t number =
        c->table->rowid_cell >= 0 ? c->hand->cells[c->table->rowid_cell].as.integer : c->rows;
    uint16_t fields = 1;

    if (!image_reserve(&c->batch, row->size + IMAGE_FIXED))
        return no_memory(err);
    for (size_t i = 0; i < c->table->column_count; i++)
        fields = (uint16_t)(fields + c->task->sent[i]);
    image_u16(&c->batch, fields);
    for (size_t i = 0; i < c->table->column_count; i++) {
        uint32_t size;
        size_t all;

        memcpy(&size, at, sizeof size);
        all = sizeof size + (size == UINT32_MAX ? 0 : be32toh(size));
        if (c->task->sent[i])
            image_bytes(&c->batch, at, all);
        at += all;
    }
    image_u32(&c->batch, sizeof number);
    image_u64(&c->batch, (uint64_t)number);
    return true;
}

/* Whether a condition looks at a column whose values may be larger than memory is for. */
static bool sends_pieces(const struct court *c)
{
    for (size_t i = 0; i < c->table->column_count; i++)
        if (c->task->sent[i] && c->table->columns[i].pieces_most > 0)
            return true;
    return false;
}

static bool judge_rows(struct court *c, hg_error *err)
{
    struct encoder *encoder = &c->hand->encoder;
    struct reader reader = {.rows = NULL};
    enum reading reading = sends_pieces(c) ? READ_WHOLE : READ_FAR;
    hg_step step = HG_ROW;
    bool over = !can_judge(c), ok = over
                                    || reader_open(c->hand->source, c->table, reading, INT64_MIN,
                                                   INT64_MAX, &reader, err);

    encoder->brief = true;
    encode_header(&c->batch);
    while (ok && !over && (step = reader_next(&reader, c->hand->cells, err)) == HG_ROW) {
        enum encoded said;

        image_clear(&encoder->image);
        said = encode_row(encoder, c->hand->cells, err);
        c->rows++;
        pace_row(&c->run->pace, c->hand);
        ok = said != ROW_FAILED && (said == ROW_REJECTED || add_row(c, err))
             && (c->batch.size < BATCH_BYTES || judge_batch(c, &over, err));
    }
    reader_close(&reader);
    encoder->brief = false;
    return ok && step != HG_ERROR && (over || judge_batch(c, &over, err));
}

static bool run_task(void *context, struct hand *hand, void *item, hg_error *err)
{
    struct judge *judge = context;
    struct court_task *task = item;
    struct court c = {.run = judge->run,
                      .hand = hand,
                      .task = task,
                      .table = &judge->run->mapping.tables[task->table],
                      .count = BUF_INIT(4 << 20)};
    bool ok;

    hand->encoder.table = c.table;
    hand->encoder.table_number = task->table;
    ok = prepare(&c, err);
    if (ok && buf_failed(&c.count))
        ok = no_memory(err);
    ok = ok && judge_rows(&c, err) && drop_tables(&c, err);
    buf_release(&c.count);
    image_release(&c.batch);
    if (!ok)
        hg_error_context(err, "could not look into the conditions of table \"%s\"",
                         c.table->source->name);
    return ok;
}

/* --- all of them --- */

static enum crew_said next_task(void *context, struct hand *hand, void **out_task)
{
    struct judge *judge = context;

    (void)hand;
    if (judge->next == judge->tasks.count)
        return CREW_OVER;
    *out_task = &judge->tasks.items[judge->next++];
    return CREW_TASK;
}

/* What is wrong with rows that do not meet a condition. */
static void put_fault(const struct condition *condition, struct buf *out)
{
    const struct target_check *check = condition->check;
    bool one = condition->count == 1;

    buf_printf(out, "%lld row%s ", (long long)condition->count, one ? "" : "s");
    if (check->partitions)
        buf_printf(out, "belong%s into no partition of the target's table", one ? "s" : "");
    else if (check->exclude != NULL)
        buf_printf(out, "conflict%s with others under the target's \"%s\": %s", one ? "s" : "",
                   check->name, check->exclude);
    else
        buf_printf(out, "%s not meet the target's check \"%s\": %s", one ? "does" : "do",
                   check->name, check->expression);
}

static bool tell(struct run *run, const struct table *table, const struct condition *condition,
                 hg_error *err)
{
    const struct target_check *check = condition->check;
    const char *name = table->source->name;
    struct buf fault = BUF_INIT(1 << 20);
    bool ok = true;

    put_fault(condition, &fault);
    if (condition->failed)
        ok = mapping_problem(&run->mapping, "check-unknown", name, 0, false,
                             "whether rows meet the target's check \"%s\" is not known beforehand: "
                             "%s",
                             check->name, condition->why.message);
    else if (condition->count > 0)
        ok = mapping_problem(&run->mapping,
                             check->partitions        ? "partition-none"
                             : check->exclude != NULL ? "exclusion"
                                                      : "check",
                             name, condition->count, true, "%s; the first %s %lld", fault.bytes,
                             table->rowid_cell >= 0 ? "has rowid"
                                                    : "is in the order of the key "
                                                      "number",
                             (long long)condition->first);
    buf_release(&fault);
    return ok || no_memory(err);
}

bool check_conditions(struct run *run, hg_error *err)
{
    struct judge judge = {.run = run};
    const struct crew_work work = {&judge, next_task, run_task, NULL, NULL};
    struct tally ignored = {.groups = VEC_INIT}; /* all of it was counted by the check */
    struct court_task *task;
    const struct condition *condition;
    bool ok = plan(&judge, err);

    for (int i = 0; i < run->crew.size; i++)
        run->crew.hands[i].encoder.dry = false;
    if (ok && judge.tasks.count > 0)
        ok = crew_connect(&run->crew, run->target_pool, err) && crew_run(&run->crew, &work, err);
    crew_collect(&run->crew, &ignored);
    tally_release(&ignored);
    VEC_EACH (&judge.tasks, task) {
        VEC_EACH (&task->conditions, condition)
            if (ok)
                ok = tell(run, &run->mapping.tables[task->table], condition, err);
        VEC_RELEASE(&task->conditions);
    }
    VEC_RELEASE(&judge.tasks);
    return ok;
}
