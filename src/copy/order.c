/*
 * order.c - a depth-first walk along the foreign keys; an edge back into the path is a circle.
 */
#include "order.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"

enum mark { NEW, ON_PATH, DONE };

struct walk {
    struct mapping *mapping;
    enum mark *marks;
    size_t *path;
    size_t depth;
    struct table *sorted;
    size_t count;
};

static size_t find(const struct mapping *mapping, const char *name)
{
    size_t i = 0;

    while (i < mapping->table_count && strcasecmp(mapping->tables[i].source->name, name) != 0)
        i++;
    return i;
}

/* "a, b, c and back to a" */
static bool name_circle(struct walk *w, size_t from)
{
    struct buf text = BUF_INIT(1 << 16);
    size_t first = 0;
    bool ok;

    while (w->path[first] != from)
        first++;
    for (size_t i = first; i < w->depth; i++)
        buf_printf(&text, "%s\"%s\"", i == first ? "" : ", ",
                   w->mapping->tables[w->path[i]].source->name);
    ok = mapping_problem(w->mapping, "circle", w->mapping->tables[from].source->name, 0, false,
                         "foreign keys go in a circle: %s and back", text.bytes);
    buf_release(&text);
    return ok;
}

static bool visit(struct walk *w, size_t at)
{
    const struct source_table *table = w->mapping->tables[at].source;

    w->marks[at] = ON_PATH;
    w->path[w->depth++] = at;
    for (size_t i = 0; i < table->reference_count; i++) {
        size_t parent = find(w->mapping, table->references[i].table);

        if (parent == w->mapping->table_count || parent == at)
            continue;
        if (w->marks[parent] == ON_PATH && !name_circle(w, parent))
            return false;
        if (w->marks[parent] == NEW && !visit(w, parent))
            return false;
    }
    w->depth--;
    w->marks[at] = DONE;
    w->sorted[w->count++] = w->mapping->tables[at];
    return true;
}

bool order_tables(struct mapping *mapping, hg_error *err)
{
    size_t n = mapping->table_count;
    struct walk w = {.mapping = mapping,
                     .marks = alloc_zero(n, sizeof *w.marks),
                     .path = alloc_zero(n, sizeof *w.path),
                     .sorted = alloc_zero(n, sizeof *w.sorted)};
    bool ok = w.marks != NULL && w.path != NULL && w.sorted != NULL;

    for (size_t i = 0; ok && i < n; i++)
        ok = w.marks[i] != NEW || visit(&w, i);
    if (ok && n > 0)
        memcpy(mapping->tables, w.sorted, n * sizeof *w.sorted);
    alloc_free(w.marks);
    alloc_free(w.path);
    alloc_free(w.sorted);
    return ok || hg_fail(err, HG_NOMEM, "could not order the tables: out of memory");
}
