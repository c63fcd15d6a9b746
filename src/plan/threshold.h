/*
 * threshold.h
 *		Thresholds as users write them.
 */
#ifndef CT_THRESHOLD_H
#define CT_THRESHOLD_H

#include "utils/array.h"

#include "src/plan/program.h"

/*
 * A threshold written out, "p95_ms < 100".  Returns false for what is none by
 * its looks; raises for one that has an unknown metric.  Where any_name is
 * false the metric is a word without spaces, so that a query is no threshold.
 */
extern bool ct_threshold_parse(const char *text, bool any_name, CtPlanThreshold *threshold);

/*
 * A call's thresholds (text[], or NULL) over a List of CtPlanThreshold *: each takes
 * the place of those that bound the same metric from the same side, or comes
 * on top.  Returns the new list; raises for what is no threshold.
 */
extern List *ct_threshold_override(List *thresholds, ArrayType *given);

/* the names that thresholds can be of, by what a program's scripts and expected errors say */
typedef struct CtNames CtNames;

extern CtNames *ct_names_of_program(const CtProgram *program);

/* Raises if a phase has the name of something else, so that nobody could say which is meant. */
extern void ct_names_check_phases(const CtNames *names);

/*
 * What a threshold's name means: "p95_ms" of the run, "read.p95_ms" of a
 * script, an outcome or a phase, "read:3.p95_ms" of the statement that is step 3 of a
 * script, "tally.NAME" and "tally.NAME.max" of a tally.  *of is the name before the dot, palloc'd, NULL for
 * the run; the histogram of an outcome is left to the caller;
 * names may be NULL where the name has no dot.  Raises
 * ERRCODE_UNDEFINED_OBJECT for a name that nothing has, with near matches, and
 * ERRCODE_INVALID_PARAMETER_VALUE for one that two things have, for a step
 * that is no statement, and for a metric that there isn't of such a thing.
 */
extern void ct_threshold_resolve(const char *name, const CtProgram *program,
								 const CtNames *names, CtProgramThreshold *threshold,
								 char **of);

/* Raises as that does for a name that two things have, and for nothing else. */
extern void ct_threshold_check_unique(const char *name, const CtNames *names);

#endif							/* CT_THRESHOLD_H */
