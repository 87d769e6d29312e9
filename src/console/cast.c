/*
 * cast.c - frames as the text and colours that changed, a JSON array a line.
 *
 * asciicast v2: the first line is an object with the size and the time, each further line
 * [seconds, "o", what the terminal is sent] or [seconds, "r", "COLUMNSxROWS"].
 */
#include "cast.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"

enum { FRAME_BYTES_MAX = 8 << 20, ROW_BYTES_MAX = 64 * 1024 };

struct cast {
    char path[4096];
    int fd;
    int error;        /* errno of the first write that failed */
    enum depth depth; /* players know 256 colours */
    int64_t start_ns;
    struct canvas shown, next; /* the frame before; the present one without secrets */
    struct theme theme;        /* that it was shown in */
};

bool cast_open(const char *path, bool color, struct cast **out, hg_error *err)
{
    struct cast *cast = alloc_zero(1, sizeof *cast);

    if (cast == NULL)
        return hg_fail(err, HG_NOMEM, "could not record: out of memory");
    cast->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (cast->fd < 0) {
        hg_fail(err, HG_IO, "could not record to \"%s\": %s", path, strerror(errno));
        hg_error_hint(err, errno == EEXIST ? "A recording needs a file that is not there yet."
                                           : "Choose a file in a folder that you may write to.");
        alloc_free(cast);
        return false;
    }
    text_copy(cast->path, sizeof cast->path, path);
    cast->depth = color ? DEPTH_256 : DEPTH_MONO;
    cast->start_ns = clock_now_ns();
    *out = cast;
    return true;
}

/* A line of the file. It is small and stays in the page cache: the screen does not wait for it. */
static void write_line(struct cast *cast, const struct buf *line)
{
    size_t done = 0;

    if (line->failed)
        cast->error = ENOMEM;
    while (cast->error == 0 && done < line->size) {
        ssize_t n = write(cast->fd, line->bytes + done, line->size - done);

        if (n >= 0)
            done += (size_t)n;
        else if (errno != EINTR)
            cast->error = errno;
    }
}

static void put_json_text(struct buf *out, const char *text)
{
    buf_char(out, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < ' ')
            buf_printf(out, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else
            buf_char(out, *text);
    }
    buf_char(out, '"');
}

static void write_event(struct cast *cast, const char *kind, const char *data)
{
    struct buf line = BUF_INIT(FRAME_BYTES_MAX);

    buf_printf(&line, "[%.6f, \"%s\", ", (double)(clock_now_ns() - cast->start_ns) / 1e9, kind);
    put_json_text(&line, data);
    buf_text(&line, "]\n");
    write_line(cast, &line);
    buf_release(&line);
}

static void write_head(struct cast *cast)
{
    struct buf line = BUF_INIT(1024);

    buf_printf(&line,
               "{\"version\": 2, \"width\": %d, \"height\": %d, \"timestamp\": %lld, "
               "\"title\": \"headgate\", \"env\": {\"TERM\": \"xterm-256color\"}}\n",
               cast->next.width, cast->next.height, (long long)(clock_wall_ms() / 1000));
    write_line(cast, &line);
    buf_release(&line);
}

/* What stands quoted behind the word PASSWORD, as in ALTER ROLE, is nobody's secret yet: the rest
 * of the row goes. */
static void blot_passwords(char *row)
{
    static const char word[] = "password";
    char *at = strcasestr(row, word);

    if (at == NULL)
        return;
    at += strcspn(at, "'");
    if (strlen(at) > 3)
        memcpy(at, "***", 4);
}

/* A row in which a secret stands is drawn anew, without it and without its colours. */
static void scrub_row(struct canvas *c, int y)
{
    struct buf row = BUF_INIT(ROW_BYTES_MAX), before = BUF_INIT(ROW_BYTES_MAX);

    for (int x = 0; x < c->width; x++)
        buf_text(&row, canvas_at(c, x, y)->text);
    buf_text(&before, row.bytes);
    if (row.size > 0) {
        secret_scrub(row.bytes, row.size + 1);
        blot_passwords(row.bytes);
    }
    if (row.failed || before.failed || strcmp(row.bytes, before.bytes) != 0) {
        struct area area = area_rows(area_of(c), y, 1);

        area_fill(area, ROLE_TEXT);
        area_put(area, 0, 0, ROLE_TEXT, row.failed || before.failed ? "" : row.bytes);
    }
    buf_release(&row);
    buf_release(&before);
}

/* Takes over the frame; false: no memory for it. */
static bool take_frame(struct cast *cast, const struct canvas *c)
{
    struct canvas *next = &cast->next;

    if (next->cells == NULL || next->width != c->width || next->height != c->height) {
        canvas_release(next);
        if (!canvas_init(next, c->width, c->height, c->utf8))
            return false;
    }
    memcpy(next->cells, c->cells, (size_t)c->width * (size_t)c->height * sizeof *c->cells);
    next->cursor_x = c->cursor_x;
    next->cursor_y = c->cursor_y;
    next->cursor_visible = c->cursor_visible;
    for (int y = 0; y < next->height; y++)
        scrub_row(next, y);
    return true;
}

