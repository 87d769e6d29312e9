/*
 * terminal.c - ncurses on a file in memory, so that a frame leaves in one piece.
 *
 * ncurses flushes after every movement of the cursor; on a file in memory that costs nothing, and
 * what it wrote there goes to the terminal with one write(2). The price is that ncurses cannot see
 * the terminal: modes, size and signals are ours.
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
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "keys.h"

enum {
    ESCAPE_MS = 25,
    LEAVE_MS = 1000, /* how long the last frame may take to get out */
    FRAME_BYTES_MAX = 4 << 20,
    CODE_PASTE_BEGIN = KEY_MAX + 1,
    CODE_PASTE_END,
    CODE_MOUSE, /* the beginning of a report */
    CODE_WATCHED,
    CODE_UNWATCHED,
    CODE_SEEN,        /* the terminal's answer to "are you there" */
    ANSWER_MS = 2000, /* a terminal that takes longer is not asked again */
    GOODBYE_MS = 250  /* how long an answer is waited for that the shell must not get */
};

struct terminal {
    int tty;
    int frame; /* the file in memory that ncurses writes to */
    FILE *to, *from;
    SCREEN *screen;
    struct termios before;
    enum depth depth;
    bool ansi;    /* understands the sequences of ECMA-48, as most do */
    bool strings; /* and more of what xterm does: its string sequences, the mouse, the focus */
    bool paces, cursor_visible, suspended, mouse;
    char report[16]; /* of the mouse, while it comes: "0;12;5" */
    bool reporting;
    int pointer_x, pointer_y;
    int64_t asked_ms;    /* when it was asked whether it has seen the frame; 0: it owes no answer */
    struct canvas shown; /* what ncurses was told last */
    const struct theme *theme;
    struct buf pending;
};

static const char seen_ask[] = "\033[5n", seen_answer[] = "\033[0n";
/* Modes of xterm: what is pasted is marked; the window's focus is told; presses and the wheel are
 * told, in decimal numbers. */
static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";
static const char focus_on[] = "\033[?1004h", focus_off[] = "\033[?1004l";
static const char mouse_on[] = "\033[?1000h\033[?1006h", mouse_off[] = "\033[?1006l\033[?1000l";

static int64_t now_ms(void)
{
    return clock_now_ns() / 1000000;
}

/* What gives the terminal back when the program dies: written by a signal handler. */
static struct {
    char bytes[256];
    size_t size;
    int tty;
    struct termios before;
} rescue;

static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static void on_death(int number)
{
    ssize_t ignored = write(rescue.tty, rescue.bytes, rescue.size);

    (void)ignored;
    tcsetattr(rescue.tty, TCSANOW, &rescue.before);
    raise(number); /* the handler is gone (SA_RESETHAND): now it dies of it */
}

static void rescue_put(const char *bytes)
{
    memcpy(rescue.bytes + rescue.size, bytes, strlen(bytes));
    rescue.size += strlen(bytes);
}

/* Adds a capability without its padding, "$<5>". */
static void rescue_add(const char *name)
{
    const char *s = tigetstr((char *)name);

    if (s == NULL || s == (char *)-1)
        return;
    for (; *s != '\0' && rescue.size < sizeof rescue.bytes; s++) {
        if (s[0] == '$' && s[1] == '<' && strchr(s, '>') != NULL)
            s = strchr(s, '>');
        else
            rescue.bytes[rescue.size++] = *s;
    }
}

static void rescue_arm(const struct terminal *t)
{
    struct sigaction action = {.sa_handler = on_death, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};

    rescue.size = 0;
    rescue.tty = t->tty;
    rescue.before = t->before;
    if (t->ansi)
        rescue_put(paste_off);
    if (t->strings) {
        rescue_put(focus_off);
        rescue_put(mouse_off);
    }
    rescue_add("sgr0");
    rescue_add("rmkx");
    rescue_add("cnorm");
    rescue_add("rmcup");
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        sigaction(deadly[i], &action, NULL);
}

static void rescue_disarm(void)
{
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        signal(deadly[i], SIG_DFL);
}

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

