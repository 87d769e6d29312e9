/*
 * theme_find.c - themes in their folders: by name, by path, all of them.
 */
#include "theme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/near.h"

enum { THEME_BYTES_MAX = 256 * 1024 };
static const char suffix[] = ".json";

void theme_folders(const char *own, const char *out[THEME_FOLDERS])
{
    size_t n = 0;

    if (own[0] != '\0')
        out[n++] = own;
    out[n++] = HG_THEME_DIR;
    out[n++] = HG_THEME_SOURCE_DIR;
    out[n] = NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Adds the names of one folder that are not there yet; one too long to be asked for is left out. */
static size_t add_folder(const char *folder, char out[][THEME_NAME_SIZE], size_t count, size_t most)
{
    struct file_list list;

    if (!file_list(folder, suffix, &list, NULL))
        return count;
    for (size_t i = 0; i < list.count && count < most; i++) {
        size_t n = strlen(list.names[i]) - (sizeof suffix - 1), seen = 0;

        if (n == 0 || n >= THEME_NAME_SIZE)
            continue;
        memcpy(out[count], list.names[i], n);
        out[count][n] = '\0';
        while (strcmp(out[seen], out[count]) != 0)
            seen++;
        count += seen == count;
    }
    file_list_release(&list);
    return count;
}

size_t theme_names(const char *const *folders, char out[][THEME_NAME_SIZE], size_t most)
{
    size_t count = 0;

    for (; *folders != NULL; folders++)
        count = add_folder(*folders, out, count, most);
    qsort(out, count, sizeof *out, by_name);
    return count;
}

bool theme_path(const char *name, const char *const *folders, char *out, size_t size)
{
    char file[256];

    if (strlen(name) >= THEME_NAME_SIZE)
        return false;
    snprintf(file, sizeof file, "%s%s", name, suffix);
    for (; *folders != NULL; folders++)
        if (file_join(out, size, *folders, file) && file_exists(out))
            return true;
    return false;
}

bool theme_read(const char *path, struct theme *out, hg_error *err)
{
    struct buf text = BUF_INIT(THEME_BYTES_MAX);
    bool ok = file_read(path, &text, err) && theme_parse(text.bytes, text.size, path, out, err);

    buf_release(&text);
    return ok;
}

static void hint_name(const char *name, const char *const *folders, hg_error *err)
{
    char names[THEMES_MAX][THEME_NAME_SIZE];
    size_t count = theme_names(folders, names, THEMES_MAX);

    for (size_t i = 0; i < count; i++)
        if (near_enough(name, names[i]))
            hg_error_hint(err, "Did you mean \"%s\"?", names[i]);
}

bool theme_load(const char *name, const char *const *folders, struct theme *out, hg_error *err)
{
    char path[4096];

    if (strchr(name, '/') != NULL)
        return theme_read(name, out, err);
    if (theme_path(name, folders, path, sizeof path))
        return theme_read(path, out, err);
    hg_fail(err, HG_IO, "there is no theme \"%s\"", name);
    hint_name(name, folders, err);
    return false;
}

bool theme_next(const char *name, const char *const *folders, char out[THEME_NAME_SIZE])
{
    char names[THEMES_MAX][THEME_NAME_SIZE];
    size_t count = theme_names(folders, names, THEMES_MAX), next = 0;

    while (next < count && strcmp(names[next], name) <= 0)
        next++;
    if (count > 0)
        memcpy(out, names[next % count], THEME_NAME_SIZE);
    return count > 0;
}
