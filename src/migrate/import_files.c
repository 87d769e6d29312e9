/*
 * import_files.c - the SQL files of dbmate, goose, golang-migrate and Flyway as items.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/file.h"
#include "file.h"
#include "folder.h"
#include "import.h"
#include "progress.h"
#include "sql/head.h"

enum { PATH_ROOM = 4096 };

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the files: out of memory");
}

/* --- files --- */

static const char *read_text(struct import *import, const char *dir, const char *name,
                             const char **out_path, hg_error *err)
{
    struct buf text = BUF_INIT(FOLDER_FILE_LIMIT);
    const char *kept = NULL;
    char path[PATH_ROOM];

    if (!file_join(path, sizeof path, dir, name))
        hg_fail(err, HG_IO, "the path of \"%s\" is too long", name);
    else if (file_read(path, &text, err)) {
        kept = arena_text_n(&import->arena, text.bytes, text.size);
        *out_path = arena_text(&import->arena, path);
        if (kept == NULL || *out_path == NULL)
            no_memory(err);
    }
    buf_release(&text);
    return *out_path == NULL ? NULL : kept;
}

/* Calls take for each file; the names come sorted. */
static bool each_file(struct import *import, const char *dir,
                      bool (*take)(struct import *, const char *dir, const char *name, hg_error *),
                      hg_error *err)
{
    struct file_list names;
    bool ok = file_list(dir, "", &names, err);

    for (size_t i = 0; ok && i < names.count; i++)
        ok = take(import, dir, names.names[i], err);
    if (ok || names.names != NULL)
        file_list_release(&names);
    return ok;
}

static bool fault(const char *path, int line, const char *what, const char *hint, hg_error *err)
{
    hg_fail(err, HG_FILE, "%s", what);
    hg_error_place(err, path, line, 0);
    hg_error_hint(err, "%s", hint);
    return false;
}

/* Whether a section holds what no transaction can hold, or transactions of its own. */
static bool wants_no_transaction(const char *sql)
{
    static const hg_driver dialects[] = {HG_POSTGRESQL, HG_SQLITE};

    for (size_t d = 0; d < sizeof dialects / sizeof *dialects; d++) {
        struct split split;
        struct split_statement s;

        split_init(&split, dialects[d], sql, strlen(sql), 0, 1);
        while (split_next(&split, &s, NULL) == SPLIT_STATEMENT) {
            enum head_kind kind = head_kind(dialects[d], sql, &s);

            if (kind == HEAD_ALONE || kind == HEAD_BEGIN || kind == HEAD_FINISH)
                return true;
        }
    }
    return false;
}

static void fill_section(struct import_section *section, const char *sql)
{
    section->present = true;
    section->transaction = !wants_no_transaction(sql);
    section->sql[0] = section->sql[1] = sql;
}

/* "00042" -> "42": what the tools that count in numbers keep in their tables. */
static const char *plain_number(struct arena *arena, const char *digits, size_t n)
{
    while (n > 1 && *digits == '0') {
        digits++;
        n--;
    }
    return arena_text_n(arena, digits, n);
}

/* What stands in a file's name behind the number, as words. */
static const char *words_of(struct arena *arena, const char *from, size_t n)
{
    char *words = arena_text_n(arena, from, n);

    for (char *c = words; c != NULL && *c != '\0'; c++)
        *c = *c == '_' ? ' ' : *c;
    return words;
}

/* The item of a revision, made when there is none yet. */
static struct import_item *item_of(struct import *import, const char *revision)
{
    struct import_item *item;

    VEC_EACH (&import->items, item)
        if (strcmp(item->revision, revision) == 0)
            return item;
    item = VEC_PUSH(&import->items);
    if (item != NULL)
        *item = (struct import_item){.revision = revision, .number = strtoll(revision, NULL, 10)};
    return item;
}

/* One behind the other: each revises the one before it. */
static bool chain(struct import *import, int (*compare)(const void *, const void *), hg_error *err)
{
    if (import->items.count > 1)
        qsort(import->items.items, import->items.count, sizeof *import->items.items, compare);
    for (size_t i = 0; i < import->items.count; i++) {
        struct import_item *item = &import->items.items[i];
        const char **parent = arena_alloc(&import->arena, 1, sizeof *parent);

        if (parent == NULL)
            return no_memory(err);
        if (!item->up.present)
            return fault(item->source, 0, "a migration that only rolls back",
                         "Is its other file missing?", err);
        if (i == 0)
            continue;
        parent[0] = import->items.items[i - 1].revision;
        item->revises = parent;
        item->revises_count = 1;
    }
    return true;
}

