/*
 * export.h
 *		An order of an exploration's steps, as a spec of isolationtester's.
 */
#ifndef CT_EXPORT_H
#define CT_EXPORT_H

#include "src/catalog/run.h"
#include "src/plan/plan.h"

/*
 * The spec, palloc'd.  order: the session of each step, from 1.  steps: what
 * was seen of these steps, in the same order, or NULL if they were never told.
 * victim: the session that met a deadlock, 0 if none did.  Raises
 * ERRCODE_FEATURE_NOT_SUPPORTED for what a spec has no way to do, by name.
 */
extern char *ct_export_spec(const CtPlan *plan, int64 run_id, const int *order, int norder,
							const CtRunStep *steps, int victim);

#endif							/* CT_EXPORT_H */
