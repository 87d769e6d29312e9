/*
 * headgate.h - everything that a program linking libheadgate sees.
 */
#ifndef HEADGATE_HEADGATE_H
#define HEADGATE_HEADGATE_H

#include <headgate/checks.h>
#include <headgate/connection.h>
#include <headgate/copy.h>
#include <headgate/cutover.h>
#include <headgate/engine.h>
#include <headgate/error.h>
#include <headgate/hazard.h>
#include <headgate/migrate.h>
#include <headgate/observer.h>
#include <headgate/pool.h>
#include <headgate/schema.h>
#include <headgate/server.h>
#include <headgate/session.h>
#include <headgate/settings.h>
#include <headgate/types.h>

#endif
