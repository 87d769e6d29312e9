/*
 * duplicates.c - rows that a unique key of the target would not let be beside one another.
 *
 * The source's own keys vouch for most of them. Looked for are duplicates where the source has no
 * such key, and where two values that differ in SQLite are one in PostgreSQL: two spellings of a
 * moment, a number or a UUID, texts that differ in case in a citext, blanks at the end of a char.
 *
 * Keys are compared by a hash of what is sent. There may be more of them than memory is for, so the
 * table is read in as many passes as it takes, each looking at its share of the hashes.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "key.h"

enum {
    SHARE = 400000, /* hashes that are looked at in one pass */
    ROWS_TOLD = 5
};

struct task {
    const struct target_unique *unique;
    size_t table;     /* in the mapping */
    size_t *columns;  /* of the mapping's table */
    uint64_t *hashes; /* of the pass */
    size_t count, room;
    VEC(uint64_t) twice; /* hashes that were met more than once, sorted */
    int64_t duplicates;  /* rows of these, but for the first of each */
    struct buf where;    /* some of them */
    size_t told;
};

struct search {
    struct run *run;
    VEC(struct task) tasks;
    size_t next;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not look for duplicates: out of memory");
}

/* --- which keys --- */

/* Types whose values are equal in PostgreSQL exactly when they are in SQLite, as long as they came
 * as they were. */
static bool is_faithful(const struct target_column *column)
{
    switch (column->target.type) {
    case PG_BOOL:
    case PG_INT2:
    case PG_INT4:
    case PG_INT8:
    case PG_FLOAT8:
    case PG_NUMERIC:
    case PG_VARCHAR:
    case PG_ENUM:
    case PG_BYTEA:
        return true;
    case PG_TEXT:
        return strcmp(column->short_type, "citext") != 0;
    default:
        return false;
    }
}

/* Whether any value of a column was taken in another form, or as a rule says. */
static bool was_changed(const struct run *run, size_t table, size_t column)
{
    const struct tally_group *group;

    VEC_EACH (&run->tally.groups, group)
        if (group->table == table && group->column == column)
            return true;
    return false;
}

static bool has_column(const struct task *task, const struct table *table, const char *name)
{
    for (size_t i = 0; i < task->unique->column_count; i++)
        if (strcasecmp(table->columns[task->columns[i]].source->name, name) == 0)
            return true;
    return false;
}

/* Whether these columns, or some of them, are a key of the source. */
static bool is_vouched_for(const struct task *task, const struct table *table)
{
    const struct source_table *source = table->source;

    for (size_t i = 0; i < task->unique->column_count; i++)
        if ((int)task->columns[i] == table->rowid_cell)
            return true;
    for (size_t i = 0; i < source->index_count; i++) {
        const struct source_index *index = &source->indexes[i];
        bool all = index->unique && !index->partial && !index->expression;

        for (size_t k = 0; all && k < index->key_count; k++)
            all = has_column(task, table, index->keys[k].name);
        if (all && index->key_count > 0)
            return true;
    }
    return false;
}

static bool is_in_doubt(const struct run *run, const struct task *task)
{
    const struct table *table = &run->mapping.tables[task->table];

    for (size_t i = 0; i < task->unique->column_count; i++)
        if (!is_faithful(table->columns[task->columns[i]].target)
            || was_changed(run, task->table, task->columns[i]))
            return true;
    return !is_vouched_for(task, table);
}

/* False: a column of the key is not copied. */
static bool find_columns(const struct table *table, const struct target_unique *unique,
                         size_t *columns)
{
    for (size_t i = 0; i < unique->column_count; i++) {
        size_t k = 0;

        while (k < table->column_count
               && strcmp(table->columns[k].target->name, unique->columns[i]) != 0)
            k++;
        if (k == table->column_count)
            return false;
        columns[i] = k;
    }
    return true;
}

static bool plan(struct search *search, const struct target_unique *unique, hg_error *err)
{
    struct run *run = search->run;
    struct task task = {.unique = unique, .table = run_table(run, unique->table)};
    struct task *kept;

    if (task.table == run->mapping.table_count)
        return true;
    task.columns = arena_alloc(&run->mapping.arena, unique->column_count, sizeof *task.columns);
    if (task.columns == NULL)
        return no_memory(err);
    if (!find_columns(&run->mapping.tables[task.table], unique, task.columns)
        || !is_in_doubt(run, &task))
        return true;
    kept = VEC_PUSH(&search->tasks);
    if (kept == NULL)
        return no_memory(err);
    task.where = (struct buf)BUF_INIT(4096);
    *kept = task;
    return true;
}

/* --- one key --- */

/* Calls each() for the hash of every row that would be sent. */
static bool each_key(struct task *task, struct hand *hand,
                     bool (*each)(struct task *task, struct hand *hand, uint64_t hash,
                                  uint64_t pass, hg_error *err),
                     uint64_t pass, hg_error *err)
{
    struct reader reader;
    hg_step step = HG_ROW;
    uint64_t hash;
    bool ok = reader_open(hand->source, hand->encoder.table, READ_FAR, INT64_MIN, INT64_MAX,
                          &reader, err);

    hand->encoder.brief = true;
    while (ok && (step = reader_next(&reader, hand->cells, err)) == HG_ROW) {
        image_clear(&hand->encoder.image);
        switch (encode_row(&hand->encoder, hand->cells, err)) {
        case ROW_FITS:
            ok = !key_hash(&hand->encoder, 0, task->columns, task->unique->column_count, &hash)
                 || each(task, hand, hash, pass, err);
            break;
        case ROW_REJECTED:
            break;
        case ROW_FAILED:
            ok = false;
        }
    }
    reader_close(&reader);
    hand->encoder.brief = false;
    return ok && step == HG_END;
}

