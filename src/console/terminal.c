/*
 * terminal.c - a terminal that is taken over and given back, and frames that leave in one piece.
 *
 * What ncurses knows of terminals is used to enter and leave, and for keys. Frames are written by
 * paint.c, in about half the bytes that ncurses needs; only terminals that speak in words of their
 * own, or wrap lines where others do not, are drawn on by ncurses.
 *
 * It flushes after every movement of the cursor; on a file in memory that costs nothing, and what
 * it wrote there goes to the terminal with one write(2). The price is that ncurses cannot see the
 * terminal: modes, size and signals are ours.
 */
#include "terminal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "paint.h"
#include "terminal_parts.h"

enum {
    ESCAPE_MS = 25,
    LEAVE_MS = 1000, /* how long the last frame may take to get out */
    FRAME_BYTES_MAX = 4 << 20,
    GAP = 7,         /* spaces between words of one style that are written in it */
    GOODBYE_MS = 250 /* how long an answer is waited for that the shell must not get */
};

static bool fail_terminal(hg_error *err, const char *why)
{
    hg_fail(err, HG_UNSUPPORTED, "could not open the console: %s", why);
    hg_error_hint(err, "Every screen has a command that needs no such terminal: headgate status, "
                       "pools, history, ready, up --plan.");
    return false;
}

/* The terminal through a descriptor of our own, so that making it non-blocking does not touch the
 * shell's. */
