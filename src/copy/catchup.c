/*
 * catchup.c - finds what changed in the source since the moment that the target holds, by comparing
 * pages: nothing is installed in the source, and rows on pages that are the same are never read.
 *
 * Pages tell which rows are in doubt, a superset of those that changed; these are read on both
 * sides with SQL and compared, so that what a page means is SQLite's business alone.
 */
#include "catchup.h"

#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "base/buf.h"
#include "base/clock.h"

enum { BLOCK_BYTES = 256 << 10, BLOCKS_A_TASK = 32, DOUBTS_A_TASK = 256 };

struct block {
    uint32_t first, count; /* pages */
};

/* Rows in doubt of one table, as many as one worker looks at. */
struct look {
    size_t table;
    const struct doubt *doubts;
    size_t count;
    VEC(int64_t) put;
    VEC(int64_t) gone;
};

struct search {
    struct catchup *c;
    hg_conn **before;                       /* a reader of the moment for every hand */
    struct bulk_pages **old_pages, **pages; /* of every hand */
    struct flags changed, known, scratch;
    struct doubts *doubts; /* of each table of the mapping */
    bool hidden;           /* pages changed that belong to no tree: content of long rows */
    VEC(struct block) blocks;
    VEC(struct look) looks;
    size_t next;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not compare with the moment: out of memory");
}

/* --- pages --- */

static bool compare_block(struct search *s, struct hand *hand, uint32_t first, uint32_t count,
                          uint8_t *buffers, hg_error *err)
{
    uint32_t size = bulk_page_size(s->pages[0]);
    uint8_t *a = buffers, *b = buffers + (size_t)count * size;

    if (!bulk_pages_read(s->old_pages[hand->number], first, count, a, err)
        || !bulk_pages_read(s->pages[hand->number], first, count, b, err))
        return false;
    if (memcmp(a, b, (size_t)count * size) == 0)
        return true;
    for (uint32_t i = 0; i < count; i++)
        s->changed.of[first + i] = memcmp(a + (size_t)i * size, b + (size_t)i * size, size) != 0;
    return true;
}

static bool compare_blocks(void *context, struct hand *hand, void *task, hg_error *err)
{
    struct search *s = context;
    const struct block *block = task;
    uint32_t step = BLOCK_BYTES / bulk_page_size(s->pages[0]);
    uint8_t *buffers = alloc_zero(2 * step, bulk_page_size(s->pages[0]));
    bool ok = buffers != NULL || no_memory(err);

    for (uint32_t i = 0; ok && i < block->count; i += step)
        ok = compare_block(s, hand, block->first + i,
                           block->count - i < step ? block->count - i : step, buffers, err);
    alloc_free(buffers);
    return ok;
}

static enum crew_said next_block(void *context, struct hand *hand, void **out_task)
{
    struct search *s = context;

    (void)hand;
    if (s->next == s->blocks.count)
        return CREW_OVER;
    *out_task = &s->blocks.items[s->next++];
    return CREW_TASK;
}

/* Pages that only one of the two has did change. */
static bool compare_pages(struct search *s, hg_error *err)
{
    const struct crew_work work = {s, next_block, compare_blocks, NULL, NULL};
    uint32_t before = bulk_page_count(s->old_pages[0]), now = bulk_page_count(s->pages[0]);
    uint32_t both = before < now ? before : now, most = before < now ? now : before;
    uint32_t step = BLOCKS_A_TASK * (BLOCK_BYTES / bulk_page_size(s->pages[0]));

    s->changed = (struct flags){alloc_zero(most + 1, 1), most + 1};
    s->known = (struct flags){alloc_zero(most + 1, 1), most + 1};
    s->scratch = (struct flags){alloc_zero(most + 1, 1), most + 1};
    if (s->changed.of == NULL || s->known.of == NULL || s->scratch.of == NULL)
        return no_memory(err);
    memset(s->changed.of + both + 1, 1, most - both);
    for (uint32_t at = 1; at <= both; at += step) {
        struct block *block = VEC_PUSH(&s->blocks);

        if (block == NULL)
            return no_memory(err);
        *block = (struct block){at, both - at + 1 < step ? both - at + 1 : step};
    }
    if (!crew_run(&s->c->run->crew, &work, err))
        return false;
    for (uint32_t i = 1; i <= most; i++)
        s->c->pages += s->changed.of[i];
    return true;
}

/* --- trees --- */

struct root {
    const char *name; /* of the table it belongs to */
    bool table;
    uint32_t page;
};

struct roots {
    struct arena arena;
    VEC(struct root) list;
};

