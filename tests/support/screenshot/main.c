/*
 * main.c - a picture of a program on a terminal, for doc/ and for looking at one's own screens.
 *
 *     screenshot [-s 80x24] [-T term] [-c TEXT/BACKGROUND] [-w TEXT | -k KEYS | -p MS]... --
 * /path/to/program args... > a.svg
 *
 * Runs the program in the emulator, waits for texts (-w), types keys (-k) and only listens (-p) in
 * the order given, and writes what the screen shows then as SVG. -c: the
 * terminal's own colours, as in -c 24292f/ffffff.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/tty.h"

int main(int argc, char **argv)
{
    struct tty_options options = {.width = 80, .height = 24};
    const char *steps[64];
    char kinds[64];
    struct tty *t;
    struct tty_colors own = {0xd0d4da, 0x14171c};
    bool ok = true;
    int option, count = 0;

    while ((option = getopt(argc, argv, "+s:T:c:w:k:p:")) != -1) {
        if (option == 's' && sscanf(optarg, "%dx%d", &options.width, &options.height) != 2)
            return 2;
        if (option == 'T')
            options.term = optarg;
        if (option == 'c' && sscanf(optarg, "%x/%x", &own.text, &own.background) != 2)
            return 2;
        if (strchr("wkp", option) != NULL && count < 64) {
            kinds[count] = (char)option;
            steps[count++] = optarg;
        }
        if (option == '?')
            return 2;
    }
    if (optind >= argc)
        return 2;
    t = tty_start(&options, (const char *const *)argv + optind);
    for (int i = 0; i < count && ok; i++) {
        if (kinds[i] == 'w')
            ok = tty_wait(t, steps[i]);
        else if (kinds[i] == 'k')
            tty_type(t, steps[i]);
        else
            tty_listen(t, atoi(steps[i]));
    }
    tty_listen(t, 200);
    tty_svg(t, &own, stdout);
    tty_free(t);
    return ok ? 0 : 1;
}