static int open_tty(void)
{
    const char *name = ttyname(STDOUT_FILENO);
    int fd = name == NULL ? -1 : open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

static void set_modes(struct terminal *t)
{
    struct termios raw = t->before;

    raw.c_iflag &= (tcflag_t) ~(IXON | ICRNL | INLCR | IGNCR | ISTRIP | BRKINT | PARMRK);
    raw.c_oflag &= (tcflag_t)~OPOST;
    raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    while (tcsetattr(t->tty, TCSANOW, &raw) != 0 && errno == EINTR)
        continue;
}

static void start_curses(struct terminal *t, enum color_use use)
{
    noecho();
    nonl();
    set_escdelay(ESCAPE_MS);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    scrollok(stdscr, FALSE);
    typeahead(-1); /* else a key that arrives meanwhile would leave a frame half drawn */
    terminal_name_keys();
    t->depth = terminal_kind_depth(use);
    if (t->depth != DEPTH_MONO) {
        start_color();
        use_default_colors();
    }
}

/* Moves what ncurses wrote to the bytes that wait for the terminal. */
static void collect(struct terminal *t)
{
    off_t size = lseek(t->frame, 0, SEEK_CUR);
    char *to = size <= 0 ? NULL : buf_extend(&t->pending, (size_t)size);

    if (size <= 0)
        return;
    if (to == NULL || pread(t->frame, to, (size_t)size, 0) != size
        || lseek(t->frame, 0, SEEK_SET) != 0 || ftruncate(t->frame, 0) != 0)
        t->pending.failed = true;
}

static void leave_alone(int number)
{
    (void)number;
}

/*
 * ncurses takes signals whose action is the default one for itself, and while it draws it ignores
 * SIGTSTP, which drops one that waits to be read from a signalfd. It keeps its hands off signals
 * that have a handler when it starts.
 */
static SCREEN *start_screen(const struct terminal *t)
{
    static const int taken[] = {SIGTSTP, SIGINT, SIGTERM, SIGWINCH};
    const struct sigaction handler = {.sa_handler = leave_alone};
    struct sigaction before[sizeof taken / sizeof *taken];
    SCREEN *screen;

    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        sigaction(taken[i], &handler, &before[i]);
    screen = newterm(NULL, t->to, t->from);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        sigaction(taken[i], &before[i], NULL);
    return screen;
}

static bool open_files(struct terminal *t, hg_error *err)
{
    int from;

    t->tty = open_tty();
    t->frame = memfd_create("frame", MFD_CLOEXEC);
    from = t->tty < 0 ? -1 : fcntl(t->tty, F_DUPFD_CLOEXEC, 3);
    t->from = from < 0 ? NULL : fdopen(from, "r");
    t->to = t->frame < 0 ? NULL : fdopen(t->frame, "w");
    if (t->from == NULL || t->to == NULL)
        return fail_terminal(err, strerror(errno));
    if (tcgetattr(t->tty, &t->before) != 0)
        return fail_terminal(err, "the output is not a terminal");
    return true;
}

static void close_files(struct terminal *t)
{
    if (t->from != NULL)
        fclose(t->from);
    if (t->to != NULL)
        fclose(t->to);
    else if (t->frame >= 0)
        close(t->frame);
    if (t->tty >= 0)
        close(t->tty);
    canvas_release(&t->shown);
    buf_release(&t->pending);
    alloc_free(t);
}

/* ncurses cannot see the terminal, and has prepared one of the size that its description says,
 * whose scrolling region would outlive us on a taller one. It does so again for the size that there
 * is, before it knows of colours, which it would set back. */
static void begin_at_size(struct terminal *t)
{
    int width, height;

    endwin();
    collect(t);
    buf_truncate(&t->pending, 0);
    terminal_size(t, &width, &height);
    resizeterm(height, width);
    refresh();
    collect(t);
}

/* What the terminal is asked to tell from now on; of the mouse when the console wants to hear it.
 */
static void set_reports(struct terminal *t)
{
    if (t->ansi)
        buf_text(&t->pending, PASTE_ON);
    if (t->strings)
        buf_text(&t->pending, FOCUS_ON);
    t->mouse = false; /* until the next frame */
    terminal_pace_begin(t);
}

static void end_reports(struct terminal *t)
{
    terminal_take_mouse(t, false);
    if (t->strings)
        buf_text(&t->pending, FOCUS_OFF);
    if (t->ansi)
        buf_text(&t->pending, PASTE_OFF);
}

/* What ncurses writes next begins in the plain style, as it believes. */
static void end_style(struct terminal *t)
{
    pen_style(&t->pen, (struct style){-1, -1, 0}, &t->pending);
}

bool terminal_open(enum color_use color, struct terminal **out, hg_error *err)
{
    struct terminal *t;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return fail_terminal(err, "input or output is not a terminal");
    t = alloc_zero(1, sizeof *t);
    if (t == NULL)
        return hg_fail(err, HG_NOMEM, "could not open the console: out of memory");
    t->pending = BUF_INIT(FRAME_BYTES_MAX);
    if (!open_files(t, err)) {
        close_files(t);
        return false;
    }
    if (!terminal_kind_is_sound()) {
        close_files(t);
        return fail_terminal(err, "the description of this kind of terminal (TERM) is damaged");
    }
    t->screen = start_screen(t);
    if (t->screen == NULL || terminal_kind_placing() == NULL) {
        fail_terminal(err, t->screen == NULL
                               ? "this kind of terminal (TERM) is not known"
                               : "this kind of terminal (TERM) cannot place its cursor");
        if (t->screen != NULL)
            delscreen(t->screen);
        close_files(t);
        return false;
    }
    begin_at_size(t);
    start_curses(t, color);
    /* only terminals that understand ANSI sequences are asked to mark what is pasted, and whether
     * they have seen a frame */
    t->ansi = strncmp(terminal_kind_placing(), "\033[", 2) == 0;
    t->strings = t->ansi && terminal_kind_has_strings();
    t->own_pen = t->ansi && terminal_kind_pen(t->depth, &t->pen.kind);
    pen_begin(&t->pen, 0, 0);
    t->cursor_visible = true;
    terminal_rescue(t);
    set_modes(t);
    set_reports(t);
    terminal_reset(t);
    *out = t;
    return true;
}

/* Gets the last bytes out, within a second: a terminal that takes nothing is not waited for. */
static void flush_all(struct terminal *t)
{
    hg_deadline by = hg_deadline_in_ms(LEAVE_MS);
    struct pollfd wait = {.fd = t->tty, .events = POLLOUT};

    while (terminal_flush(t) && terminal_pending(t) && hg_deadline_left_ms(by) > 0)
        poll(&wait, 1, (int)hg_deadline_left_ms(by));
}

/* An answer that comes after we are gone would stand in the shell's line: it is read before. Other
 * keys that come meanwhile were typed for us, and go the same way. */
static void await_answer(struct terminal *t)
{
    hg_deadline by = hg_deadline_in_ms(GOODBYE_MS);
    struct pollfd wait = {.fd = t->tty, .events = POLLIN};
    uint32_t key;

    while (t->pace.owed > 0 && hg_deadline_left_ms(by) > 0) {
        if (poll(&wait, 1, (int)hg_deadline_left_ms(by)) <= 0 || (wait.revents & POLLIN) == 0)
            break;
        while (t->pace.owed > 0 && terminal_key(t, &key))
            continue;
    }
    t->pace.owed = 0;
}

void terminal_suspend(struct terminal *t)
{
    if (t->suspended)
        return;
    flush_all(t);
    await_answer(t);
    t->suspended = true;
    end_style(t);
    curs_set(1);
    t->cursor_visible = true;
    endwin();
    collect(t);
    end_reports(t);
    flush_all(t);
    while (tcsetattr(t->tty, TCSANOW, &t->before) != 0 && errno == EINTR)
        continue;
}

void terminal_resume(struct terminal *t)
{
    if (t->suspended) { /* otherwise the modes are ours, and the shell's are known */
        tcgetattr(t->tty, &t->before);
        terminal_rescue(t);
    }
    set_modes(t);
    t->suspended = false;
    set_reports(t);
    terminal_reset(t);
}

void terminal_close(struct terminal *t)
{
    if (t == NULL)
        return;
    terminal_suspend(t);
    terminal_rescue_end();
    delscreen(t->screen);
    close_files(t);
}

int terminal_fd(const struct terminal *t)
{
    return t->tty;
}

void terminal_size(const struct terminal *t, int *out_width, int *out_height)
{
    struct winsize size;

    *out_width = 80;
    *out_height = 24;
    if (ioctl(t->tty, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        *out_width = size.ws_col;
        *out_height = size.ws_row;
    }
}

enum depth terminal_depth(const struct terminal *t)
{
    return t->depth;
}

void terminal_reset(struct terminal *t)
{
    int width, height;

    terminal_size(t, &width, &height);
    resizeterm(height, width);
    clearok(curscr, TRUE);
    end_style(t);
    /* The scrolling region is that of the old size. Setting it moves the cursor: not on the shell's
     * screen. */
    if (t->ansi && t->shown.cells != NULL && !isendwin())
        buf_text(&t->pending, "\033[r");
    canvas_release(&t->shown);
}

static attr_t attributes_of(unsigned attributes)
{
    return (attributes & ATTR_BOLD ? A_BOLD : 0) | (attributes & ATTR_DIM ? A_DIM : 0)
           | (attributes & ATTR_UNDERLINE ? A_UNDERLINE : 0)
           | (attributes & ATTR_REVERSE ? A_REVERSE : 0);
}

static struct style style_of(const struct terminal *t, const struct cell *cell)
{
    return theme_style(t->theme, t->depth, (enum role)cell->role, (enum role)cell->over);
}

/* Whether a space looks the same in both styles. */
static bool same_blank(const struct terminal *t, const struct cell *a, const struct cell *b)
{
    struct style x = style_of(t, a), y = style_of(t, b);

    return x.bg == y.bg && ((x.attributes | y.attributes) & (ATTR_UNDERLINE | ATTR_REVERSE)) == 0;
}

static bool same_role(const struct cell *a, const struct cell *b)
{
    return a->role == b->role && a->over == b->over;
}

/* Where the run of cells that are written in one style ends. A few spaces between two words of that
 * style are of it too where nobody can see it: each change of style is a dozen bytes. */
static int end_of_run(const struct terminal *t, const struct canvas *c, int y, int x)
{
    const struct cell *first = canvas_at(c, x, y);
    int end = x;

    while (end < c->width && same_role(canvas_at(c, end, y), first)) {
        int next = ++end;

        while (next < c->width && next < end + GAP && strcmp(canvas_at(c, next, y)->text, " ") == 0
               && same_blank(t, canvas_at(c, next, y), first))
            next++;
        if (next > end && next < c->width && same_role(canvas_at(c, next, y), first))
            end = next;
    }
    return end;
}

static void set_style(const struct terminal *t, const struct cell *cell)
{
    struct style style = style_of(t, cell);
    int pair = t->depth == DEPTH_MONO || (style.fg < 0 && style.bg < 0)
                   ? 0
                   : alloc_pair(style.fg, style.bg);

    attr_set(attributes_of(style.attributes), 0, pair < 0 ? NULL : &pair);
}

/* Draws the cells of a row in runs of the same role. */
static void draw_row(struct terminal *t, const struct canvas *c, int y)
{
    struct buf run = BUF_INIT(64 * 1024);

    for (int x = 0, end; x < c->width; x = end) {
        const struct cell *first = canvas_at(c, x, y);

        buf_truncate(&run, 0);
        end = end_of_run(t, c, y, x);
        for (int i = x; i < end; i++)
            buf_text(&run, canvas_at(c, i, y)->text);
        set_style(t, first);
        mvaddstr(y, x, run.bytes);
    }
    buf_release(&run);
}

/* Remembers the frame; without memory for it the next one is simply drawn whole. */
static void remember(struct terminal *t, const struct canvas *c)
{
    size_t cells = (size_t)c->width * (size_t)c->height;

    if (t->shown.cells == NULL && !canvas_init(&t->shown, c->width, c->height, c->utf8))
        return;
    memcpy(t->shown.cells, c->cells, cells * sizeof *c->cells);
    t->shown.cursor_x = c->cursor_x;
    t->shown.cursor_y = c->cursor_y;
    t->shown.cursor_visible = c->cursor_visible;
}

static bool row_shown(const struct terminal *t, const struct canvas *c, int y)
{
    return t->shown.cells != NULL
           && memcmp(canvas_at(&t->shown, 0, y), canvas_at(c, 0, y),
                     (size_t)c->width * sizeof *c->cells)
                  == 0;
}

/* As far as ncurses knows nothing stands on the screen: it is asked to clear it, and no more. */
static void draw_by_pen(struct terminal *t, const struct canvas *c)
{
    struct canvas *was = t->shown.cells == NULL ? NULL : &t->shown;

    if (was == NULL) {
        clearok(curscr, TRUE);
        refresh();
        collect(t);
        pen_begin(&t->pen, COLS, LINES);
    }
    paint(&t->pen, was, c, t->theme, t->depth, &t->pending);
}

static void draw_by_curses(struct terminal *t, const struct canvas *c)
{
    for (int y = 0; y < c->height; y++)
        if (!row_shown(t, c, y))
            draw_row(t, c, y);
    move(c->cursor_y, c->cursor_x);
    refresh();
}

static void show_cursor(struct terminal *t, bool visible)
{
    if (t->cursor_visible != visible)
        curs_set(visible ? 1 : 0);
    t->cursor_visible = visible;
}

void terminal_draw(struct terminal *t, const struct canvas *c, const struct theme *theme)
{
    if (t->theme != theme || t->shown.width != c->width || t->shown.height != c->height)
        canvas_release(&t->shown);
    t->theme = theme;
    if (t->shown.cells != NULL && canvas_equal(&t->shown, c))
        return;
    if (t->own_pen)
        draw_by_pen(t, c);
    else
        draw_by_curses(t, c);
    show_cursor(t, c->cursor_visible); /* behind the switch to the other screen */
    collect(t);
    terminal_pace_frame(t);
    remember(t, c);
}

bool terminal_has_clipboard(const struct terminal *t)
{
    return t->strings;
}

bool terminal_has_mouse(const struct terminal *t)
{
    return t->strings;
}

void terminal_take_mouse(struct terminal *t, bool take)
{
    if (take != t->mouse)
        buf_text(&t->pending, take ? MOUSE_ON : MOUSE_OFF);
    t->mouse = take;
}

/* RFC 4648 §4. */
static void put_base64(struct buf *out, const char *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t group = (uint32_t)(unsigned char)bytes[i] << 16;

        if (left > 1)
            group |= (uint32_t)(unsigned char)bytes[i + 1] << 8;
        if (left > 2)
            group |= (unsigned char)bytes[i + 2];
        buf_char(out, digits[group >> 18]);
        buf_char(out, digits[group >> 12 & 63]);
        buf_char(out, left > 1 ? digits[group >> 6 & 63] : '=');
        buf_char(out, left > 2 ? digits[group & 63] : '=');
    }
}

void terminal_copy(struct terminal *t, const char *text)
{
    buf_text(&t->pending, "\033]52;c;");
    put_base64(&t->pending, text, strlen(text));
    buf_char(&t->pending, '\a');
}

bool terminal_flush(struct terminal *t)
{
    ssize_t n;

    if (t->pending.size == 0)
        return true;
    do
        n = write(t->tty, t->pending.bytes, t->pending.size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN;
    memmove(t->pending.bytes, t->pending.bytes + n, t->pending.size - (size_t)n);
    buf_truncate(&t->pending, t->pending.size - (size_t)n);
    return true;
}

bool terminal_pending(const struct terminal *t)
{
    return t->pending.size > 0;
}
