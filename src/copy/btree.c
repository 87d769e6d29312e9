/*
 * btree.c - walks along the inner pages; leaves are not read, for how deep they lie is known from
 * the first of them. Of those that changed, both states are compared cell by cell.
 */
#include "btree.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
    INNER_INDEX = 2,
    INNER_TABLE = 5,
    LEAF_INDEX = 10,
    LEAF_TABLE = 13,
    DEPTH_MAX = 20,
    FILE_HEADER = 100,
    INNER_HEADER = 12,
    LEAF_HEADER = 8
};

struct walk {
    struct bulk_pages *pages;
    struct btree *tree;
    int depth;                       /* of the leaves; the root is 0 */
    uint8_t *buffers[DEPTH_MAX + 1]; /* a page each, for those on the way down */
};

static uint32_t get_u16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get_u32(const uint8_t *at)
{
    return get_u16(at) << 16 | get_u16(at + 2);
}

/* Bytes that it takes; 0: it does not end before `end`. */
static size_t get_varint(const uint8_t *at, const uint8_t *end, int64_t *out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < 8 && at + i < end; i++) {
        value = value << 7 | (at[i] & 0x7f);
        if ((at[i] & 0x80) == 0) {
            *out = (int64_t)value;
            return i + 1;
        }
    }
    if (at + 8 >= end)
        return 0;
    *out = (int64_t)(value << 8 | at[8]);
    return 9;
}

static bool damaged(uint32_t page, hg_error *err)
{
    return hg_fail(err, HG_FAILED, "the database is damaged: page %u is not what it should be",
                   (unsigned)page);
}

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not compare the pages: out of memory");
}

static const uint8_t *header_of(const uint8_t *bytes, uint32_t page)
{
    return bytes + (page == 1 ? FILE_HEADER : 0);
}

/* Reads a page into the buffer of its depth. */
static const uint8_t *read_page(struct walk *w, uint32_t page, int depth, hg_error *err)
{
    if (page == 0 || page > bulk_page_count(w->pages) || depth > DEPTH_MAX) {
        damaged(page, err);
        return NULL;
    }
    if (w->buffers[depth] == NULL
        && (w->buffers[depth] = alloc_zero(1, bulk_page_size(w->pages))) == NULL) {
        no_memory(err);
        return NULL;
    }
    return bulk_pages_read(w->pages, page, 1, w->buffers[depth], err) ? w->buffers[depth] : NULL;
}

static bool is_inner(uint8_t type)
{
    return type == INNER_TABLE || type == INNER_INDEX;
}

/* Cell i of an inner page; NULL: there is none. */
static const uint8_t *cell_of(struct walk *w, const uint8_t *bytes, uint32_t page, uint32_t i,
                              size_t header)
{
    uint32_t size = bulk_page_size(w->pages);
    const uint8_t *slot = header_of(bytes, page) + header + 2 * (size_t)i;
    uint32_t at = slot + 2 > bytes + size ? size : get_u16(slot);

    return at + 4 > size ? NULL : bytes + at;
}

static bool add_leaf(struct walk *w, uint32_t page, int64_t lo, int64_t hi, hg_error *err)
{
    struct leaf *leaf = VEC_PUSH(&w->tree->leaves);

    if (leaf == NULL)
        return no_memory(err);
    *leaf = (struct leaf){page, lo, hi};
    return true;
}

static bool walk_inner(struct walk *w, uint32_t page, int depth, int64_t lo, int64_t hi,
                       hg_error *err);

static bool walk_child(struct walk *w, uint32_t page, int depth, int64_t lo, int64_t hi,
                       hg_error *err)
{
    return depth == w->depth ? add_leaf(w, page, lo, hi, err)
                             : walk_inner(w, page, depth, lo, hi, err);
}

static bool walk_inner(struct walk *w, uint32_t page, int depth, int64_t lo, int64_t hi,
                       hg_error *err)
{
    const uint8_t *bytes = read_page(w, page, depth, err), *header;
    uint32_t *inner = VEC_PUSH(&w->tree->inner);
    uint32_t cells;

    if (bytes == NULL)
        return false;
    if (inner == NULL)
        return no_memory(err);
    *inner = page;
    header = header_of(bytes, page);
    if (!is_inner(header[0]))
        return damaged(page, err);
    cells = get_u16(header + 3);
    for (uint32_t i = 0; i < cells; i++) {
        const uint8_t *cell = cell_of(w, bytes, page, i, INNER_HEADER);
        int64_t key = hi;

        if (cell == NULL
            || (w->tree->keyed
                && get_varint(cell + 4, bytes + bulk_page_size(w->pages), &key) == 0))
            return damaged(page, err);
        if (!walk_child(w, get_u32(cell), depth + 1, lo, key, err))
            return false;
        lo = key < INT64_MAX && w->tree->keyed ? key + 1 : lo;
    }
    return walk_child(w, get_u32(header + 8), depth + 1, lo, hi, err);
}

