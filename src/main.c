/*
 * main.c - argv goes to the command line, nothing else happens here.
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
