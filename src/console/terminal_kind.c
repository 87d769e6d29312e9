/*
 * terminal_kind.c - what kind of terminal this is, as its description (terminfo) tells, and whether
 * that can be used.
 */
#include <curses.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "terminal_parts.h"

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

bool terminal_kind_is_sound(void)
{
    terminal_look();
    return description != DAMAGED;
}

enum depth terminal_kind_depth(enum color_use use)
{
    if (use == COLOR_NEVER || !has_colors())
        return DEPTH_MONO;
    if (tigetflag("RGB") > 0 || tigetnum("RGB") > 0)
        return DEPTH_RGB;
    return tigetnum("colors") >= 256 ? DEPTH_256 : tigetnum("colors") >= 16 ? DEPTH_16 : DEPTH_8;
}

/* NULL: the description does not have it. */
static const char *capability(const char *name)
{
    const char *s = tigetstr((char *)name);

    return s == (char *)-1 ? NULL : s;
}

const char *terminal_kind_placing(void)
{
    return capability("cup");
}

/* The consoles of Linux and the VT series print such sequences. */
bool terminal_kind_has_strings(void)
{
    static const char *const kinds[] = {"xterm", "screen",  "tmux", "rxvt",    "alacritty", "foot",
                                        "kitty", "wezterm", "st-",  "konsole", "gnome",     "vte"};
    const char *name = termname();

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(name, kinds[i], strlen(kinds[i])) == 0)
            return true;
    return false;
}

/* --- whether it can be written to without ncurses --- */

/* Whether a capability is this sequence, but for its padding ("$<5>"). */
static bool is_sequence(const char *s, const char *sequence)
{
    size_t size = strlen(sequence);

    return s != NULL && strncmp(s, sequence, size) == 0
           && (s[size] == '\0' || strncmp(s + size, "$<", 2) == 0);
}

static bool moves_like(const char *name, const char *sequence)
{
    const char *s = capability(name);

    return s != NULL && is_sequence(tiparm(s, 4, 2), sequence);
}

/* false: it is there, and something else. */
static bool take_attribute(const char *name, const char *sequence, unsigned bit, unsigned *out)
{
    const char *s = capability(name);

    if (s == NULL)
        return true;
    *out |= bit;
    return is_sequence(s, sequence);
}

static bool take_attributes(struct pen_kind *out)
{
    const int uncolored = tigetnum((char *)"ncv"); /* attributes in the order of terminfo */

    if (uncolored > 0)
        out->uncolored = (uncolored & 2 ? ATTR_UNDERLINE : 0U) | (uncolored & 4 ? ATTR_REVERSE : 0U)
                         | (uncolored & 16 ? ATTR_DIM : 0U) | (uncolored & 32 ? ATTR_BOLD : 0U);
    return take_attribute("bold", "\033[1m", ATTR_BOLD, &out->attributes)
           && take_attribute("dim", "\033[2m", ATTR_DIM, &out->attributes)
           && take_attribute("smul", "\033[4m", ATTR_UNDERLINE, &out->attributes)
           && take_attribute("rev", "\033[7m", ATTR_REVERSE, &out->attributes);
}

/* The parameters between "CSI" and "m"; "": it says a colour in some other way. */
static void ink(int color, bool behind, char *out)
{
    const char *s = capability(behind ? "setab" : "setaf");
    size_t size = 0;

    s = s == NULL ? NULL : tiparm(s, color);
    if (s != NULL && strncmp(s, "\033[", 2) == 0)
        size = strspn(s + 2, "0123456789;:");
    if (size >= INK_ROOM || (size > 0 && !is_sequence(s + 2 + size, "m")))
        size = 0;
    if (size > 0)
        memcpy(out, s + 2, size);
    out[size] = '\0';
}

static bool has_inks(void)
{
    char text[2][INK_ROOM];

    ink(1, false, text[0]);
    ink(7, true, text[1]);
    return text[0][0] != '\0' && text[1][0] != '\0';
}

bool terminal_kind_pen(enum depth depth, struct pen_kind *out)
{
    const char *reset = capability("sgr0");

    *out = (struct pen_kind){
        .to_column = moves_like("hpa", "\033[5G"),
        .to_row = moves_like("vpa", "\033[5d"),
        .erases = moves_like("ech", "\033[4X"),
        .fills = tigetflag((char *)"bce") > 0,
        .scrolls = moves_like("csr", "\033[5;3r") && moves_like("ri", "\033M"),
        .ink = ink,
    };
    return take_attributes(out) && tigetflag((char *)"am") > 0 && tigetflag((char *)"xenl") > 0
           && moves_like("cup", "\033[5;3H") && moves_like("el", "\033[K")
           && moves_like("cuu", "\033[4A") && moves_like("cud", "\033[4B")
           && moves_like("cuf", "\033[4C") && moves_like("cub", "\033[4D") && moves_like("cr", "\r")
           && moves_like("cud1", "\n") && moves_like("cub1", "\b") && reset != NULL
           && reset != (char *)-1 && strstr(reset, "\033[m") != NULL
           && (depth == DEPTH_MONO || has_inks());
}
