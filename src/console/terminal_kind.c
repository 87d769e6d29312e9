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

const char *terminal_kind_placing(void)
{
    const char *s = tigetstr((char *)"cup");

    return s == (char *)-1 ? NULL : s;
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
