/*
 * footprint.h
 *		Notes what a step of this session touches, for src/explore/conflict.h.
 *
 * By the executor's hooks and a table access method that is heap's, with a note
 * taken before: a step that sleeps on a lock has its footprint all the same.
 * What can't be seen that way makes a step's footprint everything: utilities
 * that do more than control transactions, partitions, foreign tables, functions
 * in other languages than SQL and PL/pgSQL that aren't known to be harmless, and
 * more than there is room for.
 */
#ifndef CT_FOOTPRINT_H
#define CT_FOOTPRINT_H

#include "src/explore/conflict.h"

/* From now on this process can note what it touches.  Once. */
extern void ct_footprint_begin(void);

/*
 * A step begins: what it touches is noted there, as it is touched; until then
 * and of others that is NULL nothing is.  All of a transaction's steps must be
 * noted, or none.  Ends the step before.
 */
extern void ct_footprint_set(CtFootprint *footprint);

/* The step is over.  What is noted is complete then. */
extern void ct_footprint_end(void);

/* It sleeps on a lock.  Takes no lock, raises nothing. */
extern void ct_footprint_waits(void);

#endif							/* CT_FOOTPRINT_H */
