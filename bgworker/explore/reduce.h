/*
 * reduce.h
 *		The part of a search that leaves out orders which others stand for.
 */
#ifndef CT_REDUCE_H
#define CT_REDUCE_H

#include "bgworker/explore/explore.h"

typedef struct CtReduce CtReduce;

/* May what is left of the search be reduced?  It isn't bounded, and states are brought back by page images. */
extern bool ct_reduce_may(const CtExplorer *explorer);

/* In the current memory context. */
extern CtReduce *ct_reduce_create(CtExplorer *explorer);

/* Begins with the next execution; false: there is none left. */
extern bool ct_reduce_begin(CtReduce *reduce);

/* The state has been reset for it: what is known of relations that were made anew is no use. */
extern void ct_reduce_check(CtReduce *reduce);

/* The guide of that execution. */
extern const CtGuide *ct_reduce_guide(CtReduce *reduce);

/* The execution is over, and how.  True: its order is a new one, which is to be counted. */
extern bool ct_reduce_end(CtReduce *reduce, CtExecutionEnd end);

/* Were orders given up? */
extern bool ct_reduce_lost(const CtReduce *reduce);

#endif							/* CT_REDUCE_H */
