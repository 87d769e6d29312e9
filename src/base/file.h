/*
 * file.h - read whole, write atomically, list sorted. Every error names the file and what to do.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <headgate/error.h>

struct buf;

/* Appends a whole file. Fails with HG_IO, also when it is larger than the buffer's limit or not a
 * regular file, or with HG_NOMEM. */
bool file_read(const char *path, struct buf *out, hg_error *err);

/* What tells a regular file from what it was: whoever writes to it or puts another one in its place
 * changes one of these, but not twice within what its file system takes for one moment. Times in ns
 * since 1970. */
struct file_stamp {
    uint64_t device, inode;
    int64_t size, modified_ns, changed_ns;
};

/* Of a file in an open folder. False: there is no regular file, or it cannot be asked. */
bool file_stamp(int folder, const char *name, struct file_stamp *out);
bool file_stamp_of(int fd, struct file_stamp *out);

/* Of an open folder: its times change whenever a name comes, goes or becomes another file's. */
bool file_stamp_folder(int fd, struct file_stamp *out);

/* Appends a whole file, and says which it was before anything of it was read. */
bool file_read_stamped(const char *path, struct buf *out, struct file_stamp *out_stamp,
                       hg_error *err);

/* Writes beside the file, syncs, renames: afterwards the file is the old one or the new one, never
 * a part. */
bool file_write(const char *path, const void *bytes, size_t n, mode_t mode, hg_error *err);

/* The same without syncing: for what can be made again. After a crash of the machine it may be
 * empty or damaged. */
bool file_write_lightly(const char *path, const void *bytes, size_t n, mode_t mode, hg_error *err);

/* Creates a file that must not be there yet: HG_IO when it is. */
bool file_create(const char *path, const void *bytes, size_t n, mode_t mode, hg_error *err);

/* Names (without folder) of regular files in dir that end in suffix, sorted by bytes; a missing
 * folder is HG_IO. */
struct file_list {
    char **names;
    size_t count;
    bool unsure; /* a name was left out for what it leads to, which may change behind it */
};
bool file_list(const char *dir, const char *suffix, struct file_list *out, hg_error *err);
void file_list_release(struct file_list *list);

/* Makes a folder and those above it that are missing. */
bool file_make_dir(const char *path, mode_t mode, hg_error *err);

bool file_exists(const char *path);

/* dir/name into out; false when it does not fit. */
bool file_join(char *out, size_t size, const char *dir, const char *name);

#endif
