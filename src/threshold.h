/*
 * threshold.h
 *		Thresholds as users write them.
 */
#ifndef CT_THRESHOLD_H
#define CT_THRESHOLD_H

#include "utils/array.h"
#include "src/plan.h"

/*
 * A threshold written out, "p95_ms < 100".  Returns false for what is none by
 * its looks; raises for one that has an unknown metric.  Where any_name is
 * false the metric is a word without spaces, so that a query is no threshold.
 */
extern bool ct_threshold_parse(const char *text, bool any_name, CtPlanSlo *threshold);

/*
 * A call's thresholds (text[], or NULL) over a List of CtPlanSlo *: each takes
 * the place of those that bound the same metric from the same side, or comes
 * on top.  Returns the new list; raises for what is no threshold.
 */
extern List *ct_threshold_override(List *thresholds, ArrayType *given);

#endif							/* CT_THRESHOLD_H */
