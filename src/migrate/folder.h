/*
 * folder.h - the migrations folder: its files read and understood, and the text of one of them.
 * Must not know what is applied.
 */
#ifndef MIGRATE_FOLDER_H
#define MIGRATE_FOLDER_H

#include "file.h"

struct arena;
struct content;

enum { FOLDER_FILE_LIMIT = 1 << 30 }; /* bytes of one file */

struct folder {
    struct migration_file *files; /* the migrations, sorted by the bytes of their names */
    size_t count;
};

/* Which folder, and where it may be kept what its files said; NULL: nowhere. */
struct folder_place {
    const char *dir, *memo_dir;
};

/*
 * Reads and understands every migration, as this engine would run it; texts are not kept. Behind
 * the SQL files come those of Alembic in dir/versions whose revision no SQL file has.
 * Everything in out_folder lives in the arena. err: HG_IO, HG_FILE, HG_NOMEM.
 */
bool folder_read(const struct folder_place *place, hg_driver dialect, struct arena *arena,
                 struct folder *out_folder, hg_error *err);

/* The same without a database to say how: as whichever engine can read them all, PostgreSQL first.
 */
bool folder_read_any(const char *dir, struct arena *arena, struct folder *out_folder,
                     hg_error *err);

/*
 * Reads the text of a file again. out_file: the same file as it was read now, in the arena. err:
 * HG_FILE also when it is not what it was.
 */
bool folder_text(const struct migration_file *file, hg_driver dialect, struct arena *arena,
                 struct content *out_text, struct migration_file *out_file, hg_error *err);

#endif