static void put_color(struct buf *out, int color, int base)
{
    if (color >= 0)
        buf_printf(out, ";%d;5;%d", base, color);
}

/* ECMA-48 §8.3.117, select graphic rendition. */
static void put_style(const struct cast *cast, const struct cell *cell, struct buf *out)
{
    struct style style =
        theme_style(&cast->theme, cast->depth, (enum role)cell->role, (enum role)cell->over);

    buf_text(out, "\033[0");
    buf_text(out, style.attributes & ATTR_BOLD ? ";1" : "");
    buf_text(out, style.attributes & ATTR_DIM ? ";2" : "");
    buf_text(out, style.attributes & ATTR_UNDERLINE ? ";4" : "");
    buf_text(out, style.attributes & ATTR_REVERSE ? ";7" : "");
    put_color(out, style.fg, 38);
    put_color(out, style.bg, 48);
    buf_char(out, 'm');
}

static bool same_cell(const struct cast *cast, int x, int y)
{
    return cast->shown.cells != NULL
           && memcmp(canvas_at(&cast->shown, x, y), canvas_at(&cast->next, x, y),
                     sizeof(struct cell))
                  == 0;
}

/* From the first to the last cell of a row that changed, whole characters. */
static void put_row(const struct cast *cast, int y, struct buf *out)
{
    const struct canvas *c = &cast->next;
    const struct cell *before = NULL;
    int first = 0, end = c->width;

    while (first < end && same_cell(cast, first, y))
        first++;
    while (end > first && same_cell(cast, end - 1, y))
        end--;
    if (first == end)
        return;
    while (first > 0 && canvas_at(c, first, y)->width == 0)
        first--;
    buf_printf(out, "\033[%d;%dH", y + 1, first + 1);
    for (int x = first; x < end; x++) {
        const struct cell *cell = canvas_at(c, x, y);

        if (before == NULL || before->role != cell->role || before->over != cell->over)
            put_style(cast, cell, out);
        buf_text(out, cell->text);
        before = cell;
    }
}

static void put_cursor(const struct canvas *c, struct buf *out)
{
    if (c->cursor_visible)
        buf_printf(out, "\033[%d;%dH\033[?25h", c->cursor_y + 1, c->cursor_x + 1);
    else
        buf_text(out, "\033[?25l");
}

/* A frame of another size or in another theme begins with an empty screen. */
static bool starts_anew(const struct cast *cast, const struct theme *theme)
{
    return cast->shown.cells == NULL || cast->shown.width != cast->next.width
           || cast->shown.height != cast->next.height
           || memcmp(&cast->theme, theme, sizeof *theme) != 0;
}

static void write_size(struct cast *cast)
{
    struct buf size = BUF_INIT(64);

    buf_printf(&size, "%dx%d", cast->next.width, cast->next.height);
    if (cast->shown.cells == NULL)
        write_head(cast);
    else if (cast->shown.width != cast->next.width || cast->shown.height != cast->next.height)
        write_event(cast, "r", size.bytes);
    buf_release(&size);
}

void cast_frame(struct cast *cast, const struct canvas *c, const struct theme *theme)
{
    struct buf out = BUF_INIT(FRAME_BYTES_MAX);
    struct canvas before;

    if (!take_frame(cast, c)) {
        cast->error = ENOMEM;
        return;
    }
    if (!starts_anew(cast, theme) && canvas_equal(&cast->shown, &cast->next))
        return;
    if (starts_anew(cast, theme)) {
        write_size(cast);
        cast->theme = *theme;
        canvas_release(&cast->shown);
        buf_text(&out, "\033[0m\033[2J");
    }
    for (int y = 0; y < cast->next.height; y++)
        put_row(cast, y, &out);
    put_cursor(&cast->next, &out);
    if (out.failed)
        cast->error = ENOMEM;
    write_event(cast, "o", out.bytes);
    before = cast->shown;
    cast->shown = cast->next;
    cast->next = before;
    buf_release(&out);
}

bool cast_close(struct cast *cast, hg_error *err)
{
    bool ok = true;

    if (cast == NULL)
        return true;
    if (close(cast->fd) != 0 && cast->error == 0)
        cast->error = errno;
    if (cast->error != 0)
        ok = hg_fail(err, HG_IO, "could not record to \"%s\": %s", cast->path,
                     strerror(cast->error));
    canvas_release(&cast->shown);
    canvas_release(&cast->next);
    alloc_free(cast);
    return ok;
}
