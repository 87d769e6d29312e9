/*
 * env_file.c - moves one variable of a .env file to another value of the same file, and back.
 *
 * Whole lines are moved as they stand, so that quotes, comments and interpolation stay what they
 * were, and a secret never leaves the file. Must not know why anybody wants that.
 */
#include <headgate/settings.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "dotenv.h"

enum { FILE_LIMIT = 256 * 1024 };

/* A .env file in memory, with what stands in it. */
struct env_file {
    const char *path;
    struct buf text;
    struct dotenv entries;
};

#define ENV_FILE_INIT(path)                       \
    {                                             \
        (path), BUF_INIT(FILE_LIMIT), DOTENV_INIT \
    }

static const char *no_environment(void *context, const char *name)
{
    (void)context;
    (void)name;
    return NULL;
}

static bool open_file(struct env_file *f, hg_error *err)
{
    return file_read(f->path, &f->text, err)
           && dotenv_parse(f->text.bytes, f->text.size, f->path, no_environment, NULL, &f->entries,
                           err);
}

static void close_file(struct env_file *f)
{
    explicit_bzero(f->text.bytes, f->text.size);
    buf_release(&f->text);
    dotenv_release(&f->entries);
}

/* A piece of the file's text. */
struct piece {
    const char *at;
    size_t size;
};

/* The line of an entry without its end. */
static struct piece line_of(const struct env_file *f, const struct dotenv_entry *e)
{
    const char *at = f->text.bytes, *end = at + f->text.size, *stop;

    for (int line = 1; line < e->line; line++)
        at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
    stop = memchr(at, '\n', (size_t)(end - at));
    return (struct piece){at, (size_t)((stop == NULL ? end : stop) - at)};
}

/* What follows the "=" of an entry's line; not found: the value goes on in the next line, or there
 * is none. */
static bool value_of(const struct env_file *f, const struct dotenv_entry *e, struct piece *out,
                     hg_error *err)
{
    struct piece line = line_of(f, e);
    const char *equals = memchr(line.at, '=', line.size);

    if (e->value == NULL || equals == NULL || strchr(e->value, '\n') != NULL) {
        hg_fail(err, HG_CONFIG, "%s is not written as NAME=value in one line", e->name);
        hg_error_place(err, f->path, e->line, 1);
        return false;
    }
    *out = (struct piece){equals + 1, (size_t)(line.at + line.size - equals - 1)};
    return true;
}

/* The text with one line changed: replaced by name=value, added at the end when there is none, or,
 * without a value, taken out. */
static void rewrite(const struct env_file *f, const char *name, const struct piece *value,
                    struct buf *out)
{
    const struct dotenv_entry *old = dotenv_find(&f->entries, name);
    const char *text = f->text.bytes, *end = text + f->text.size;
    struct piece line = old != NULL ? line_of(f, old) : (struct piece){end, 0};
    const char *rest = line.at + line.size;
    bool exported = line.size > 7 && strncmp(line.at, "export ", 7) == 0;

    buf_bytes(out, text, (size_t)(line.at - text));
    if (value == NULL) {
        rest += rest < end; /* its line end */
    } else {
        if (old == NULL && out->size > 0 && out->bytes[out->size - 1] != '\n')
            buf_char(out, '\n');
        buf_printf(out, "%s%s=", exported ? "export " : "", name);
        buf_bytes(out, value->at, value->size);
        if (rest == end)
            buf_char(out, '\n');
    }
    buf_bytes(out, rest, (size_t)(end - rest));
}

/* Whoever owned the file owns it afterwards. */
static bool replace(const struct env_file *f, const struct buf *text, hg_error *err)
{
    struct stat was;

    if (buf_failed(text))
        return hg_fail(err, HG_NOMEM, "could not write \"%s\": out of memory", f->path);
    if (stat(f->path, &was) != 0)
        return hg_fail(err, HG_IO, "could not look at \"%s\": %m", f->path);
    if (!file_write(f->path, text->bytes, text->size, was.st_mode & 07777, err))
        return false;
    if (was.st_uid == geteuid() || chown(f->path, was.st_uid, was.st_gid) == 0)
        return true;
    return hg_fail(err, HG_IO, "could not give \"%s\" back to its owner: %m", f->path);
}