/* How deep the leaves lie, along the last child. */
static bool measure_depth(struct walk *w, uint32_t root, hg_error *err)
{
    uint32_t page = root;

    for (w->depth = 0; w->depth <= DEPTH_MAX; w->depth++) {
        const uint8_t *bytes = read_page(w, page, w->depth, err), *header;

        if (bytes == NULL)
            return false;
        header = header_of(bytes, page);
        w->tree->keyed = header[0] == LEAF_TABLE || header[0] == INNER_TABLE;
        if (header[0] == LEAF_TABLE || header[0] == LEAF_INDEX)
            return true;
        if (!is_inner(header[0]))
            return damaged(page, err);
        page = get_u32(header + 8);
    }
    return damaged(root, err);
}

bool btree_read(struct bulk_pages *pages, uint32_t root, struct btree *out, hg_error *err)
{
    struct btree tree = {.keyed = false};
    struct walk w = {.pages = pages, .tree = &tree};
    bool ok = measure_depth(&w, root, err) && walk_child(&w, root, 0, INT64_MIN, INT64_MAX, err);

    for (int i = 0; i <= DEPTH_MAX; i++)
        alloc_free(w.buffers[i]);
    if (ok)
        *out = tree;
    else
        btree_release(&tree);
    return ok;
}

void btree_release(struct btree *tree)
{
    VEC_RELEASE(&tree->leaves);
    VEC_RELEASE(&tree->inner);
}

static void set(struct flags *flags, uint32_t page, uint8_t value)
{
    if (page < flags->count)
        flags->of[page] = value;
}

static bool is_set(const struct flags *flags, uint32_t page)
{
    return page >= flags->count || flags->of[page] != 0;
}

void btree_mark(const struct btree *tree, struct flags *flags)
{
    const struct leaf *leaf;
    const uint32_t *inner;

    VEC_EACH (&tree->leaves, leaf)
        set(flags, leaf->page, 1);
    VEC_EACH (&tree->inner, inner)
        set(flags, *inner, 1);
}

/* --- rows in doubt --- */

static bool add_doubt(struct doubts *out, int64_t lo, int64_t hi, hg_error *err)
{
    struct doubt *last = out->list.count == 0 ? NULL : &out->list.items[out->list.count - 1];

    if (last != NULL && last->hi < INT64_MAX && last->hi + 1 == lo) {
        last->hi = hi;
        return true;
    }
    last = VEC_PUSH(&out->list);
    if (last == NULL)
        return no_memory(err);
    *last = (struct doubt){lo, hi};
    return true;
}

/* --- cells --- */

/* Where the cells of a page stand, and how much of their content stands with them. §1.6. */
struct layout {
    size_t header; /* in front of the cells' places */
    size_t child;  /* bytes of a cell in front of its content's size */
    bool keyed;
    int64_t usable, most;
};

static struct layout layout_of(const uint8_t *header, uint32_t usable)
{
    bool inner = is_inner(header[0]), keyed = header[0] == LEAF_TABLE;

    return (struct layout){.header = inner ? INNER_HEADER : LEAF_HEADER,
                           .child = inner ? 4 : 0,
                           .keyed = keyed,
                           .usable = usable,
                           .most = keyed ? (int64_t)usable - 35
                                         : ((int64_t)usable - 12) * 64 / 255 - 23};
}

/* The first page of what does not fit; 0: all of it does. */
static uint32_t overflow_of(const struct layout *layout, int64_t payload, const uint8_t *content,
                            const uint8_t *end)
{
    int64_t least = (layout->usable - 12) * 32 / 255 - 23;
    int64_t local = least + (payload - least) % (layout->usable - 4);

    if (payload <= layout->most)
        return 0;
    local = local <= layout->most ? local : least;
    return content + local + 4 > end ? 0 : get_u32(content + local);
}

/* One cell of a leaf of rows. */
struct cell_at {
    int64_t rowid;
    const uint8_t *bytes; /* all that stands on the page */
    size_t size;
    bool longer; /* the rest of it stands elsewhere */
};

