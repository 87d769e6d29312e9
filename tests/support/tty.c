/*
 * tty.c - libvterm over a pseudo-terminal.
 */
#include "tty_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include "base/text.h"
#include "headgate/types.h"

enum { LIMIT_MS = 60000, BYTES_MAX = 64 << 20 };

static void give_up(const char *what)
{
    perror(what);
    exit(99);
}

static int on_property(VTermProp prop, VTermValue *value, void *user)
{
    struct tty *t = user;

    if (prop == VTERM_PROP_ALTSCREEN)
        t->alternate = value->boolean;
    else if (prop == VTERM_PROP_CURSORVISIBLE)
        t->cursor_visible = value->boolean;
    return 1;
}

/* Window operations (CSI t) and the shape of Linux's cursor (CSI ? c) are part of the terminals'
 * own entries: not for a screen, and not unknown. */
static int on_csi(const char *leader, const long args[], int count, const char *between,
                  char command, void *user)
{
    bool cursor = command == 'c' && leader != NULL && leader[0] == '?';

    (void)args;
    (void)count;
    (void)between;
    ((struct tty *)user)->unknown += command != 't' && !cursor;
    return 0;
}

static int on_escape(const char *bytes, size_t size, void *user)
{
    (void)bytes;
    (void)size;
    ((struct tty *)user)->unknown++;
    return 0;
}

static const VTermScreenCallbacks screen_callbacks = {.settermprop = on_property};
static const VTermParserCallbacks unknown_callbacks = {
    .csi = on_csi, .osc = on_escape, .dcs = on_escape};

static void put_environment(const struct tty_options *o)
{
    setenv("TERM", o->term == NULL ? "xterm-256color" : o->term, 1);
    setenv("LC_ALL", o->locale == NULL ? "C.UTF-8" : o->locale, 1);
    setenv("TZ", "UTC", 1);
    unsetenv("LINES");
    unsetenv("COLUMNS");
    unsetenv("COLORTERM");
    unsetenv("NO_COLOR");
    for (const char *const *e = o->environment; e != NULL && *e != NULL; e++)
        putenv((char *)*e);
}

static void run_child(const struct tty *t, const struct tty_options *o, const char *const *argv)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    close(t->master);
    if (login_tty(t->slave) != 0 || (o->directory != NULL && chdir(o->directory) != 0))
        give_up("terminal of the child");
    put_environment(o);
    execv(argv[0], (char *const *)argv);
    give_up(argv[0]);
}

struct tty *tty_start(const struct tty_options *o, const char *const *argv)
{
    struct tty *t = calloc(1, sizeof *t);
    struct winsize size = {.ws_col = (unsigned short)(o->width == 0 ? 80 : o->width),
                           .ws_row = (unsigned short)(o->height == 0 ? 24 : o->height)};

    if (t == NULL || openpty(&t->master, &t->slave, NULL, NULL, &size) != 0)
        give_up("pseudo-terminal");
    fcntl(t->master, F_SETFD, FD_CLOEXEC);
    fcntl(t->slave, F_SETFD, FD_CLOEXEC);
    tcgetattr(t->slave, &t->before);
    t->bytes = BUF_INIT(BYTES_MAX);
    t->cursor_visible = true;
    t->emulator = vterm_new(size.ws_row, size.ws_col);
    vterm_set_utf8(t->emulator, o->locale == NULL || strstr(o->locale, "UTF-8") != NULL);
    t->screen = vterm_obtain_screen(t->emulator);
    vterm_screen_set_callbacks(t->screen, &screen_callbacks, t);
    vterm_screen_set_unrecognised_fallbacks(t->screen, &unknown_callbacks, t);
    vterm_screen_enable_altscreen(t->screen, 1);
    vterm_screen_reset(t->screen, 1);
    t->pid = fork();
    if (t->pid < 0)
        give_up("fork");
    if (t->pid == 0)
        run_child(t, o, argv);
    return t;
}

/* Whether the program has ended or stopped by now. */
static bool reap(struct tty *t, int options)
{
    int status;

    if (t->ended || waitpid(t->pid, &status, WNOHANG | options) != t->pid)
        return false;
    t->ended = !WIFSTOPPED(status);
    t->status = status;
    return true;
}

void tty_free(struct tty *t)
{
    if (t == NULL)
        return;
    if (!t->ended) {
        kill(-t->pid, SIGKILL);
        kill(t->pid, SIGKILL);
        waitpid(t->pid, &t->status, 0);
    }
    if (t->master >= 0)
        close(t->master);
    if (t->slave >= 0)
        close(t->slave);
    vterm_free(t->emulator);
    buf_release(&t->bytes);
    free(t);
}

/* What the emulator answers (cursor position, device) goes back as if typed. */
static void answer(struct tty *t)
{
    char bytes[256];
    size_t n = t->holds ? 0 : vterm_output_read(t->emulator, bytes, sizeof bytes);

    if (n > 0 && write(t->master, bytes, n) < 0)
        return;
}

