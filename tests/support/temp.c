/*
 * temp.c - temporary folders for tests.
 */
#include "temp.h"

#include <ftw.h>
#include <libgen.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"

#define MEMORY      "/dev/shm"
#define BASE_MOST   48 /* of a name in TMPDIR */
#define ROOMY_BYTES (UINT64_C(2) << 30)

static void give_up(const char *what)
{
    perror(what);
    exit(99);
}

static char *make_in(const char *base)
{
    char *dir = NULL;

    if (asprintf(&dir, "%s/headgate-test-XXXXXX", base) < 0 || mkdtemp(dir) == NULL
        || chmod(dir, 0755) != 0)
        give_up("temporary folder");
    return dir;
}

/* Sockets lie in these folders, whose paths have 107 bytes at most. */
char *temp_dir_make(void)
{
    const char *base = getenv("TMPDIR");

    return make_in(base == NULL || strlen(base) > BASE_MOST ? "/tmp" : base);
}

/* A file system in memory that this user may write to, with plenty of room. */
static bool is_roomy_memory(const char *dir)
{
    struct statfs st;

    return statfs(dir, &st) == 0 && st.f_type == TMPFS_MAGIC && access(dir, W_OK) == 0
           && (uint64_t)st.f_bavail * (uint64_t)st.f_bsize >= ROOMY_BYTES;
}

char *temp_dir_make_quick(void)
{
    bool memory = getenv("TMPDIR") == NULL && is_roomy_memory(MEMORY);

    return memory ? make_in(MEMORY) : temp_dir_make();
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    (void)remove(path); /* what cannot go stays: the test has spoken already */
    return 0;
}

void temp_dir_remove(char *dir)
{
    if (dir == NULL)
        return;
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(dir);
}

char *temp_path(const char *dir, const char *name)
{
    char *path = NULL;

    if (asprintf(&path, "%s/%s", dir, name) < 0)
        give_up("path");
    return path;
}

void temp_write(const char *dir, const char *name, const char *text)
{
    char *path = temp_path(dir, name);
    char *folder = temp_path(dir, name);
    FILE *file;

    if (!file_make_dir(dirname(folder), 0755, NULL))
        give_up(folder);
    file = fopen(path, "we");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        give_up(path);
    free(folder);
    free(path);
}
