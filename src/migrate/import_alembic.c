/*
 * import_alembic.c - an Alembic project as items: the graph from its files, the SQL from Alembic.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "alembic.h"
#include "base/buf.h"
#include "base/file.h"
#include "graph.h"
#include "import.h"
#include "offline.h"
#include "progress.h"
#include "sql/head.h"

enum { PATH_ROOM = 4096, SQL_LIMIT = 64 << 20 };

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the Alembic project: out of memory");
}

/* --- where --- */

static bool is_place(const char *dir, const char *below, char *out, size_t size)
{
    char path[PATH_ROOM];

    return snprintf(out, size, "%s%s", dir, below) < (int)size
           && file_join(path, sizeof path, out, "versions") && file_exists(path);
}

bool import_find_alembic(const char *dir, char *out_place, size_t size)
{
    static const char *const below[] = {"", "/alembic", "/migrations"};

    for (size_t i = 0; i < sizeof below / sizeof *below; i++)
        if (is_place(dir, below[i], out_place, size))
            return true;
    return false;
}

/* alembic.ini in the folder of env.py (as Flask-Migrate has it), above it, or here. */
static const char *find_ini(const char *place, char *room, size_t size)
{
    static const char *const names[] = {"alembic.ini", "../alembic.ini"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (file_join(room, size, place, names[i]) && file_exists(room))
            return room;
    return file_exists("alembic.ini") ? "alembic.ini" : NULL;
}

/* --- SQL --- */

/*
 * The statements of a section without those that begin or end transactions: where a migration has
 * such, it left its transaction on purpose (autocommit_block), and ours is statement by statement.
 */
static bool clean(struct import *import, hg_driver dialect, const char *sql, const char **out,
                  bool *transaction, hg_error *err)
{
    struct buf text = BUF_INIT(SQL_LIMIT);
    struct split split;
    struct split_statement s;
    enum split_answer answer;

    split_init(&split, dialect, sql, strlen(sql), 0, 1);
    while ((answer = split_next(&split, &s, err)) == SPLIT_STATEMENT) {
        enum head_kind kind = head_kind(dialect, sql, &s);

        if (kind == HEAD_BEGIN || kind == HEAD_FINISH || kind == HEAD_ALONE)
            *transaction = false;
        if (kind != HEAD_BEGIN && kind != HEAD_FINISH)
            buf_printf(&text, "%.*s;\n", (int)s.size, sql + s.offset);
    }
    *out = buf_failed(&text) ? NULL : arena_text(&import->arena, text.bytes);
    buf_release(&text);
    return answer != SPLIT_FAULT && (*out != NULL || no_memory(err));
}

static void tell_unwritten(struct import *import, hg_driver dialect, const char *revision,
                           const char *way, const struct offline_text *text)
{
    progress_say(import->observer, HG_EVENT_NOTE, revision, "no %s SQL for revision %s, %s: %s",
                 hg_driver_name(dialect), revision, way,
                 text->reason == NULL ? "Alembic did not name it" : text->reason);
}

static bool fill_section(struct import *import, const char *revision, const char *way,
                         const struct offline_text *texts, struct import_section *out,
                         hg_error *err)
{
    out->transaction = true;
    for (int d = HG_SQLITE; d <= HG_POSTGRESQL; d++) {
        if (texts[d].sql == NULL)
            tell_unwritten(import, (hg_driver)d, revision, way, &texts[d]);
        else if (!clean(import, (hg_driver)d, texts[d].sql, &out->sql[d], &out->transaction, err))
            return false;
    }
    if (out->sql[0] != NULL && out->sql[1] != NULL && strcmp(out->sql[0], out->sql[1]) == 0)
        out->sql[1] = out->sql[0];
    out->present = out->sql[0] != NULL || out->sql[1] != NULL;
    return true;
}

static bool fill_item(struct import *import, const struct alembic_file *file,
                      const struct offline_revision *list, size_t count, struct import_item *out,
                      hg_error *err)
{
    static const struct offline_revision nothing;
    const struct python_revision *python = &file->python;
    const struct offline_revision *found = &nothing;

    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].revision, python->revision) == 0)
            found = &list[i];
    *out = (struct import_item){.revision = python->revision,
                                .message = python->message,
                                .source = file->path,
                                .revises = python->down_revision.items,
                                .revises_count = python->down_revision.count,
                                .depends_on = python->depends_on.items,
                                .depends_on_count = python->depends_on.count,
                                .number = python->created};
    return fill_section(import, python->revision, "up", found->up, &out->up, err)
           && fill_section(import, python->revision, "down", found->down, &out->down, err);
}

/* --- the project --- */

static bool order_files(struct import *import, const struct alembic_folder *folder,
                        struct graph *out, hg_error *err)
{
    struct graph_node *nodes = arena_alloc(&import->arena, folder->count + 1, sizeof *nodes);

    if (nodes == NULL)
        return no_memory(err);
    for (size_t i = 0; i < folder->count; i++) {
        const struct python_revision *python = &folder->files[i].python;

        nodes[i] = (struct graph_node){.revision = python->revision,
                                       .file = folder->files[i].path,
                                       .revises = python->down_revision.items,
                                       .revises_count = python->down_revision.count,
                                       .depends_on = python->depends_on.items,
                                       .depends_on_count = python->depends_on.count};
    }
    return graph_build(&import->arena, nodes, folder->count, out, err);
}

/* Whether two folders are the same one. */
static bool same_folder(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool import_read_alembic(struct import *import, const char *from, hg_error *err)
{
    char place[PATH_ROOM], ini_room[PATH_ROOM + 16];
    struct alembic_folder folder;
    struct offline_revision *list = NULL;
    struct graph graph;
    size_t count = 0;

    if (!import_find_alembic(from, place, sizeof place)) {
        hg_fail(err, HG_IO, "\"%s\" is no Alembic project: there is no folder versions in it",
                from);
        hg_error_hint(err, "Name the folder of env.py.");
        return false;
    }
    import->stays = same_folder(place, import->options->dir);
    if (!alembic_read(place, &import->arena, &folder, err)
        || !order_files(import, &folder, &graph, err)
        || !offline_read(place, find_ini(place, ini_room, sizeof ini_room), import->observer,
                         &import->arena, &list, &count, err))
        return false;
    for (size_t i = 0; i < graph.count; i++) {
        struct import_item *item = VEC_PUSH(&import->items);

        if (item == NULL)
            return no_memory(err);
        if (!fill_item(import, &folder.files[graph.order[i]], list, count, item, err))
            return false;
    }
    return true;
}
