/*
 * alembic.c - the revision files of a project that Alembic manages.
 */
#include "alembic.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"

enum { PATH_ROOM = 4096, FILE_LIMIT = 16 << 20 };

static bool no_memory(const char *dir, hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the revisions in \"%s\": out of memory", dir);
}

static bool read_one(const char *dir, const char *name, struct arena *arena, struct buf *text,
                     struct alembic_folder *folder, hg_error *err)
{
    struct alembic_file *file = &folder->files[folder->count];
    char path[PATH_ROOM];

    buf_truncate(text, 0);
    if (!file_join(path, sizeof path, dir, name))
        return hg_fail(err, HG_IO, "the path of \"%s\" is too long", name);
    file->path = arena_text(arena, path);
    if (file->path == NULL)
        return no_memory(dir, err);
    if (!file_read(path, text, err)
        || !python_read(file->path, text->bytes, text->size, arena, &file->python, err))
        return false;
    folder->count += file->python.revision != NULL;
    return true;
}

/* The revision that carries a label; NULL: no file says so. */
static const char *carrier_of(const struct alembic_folder *folder, const char *label)
{
    for (size_t i = 0; i < folder->count; i++) {
        const struct python_names *labels = &folder->files[i].python.branch_labels;

        for (size_t k = 0; k < labels->count; k++)
            if (strcmp(labels->items[k], label) == 0)
                return folder->files[i].python.revision;
    }
    return NULL;
}

static bool resolve_labels(struct alembic_folder *folder, struct arena *arena)
{
    for (size_t i = 0; i < folder->count; i++) {
        struct python_names *names = &folder->files[i].python.depends_on;
        const char **items = arena_alloc(arena, names->count + 1, sizeof *items);

        if (items == NULL)
            return false;
        for (size_t k = 0; k < names->count; k++) {
            const char *carrier = carrier_of(folder, names->items[k]);

            items[k] = carrier == NULL ? names->items[k] : carrier;
        }
        names->items = items;
    }
    return true;
}

/* Where the revision files of a project are: in its folder "versions", or in `dir` when that is it.
 */
static bool find_versions(const char *dir, char out[PATH_ROOM])
{
    static const char name[] = "versions";
    size_t n = strlen(dir), size = strlen(name);

    if (file_join(out, PATH_ROOM, dir, name) && file_exists(out))
        return true;
    while (n > 0 && dir[n - 1] == '/')
        n--;
    return n >= size && n < PATH_ROOM && memcmp(dir + n - size, name, size) == 0
           && (n == size || dir[n - size - 1] == '/')
           && snprintf(out, PATH_ROOM, "%.*s", (int)n, dir) > 0;
}

bool alembic_read(const char *dir, struct arena *arena, struct alembic_folder *out, hg_error *err)
{
    struct alembic_folder folder = {0};
    struct buf text = BUF_INIT(FILE_LIMIT);
    struct file_list names = {0};
    char versions[PATH_ROOM];
    bool ok;

    *out = folder;
    if (!find_versions(dir, versions))
        return true;
    if (!file_list(versions, ".py", &names, err))
        return false;
    folder.files = arena_alloc(arena, names.count + 1, sizeof *folder.files);
    ok = folder.files != NULL || no_memory(dir, err);
    for (size_t i = 0; ok && i < names.count; i++)
        ok = read_one(versions, names.names[i], arena, &text, &folder, err);
    ok = ok && (resolve_labels(&folder, arena) || no_memory(dir, err));
    file_list_release(&names);
    buf_release(&text);
    if (ok)
        *out = folder;
    return ok;
}