static int by_number(const void *a, const void *b)
{
    const struct import_item *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

static bool ends_in(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);

    return n >= m && strcmp(name + n - m, suffix) == 0;
}

static bool refuse_twice(const struct import_item *item, const char *path, hg_error *err)
{
    char what[320];

    snprintf(what, sizeof what, "version %s stands in two files: \"%s\" and this one",
             item->revision, item->source);
    return fault(path, 0, what, "Give one of them another number.", err);
}

/* --- dbmate --- */

bool import_read_dbmate(struct import *import, const char *from, hg_error *err)
{
    struct folder folder;

    if (!folder_read_any(from, &import->arena, &folder, err))
        return false;
    for (size_t i = 0; i < folder.count; i++) {
        const struct migration_file *file = &folder.files[i];
        struct import_item *item = VEC_PUSH(&import->items);
        const char *slash = strrchr(file->path, '/');

        if (item == NULL)
            return no_memory(err);
        *item = (struct import_item){.revision = file->revision,
                                     .message = file->message,
                                     .source = file->path,
                                     .copy_as = slash == NULL ? file->path : slash + 1};
        item->revises = file->revises;
        item->revises_count = file->revises_count;
        if (i > 0 && !file->revises_given) {
            item->revises = &folder.files[i - 1].revision;
            item->revises_count = 1;
        }
    }
    return true;
}

/* --- goose --- */

struct goose {
    struct import *import;
    const char *path;
    struct buf up, down;
    struct buf *section;
    bool transaction;
    int line;
};

static bool goose_word(const char *line, size_t n, const char *word)
{
    size_t m = strlen(word);

    while (n > 0 && isspace((unsigned char)line[n - 1]))
        n--;
    return n == m && strncasecmp(line, word, m) == 0;
}

/* What stands behind "-- +goose". */
static bool goose_annotation(struct goose *g, const char *word, size_t n, hg_error *err)
{
    if (goose_word(word, n, "up"))
        g->section = &g->up;
    else if (goose_word(word, n, "down"))
        g->section = &g->down;
    else if (goose_word(word, n, "no transaction"))
        g->transaction = false;
    else if (!goose_word(word, n, "statementbegin") && !goose_word(word, n, "statementend")
             && !goose_word(word, n, "envsub off"))
        return fault(g->path, g->line, "an annotation of goose that cannot be taken over",
                     "Write what it stands for into the file, then import again.", err);
    return true;
}

static bool goose_line(struct goose *g, const char *line, size_t n, hg_error *err)
{
    static const char mark[] = "-- +goose";

    g->line++;
    if (n >= sizeof mark - 1 && strncasecmp(line, mark, sizeof mark - 1) == 0) {
        size_t skip = sizeof mark - 1 + strspn(line + sizeof mark - 1, " \t");

        return goose_annotation(g, line + skip, n > skip ? n - skip : 0, err);
    }
    if (g->section != NULL)
        buf_printf(g->section, "%.*s\n", (int)n, line);
    return true;
}

static bool goose_parse(struct goose *g, const char *text, struct import_item *item, hg_error *err)
{
    const char *up, *down;

    for (const char *line = text; *line != '\0';) {
        size_t n = strcspn(line, "\n");

        if (!goose_line(g, line, n, err))
            return false;
        line += n + (line[n] == '\n');
    }
    if (g->section == NULL)
        return fault(g->path, 0, "a migration without -- +goose Up", "Is it one of goose's?", err);
    up = buf_failed(&g->up) ? NULL : arena_text(&g->import->arena, g->up.bytes);
    down = buf_failed(&g->down) ? NULL : arena_text(&g->import->arena, g->down.bytes);
    if (up == NULL || down == NULL)
        return no_memory(err);
    fill_section(&item->up, up);
    fill_section(&item->down, down);
    item->up.transaction = item->up.transaction && g->transaction;
    item->down.transaction = item->down.transaction && g->transaction;
    return true;
}

