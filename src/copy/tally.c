/*
 * tally.c - groups in the order in which they were met; there are seldom more than a handful.
 */
#include "tally.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "far.h"

const char *cell_class_name(const struct cell *cell)
{
    static const char *const names[] = {
        [CELL_NULL] = "null", [CELL_INTEGER] = "integer", [CELL_REAL] = "real",
        [CELL_TEXT] = "text", [CELL_BLOB] = "blob",       [CELL_LARGE] = "large",
    };

    if (is_far(cell))
        return names[bulk_value_is_text(cell->as.far) ? CELL_TEXT : CELL_BLOB];
    return names[cell->class];
}

static char *show_text(const struct cell *cell, char *out, size_t size)
{
    struct buf visible = BUF_INIT(16 * VALUE_SHOWN);
    bool whole = cell->size <= VALUE_SHOWN;

    text_visible(&visible, cell->as.bytes, whole ? cell->size : VALUE_SHOWN);
    text_copy(out, size - 3, visible.bytes);
    if (!whole || visible.size >= size - 3)
        memcpy(out + strlen(out), "...", 4);
    buf_release(&visible);
    return out;
}

static char *show_blob(const struct cell *cell, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "x'");

    for (uint32_t i = 0; i < cell->size && n + 8 < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%02x", (unsigned char)cell->as.bytes[i]);
    snprintf(out + n, size - n, n + 8 < size ? "'" : "...'");
    return out;
}

/* Its beginning, if there is one to be had; otherwise its size, if that is known. */
static char *show_far(const struct cell *cell, char *out, size_t size)
{
    char head[VALUE_SHOWN];
    struct cell shown = {CELL_BLOB, cell->size, {.bytes = head}};

    if (!is_far(cell) || cell->size < sizeof head
        || !bulk_value_read(cell->as.far, 0, sizeof head, head, NULL)) {
        if (cell->size > 0)
            snprintf(out, size, "%lu bytes", (unsigned long)cell->size);
        else
            snprintf(out, size, "...");
        return out;
    }
    if (!bulk_value_is_text(cell->as.far))
        return show_blob(&shown, out, size);
    shown.class = CELL_TEXT;
    return show_text(&shown, out, size);
}

char *cell_show(const struct cell *cell, char *out, size_t size)
{
    switch (cell->class) {
    case CELL_NULL:
        snprintf(out, size, "NULL");
        break;
    case CELL_INTEGER:
    case CELL_REAL:
        number_text(cell, out, size);
        break;
    case CELL_TEXT:
        return show_text(cell, out, size);
    case CELL_BLOB:
        return show_blob(cell, out, size);
    case CELL_LARGE:
        return show_far(cell, out, size);
    }
    return out;
}

static bool is_group(const struct tally_group *group, const struct place *place,
                     enum finding finding, int action)
{
    return group->table == place->table && group->column == place->column
           && group->finding == finding && group->action == action;
}

static struct tally_group *find(struct tally *tally, const struct place *place,
                                enum finding finding, int action)
{
    struct tally_group *group;

    if (tally->last < tally->groups.count
        && is_group(&tally->groups.items[tally->last], place, finding, action))
        return &tally->groups.items[tally->last];
    for (size_t i = 0; i < tally->groups.count; i++)
        if (is_group(&tally->groups.items[i], place, finding, action)) {
            tally->last = i;
            return &tally->groups.items[i];
        }
    group = VEC_PUSH(&tally->groups);
    if (group == NULL) {
        tally->failed = true;
        return NULL;
    }
    *group = (struct tally_group){
        .table = place->table, .column = place->column, .finding = finding, .action = action};
    tally->last = tally->groups.count - 1;
    return group;
}

/* Keeps the first by rowid. Takes the sample over. */
static void keep_sample(struct tally_group *group, const struct tally_sample *sample)
{
    size_t at = group->sample_count;

    while (at > 0 && group->samples[at - 1].rowid > sample->rowid)
        at--;
    if (at == TALLY_SAMPLES) {
        alloc_free(sample->key);
        return;
    }
    if (group->sample_count == TALLY_SAMPLES)
        alloc_free(group->samples[--group->sample_count].key);
    memmove(&group->samples[at + 1], &group->samples[at],
            (group->sample_count - at) * sizeof *sample);
    group->samples[at] = *sample;
    group->sample_count++;
}

void tally_add(struct tally *tally, const struct place *place, enum finding finding, int action,
               const struct cell *cell)
{
    struct tally_group *group = find(tally, place, finding, action);
    struct tally_sample sample = {.rowid = place->rowid, .storage = cell_class_name(cell)};

    if (group == NULL)
        return;
    group->count++;
    if (group->sample_count == TALLY_SAMPLES
        && group->samples[TALLY_SAMPLES - 1].rowid <= place->rowid)
        return;
    if (place->key != NULL)
        sample.key = alloc_text(place->key);
    cell_show(cell, sample.value, sizeof sample.value);
    keep_sample(group, &sample);
}

void tally_merge(struct tally *tally, struct tally *from)
{
    struct tally_group *group;

    VEC_EACH (&from->groups, group) {
        struct place place = {.table = group->table, .column = group->column};
        struct tally_group *to = find(tally, &place, group->finding, group->action);

        for (size_t i = 0; i < group->sample_count; i++)
            if (to != NULL)
                keep_sample(to, &group->samples[i]);
            else
                alloc_free(group->samples[i].key);
        if (to != NULL)
            to->count += group->count;
        group->sample_count = 0;
    }
    tally->failed = tally->failed || from->failed;
    VEC_RELEASE(&from->groups);
}

void tally_release(struct tally *tally)
{
    struct tally_group *group;

    VEC_EACH (&tally->groups, group)
        for (size_t i = 0; i < group->sample_count; i++)
            alloc_free(group->samples[i].key);
    VEC_RELEASE(&tally->groups);
}

int64_t tally_misfits(const struct tally *tally)
{
    const struct tally_group *group;
    int64_t count = 0;

    VEC_EACH (&tally->groups, group)
        if (!finding_fits(group->finding) && group->action < 0)
            count += group->count;
    return count;
}

bool tally_has(const struct tally *tally, enum finding finding)
{
    const struct tally_group *group;

    VEC_EACH (&tally->groups, group)
        if (group->finding == finding && group->action < 0)
            return true;
    return false;
}