static bool add_root(void *context, hg_rows *rows, hg_error *err)
{
    struct roots *roots = context;
    struct root *root = VEC_PUSH(&roots->list);

    if (root == NULL)
        return no_memory(err);
    *root = (struct root){arena_text(&roots->arena, hg_rows_text(rows, 0)),
                          hg_rows_integer(rows, 1) != 0, (uint32_t)hg_rows_integer(rows, 2)};
    return root->name != NULL || no_memory(err);
}

static bool read_roots(hg_conn *conn, struct roots *out, hg_error *err)
{
    *out = (struct roots){.arena = ARENA_INIT};
    return ask_rows(conn,
                    "SELECT name, type = 'table', rootpage FROM sqlite_schema WHERE rootpage > 0 "
                    "UNION ALL SELECT 'sqlite_schema', 1, 1",
                    NULL, 0, add_root, out, copy_soon(), err);
}

static void release_roots(struct roots *roots)
{
    VEC_RELEASE(&roots->list);
    arena_release(&roots->arena);
}

static uint32_t find_root(const struct roots *roots, const char *table)
{
    const struct root *root;

    VEC_EACH (&roots->list, root)
        if (root->table && strcmp(root->name, table) == 0)
            return root->page;
    return 0;
}

/* Which pages belong to a tree, so that it is known which do not. */
static bool mark_all(struct search *s, const struct roots *roots, hg_error *err)
{
    const struct root *root;
    bool ok = true;

    VEC_EACH (&roots->list, root) {
        struct btree tree;

        if (!ok || !(ok = btree_read(s->pages[0], root->page, &tree, err)))
            continue;
        btree_mark(&tree, &s->known);
        btree_release(&tree);
    }
    for (uint32_t i = 1; i <= bulk_page_count(s->pages[0]); i++)
        s->hidden = s->hidden || (s->changed.of[i] != 0 && s->known.of[i] == 0);
    return ok;
}

static bool has_changed(const struct flags *changed, const struct btree *tree)
{
    const struct leaf *leaf;
    const uint32_t *inner;

    VEC_EACH (&tree->leaves, leaf)
        if (changed->of[leaf->page] != 0)
            return true;
    VEC_EACH (&tree->inner, inner)
        if (changed->of[*inner] != 0)
            return true;
    return false;
}

static bool doubt_table(struct search *s, size_t number, const struct roots *old_roots,
                        const struct roots *roots, hg_error *err)
{
    const struct table *table = &s->c->run->mapping.tables[number];
    uint32_t old_root = find_root(old_roots, table->source->name);
    uint32_t root = find_root(roots, table->source->name);
    struct btree before = {.keyed = false}, now = {.keyed = false};
    const struct tree_state states[] = {{&before, s->old_pages[0]}, {&now, s->pages[0]}};
    bool ok;

    s->c->changes[number].whole = root == 0 || old_root == 0;
    if (s->c->changes[number].whole) /* a virtual table: it has no pages of its own */
        return true;
    ok = btree_read(s->old_pages[0], old_root, &before, err)
         && btree_read(s->pages[0], root, &now, err);
    ok = ok
         && (!now.keyed
             || btree_compare(&states[0], &states[1], &s->changed, &s->scratch, &s->doubts[number],
                              err))
         && (!s->hidden || btree_overflow(s->pages[0], &now, &s->changed, &s->doubts[number], err));
    if (ok && !now.keyed)
        s->c->changes[number].whole = s->doubts[number].list.count > 0
                                      || has_changed(&s->changed, &before)
                                      || has_changed(&s->changed, &now);
    else if (ok)
        s->c->changes[number].whole = s->doubts[number].list.count > 0 && table->key == NULL;
    doubts_tidy(&s->doubts[number]);
    btree_release(&before);
    btree_release(&now);
    return ok;
}

static bool doubt_tables(struct search *s, hg_error *err)
{
    struct roots old_roots, roots;
    bool ok = read_roots(s->before[0], &old_roots, err)
              && read_roots(s->c->run->crew.hands[0].source, &roots, err)
              && mark_all(s, &roots, err);

    for (size_t i = 0; ok && i < s->c->run->mapping.table_count; i++)
        ok = doubt_table(s, i, &old_roots, &roots, err);
    release_roots(&old_roots);
    release_roots(&roots);
    return ok;
}

/* --- rows --- */

/* One side of a comparison: rows in the order of their rowids. */
struct state {
    struct reader reader;
    struct cell *cells;
    int64_t rowid;
    bool over;
};

static bool next_row(struct state *r, int rowid_cell, hg_error *err)
{
    hg_step step = reader_next(&r->reader, r->cells, err);

    r->over = step == HG_END;
    if (step == HG_ROW)
        r->rowid = r->cells[rowid_cell].as.integer;
    return step != HG_ERROR;
}

