/*
 * expect.h - "rows > 0", "value not between 1 and 5", "value !~ ^3\.": when a check is bad. Pure.
 */
#ifndef CHECKS_EXPECT_H
#define CHECKS_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

struct expectation {
    enum { EXPECT_NOTHING, EXPECT_COMPARE, EXPECT_BETWEEN, EXPECT_MATCH } kind;
    bool of_rows; /* of how many rows came, not of the first one's first value */
    bool negated;
    char sign[3];
    double low, high;    /* of a comparison: low */
    const char *pattern; /* POSIX extended regular expression; the caller's */
};

/* Understands one; pattern points into text. false: it cannot be understood. */
bool expect_parse(const char *text, struct expectation *out);

enum expect_answer { EXPECT_NO, EXPECT_YES, EXPECT_NOT_A_NUMBER };

/* Whether it holds, that is, whether things are bad. value: of the first row. */
enum expect_answer expect_holds(const struct expectation *e, size_t rows, const char *value);

#endif
