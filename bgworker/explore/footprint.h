/*
 * footprint.h
 *		What a step has touched, and whether two steps depend on each other.
 */
#ifndef CT_FOOTPRINT_H
#define CT_FOOTPRINT_H

#include "bgworker/shm/turn.h"

/* ---- the session's side ---- */

/* From now on this process notes what it touches, into the footprint that is set. */
extern void ct_footprint_begin(Oid sandbox);

/* A step begins (NULL: nobody wants to know). */
extern void ct_footprint_set(CtFootprint *footprint);

/* The step ends: what is seen only now, as locks that are held. */
extern void ct_footprint_end(void);

#endif							/* CT_FOOTPRINT_H */
