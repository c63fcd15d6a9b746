/*
 * program.h
 *		A plan's scripts, parsed, and where each of their latencies goes.
 *
 * Caller, leader and workers each load the same plan and so come to the same
 * numbers: which histogram of a worker's slot is which.
 */
#ifndef CT_PROGRAM_H
#define CT_PROGRAM_H

#include "src/metrics/metric.h"
#include "src/plan/plan.h"
#include "src/plan/think.h"

/* histograms that every script has, before those of its statements */
typedef enum CtLatencyKind
{
	CT_LATENCY_TRANSACTION,
	CT_LATENCY_SCHEDULE_LAG,
	CT_LATENCY_LOCK_WAIT,
	CT_LATENCY_STATEMENT		/* the first statement's; one more for each further one */
} CtLatencyKind;

/*
 * One that is repeated; or one that clients begin with, which has places and
 * nothing else: no histograms (these are -1), no steps.
 */
typedef struct CtProgramScript
{
	const CtPlanScript *plan;
	CtScript   *script;
	int			histogram;		/* of CT_LATENCY_TRANSACTION; the others follow */
	CtThink		think;			/* of who has executed it */
	int			first_client;	/* of those that run it alone, from 0; plan->workers of them */
	int		   *step_histogram; /* of each command, -1 if it isn't SQL */
	int			nsteps;			/* SQL commands whose orders are told, at most CT_MAX_STEPS */
	int			first_step;		/* number of the first one, of all scripts' */
	int		   *step;			/* of each command: from 0 in its script, -1 if none */
	int		   *command;		/* of each step */
	int			place;			/* of its first command; the others and its end follow */
} CtProgramScript;

/* A class of clients. */
typedef struct CtProgramClass
{
	const CtPlanClass *plan;
	int			histogram;		/* latencies of its transactions */
	int		   *weights;		/* of each script; NULL: the scripts' own */
	int			total_weight;
	CtThink		think;			/* if plan->thinks */
	int			start;			/* the script that its clients begin with; -1: none */
} CtProgramClass;

/* An outcome that a threshold names: the latencies of transactions that ended with it. */
typedef struct CtProgramOutcome
{
	const char *label;
	int			histogram;
} CtProgramOutcome;

/* A phase, or the whole run where there are none. */
typedef struct CtProgramPhase
{
	const CtPlanPhase *plan;	/* or NULL */
	int			histogram;		/* of its transactions' latencies, whatever the script; -1: not told apart */
	int		   *weights;		/* of the scripts, for clients that have none of their own */
	int			total_weight;
} CtProgramPhase;

/* so many of them at most: they are bits of a transaction */
#define CT_MAX_WATCHED		64

/* what a threshold is of */
typedef struct CtProgramThreshold
{
	CtMetricKind	kind;
	const char *metric;			/* a tally's name where it is of one, */
	CtTallyMetric tally;		/* and what of it */
	int			script;			/* index, of CT_OF_SCRIPT and CT_OF_STATEMENT; of CT_OF_CLASS the class's */
	int			phase;			/* from 0, of CT_OF_PHASE */
	int			histogram;		/* of its latencies; -1 for the run's and tallies */
	const CtPlanThreshold *plan;
} CtProgramThreshold;

/*
 * Orders are told of the first steps of each script, and not at all for more
 * words of them: that is where they would take more memory than histograms do.
 */
#define CT_MAX_STEPS		64
#define CT_MAX_ORDERS		65536

/*
 * The orders seen are words, nscripts for each step of each script: in the
 * word (step, s), bit i says that step i of script s, in another transaction
 * that overlapped, ended before this step began.  After them a word for each
 * script, with the bits of those of its steps that were executed at all.
 */
typedef struct CtProgram
{
	const CtPlan *plan;
	CtSymbols  *symbols;
	int			nscripts;		/* that are repeated */
	int			nall;			/* these, and those that clients begin with */
	CtProgramScript *scripts;
	int			nhistograms;
	int			nsteps;			/* of all scripts */
	int			norders;		/* words, 0 if orders aren't told */
	int			nplaces;		/* commands and ends of all scripts */
	int			nphases;		/* 0: there are none, and one is in the array */
	CtProgramPhase *phases;
	int			start;			/* the script that clients of no class begin with; -1: none */
	int			nclasses;
	CtProgramClass *classes;
	int			noutcomes;		/* that thresholds name */
	CtProgramOutcome *outcomes;
	CtProgramThreshold *thresholds; /* as many as plan->thresholds, in their order */
} CtProgram;

/* The words of a script's step, in what has norders words. */
static inline uint64 *
ct_program_orders(const CtProgram *program, uint64 *orders, int script, int step)
{
	return orders + (Size) (program->scripts[script].first_step + step) * program->nscripts;
}

/* The word with the steps of a script that were executed. */
static inline uint64 *
ct_program_executed(const CtProgram *program, uint64 *orders, int script)
{
	return orders + (Size) program->nsteps * program->nscripts + script;
}

/* the script that client number (from 0) runs alone, -1 if it chooses */
extern int	ct_program_own_script(const CtProgram *program, int number);

/*
 * Parses; raises what the parser raises, and what ct_threshold_resolve does.
 * In the current memory context.
 */
extern CtProgram *ct_program_load(const CtPlan *plan);

/* Do its clients wait for each other, at a \barrier? */
extern bool ct_program_meets(const CtProgram *program);

/* The script, by its index, that a place is in, and which command of it; its end is one more. */
extern int	ct_program_script_at(const CtProgram *program, int place, int *command);

/*
 * The same as a result's row has it: the script's name, the number of its step,
 * from 1, and that one's text; of its end -1 and NULL.
 */
extern const char *ct_program_step_at(const CtProgram *program, int place, int *step, const char **query);

/*
 * Where something happened, in words: 'script "buy", step 3, line 7: UPDATE
 * ...', the text cut.  command: index in the script; what is no command of
 * it is its end.  Palloc'd.
 */
extern char *ct_program_place(const CtProgram *program, int script, int command);

#endif							/* CT_PROGRAM_H */