void tty_hold_answers(struct tty *t, bool hold)
{
    t->holds = hold;
    answer(t);
}

/* Bytes without the beginning of a character that has not come whole: the emulator loses it. */
static size_t whole_characters(const char *bytes, size_t n)
{
    size_t lead = n;

    while (lead > 0 && n - lead < 4 && ((unsigned char)bytes[lead - 1] & 0xC0) == 0x80)
        lead--;
    if (lead == 0 || (unsigned char)bytes[lead - 1] < 0xC0)
        return n;
    lead--;
    return n - lead < ((unsigned char)bytes[lead] < 0xE0   ? 2u
                       : (unsigned char)bytes[lead] < 0xF0 ? 3u
                                                           : 4u)
               ? lead
               : n;
}

static void feed(struct tty *t)
{
    const char *from = t->bytes.bytes + t->fed;
    size_t n = whole_characters(from, t->bytes.size - t->fed);

    vterm_input_write(t->emulator, from, n);
    t->fed += n;
}

/* Reads what is there, waiting at most so long for the first byte; returns how much came. */
static size_t pump(struct tty *t, int ms)
{
    struct pollfd wait = {.fd = t->master, .events = POLLIN};
    char chunk[16 * 1024];
    ssize_t n;

    if (t->master < 0 || poll(&wait, 1, ms) <= 0)
        return 0;
    n = read(t->master, chunk, sizeof chunk);
    if (n <= 0)
        return 0;
    buf_bytes(&t->bytes, chunk, (size_t)n);
    feed(t);
    answer(t);
    return (size_t)n;
}

void tty_type(struct tty *t, const char *bytes)
{
    if (write(t->master, bytes, strlen(bytes)) != (ssize_t)strlen(bytes))
        give_up("typing");
}

void tty_resize(struct tty *t, int width, int height)
{
    struct winsize size = {.ws_col = (unsigned short)width, .ws_row = (unsigned short)height};

    vterm_set_size(t->emulator, height, width);
    if (ioctl(t->master, TIOCSWINSZ, &size) != 0)
        give_up("resizing");
}

static void append_row(struct tty *t, int y, int width, struct buf *out)
{
    size_t end = out->size;

    for (int x = 0; x < width; x++) {
        VTermScreenCell cell;
        char utf8[4];

        vterm_screen_get_cell(t->screen, (VTermPos){.row = y, .col = x}, &cell);
        if (cell.chars[0] == (uint32_t)-1)
            continue; /* the right half of a wide character */
        if (cell.chars[0] == 0)
            buf_char(out, ' ');
        for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i] != 0; i++)
            buf_bytes(out, utf8, text_encode(cell.chars[i], utf8));
        if (cell.chars[0] != 0 && cell.chars[0] != ' ')
            end = out->size;
    }
    buf_truncate(out, end);
    buf_char(out, '\n');
}

static void describe_color(struct buf *out, const char *what, VTermColor color)
{
    if (VTERM_COLOR_IS_DEFAULT_FG(&color) || VTERM_COLOR_IS_DEFAULT_BG(&color))
        return;
    if (VTERM_COLOR_IS_INDEXED(&color))
        buf_printf(out, " %s=%d", what, color.indexed.idx);
    else
        buf_printf(out, " %s=#%02x%02x%02x", what, color.rgb.red, color.rgb.green, color.rgb.blue);
}

static bool is_space(const VTermScreenCell *cell)
{
    return cell->chars[0] == 0 || cell->chars[0] == ' ';
}

/* How a cell looks; of a space that is what it stands on. */
static void describe(struct tty *t, int y, int x, struct buf *out)
{
    VTermScreenCell cell;
    bool letter;

    vterm_screen_get_cell(t->screen, (VTermPos){.row = y, .col = x}, &cell);
    letter = !is_space(&cell) || cell.attrs.underline || cell.attrs.reverse;
    buf_truncate(out, 0);
    if (letter && cell.attrs.bold)
        buf_text(out, " bold");
    if (cell.attrs.underline)
        buf_text(out, " underline");
    if (cell.attrs.reverse)
        buf_text(out, " reverse");
    if (letter)
        describe_color(out, "fg", cell.fg);
    describe_color(out, "bg", cell.bg);
}

/* Whether a space stands on the same ground as a cell before it in the row. */
static bool is_space_beside(struct tty *t, int y, int x, int before)
{
    VTermScreenCell cell, other;

    vterm_screen_get_cell(t->screen, (VTermPos){.row = y, .col = x}, &cell);
    vterm_screen_get_cell(t->screen, (VTermPos){.row = y, .col = before}, &other);
    return is_space(&cell) && !cell.attrs.underline && !cell.attrs.reverse && !other.attrs.underline
           && !other.attrs.reverse && vterm_color_is_equal(&cell.bg, &other.bg);
}