static bool keep_hash(struct task *task, struct hand *hand, uint64_t hash, uint64_t pass,
                      hg_error *err)
{
    (void)hand;
    (void)err;
    if (task->count < task->room && hash >> 32 >= pass >> 32 && hash >> 32 <= (pass & UINT32_MAX))
        task->hashes[task->count++] = hash;
    return true;
}

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static bool keep_repeated(struct task *task, hg_error *err)
{
    if (task->count > 1)
        qsort(task->hashes, task->count, sizeof *task->hashes, compare_hashes);
    for (size_t i = 1; i < task->count; i++) {
        uint64_t *kept;

        if (task->hashes[i] != task->hashes[i - 1])
            continue;
        task->duplicates++;
        if (task->twice.count > 0
            && (task->twice.items[task->twice.count - 1] == task->hashes[i]
                || task->twice.count >= SHARE))
            continue;
        kept = VEC_PUSH(&task->twice);
        if (kept == NULL)
            return no_memory(err);
        *kept = task->hashes[i];
    }
    return true;
}

static bool tell_row(struct task *task, struct hand *hand, uint64_t hash, uint64_t pass,
                     hg_error *err)
{
    const struct table *table = hand->encoder.table;
    char shown[VALUE_SHOWN + 8];

    (void)pass;
    (void)err;
    if (task->told >= ROWS_TOLD
        || bsearch(&hash, task->twice.items, task->twice.count, sizeof hash, compare_hashes)
               == NULL)
        return true;
    buf_text(&task->where, task->told++ == 0 ? "" : ", ");
    if (table->rowid_cell >= 0)
        buf_printf(&task->where, "rowid %lld ",
                   (long long)hand->cells[table->rowid_cell].as.integer);
    buf_text(&task->where, cell_show(&hand->cells[task->columns[0]], shown, sizeof shown));
    return true;
}

/* pass: the first and the last of the upper halves of hashes that it looks at. */
static bool look_for_repeated(struct task *task, struct hand *hand, int64_t rows, hg_error *err)
{
    uint64_t passes = (uint64_t)rows / SHARE + 1, width = ((uint64_t)1 << 32) / passes;
    bool ok;

    task->room = (size_t)(passes == 1 ? rows : SHARE + SHARE / 4);
    task->hashes = alloc_zero(task->room + 1, sizeof *task->hashes);
    ok = task->hashes != NULL || no_memory(err);
    for (uint64_t i = 0; ok && i < passes; i++) {
        uint64_t last = i + 1 == passes ? UINT32_MAX : (i + 1) * width - 1;

        task->count = 0;
        ok = each_key(task, hand, keep_hash, (i * width) << 32 | last, err)
             && keep_repeated(task, err);
    }
    alloc_free(task->hashes);
    task->hashes = NULL;
    return ok;
}

static bool run_task(void *context, struct hand *hand, void *item, hg_error *err)
{
    struct search *search = context;
    struct task *task = item;

    hand->encoder.table = &search->run->mapping.tables[task->table];
    hand->encoder.table_number = task->table;
    return look_for_repeated(task, hand, search->run->advances[task->table].total_rows, err)
           && (task->twice.count == 0 || each_key(task, hand, tell_row, 0, err));
}

/* --- all of them --- */

static enum crew_said next_task(void *context, struct hand *hand, void **out_task)
{
    struct search *search = context;

    (void)hand;
    if (search->next == search->tasks.count)
        return CREW_OVER;
    *out_task = &search->tasks.items[search->next++];
    return CREW_TASK;
}

static bool tell(struct run *run, const struct task *task, hg_error *err)
{
    return task->duplicates == 0
           || mapping_problem(&run->mapping, "duplicate",
                              run->mapping.tables[task->table].source->name, task->duplicates, true,
                              "%lld row%s the same key as another one in unique index \"%s\" of "
                              "the target: %s%s",
                              (long long)task->duplicates,
                              task->duplicates == 1 ? " has" : "s have", task->unique->name,
                              task->where.bytes, task->duplicates + 1 > ROWS_TOLD ? ", ..." : "")
           || no_memory(err);
}

bool check_duplicates(struct run *run, hg_error *err)
{
    struct search search = {.run = run};
    const struct crew_work work = {&search, next_task, run_task, NULL, NULL};
    struct tally ignored = {.groups = VEC_INIT}; /* all of it was counted by the check */
    struct task *task;
    bool ok = true;

    for (size_t i = 0; ok && i < run->target.unique_count; i++)
        ok = plan(&search, &run->target.uniques[i], err);
    for (int i = 0; i < run->crew.size; i++)
        run->crew.hands[i].encoder.dry = false;
    if (search.tasks.count > 0)
        ok = ok && crew_run(&run->crew, &work, err);
    crew_collect(&run->crew, &ignored);
    tally_release(&ignored);
    VEC_EACH (&search.tasks, task) {
        ok = ok && tell(run, task, err);
        VEC_RELEASE(&task->twice);
        buf_release(&task->where);
    }
    VEC_RELEASE(&search.tasks);
    return ok;
}
