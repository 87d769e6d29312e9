/*
 * cli.c - finds the command.
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>

#include <headgate/headgate.h>

int cli_main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("headgate %s\n", hg_version());
        return 0;
    }
    fprintf(stderr, "headgate: unknown command\n");
    return hg_code_exit_status(HG_USAGE);
}