static enum depth find_depth(enum color_use use)
{
    if (use == COLOR_NEVER || !has_colors())
        return DEPTH_MONO;
    if (tigetflag("RGB") > 0 || tigetnum("RGB") > 0)
        return DEPTH_RGB;
    return tigetnum("colors") >= 256 ? DEPTH_256 : tigetnum("colors") >= 16 ? DEPTH_16 : DEPTH_8;
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
    define_key("\033[200~", CODE_PASTE_BEGIN);
    define_key("\033[201~", CODE_PASTE_END);
    define_key(seen_answer, CODE_SEEN);
    define_key("\033[<", CODE_MOUSE);
    define_key("\033[I", CODE_WATCHED);
    define_key("\033[O", CODE_UNWATCHED);
    t->depth = find_depth(use);
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
    if (to != NULL && pread(t->frame, to, (size_t)size, 0) != size)
        buf_truncate(&t->pending, t->pending.size - (size_t)size);
    if (lseek(t->frame, 0, SEEK_SET) != 0 || ftruncate(t->frame, 0) != 0)
        t->pending.failed = true;
}

/* The sequence that places the cursor, or NULL. */
static const char *placing(void)
{
    const char *s = tigetstr((char *)"cup");

    return s == (char *)-1 ? NULL : s;
}

/* Whether a sequence that sets the window's title or the clipboard does no harm: the consoles of
 * Linux and the VT series print it. */
static bool has_string_sequences(void)
{
    static const char *const kinds[] = {"xterm", "screen",  "tmux", "rxvt",    "alacritty", "foot",
                                        "kitty", "wezterm", "st-",  "konsole", "gnome",     "vte"};
    const char *name = termname();

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(name, kinds[i], strlen(kinds[i])) == 0)
            return true;
    return false;
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

/*
 * Whether ncurses survives what the terminal's description says: of a damaged file it follows
 * offsets to wherever they lead. A process of its own finds out, whose death says enough.
 */
