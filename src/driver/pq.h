/*
 * pq.h - libpq, loaded when a PostgreSQL database is opened for the first time: with its thirty
 * companions it costs milliseconds and megabytes that who works with SQLite need not pay.
 */
#ifndef DRIVER_PQ_H
#define DRIVER_PQ_H

#include <libpq-fe.h>

#include "base/library.h"

/* clang-format off */
#define PQ_TABLE(X) \
    X(PQconnectStartParams) X(PQconnectPoll) X(PQconndefaults) X(PQconninfoFree) X(PQfinish) \
    X(PQstatus) X(PQsocket) X(PQerrorMessage) X(PQsetErrorVerbosity) X(PQconnectionNeedsPassword) \
    X(PQtransactionStatus) X(PQparameterStatus) X(PQserverVersion) X(PQbackendPID) \
    X(PQsetnonblocking) X(PQsetNoticeReceiver) X(PQflush) X(PQconsumeInput) X(PQisBusy) \
    X(PQsendQuery) X(PQsendQueryParams) X(PQsendPrepare) X(PQsendQueryPrepared) \
    X(PQsetSingleRowMode) X(PQgetResult) X(PQclear) X(PQresultStatus) X(PQresultErrorField) \
    X(PQntuples) X(PQnfields) X(PQfname) X(PQftype) X(PQgetvalue) X(PQgetlength) X(PQgetisnull) \
    X(PQcmdStatus) X(PQcmdTuples) X(PQputCopyData) X(PQputCopyEnd) X(PQgetCopyData) X(PQunescapeBytea) X(PQfreemem) \
    X(PQlibVersion) X(PQgetCancel) X(PQfreeCancel) X(PQcancel)
/* clang-format on */

/* libpq's functions under their own names: pq->PQstatus(conn). */
struct pq {
    PQ_TABLE(LIBRARY_MEMBER)
};

/* The loaded library; any thread. NULL: it is not there (HG_UNSUPPORTED). */
const struct pq *pq_load(hg_error *err);

/* Frees what the libraries below libpq keep for the calling thread; see driver.h. */
void pq_thread_ends(void);

#endif
