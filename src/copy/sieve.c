/*
 * sieve.c - rows that differ in tables without a column of whole numbers that tells them apart.
 *
 * The two sides sort texts, times and numbers in different orders, so rows cannot be walked side by
 * side. They are thrown into many buckets by a hash of their key, or of all of the row where there
 * is no key; what is the same on both sides cancels out. Only rows of buckets in which something is
 * left are looked at one by one, and the few that are told are read a third time for their words.
 * Memory is bounded: of very many rows that differ not all are counted.
 */
#include "sieve.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "readback.h"
#include "schema/names.h"

enum {
    BUCKETS = 1 << 15,
    LOOKED_AT = 200000, /* rows at most, one by one */
    SHOWN_COLUMNS = 8   /* of a row that has no key */
};

enum side { SOURCE, TARGET };

struct bucket {
    uint64_t sum[2]; /* of the source's rows, less the target's */
    int64_t rows;    /* of both */
    bool suspect;
};

struct suspect {
    uint64_t key, row; /* hashes */
    enum side side;
};

/* A row that will be told, as each side has it. */
struct told {
    struct suspect rows[2];
    bool has[2];
    char *shown[2];
    struct image images[2];
};

struct sieve {
    struct run *run;
    struct hand *hand;
    const struct table *table;
    size_t number; /* of the table */
    size_t *keys;  /* columns; none: all of the row is the key */
    size_t key_count;
    struct bucket *buckets;
    VEC(struct suspect) suspects;
    struct told told[DIFFERENCES_TOLD];
    size_t told_count;
    int64_t count;
    bool more; /* than were counted */
};

/* A row as one of the sides has it. */
struct met {
    enum side side;
    const char *bytes; /* as it is sent */
    size_t size;
    const char *shown; /* its key in words; NULL: nobody asked */
    struct suspect hashes;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not compare the rows: out of memory");
}

/* --- both sides --- */

/* The columns of the primary key, if all of them are copied. */
static bool find_key(struct sieve *s, hg_error *err)
{
    const struct source_table *source = s->table->source;
    size_t wanted = 0;

    s->keys = alloc_zero(s->table->column_count + 1, sizeof *s->keys);
    if (s->keys == NULL)
        return no_memory(err);
    for (size_t i = 0; i < source->column_count; i++)
        wanted += source->columns[i].key > 0;
    for (size_t i = 0; i < s->table->column_count; i++)
        if (s->table->columns[i].source->key > 0)
            s->keys[s->key_count++] = i;
    if (s->key_count != wanted)
        s->key_count = 0;
    return true;
}

static bool take_hashes(struct sieve *s, struct met *met, hg_error *err)
{
    struct image *key = &s->hand->encoder.scratch;
    struct digest row = {0}, of_key = {0};

    digest_row(&row, met->bytes, met->size);
    met->hashes = (struct suspect){row.sum[0], row.sum[1], met->side};
    if (s->key_count == 0)
        return true;
    key->size = 0;
    if (!image_reserve(key, met->size))
        return no_memory(err);
    for (size_t i = 0; i < s->key_count; i++) {
        uint32_t size;
        const char *field = row_field(met->bytes, s->keys[i], &size);

        image_bytes(key, field - sizeof size, sizeof size + (size == UINT32_MAX ? 0 : size));
    }
    digest_row(&of_key, key->bytes, key->size);
    met->hashes.key = of_key.sum[0];
    return true;
}

typedef bool each_row(struct sieve *s, const struct met *met, hg_error *err);

/* How many columns tell people which row it is, and the i-th of them. */
static size_t shown_count(const struct sieve *s)
{
    size_t count = s->key_count > 0 ? s->key_count : s->table->column_count;

    return count < SHOWN_COLUMNS ? count : SHOWN_COLUMNS;
}

static size_t shown_column(const struct sieve *s, size_t i)
{
    return s->key_count > 0 ? s->keys[i] : i;
}

static void show_source(const struct sieve *s, struct buf *out)
{
    char value[VALUE_SHOWN + 8];

    buf_truncate(out, 0);
    for (size_t i = 0; i < shown_count(s); i++)
        buf_printf(out, "%s%s", i == 0 ? "" : ", ",
                   cell_show(&s->hand->cells[shown_column(s, i)], value, sizeof value));
}

static bool read_source(struct sieve *s, bool show, each_row *each, hg_error *err)
{
    struct encoder *encoder = &s->hand->encoder;
    struct buf shown = BUF_INIT(1 << 20);
    struct reader reader;
    hg_step step = HG_ROW;
    bool ok =
        reader_open(s->hand->source, s->table, READ_WHOLE, INT64_MIN, INT64_MAX, &reader, err);

    encoder->table = s->table;
    encoder->table_number = s->number;
    while (ok && (step = reader_next(&reader, s->hand->cells, err)) == HG_ROW) {
        struct met met = {.side = SOURCE};
        enum encoded said;

        encoder->image.size = 0;
        said = encode_row(encoder, s->hand->cells, err);
        if (said == ROW_REJECTED)
            continue;
        met.bytes = encoder->image.bytes;
        met.size = encoder->image.size;
        ok = said == ROW_FITS && take_hashes(s, &met, err);
        if (ok && show)
            show_source(s, &shown);
        met.shown = shown.bytes;
        ok = ok && each(s, &met, err);
    }
    reader_close(&reader);
    buf_release(&shown);
    return ok && step == HG_END;
}

