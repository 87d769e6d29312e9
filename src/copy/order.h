/*
 * order.h - tables in the order of their foreign keys: who is referred to comes first. Pure.
 */
#ifndef COPY_ORDER_H
#define COPY_ORDER_H

#include "mapping.h"

/* Sorts the tables of a mapping, by name where the keys leave it open. A circle is named as a
 * problem, which stops nothing: foreign keys are put aside while rows come. err: HG_NOMEM. */
bool order_tables(struct mapping *mapping, hg_error *err);

#endif