static bool try_description(void)
{
    int status = 0;
    pid_t probe = fork();

    if (probe == 0) {
        FILE *nowhere = fopen("/dev/null", "r+e");

        if (nowhere != NULL) {
            dup2(fileno(nowhere), STDERR_FILENO); /* ncurses complains there */
            if (newterm(NULL, nowhere, nowhere) != NULL)
                start_color();
        }
        _exit(0);
    }
    while (probe > 0 && waitpid(probe, &status, 0) < 0 && errno == EINTR)
        continue;
    return probe < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* One thread looks, best before there are others. */
static enum { NOT_TRIED, SOUND, DAMAGED } description;

void terminal_look(void)
{
    if (description == NOT_TRIED && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        description = try_description() ? SOUND : DAMAGED;
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

/* What the terminal is asked to tell from now on; of the mouse when the console wants to hear it.
 */
static void set_reports(struct terminal *t)
{
    if (t->ansi)
        buf_text(&t->pending, paste_on);
    if (t->strings)
        buf_text(&t->pending, focus_on);
    t->mouse = false; /* until the next frame */
}

static void end_reports(struct terminal *t)
{
    terminal_take_mouse(t, false);
    if (t->strings)
        buf_text(&t->pending, focus_off);
    if (t->ansi)
        buf_text(&t->pending, paste_off);
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
    terminal_look();
    if (description == DAMAGED) {
        close_files(t);
        return fail_terminal(err, "the description of this kind of terminal (TERM) is damaged");
    }
    t->screen = start_screen(t);
    if (t->screen == NULL || placing() == NULL) {
        fail_terminal(err, t->screen == NULL
                               ? "this kind of terminal (TERM) is not known"
                               : "this kind of terminal (TERM) cannot place its cursor");
        if (t->screen != NULL)
            delscreen(t->screen);
        close_files(t);
        return false;
    }
    start_curses(t, color);
    /* only terminals that understand ANSI sequences are asked to mark what is pasted, and whether
     * they have seen a frame */
    t->ansi = t->paces = strncmp(placing(), "\033[", 2) == 0;
    t->strings = t->ansi && has_string_sequences();
    t->cursor_visible = true;
    rescue_arm(t);
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

    while (t->asked_ms != 0 && hg_deadline_left_ms(by) > 0) {
        if (poll(&wait, 1, (int)hg_deadline_left_ms(by)) <= 0 || (wait.revents & POLLIN) == 0)
            break;
        while (t->asked_ms != 0 && terminal_key(t, &key))
            continue;
    }
    t->asked_ms = 0;
}

void terminal_suspend(struct terminal *t)
{
    if (t->suspended)
        return;
    flush_all(t);
    await_answer(t);
    t->suspended = true;
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
        rescue.before = t->before;
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
    rescue_disarm();
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
    canvas_release(&t->shown);
}

static attr_t attributes_of(unsigned attributes)
{
    return (attributes & ATTR_BOLD ? A_BOLD : 0) | (attributes & ATTR_DIM ? A_DIM : 0)
           | (attributes & ATTR_UNDERLINE ? A_UNDERLINE : 0)
           | (attributes & ATTR_REVERSE ? A_REVERSE : 0);
}

static void set_style(const struct terminal *t, const struct cell *cell)
{
    struct style style =
        theme_style(t->theme, t->depth, (enum role)cell->role, (enum role)cell->over);
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
        for (end = x; end < c->width; end++) {
            const struct cell *cell = canvas_at(c, end, y);

            if (cell->role != first->role || cell->over != first->over)
                break;
            buf_text(&run, cell->text);
        }
        set_style(t, first);
        mvaddstr(y, x, run.bytes);
    }
    buf_release(&run);
}

/* Remembers the frame; without memory for it the next one is simply drawn whole. */
static void remember(struct terminal *t, const struct canvas *c)
{
    size_t cells = (size_t)c->width * (size_t)c->height;

    if (t->shown.cells == NULL || t->shown.width != c->width || t->shown.height != c->height) {
        canvas_release(&t->shown);
        if (!canvas_init(&t->shown, c->width, c->height, c->utf8))
            return;
    }
    memcpy(t->shown.cells, c->cells, cells * sizeof *c->cells);
    t->shown.cursor_x = c->cursor_x;
    t->shown.cursor_y = c->cursor_y;
    t->shown.cursor_visible = c->cursor_visible;
}

static bool row_shown(const struct terminal *t, const struct canvas *c, int y)
{
    return t->shown.width == c->width && t->shown.height == c->height
           && memcmp(canvas_at(&t->shown, 0, y), canvas_at(c, 0, y),
                     (size_t)c->width * sizeof *c->cells)
                  == 0;
}

void terminal_draw(struct terminal *t, const struct canvas *c, const struct theme *theme)
{
    if (t->theme != theme)
        canvas_release(&t->shown);
    t->theme = theme;
    if (t->shown.cells != NULL && canvas_equal(&t->shown, c))
        return;
    for (int y = 0; y < c->height; y++)
        if (!row_shown(t, c, y))
            draw_row(t, c, y);
    move(c->cursor_y, c->cursor_x);
    refresh();
    if (t->cursor_visible != c->cursor_visible) /* behind the switch to the other screen */
        curs_set(c->cursor_visible ? 1 : 0);
    t->cursor_visible = c->cursor_visible;
    collect(t);
    if (t->paces && t->pending.size > 0) {
        buf_text(&t->pending, seen_ask);
        t->asked_ms = now_ms();
    }
    remember(t, c);
}

bool terminal_ready(struct terminal *t)
{
    if (t->asked_ms != 0 && now_ms() - t->asked_ms >= ANSWER_MS) {
        t->asked_ms = 0;
        t->paces = false;
    }
    return t->asked_ms == 0 && !terminal_pending(t);
}

int terminal_patience_ms(const struct terminal *t)
{
    int64_t left = t->asked_ms + ANSWER_MS - now_ms();

    return t->asked_ms == 0 ? -1 : left < 0 ? 0 : (int)left;
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
        buf_text(&t->pending, take ? mouse_on : mouse_off);
    t->mouse = take;
}

void terminal_pointer(const struct terminal *t, int *out_x, int *out_y)
{
    *out_x = t->pointer_x;
    *out_y = t->pointer_y;
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

/* clang-format off */
static const struct {
    wint_t code;
    bool function; /* a code of ncurses, not a character */
    uint32_t key;  /* 0: ignored */
} codes[] = {
    {KEY_UP, true, KEYS_UP},          {KEY_DOWN, true, KEYS_DOWN},
    {KEY_LEFT, true, KEYS_LEFT},      {KEY_RIGHT, true, KEYS_RIGHT},
    {KEY_HOME, true, KEYS_HOME},      {KEY_END, true, KEYS_END},
    {KEY_FIND, true, KEYS_HOME},      {KEY_SELECT, true, KEYS_END},
    {KEY_PPAGE, true, KEYS_PAGE_UP},  {KEY_NPAGE, true, KEYS_PAGE_DOWN},
    {KEY_BTAB, true, KEYS_BACK_TAB},  {KEY_ENTER, true, KEYS_ENTER},
    {KEY_BACKSPACE, true, KEYS_BACKSPACE},
    {3, false, KEYS_INTERRUPT},       {8, false, KEYS_BACKSPACE},
    {9, false, KEYS_TAB},             {10, false, KEYS_ENTER},
    {12, false, KEYS_REDRAW},         {13, false, KEYS_ENTER},
    {26, false, KEYS_SUSPEND},        {27, false, KEYS_ESCAPE},
    {127, false, KEYS_BACKSPACE},
};
/* clang-format on */

static uint32_t key_of(wint_t code, bool function)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code && codes[i].function == function)
            return codes[i].key;
    if (function && code >= KEY_F(1) && code <= KEY_F(12))
        return KEYS_F1 + (code - KEY_F(1));
    return function ? 0 : (uint32_t)code;
}

/* After an escape: a sequence that terminfo does not name is swallowed to its end, lest its last
 * letter pass for a key. Returns whether there was one. */
static bool swallow_sequence(void)
{
    wint_t code;
    int kind = get_wch(&code);

    if (kind == ERR)
        return false;
    if (kind == KEY_CODE_YES || (code != '[' && code != 'O')) {
        if (kind == KEY_CODE_YES)
            ungetch((int)code);
        else
            unget_wch((wchar_t)code);
        return false;
    }
    while (get_wch(&code) == OK && (code < 0x40 || code > 0x7E))
        continue;
    return true;
}

/* The rest of "CSI < button ; column ; row M", or m when it is released. What is no press of the
 * first button and no wheel says nothing. */
static uint32_t take_mouse(struct terminal *t, wint_t code)
{
    int button, x, y;
    size_t used = strlen(t->report);

    if ((code >= '0' && code <= '9') || code == ';') {
        if (used + 1 < sizeof t->report)
            t->report[used] = (char)code;
        return 0;
    }
    t->reporting = false;
    if (code != 'M' || sscanf(t->report, "%d;%d;%d", &button, &x, &y) != 3)
        return 0;
    t->pointer_x = x - 1;
    t->pointer_y = y - 1;
    return button == 0    ? KEYS_CLICK
           : button == 64 ? KEYS_WHEEL_UP
           : button == 65 ? KEYS_WHEEL_DOWN
                          : 0;
}

/* What the terminal says of itself or of a paste; false: it is a key. */
static bool take_report(struct terminal *t, wint_t code, uint32_t *out_key)
{
    *out_key = 0;
    if (code == CODE_SEEN)
        t->asked_ms = 0;
    else if (code == CODE_MOUSE) {
        t->reporting = true;
        memset(t->report, 0, sizeof t->report);
    } else if (code == CODE_WATCHED || code == CODE_UNWATCHED)
        *out_key = code == CODE_WATCHED ? KEYS_WATCHED : KEYS_UNWATCHED;
    else if (code == CODE_PASTE_BEGIN || code == CODE_PASTE_END)
        *out_key = code == CODE_PASTE_BEGIN ? KEYS_PASTE : KEYS_PASTE_END;
    else
        return false;
    return true;
}

bool terminal_key(struct terminal *t, uint32_t *out_key)
{
    wint_t code;
    int kind;

    while ((kind = get_wch(&code)) != ERR) {
        bool function = kind == KEY_CODE_YES;

        if (t->reporting && !function) {
            *out_key = take_mouse(t, code);
        } else if (!(function && take_report(t, code, out_key))) {
            if (!function && code == 27 && swallow_sequence())
                continue;
            *out_key = key_of(code, function);
        }
        if (*out_key != 0)
            return true;
    }
    return false;
}