static bool is_same(const struct cell *a, const struct cell *b)
{
    if (a->class != b->class)
        return false;
    switch (a->class) {
    case CELL_NULL:
        return true;
    case CELL_INTEGER:
        return a->as.integer == b->as.integer;
    case CELL_REAL:
        return memcmp(&a->as.real, &b->as.real, sizeof a->as.real) == 0;
    case CELL_LARGE: /* nobody knows */
        return false;
    case CELL_TEXT:
    case CELL_BLOB:
        break;
    }
    return a->size == b->size && memcmp(a->as.bytes, b->as.bytes, a->size) == 0;
}

static bool are_same(const struct table *table, const struct state *a, const struct state *b)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (!is_same(&a->cells[i], &b->cells[i]))
            return false;
    return true;
}

static bool compare_rows(struct look *look, const struct table *table, struct state *before,
                         struct state *now, hg_error *err)
{
    bool ok = next_row(before, table->rowid_cell, err) && next_row(now, table->rowid_cell, err);

    while (ok && !(before->over && now->over)) {
        bool gone = now->over || (!before->over && before->rowid < now->rowid);
        bool added = before->over || (!now->over && now->rowid < before->rowid);
        bool other = !gone && (added || !are_same(table, before, now));
        int64_t *kept = gone ? VEC_PUSH(&look->gone) : other ? VEC_PUSH(&look->put) : NULL;

        if (kept != NULL)
            *kept = gone ? before->rowid : now->rowid;
        ok = kept != NULL || !(gone || other) || no_memory(err);
        ok = ok && (added || next_row(before, table->rowid_cell, err))
             && (gone || next_row(now, table->rowid_cell, err));
    }
    return ok;
}

static bool look_at(void *context, struct hand *hand, void *task, hg_error *err)
{
    struct search *s = context;
    struct look *look = task;
    const struct table *table = &s->c->run->mapping.tables[look->table];
    struct cell *cells = alloc_zero(table->cell_count, sizeof *cells);
    bool ok = cells != NULL || no_memory(err);

    for (size_t i = 0; ok && i < look->count; i++) {
        struct state before = {.cells = cells}, now = {.cells = hand->cells};

        ok = reader_open(s->before[hand->number], table, READ_WHOLE, look->doubts[i].lo,
                         look->doubts[i].hi, &before.reader, err)
             && reader_open(hand->source, table, READ_WHOLE, look->doubts[i].lo, look->doubts[i].hi,
                            &now.reader, err)
             && compare_rows(look, table, &before, &now, err);
        reader_close(&before.reader);
        reader_close(&now.reader);
    }
    alloc_free(cells);
    return ok;
}

static enum crew_said next_look(void *context, struct hand *hand, void **out_task)
{
    struct search *s = context;

    (void)hand;
    if (s->next == s->looks.count)
        return CREW_OVER;
    *out_task = &s->looks.items[s->next++];
    return CREW_TASK;
}

static bool plan_looks(struct search *s, hg_error *err)
{
    for (size_t i = 0; i < s->c->run->mapping.table_count; i++) {
        const struct doubts *doubts = &s->doubts[i];

        for (size_t at = 0; !s->c->changes[i].whole && at < doubts->list.count;
             at += DOUBTS_A_TASK) {
            struct look *look = VEC_PUSH(&s->looks);
            size_t left = doubts->list.count - at;

            if (look == NULL)
                return no_memory(err);
            *look = (struct look){.table = i,
                                  .doubts = &doubts->list.items[at],
                                  .count = left < DOUBTS_A_TASK ? left : DOUBTS_A_TASK};
        }
    }
    return true;
}

static bool collect(struct search *s, hg_error *err)
{
    struct look *look;
    const int64_t *rowid;

    VEC_EACH (&s->looks, look) {
        struct change *change = &s->c->changes[look->table];

        VEC_EACH (&look->put, rowid) {
            int64_t *kept = VEC_PUSH(&change->put);

            if (kept == NULL)
                return no_memory(err);
            *kept = *rowid;
        }
        VEC_EACH (&look->gone, rowid) {
            int64_t *kept = VEC_PUSH(&change->gone);

            if (kept == NULL)
                return no_memory(err);
            *kept = *rowid;
        }
    }
    return true;
}

static bool look_at_rows(struct search *s, hg_error *err)
{
    const struct crew_work work = {s, next_look, look_at, NULL, NULL};

    s->next = 0;
    return plan_looks(s, err) && crew_run(&s->c->run->crew, &work, err) && collect(s, err);
}

/* --- both sides --- */

