/*
 * beanstalk.h - what an instance of Elastic Beanstalk shows of a deployment.
 */
#ifndef CHECKS_BEANSTALK_H
#define CHECKS_BEANSTALK_H

#include "checks.h"

/* Whether a deployment is going on. root: what stands before /var; "" for this host. */
void beanstalk_deploy(const char *root, int64_t now_ms, hg_check_result *result);

#endif
