/*
 * relay.h - the network between a client and the server of support/postgres.h, which can go bad.
 */
#ifndef SUPPORT_RELAY_H
#define SUPPORT_RELAY_H

enum relay_mode {
    RELAY_PASS,  /* bytes go both ways */
    RELAY_RESET, /* every connection is reset, at once */
    RELAY_HOLE   /* connections stand and no byte arrives */
};

/* Starts one that passes; returns its port on 127.0.0.1. One at a time, a few clients. */
int relay_start(void);

void relay_set(enum relay_mode mode);

void relay_stop(void);

#endif
