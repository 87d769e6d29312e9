/*
 * cli.h - from argv to a command and its exit status.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/* Runs the command that argv names; returns the exit status of the command-line contract. */
int cli_main(int argc, char **argv);

#endif