/* The key in words stands in front of the row's own fields; empty while nobody asks. */
static void put_query(const struct sieve *s, bool show, struct buf *sql)
{
    buf_text(sql, "COPY (SELECT concat_ws(', ', NULL");
    for (size_t i = 0; show && i < shown_count(s); i++) {
        buf_text(sql, ", left(coalesce(");
        name_put(sql, s->table->columns[shown_column(s, i)].target->name);
        buf_printf(sql, "::text, 'NULL'), %d)", VALUE_SHOWN);
    }
    buf_printf(sql, "), %s) TO STDOUT (FORMAT binary)",
               s->table->read_back + strlen("COPY (SELECT "));
}

/* fields: of the row, the words first. */
static bool meet_target(struct sieve *s, const char *fields, size_t size, struct image *row,
                        each_row *each, hg_error *err)
{
    struct met met = {.side = TARGET};
    struct buf shown = BUF_INIT(1 << 20);
    uint32_t n;
    bool ok;

    memcpy(&n, fields, sizeof n);
    n = be32toh(n);
    fields += sizeof n;
    buf_bytes(&shown, fields, n);
    ok = readback_row(s->table, fields + n, size - sizeof n - n, row) || no_memory(err);
    met.bytes = row->bytes;
    met.size = row->size;
    met.shown = shown.bytes;
    ok = ok && take_hashes(s, &met, err) && each(s, &met, err);
    buf_release(&shown);
    return ok;
}

static bool read_target(struct sieve *s, bool show, each_row *each, hg_error *err)
{
    enum { COUNT = 2 };
    struct buf sql = BUF_INIT(4 << 20);
    struct image row = {0};
    const char *bytes = NULL;
    size_t size = 0, skip = READBACK_HEADER;
    hg_step step = HG_ROW;
    bool ok;

    put_query(s, show, &sql);
    ok = buf_failed(&sql) ? no_memory(err)
                          : bulk_copy_out(s->hand->target, sql.bytes, hg_deadline_never(), err);
    while (ok
           && (step = bulk_receive(s->hand->target, &bytes, &size, hg_deadline_never(), err))
                  == HG_ROW) {
        if (size > skip + COUNT
            && !meet_target(s, bytes + skip + COUNT, size - skip - COUNT, &row, each, err)) {
            bulk_copy_out_stop(s->hand->target);
            ok = false;
        }
        skip = 0;
    }
    buf_release(&sql);
    image_release(&row);
    return ok && step == HG_END;
}

static bool read_both(struct sieve *s, bool show, each_row *each, hg_error *err)
{
    return read_source(s, show, each, err) && read_target(s, show, each, err);
}

/* --- buckets --- */

static struct bucket *bucket_of(const struct sieve *s, const struct met *met)
{
    return &s->buckets[met->hashes.key % BUCKETS];
}

static bool throw(struct sieve * s, const struct met *met, hg_error *err)
{
    struct bucket *bucket = bucket_of(s, met);
    uint64_t sign = met->side == SOURCE ? 1 : UINT64_MAX; /* modulo 2^64 */

    (void)err;
    bucket->sum[0] += sign * met->hashes.row;
    bucket->sum[1] += sign;
    bucket->rows++;
    return true;
}

static void suspect_buckets(struct sieve *s)
{
    int64_t rows = 0;

    for (size_t i = 0; i < BUCKETS; i++) {
        struct bucket *bucket = &s->buckets[i];
        bool differs = bucket->sum[0] != 0 || bucket->sum[1] != 0;

        bucket->suspect = differs && (rows == 0 || rows + bucket->rows <= LOOKED_AT);
        rows += bucket->suspect ? bucket->rows : 0;
        s->more = s->more || (differs && !bucket->suspect);
    }
}

static bool keep_suspect(struct sieve *s, const struct met *met, hg_error *err)
{
    struct suspect *kept;

    if (!bucket_of(s, met)->suspect)
        return true;
    kept = VEC_PUSH(&s->suspects);
    if (kept == NULL)
        return no_memory(err);
    *kept = met->hashes;
    return true;
}

/* --- rows --- */

static int compare_suspects(const void *left, const void *right)
{
    const struct suspect *a = left, *b = right;

    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->row != b->row)
        return a->row < b->row ? -1 : 1;
    return (int)a->side - (int)b->side;
}

/* Rows of one key, those taken out that both sides have: what is left, the source's first. */
static size_t cancel_out(struct suspect *rows, size_t count, struct suspect **out_left)
{
    size_t left = 0;

    for (size_t i = 0; i < count;) {
        size_t end = i, sources = 0, both;

        for (; end < count && rows[end].row == rows[i].row; end++)
            sources += rows[end].side == SOURCE;
        both = sources < end - i - sources ? sources : end - i - sources;
        /* the source's stand in front: the first `both` and the last `both` cancel out */
        for (size_t k = i + both; k < end - both; k++)
            rows[left++] = rows[k];
        i = end;
    }
    *out_left = rows;
    return left;
}