static bool read_cell(const uint8_t *page, uint32_t number, const struct layout *layout,
                      size_t page_size, uint32_t i, struct cell_at *out)
{
    const uint8_t *slot = header_of(page, number) + layout->header + 2 * (size_t)i;
    const uint8_t *end = page + page_size, *at;
    int64_t payload = 0;
    size_t n, m;

    if (slot + 2 > end || (at = page + get_u16(slot)) >= end
        || (n = get_varint(at, end, &payload)) == 0
        || (m = get_varint(at + n, end, &out->rowid)) == 0)
        return false;
    out->bytes = at;
    out->longer = payload > layout->most;
    out->size = out->longer ? 0 : n + m + (size_t)payload;
    return out->size <= (size_t)(end - at);
}

/* Two states of one leaf. */
struct pair {
    struct bulk_pages *pages[2]; /* before, now */
    uint8_t *bytes[2];
    uint32_t usable;
};

static bool is_same_cell(const struct cell_at *a, const struct cell_at *b)
{
    return !a->longer && !b->longer && a->size == b->size
           && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* Rows that are not byte by byte in both states, walked side by side: cells stand in the order of
 * their rowids. Of rows that are longer than what a leaf has room for, each is in doubt. */
static bool compare_leaf(struct pair *p, uint32_t page, struct doubts *out, hg_error *err)
{
    size_t size = bulk_page_size(p->pages[0]);
    uint32_t at[2] = {0, 0}, count[2];
    struct layout layout[2];

    for (int k = 0; k < 2; k++) {
        const uint8_t *header = header_of(p->bytes[k], page);

        if (!bulk_pages_read(p->pages[k], page, 1, p->bytes[k], err))
            return false;
        layout[k] = layout_of(header, p->usable);
        count[k] = get_u16(header + 3);
        if (header[0] != LEAF_TABLE)
            return damaged(page, err);
    }
    while (at[0] < count[0] || at[1] < count[1]) {
        struct cell_at cells[2];
        bool gone, added;

        for (int k = 0; k < 2; k++)
            if (at[k] < count[k]
                && !read_cell(p->bytes[k], page, &layout[k], size, at[k], &cells[k]))
                return damaged(page, err);
        gone = at[1] == count[1] || (at[0] < count[0] && cells[0].rowid < cells[1].rowid);
        added = at[0] == count[0] || (at[1] < count[1] && cells[1].rowid < cells[0].rowid);
        if ((gone || added || !is_same_cell(&cells[0], &cells[1]))
            && !add_doubt(out, cells[gone ? 0 : 1].rowid, cells[gone ? 0 : 1].rowid, err))
            return false;
        at[0] += !added;
        at[1] += !gone;
    }
    return true;
}

static bool open_pair(struct bulk_pages *before, struct bulk_pages *now, struct pair *out,
                      hg_error *err)
{
    uint32_t size = bulk_page_size(now);

    *out = (struct pair){.pages = {before, now}, .bytes = {alloc_zero(2, size)}};
    if (out->bytes[0] == NULL)
        return no_memory(err);
    out->bytes[1] = out->bytes[0] + size;
    if (!bulk_pages_read(now, 1, 1, out->bytes[0], err))
        return false;
    out->usable = size - out->bytes[0][20]; /* less what is reserved on every page */
    return true;
}

/* --- trees --- */

static void set_leaves(const struct btree *tree, struct flags *flags, uint8_t value)
{
    const struct leaf *leaf;

    VEC_EACH (&tree->leaves, leaf)
        set(flags, leaf->page, value);
}

/* Leaves of both trees that changed, and those that only the first has. p: NULL: of leaves of both
 * somebody has taken care. */
static bool add_changed(const struct btree *of, const struct btree *other,
                        const struct flags *changed, struct flags *scratch, struct pair *p,
                        struct doubts *out, hg_error *err)
{
    const struct leaf *leaf;
    bool ok = true;

    set_leaves(other, scratch, 1);
    VEC_EACH (&of->leaves, leaf) {
        if (ok && !is_set(scratch, leaf->page))
            ok = add_doubt(out, leaf->lo, leaf->hi, err);
        else if (ok && p != NULL && is_set(changed, leaf->page))
            ok = compare_leaf(p, leaf->page, out, err);
    }
    set_leaves(other, scratch, 0);
    return ok;
}

bool btree_compare(const struct tree_state *before, const struct tree_state *now,
                   const struct flags *changed, struct flags *scratch, struct doubts *out,
                   hg_error *err)
{
    struct pair p;
    bool ok = open_pair(before->pages, now->pages, &p, err)
              && add_changed(now->tree, before->tree, changed, scratch, &p, out, err)
              && add_changed(before->tree, now->tree, changed, scratch, NULL, out, err);

    alloc_free(p.bytes[0]);
    return ok;
}

static int compare_doubts(const void *left, const void *right)
{
    const struct doubt *a = left, *b = right;

    return a->lo < b->lo ? -1 : a->lo > b->lo;
}

void doubts_tidy(struct doubts *doubts)
{
    size_t kept = 0;

    if (doubts->list.count > 1)
        qsort(doubts->list.items, doubts->list.count, sizeof *doubts->list.items, compare_doubts);
    for (size_t i = 0; i < doubts->list.count; i++) {
        struct doubt doubt = doubts->list.items[i];
        struct doubt *last = kept == 0 ? NULL : &doubts->list.items[kept - 1];

        if (last != NULL && (last->hi == INT64_MAX || doubt.lo <= last->hi + 1))
            last->hi = last->hi > doubt.hi ? last->hi : doubt.hi;
        else
            doubts->list.items[kept++] = doubt;
    }
    doubts->list.count = kept;
}

/* --- content that does not fit on its leaf --- */

struct chain {
    struct bulk_pages *pages;
    const struct flags *changed;
    uint8_t *page;
    bool hit;
};

/* Whether one of the pages behind the first changed. */
static bool follow(struct chain *c, uint32_t page, hg_error *err)
{
    uint32_t steps = 0;

    for (c->hit = false; page != 0 && !c->hit; page = get_u32(c->page)) {
        if (page > bulk_page_count(c->pages) || ++steps > bulk_page_count(c->pages))
            return damaged(page, err);
        c->hit = is_set(c->changed, page);
        if (!bulk_pages_read(c->pages, page, 1, c->page, err))
            return false;
    }
    return true;
}

static bool scan_page(struct chain *c, const uint8_t *bytes, uint32_t page, uint32_t usable,
                      struct doubts *out, hg_error *err)
{
    const uint8_t *header = header_of(bytes, page), *end = bytes + bulk_page_size(c->pages);
    const struct layout layout = layout_of(header, usable);
    uint32_t cells = get_u16(header + 3);

    for (uint32_t i = 0; i < cells; i++) {
        const uint8_t *slot = header + layout.header + 2 * (size_t)i, *at;
        int64_t payload = 0, rowid = 0;
        size_t n = 0, m = 0;
        uint32_t first;

        if (slot + 2 > end || (at = bytes + get_u16(slot) + layout.child) >= end
            || (n = get_varint(at, end, &payload)) == 0
            || (layout.keyed && (m = get_varint(at + n, end, &rowid)) == 0))
            return damaged(page, err);
        first = overflow_of(&layout, payload, at + n + m, end);
        if (first != 0 && !follow(c, first, err))
            return false;
        if (first != 0 && c->hit && !add_doubt(out, rowid, rowid, err))
            return false;
    }
    return true;
}

static bool scan(struct chain *c, uint32_t page, uint8_t *bytes, uint32_t usable,
                 struct doubts *out, hg_error *err)
{
    return is_set(c->changed, page)
           || (bulk_pages_read(c->pages, page, 1, bytes, err)
               && scan_page(c, bytes, page, usable, out, err));
}

bool btree_overflow(struct bulk_pages *now, const struct btree *tree, const struct flags *changed,
                    struct doubts *out, hg_error *err)
{
    uint32_t size = bulk_page_size(now);
    uint8_t *bytes = alloc_zero(2, size);
    struct chain chain = {now, changed, bytes == NULL ? NULL : bytes + size, false};
    const struct leaf *leaf;
    const uint32_t *inner;
    bool ok = (bytes != NULL || no_memory(err)) && bulk_pages_read(now, 1, 1, bytes, err);
    uint32_t usable = ok ? size - bytes[20] : 0; /* less what is reserved on every page */

    VEC_EACH (&tree->leaves, leaf)
        ok = ok && scan(&chain, leaf->page, bytes, usable, out, err);
    VEC_EACH (&tree->inner, inner) /* of an index they hold rows as well */
        ok = ok && (tree->keyed || scan(&chain, *inner, bytes, usable, out, err));
    alloc_free(bytes);
    return ok;
}