static bool take_text(void *context, hg_rows *rows, hg_error *err)
{
    buf_text(context, hg_rows_text(rows, 0));
    return !buf_failed(context) || no_memory(err);
}

static bool read_schema(hg_conn *conn, struct buf *out, hg_error *err)
{
    return ask_rows(conn,
                    "SELECT type || ' ' || name || ' ' || coalesce(sql, '') || x'0a' FROM "
                    "sqlite_schema WHERE name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\' ORDER BY type, "
                    "name",
                    NULL, 0, take_text, out, copy_soon(), err);
}

static bool check_schema(struct search *s, hg_error *err)
{
    struct buf before = BUF_INIT(SIZE_MAX / 2), now = BUF_INIT(SIZE_MAX / 2);
    bool ok = read_schema(s->before[0], &before, err)
              && read_schema(s->c->run->crew.hands[0].source, &now, err);

    if (ok && strcmp(before.bytes, now.bytes) != 0) {
        ok = hg_fail(err, HG_FAILED, "the source's schema has changed since it was copied");
        hg_error_hint(err, "Changes of rows can be brought over, those of tables cannot: empty the "
                           "target, bring its schema up to date, and copy anew.");
    }
    buf_release(&before);
    buf_release(&now);
    return ok;
}

static bool open_sides(struct search *s, hg_error *err)
{
    struct crew *crew = &s->c->run->crew;
    struct bulk_pages *now = s->c->now;

    for (int i = 0; i < crew->size; i++) {
        int64_t ignored;

        if (!hg_pool_checkout(s->c->before.pool, "copy", hg_pool_deadline(s->c->before.pool),
                              &s->before[i], err))
            return false;
        bulk_limit_values(s->before[i], crew->largest);
        if (!hg_conn_begin(s->before[i], copy_soon(), err)
            || !ask_integer(s->before[i], "SELECT count(*) FROM sqlite_schema", NULL, 0,
                            copy_soon(), &ignored, err)
            || !bulk_pages_open(s->before[i], &s->old_pages[i], err)
            || !bulk_pages_share(now, crew->hands[i].source, &s->pages[i], err))
            return false;
    }
    if (bulk_page_size(s->pages[0]) == bulk_page_size(s->old_pages[0]))
        return true;
    hg_fail(err, HG_FAILED, "the source's page size has changed since it was copied");
    hg_error_hint(err, "Copy anew.");
    return false;
}

static void close_sides(struct search *s)
{
    for (int i = 0; i < s->c->run->crew.size; i++) {
        if (s->pages != NULL)
            bulk_pages_close(s->pages[i]);
        if (s->old_pages != NULL)
            bulk_pages_close(s->old_pages[i]);
        if (s->before != NULL && s->before[i] != NULL)
            hg_pool_return(s->c->before.pool, s->before[i]);
    }
}

static bool prepare(struct search *s, hg_error *err)
{
    size_t hands = (size_t)s->c->run->crew.size, tables = s->c->run->mapping.table_count;

    s->before = alloc_zero(hands, sizeof(hg_conn *));
    s->old_pages = alloc_zero(hands, sizeof *s->old_pages);
    s->pages = alloc_zero(hands, sizeof *s->pages);
    s->doubts = alloc_zero(tables + 1, sizeof *s->doubts);
    s->c->changes = alloc_zero(tables + 1, sizeof *s->c->changes);
    return (s->before != NULL && s->old_pages != NULL && s->pages != NULL && s->doubts != NULL
            && s->c->changes != NULL)
           || no_memory(err);
}

static void release(struct search *s)
{
    struct look *look;

    close_sides(s);
    VEC_EACH (&s->looks, look) {
        VEC_RELEASE(&look->put);
        VEC_RELEASE(&look->gone);
    }
    VEC_RELEASE(&s->looks);
    VEC_RELEASE(&s->blocks);
    for (size_t i = 0; s->doubts != NULL && i < s->c->run->mapping.table_count; i++)
        VEC_RELEASE(&s->doubts[i].list);
    alloc_free(s->doubts);
    alloc_free(s->before);
    alloc_free(s->old_pages);
    alloc_free(s->pages);
    alloc_free(s->changed.of);
    alloc_free(s->known.of);
    alloc_free(s->scratch.of);
}

bool catchup_find(struct catchup *c, hg_error *err)
{
    struct search s = {.c = c};
    bool ok =
        prepare(&s, err) && open_sides(&s, err) && check_schema(&s, err) && compare_pages(&s, err);

    if (ok && c->pages > 0)
        ok = doubt_tables(&s, err) && look_at_rows(&s, err);
    release(&s);
    return ok;
}