static bool goose_take(struct import *import, const char *dir, const char *name, hg_error *err)
{
    struct goose g = {.import = import,
                      .up = BUF_INIT(FOLDER_FILE_LIMIT),
                      .down = BUF_INIT(FOLDER_FILE_LIMIT),
                      .transaction = true};
    size_t digits = strspn(name, "0123456789");
    struct import_item *item;
    const char *text, *number;
    bool ok;

    if (digits == 0 || name[digits] != '_')
        return true;
    if (ends_in(name, ".go"))
        return fault(name, 0, "a migration in Go cannot be taken over",
                     "Write what it does as SQL, or let goose apply it first.", err);
    if (!ends_in(name, ".sql"))
        return true;
    number = plain_number(&import->arena, name, digits);
    text = read_text(import, dir, name, &g.path, err);
    if (text == NULL)
        return false;
    item = number == NULL ? NULL : item_of(import, number);
    if (item == NULL)
        return no_memory(err);
    if (item->up.present)
        return refuse_twice(item, g.path, err);
    item->source = g.path;
    item->message = words_of(&import->arena, name + digits + 1, strlen(name) - digits - 5);
    ok = goose_parse(&g, text, item, err);
    buf_release(&g.up);
    buf_release(&g.down);
    return ok;
}

bool import_read_goose(struct import *import, const char *from, hg_error *err)
{
    return each_file(import, from, goose_take, err) && chain(import, by_number, err);
}

/* --- golang-migrate --- */

static bool golang_take(struct import *import, const char *dir, const char *name, hg_error *err)
{
    size_t digits = strspn(name, "0123456789"), n = strlen(name);
    bool up = ends_in(name, ".up.sql"), down = ends_in(name, ".down.sql");
    const char *text, *path = NULL, *number;
    struct import_section *section;
    struct import_item *item;

    if (digits == 0 || name[digits] != '_' || (!up && !down))
        return true;
    number = plain_number(&import->arena, name, digits);
    text = read_text(import, dir, name, &path, err);
    if (text == NULL)
        return false;
    item = number == NULL ? NULL : item_of(import, number);
    if (item == NULL)
        return no_memory(err);
    section = up ? &item->up : &item->down;
    if (section->present)
        return refuse_twice(item, path, err);
    if (item->source == NULL || up)
        item->source = path;
    item->message = words_of(&import->arena, name + digits + 1, n - digits - (up ? 8 : 10));
    fill_section(section, text);
    return true;
}

bool import_read_golang_migrate(struct import *import, const char *from, hg_error *err)
{
    return each_file(import, from, golang_take, err) && chain(import, by_number, err);
}

/* --- Flyway --- */

/* "1_2" -> "1.2" */
static const char *flyway_version(struct arena *arena, const char *from, size_t n)
{
    char *version = arena_text_n(arena, from, n);

    for (char *c = version; c != NULL && *c != '\0'; c++)
        *c = *c == '_' ? '.' : *c;
    return version;
}

/* Part by part as numbers: 1.9 comes before 1.10. */
static int by_version(const void *a, const void *b)
{
    const char *x = ((const struct import_item *)a)->revision;
    const char *y = ((const struct import_item *)b)->revision;

    while (*x != '\0' || *y != '\0') {
        char *x_end, *y_end;
        long long p = strtoll(x, &x_end, 10), q = strtoll(y, &y_end, 10);

        if (p != q)
            return p < q ? -1 : 1;
        x = *x_end == '\0' ? x_end : x_end + 1;
        y = *y_end == '\0' ? y_end : y_end + 1;
    }
    return 0;
}

static bool flyway_take(struct import *import, const char *dir, const char *name, hg_error *err)
{
    const char *middle = strstr(name, "__"), *text, *path = NULL, *version;
    bool up = name[0] == 'V', down = name[0] == 'U';
    struct import_section *section;
    struct import_item *item;
    const char *why;

    if (!ends_in(name, ".sql") || middle == NULL || (name[0] != 'R' && !up && !down))
        return true;
    if (!up && !down) {
        progress_say(import->observer, HG_EVENT_NOTE, name,
                     "%s is repeatable and not taken over: headgate runs each revision once", name);
        return true;
    }
    version = flyway_version(&import->arena, name + 1, (size_t)(middle - name - 1));
    text = read_text(import, dir, name, &path, err);
    if (text == NULL)
        return false;
    if (version == NULL || !file_revision_valid(version, &why))
        return fault(path, 0, "a version that cannot be a revision",
                     "Name the file as V1_2__what_it_does.sql.", err);
    item = item_of(import, version);
    if (item == NULL)
        return no_memory(err);
    section = up ? &item->up : &item->down;
    if (section->present)
        return refuse_twice(item, path, err);
    if (item->source == NULL || up)
        item->source = path;
    item->message = words_of(&import->arena, middle + 2, strlen(middle) - 6);
    fill_section(section, text);
    return true;
}

bool import_read_flyway(struct import *import, const char *from, hg_error *err)
{
    return each_file(import, from, flyway_take, err) && chain(import, by_version, err);
}
