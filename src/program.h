/*
 * program.h
 *		A plan's scripts, parsed, and where each of their latencies goes.
 *
 * Caller, leader and workers each load the same plan and so come to the same
 * numbers: which histogram of a worker's slot is which.
 */
#ifndef CT_PROGRAM_H
#define CT_PROGRAM_H

#include "src/plan.h"

/* histograms that every script has, before those of its statements */
typedef enum CtLatencyKind
{
	CT_LATENCY_TRANSACTION,
	CT_LATENCY_SCHEDULE_LAG,
	CT_LATENCY_LOCK_WAIT,
	CT_LATENCY_STATEMENT		/* the first statement's; one more for each further one */
} CtLatencyKind;

typedef struct CtProgramScript
{
	const CtPlanScript *plan;
	CtScript   *script;
	int			nsql;			/* commands that are SQL */
	bool		is_section;		/* one statement, and no waiting besides it */
	int			histogram;		/* of CT_LATENCY_TRANSACTION; the others follow */
	int		   *step_histogram; /* of each command, -1 if it isn't SQL */
} CtProgramScript;

typedef struct CtProgram
{
	const CtPlan *plan;
	CtSymbols  *symbols;
	int			nscripts;
	CtProgramScript *scripts;
	int			nhistograms;
	int			total_weight;
} CtProgram;

/* Parses; raises what the parser raises.  In the current memory context. */
extern CtProgram *ct_program_load(const CtPlan *plan);

#endif							/* CT_PROGRAM_H */