/* Spaces between words of one look are of it, however they were written. */
static void append_attributes(struct tty *t, int y, int width, struct buf *out)
{
    struct buf now = BUF_INIT(256), next = BUF_INIT(256);

    for (int x = 0, end; x < width; x = end) {
        describe(t, y, x, &now);
        end = x + 1;
        for (int i = end; i < width; i++) {
            describe(t, y, i, &next);
            if (strcmp(now.bytes, next.bytes) == 0)
                end = i + 1;
            else if (!is_space_beside(t, y, i, x))
                break;
        }
        if (now.size > 0)
            buf_printf(out, "@%d:%d-%d%s\n", y, x, end - 1, now.bytes);
    }
    buf_release(&now);
    buf_release(&next);
}

char *tty_dump(struct tty *t, bool attributes)
{
    struct buf out = BUF_INIT(4 << 20);
    VTermPos cursor;
    int width, height;

    vterm_get_size(t->emulator, &height, &width);
    for (int y = 0; y < height; y++)
        append_row(t, y, width, &out);
    for (int y = 0; attributes && y < height; y++)
        append_attributes(t, y, width, &out);
    vterm_state_get_cursorpos(vterm_obtain_state(t->emulator), &cursor);
    if (attributes)
        buf_printf(&out, "@cursor %d:%d %s\n", cursor.row, cursor.col,
                   t->cursor_visible ? "visible" : "hidden");
    return buf_take(&out);
}

bool tty_shows(struct tty *t, const char *text)
{
    char *dump = tty_dump(t, false);
    bool shows = dump != NULL && strstr(dump, text) != NULL;

    free(dump);
    return shows;
}

static bool wait_until(struct tty *t, const char *text, bool shown)
{
    hg_deadline by = hg_deadline_in_ms(LIMIT_MS);
    char *dump;

    while (tty_shows(t, text) != shown) {
        if (hg_deadline_left_ms(by) == 0 || (reap(t, 0) && pump(t, 0) == 0)) {
            dump = tty_dump(t, false);
            fprintf(stderr, "the screen %s \"%s\":\n%s", shown ? "never showed" : "still shows",
                    text, dump);
            free(dump);
            return false;
        }
        pump(t, 50);
    }
    return true;
}

bool tty_wait(struct tty *t, const char *text)
{
    return wait_until(t, text, true);
}

bool tty_wait_gone(struct tty *t, const char *text)
{
    return wait_until(t, text, false);
}

char *tty_dump_below(struct tty *t, bool attributes)
{
    char *all = tty_dump(t, attributes), *second = strchr(all, '\n') + 1;

    memmove(all, second, strlen(second) + 1);
    return all;
}

bool tty_wait_same(struct tty *t, const char *expected, bool attributes)
{
    hg_deadline by = hg_deadline_in_ms(LIMIT_MS);
    bool same = false;

    while (!same && hg_deadline_left_ms(by) > 0) {
        char *shown = tty_dump_below(t, attributes);

        same = strcmp(shown, expected) == 0;
        free(shown);
        if (!same)
            pump(t, 20);
    }
    return same;
}

int tty_wait_end(struct tty *t)
{
    hg_deadline by = hg_deadline_in_ms(LIMIT_MS);

    while (!t->ended && hg_deadline_left_ms(by) > 0) {
        pump(t, 10);
        reap(t, 0);
    }
    while (pump(t, 0) > 0)
        continue;
    return t->ended ? t->status : -1;
}

bool tty_wait_stop(struct tty *t)
{
    hg_deadline by = hg_deadline_in_ms(LIMIT_MS);

    while (hg_deadline_left_ms(by) > 0) {
        pump(t, 10);
        if (reap(t, WUNTRACED))
            return WIFSTOPPED(t->status);
    }
    return false;
}

size_t tty_listen(struct tty *t, int ms)
{
    hg_deadline by = hg_deadline_in_ms(ms);
    size_t heard = 0;

    while (hg_deadline_left_ms(by) > 0)
        heard += pump(t, (int)hg_deadline_left_ms(by));
    return heard;
}

bool tty_settle(struct tty *t, int ms)
{
    hg_deadline by = hg_deadline_in_ms(LIMIT_MS);

    while (tty_listen(t, ms) > 0)
        if (hg_deadline_left_ms(by) == 0)
            return false;
    return true;
}

pid_t tty_pid(const struct tty *t)
{
    return t->pid;
}

void tty_hang_up(struct tty *t)
{
    close(t->slave);
    close(t->master);
    t->slave = t->master = -1;
}

const char *tty_bytes(const struct tty *t, size_t *out_size)
{
    *out_size = t->bytes.size;
    return t->bytes.bytes;
}

int tty_unknown(const struct tty *t)
{
    return t->unknown;
}

bool tty_alternate(const struct tty *t)
{
    return t->alternate;
}

bool tty_cursor_visible(const struct tty *t)
{
    return t->cursor_visible;
}

bool tty_modes_restored(const struct tty *t)
{
    struct termios now;

    return tcgetattr(t->slave, &now) == 0 && now.c_lflag == t->before.c_lflag
           && now.c_iflag == t->before.c_iflag && now.c_oflag == t->before.c_oflag;
}