/* The next row that is left on a side, or NULL. */
static const struct suspect *next_of(const struct suspect *rows, size_t count, enum side side,
                                     size_t *io_at)
{
    while (*io_at < count && rows[*io_at].side != side)
        ++*io_at;
    return *io_at < count ? &rows[(*io_at)++] : NULL;
}

/* What is left of one key: a row of either side is one that differs. */
static void judge_key(struct sieve *s, const struct suspect *rows, size_t count)
{
    size_t at[2] = {0, 0};
    const struct suspect *pair[2];

    while (pair[SOURCE] = next_of(rows, count, SOURCE, &at[SOURCE]),
           pair[TARGET] = next_of(rows, count, TARGET, &at[TARGET]),
           pair[SOURCE] != NULL || pair[TARGET] != NULL) {
        struct told *told = &s->told[s->told_count];

        if (s->count++ >= DIFFERENCES_TOLD)
            continue;
        s->told_count++;
        for (int side = SOURCE; side <= TARGET; side++)
            if (pair[side] != NULL) {
                told->has[side] = true;
                told->rows[side] = *pair[side];
            }
    }
}

static void judge(struct sieve *s)
{
    struct suspect *all = s->suspects.items;
    size_t count = s->suspects.count;

    if (count > 1)
        qsort(all, count, sizeof *all, compare_suspects);
    for (size_t i = 0; i < count;) {
        struct suspect *left;
        size_t end = i;

        while (end < count && all[end].key == all[i].key)
            end++;
        judge_key(s, all + i, cancel_out(all + i, end - i, &left));
        i = end;
    }
}

/* --- words --- */

static bool keep_words(struct sieve *s, const struct met *met, hg_error *err)
{
    for (size_t i = 0; i < s->told_count; i++) {
        struct told *told = &s->told[i];
        struct image *image = &told->images[met->side];

        if (!told->has[met->side] || told->shown[met->side] != NULL
            || compare_suspects(&told->rows[met->side], &met->hashes) != 0)
            continue;
        told->shown[met->side] = alloc_text(met->shown);
        if (told->shown[met->side] == NULL || !image_reserve(image, met->size))
            return no_memory(err);
        image_bytes(image, met->bytes, met->size);
        return true;
    }
    return true;
}

static bool add_difference(struct sieve *s, const struct told *told, hg_error *err)
{
    enum side side = told->has[SOURCE] ? SOURCE : TARGET;
    struct difference *kept = VEC_PUSH(&s->run->differences);

    if (kept == NULL)
        return no_memory(err);
    *kept = (struct difference){.table = s->number, .arena = ARENA_INIT, .columns = ""};
    kept->kind = !told->has[TARGET] ? "missing" : !told->has[SOURCE] ? "extra" : "different";
    kept->name = arena_text(&kept->arena, told->shown[side] == NULL ? "" : told->shown[side]);
    if (told->shown[SOURCE] != NULL && told->shown[TARGET] != NULL)
        kept->columns = difference_columns(s->table, told->images[SOURCE].bytes,
                                           told->images[TARGET].bytes, &kept->arena);
    return (kept->name != NULL && kept->columns != NULL) || no_memory(err);
}

static bool tell(struct sieve *s, hg_error *err)
{
    const struct advance *advance = &s->run->advances[s->number];
    const char *name = s->table->source->name;

    for (size_t i = 0; i < s->told_count; i++)
        if (!add_difference(s, &s->told[i], err))
            return false;
    return mapping_problem(&s->run->mapping, "differs", name, s->count, false,
                           "%s%lld rows differ; the source has %lld and the target %lld",
                           s->more ? "at least " : "", (long long)s->count,
                           (long long)advance->source.rows, (long long)advance->target.rows)
           || no_memory(err);
}

static void release(struct sieve *s)
{
    for (size_t i = 0; i < s->told_count; i++)
        for (int side = SOURCE; side <= TARGET; side++) {
            alloc_free(s->told[i].shown[side]);
            image_release(&s->told[i].images[side]);
        }
    VEC_RELEASE(&s->suspects);
    alloc_free(s->buckets);
    alloc_free(s->keys);
}

bool sieve_table(struct run *run, struct hand *hand, size_t table, hg_error *err)
{
    struct sieve s = {
        .run = run, .hand = hand, .table = &run->mapping.tables[table], .number = table};
    bool ok = find_key(&s, err);

    s.buckets = alloc_zero(BUCKETS, sizeof *s.buckets);
    ok = ok && (s.buckets != NULL || no_memory(err)) && read_both(&s, false, throw, err);
    if (ok)
        suspect_buckets(&s);
    ok = ok && read_both(&s, false, keep_suspect, err);
    if (ok)
        judge(&s);
    ok = ok && read_both(&s, true, keep_words, err) && tell(&s, err);
    release(&s);
    return ok;
}
