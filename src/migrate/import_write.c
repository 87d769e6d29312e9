/*
 * import_write.c - items as migration files of ours.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "folder.h"
#include "import.h"
#include "naming.h"

enum { PATH_ROOM = 4096 };

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not write the migrations: out of memory");
}

/* --- text --- */

static void put_names(struct buf *out, const char *header, const char *const *names, size_t count)
{
    buf_printf(out, "-- %s:", header);
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s %s", i == 0 ? "" : ",", names[i]);
    buf_char(out, '\n');
}

static void put_message(struct buf *out, const char *message)
{
    buf_text(out, "-- message: ");
    for (; *message != '\0'; message++)
        buf_char(out, (unsigned char)*message < ' ' ? ' ' : *message);
    buf_char(out, '\n');
}

static void put_sql(struct buf *out, const char *sql)
{
    size_t n = strlen(sql);

    buf_bytes(out, sql, n);
    if (n > 0 && sql[n - 1] != '\n')
        buf_char(out, '\n');
}

/*
 * What runs on one engine alone. Where nobody could write it, a statement stands that fails and
 * says why: an empty section would count as applied.
 */
static void put_guarded(struct buf *out, hg_driver driver, const char *sql)
{
    buf_printf(out, "-- @%s\n", hg_driver_name(driver));
    if (sql == NULL)
        buf_printf(out, "SELECT there_is_no_sql_of_this_revision_for_%s();\n",
                   hg_driver_name(driver));
    else
        put_sql(out, sql);
}

static void put_section(struct buf *out, const char *name, const struct import_section *section)
{
    bool up = strcmp(name, "up") == 0;

    buf_printf(out, "\n-- migrate:%s%s%s\n", name,
               section->present && !section->transaction ? " transaction:false" : "",
               section->present || up ? "" : " irreversible:true");
    if (section->present && section->sql[0] == section->sql[1]) {
        put_sql(out, section->sql[0]);
    } else if (section->present || up) {
        put_guarded(out, HG_POSTGRESQL, section->sql[HG_POSTGRESQL]);
        put_guarded(out, HG_SQLITE, section->sql[HG_SQLITE]);
        buf_text(out, "-- @end\n");
    }
}

static void put_item(struct buf *out, const struct import_item *item)
{
    buf_printf(out, "-- revision: %s\n", item->revision);
    put_names(out, "revises", item->revises, item->revises_count);
    if (item->depends_on_count > 0)
        put_names(out, "depends_on", item->depends_on, item->depends_on_count);
    put_message(out, item->message);
    put_section(out, "up", &item->up);
    put_section(out, "down", &item->down);
}

/* What was written must be what is read, on one of the engines at least: the file is understood
 * before it is made. */
static bool check(struct import *import, const struct import_item *item, const struct buf *text,
                  const char *path, hg_error *err)
{
    struct migration_file file;
    struct file_source source = {
        .path = path, .text = text->bytes, .size = text->size, .dialect = HG_POSTGRESQL};
    hg_error unheard;

    if (file_parse(&source, &import->arena, &file, err))
        return true;
    source.dialect = HG_SQLITE;
    if (file_parse(&source, &import->arena, &file, &unheard))
        return true;
    hg_error_context(err, "\"%s\" cannot be taken over", item->source);
    return false;
}

/* --- files --- */

static bool has_revision(const struct folder *folder, const char *revision)
{
    for (size_t i = 0; i < folder->count; i++)
        if (!folder->files[i].python && strcmp(folder->files[i].revision, revision) == 0)
            return true;
    return false;
}

/* Increasing from item to item, so that the order in the folder is the order of the revisions. */
static long long number_of(const struct import_item *item, long long last)
{
    return item->number > last ? item->number : last + 1;
}

static bool write_item(struct import *import, const struct import_item *item, long long number,
                       hg_error *err)
{
    char slug[NAMING_SLUG_MAX + 1], name[NAMING_SLUG_MAX + 40], path[PATH_ROOM];
    struct buf text = BUF_INIT(2 * (size_t)FOLDER_FILE_LIMIT);
    bool ok;

    naming_slug(item->message, slug);
    snprintf(name, sizeof name, "%014lld_%s.sql", number, slug);
    if (item->copy_as == NULL)
        put_item(&text, item);
    ok = file_join(path, sizeof path, import->options->dir,
                   item->copy_as == NULL ? name : item->copy_as)
         || hg_fail(err, HG_IO, "the path of the new migration is too long");
    ok = ok && (item->copy_as == NULL || file_read(item->source, &text, err))
         && (!buf_failed(&text) || no_memory(err)) && check(import, item, &text, path, err)
         && file_create(path, text.bytes, text.size, 0644, err);
    buf_release(&text);
    return ok;
}

static bool write_items(struct import *import, const struct folder *folder, size_t *out_written,
                        size_t *out_left, hg_error *err)
{
    long long last = 0;

    for (size_t i = 0; i < import->items.count; i++) {
        const struct import_item *item = &import->items.items[i];

        last = number_of(item, last);
        if (has_revision(folder, item->revision))
            continue;
        if (item->copy_as == NULL && !item->up.present) {
            ++*out_left;
            if (import->stays)
                continue; /* else a file stands in for it, that others may build on */
        }
        if (!write_item(import, item, last, err))
            return false;
        ++*out_written;
    }
    return true;
}

bool import_write(struct import *import, size_t *out_written, size_t *out_left, hg_error *err)
{
    const char *dir = import->options->dir;
    struct folder folder;
    bool ok = file_make_dir(dir, 0755, err);
    int lock = ok ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (lock >= 0)
        (void)flock(lock, LOCK_EX);
    ok = ok && folder_read_any(dir, &import->arena, &folder, err)
         && write_items(import, &folder, out_written, out_left, err);
    if (lock >= 0)
        close(lock);
    return ok;
}
