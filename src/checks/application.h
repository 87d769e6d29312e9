/*
 * application.h - what a run has asked the application, so that each endpoint is asked once.
 */
#ifndef CHECKS_APPLICATION_H
#define CHECKS_APPLICATION_H

#include "checks.h"
#include "fetch.h"

enum app_endpoint { APP_HEALTH, APP_READINESS, APP_METRICS, APP_ENDPOINTS };

struct app_answer {
    bool asked, ok;
    struct fetched got;
    hg_error err; /* why not ok */
};

struct application {
    const char *url; /* borrowed; NULL: nobody said where it is */
    struct app_answer answers[APP_ENDPOINTS];
};

void application_release(struct application *application);

#endif
