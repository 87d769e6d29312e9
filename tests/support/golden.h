/*
 * golden.h - screens that were looked at once and have to stay as they are.
 */
#ifndef SUPPORT_GOLDEN_H
#define SUPPORT_GOLDEN_H

/* Fails the test unless tests/golden/NAME.txt holds this text; with UPDATE_GOLDEN=1 in the
 * environment it is written instead, and the difference is reviewed like code. */
void golden_compare(const char *name, const char *text);

/* The same for what an emulator shows below its first row, which it is given time to become. */
struct tty;
void golden_compare_tty(const char *name, struct tty *t);

#endif
