/*
 * folder.c - the migrations folder.
 */
#include "folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alembic.h"
#include "base/arena.h"
#include "base/content.h"
#include "memo.h"

static bool no_memory(const char *dir, hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the migrations in \"%s\": out of memory", dir);
}

static const char *path_of(struct arena *arena, const char *dir, const char *name)
{
    size_t room = strlen(dir) + strlen(name) + 2;
    char *path = arena_alloc(arena, room, 1);

    return path != NULL && file_join(path, room, dir, name) ? path : NULL;
}

static bool parse(const char *path, struct content *text, hg_driver dialect, bool glance,
                  struct arena *arena, struct migration_file *out, hg_error *err)
{
    const struct file_source source = {.path = path,
                                       .text = text->bytes,
                                       .size = text->size,
                                       .dialect = dialect,
                                       .glance = glance,
                                       .passed = content_passed,
                                       .context = text};

    return file_parse(&source, arena, out, err);
}

/* One file, from the memo when nobody has touched it since. */
static bool read_one(struct memo *memo, const char *name, const char *path, struct content *text,
                     struct migration_file *out, hg_error *err)
{
    struct file_stamp stamp;

    if (memo_recall(memo, name, path, out))
        return true;
    if (!content_read(text, path, &stamp, err)
        || !parse(path, text, memo->dialect, true, memo->arena, out, err))
        return false;
    memo_keep(memo, name, &stamp, out);
    return true;
}

/* All of them from the memo, when it knows their names and nobody has touched one. */
static bool recall_files(struct memo *memo, const char *dir, struct folder *folder)
{
    size_t names = memo_count(memo);
    bool ok = names > 0;

    if (ok)
        folder->files = arena_alloc(memo->arena, names + 1, sizeof *folder->files);
    ok = ok && folder->files != NULL;
    for (size_t i = 0; i < names && ok; i++) {
        struct migration_file *file = &folder->files[folder->count];
        const char *name = memo_name(memo);
        const char *path = name == NULL ? NULL : path_of(memo->arena, dir, name);

        ok = path != NULL && memo_recall(memo, name, path, file);
        folder->count += ok && file->revision != NULL;
    }
    return ok;
}

static bool read_files(struct memo *memo, const char *dir, const struct file_list *names,
                       struct folder *folder, hg_error *err)
{
    struct content text = CONTENT_INIT(FOLDER_FILE_LIMIT);
    bool ok = true;

    folder->count = 0;
    folder->files = arena_alloc(memo->arena, names->count + 1, sizeof *folder->files);
    if (folder->files == NULL)
        return no_memory(dir, err);
    for (size_t i = 0; i < names->count && ok; i++) {
        struct migration_file *file = &folder->files[folder->count];
        const char *path = path_of(memo->arena, dir, names->names[i]);

        ok = path != NULL || no_memory(dir, err);
        ok = ok && read_one(memo, names->names[i], path, &text, file, err);
        folder->count += ok && file->revision != NULL;
    }
    content_release(&text);
    return ok;
}

static bool list_files(struct memo *memo, const char *dir, struct folder *folder, hg_error *err)
{
    struct file_list names;
    bool ok;

    if (!file_list(dir, ".sql", &names, err)) {
        hg_error_hint(err, "headgate init makes the folder; --migrations names another one, which "
                           "may be Alembic's.");
        return false;
    }
    memo_rewind(memo, names.unsure);
    ok = read_files(memo, dir, &names, folder, err);
    file_list_release(&names);
    return ok;
}

/* --- Alembic's files --- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct migration_file of_python(const struct alembic_file *file)
{
    const struct python_revision *python = &file->python;

    return (struct migration_file){.path = file->path,
                                   .revision = python->revision,
                                   .message = python->message,
                                   .revises = python->down_revision.items,
                                   .revises_count = python->down_revision.count,
                                   .revises_given = true,
                                   .depends_on = python->depends_on.items,
                                   .depends_on_count = python->depends_on.count,
                                   .up = {.present = true, .checksum = "", .raw_checksum = ""},
                                   .down = {.present = true, .checksum = "", .raw_checksum = ""},
                                   .python = true};
}

/* Adds those whose revision no SQL file has. */
static bool add_python(const char *dir, const struct alembic_folder *python, struct arena *arena,
                       struct folder *folder, hg_error *err)
{
    size_t taken_count = folder->count;
    const char **taken = arena_alloc(arena, taken_count + 1, sizeof *taken);
    struct migration_file *files =
        arena_alloc(arena, taken_count + python->count + 1, sizeof *files);

    if (taken == NULL || files == NULL)
        return no_memory(dir, err);
    memcpy(files, folder->files, taken_count * sizeof *files);
    folder->files = files;
    for (size_t i = 0; i < taken_count; i++)
        taken[i] = files[i].revision;
    qsort(taken, taken_count, sizeof *taken, by_text);
    for (size_t i = 0; i < python->count; i++)
        if (bsearch(&python->files[i].python.revision, taken, taken_count, sizeof *taken, by_text)
            == NULL)
            files[folder->count++] = of_python(&python->files[i]);
    return true;
}

bool folder_read(const struct folder_place *place, hg_driver dialect, struct arena *arena,
                 struct folder *out_folder, hg_error *err)
{
    const char *dir = place->dir;
    struct alembic_folder python;
    struct folder folder = {0};
    struct memo memo;
    bool ok;

    memo_open(&memo, place->memo_dir, dir, dialect, arena);
    ok = recall_files(&memo, dir, &folder) || list_files(&memo, dir, &folder, err);
    memo_close(&memo, ok);
    ok = ok && alembic_read(dir, arena, &python, err)
         && (python.count == 0 || add_python(dir, &python, arena, &folder, err));
    if (ok)
        *out_folder = folder;
    return ok;
}

bool folder_read_any(const char *dir, struct arena *arena, struct folder *out_folder, hg_error *err)
{
    const struct folder_place place = {.dir = dir};
    hg_error first;

    if (folder_read(&place, HG_POSTGRESQL, arena, out_folder, &first)
        || (first.code == HG_FILE && folder_read(&place, HG_SQLITE, arena, out_folder, NULL)))
        return true;
    *err = first;
    return false;
}

bool folder_text(const struct migration_file *file, hg_driver dialect, struct arena *arena,
                 struct content *out_text, struct migration_file *out_file, hg_error *err)
{
    struct migration_file again;
    struct file_stamp unasked;

    if (file->python) {
        hg_fail(err, HG_UNSUPPORTED, "revision \"%s\" is Alembic's, in Python", file->revision);
        hg_error_place(err, file->path, 0, 0);
        hg_error_hint(err, "headgate import alembic makes SQL of it.");
        return false;
    }
    if (!content_read(out_text, file->path, &unasked, err)
        || !parse(file->path, out_text, dialect, false, arena, &again, err))
        return false;
    if (again.revision == NULL || strcmp(again.revision, file->revision) != 0
        || strcmp(again.up.checksum, file->up.checksum) != 0) {
        hg_fail(err, HG_FILE, "the file changed while it was being read");
        hg_error_place(err, file->path, 0, 0);
        hg_error_hint(err, "Run the command again when nothing writes to the folder any more.");
        return false;
    }
    *out_file = again;
    return true;
}