static const struct dotenv_entry *find(const struct env_file *f, const char *name, hg_error *err)
{
    const struct dotenv_entry *e = dotenv_find(&f->entries, name);

    if (e == NULL || e->value == NULL || e->value[0] == '\0') {
        hg_fail(err, HG_CONFIG, "%s does not stand in \"%s\"", name, f->path);
        hg_error_hint(err, "Write it into that file, where no one else can read it.");
        return NULL;
    }
    return e;
}

static bool is_like(const struct env_file *f, const char *variable, const struct dotenv_entry *like)
{
    const struct dotenv_entry *e = dotenv_find(&f->entries, variable);

    return e != NULL && e->value != NULL && strcmp(e->value, like->value) == 0;
}

bool hg_env_file_points(const char *file, const char *variable, const char *like, bool *out_same,
                        hg_error *err)
{
    struct env_file f = ENV_FILE_INIT(file);
    const struct dotenv_entry *e;
    bool ok = open_file(&f, err) && (e = find(&f, like, err)) != NULL;

    if (ok)
        *out_same = is_like(&f, variable, e);
    close_file(&f);
    return ok;
}

/* The copy is there before the file changes; one that is there already is of the same change, which
 * was interrupted. */
static bool keep_copy(const struct env_file *f, const char *keep, hg_error *err)
{
    return file_exists(keep) || file_create(keep, f->text.bytes, f->text.size, 0600, err);
}

bool hg_env_file_point(const char *file, const char *variable, const char *like, const char *keep,
                       hg_error *err)
{
    struct env_file f = ENV_FILE_INIT(file);
    struct buf text = BUF_INIT(2 * FILE_LIMIT);
    const struct dotenv_entry *e;
    struct piece value;
    bool ok = open_file(&f, err) && (e = find(&f, like, err)) != NULL;

    if (ok && !is_like(&f, variable, e)) {
        ok = value_of(&f, e, &value, err) && keep_copy(&f, keep, err);
        if (ok)
            rewrite(&f, variable, &value, &text);
        ok = ok && replace(&f, &text, err);
    }
    explicit_bzero(text.bytes, text.size);
    buf_release(&text);
    close_file(&f);
    return ok;
}

/* Whether the file is what pointing made of the one before, and nothing else. */
static bool is_as_pointed(const struct env_file *now, const struct env_file *before,
                          const char *variable, const char *like)
{
    const struct dotenv_entry *e = dotenv_find(&before->entries, like);
    struct buf text = BUF_INIT(2 * FILE_LIMIT);
    struct piece value;
    bool same;

    if (e == NULL || !value_of(before, e, &value, NULL))
        return false;
    rewrite(before, variable, &value, &text);
    same = !buf_failed(&text) && text.size == now->text.size
           && memcmp(text.bytes, now->text.bytes, text.size) == 0;
    explicit_bzero(text.bytes, text.size);
    buf_release(&text);
    return same;
}

/* The file as it was before, to the byte, when nobody else has changed it; else the one line. */
static bool put_back(const struct env_file *now, const struct env_file *before,
                     const char *variable, const char *like, hg_error *err)
{
    const struct dotenv_entry *old = dotenv_find(&before->entries, variable);
    struct buf text = BUF_INIT(2 * FILE_LIMIT);
    struct piece value;
    bool ok;

    if (is_as_pointed(now, before, variable, like))
        return replace(now, &before->text, err);
    ok = old == NULL || value_of(before, old, &value, err);
    if (ok)
        rewrite(now, variable, old == NULL ? NULL : &value, &text);
    ok = ok && replace(now, &text, err);
    explicit_bzero(text.bytes, text.size);
    buf_release(&text);
    return ok;
}

bool hg_env_file_restore(const char *file, const char *variable, const char *like, const char *keep,
                         hg_error *err)
{
    struct env_file now = ENV_FILE_INIT(file), before = ENV_FILE_INIT(keep);
    bool ok = !file_exists(keep)
              || (open_file(&now, err) && open_file(&before, err)
                  && put_back(&now, &before, variable, like, err));

    close_file(&now);
    close_file(&before);
    return ok;
}
