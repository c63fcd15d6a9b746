/*
 * validate.h
 *		What users can get wrong in a definition or a call.
 *
 * Definitions (api/define.c) and plans (src/plan/plan.c, src/plan/make.c) go
 * by the same rules, which stand here once.  Each function returns if all is
 * well, and otherwise raises an ERROR: ERRCODE_INVALID_PARAMETER_VALUE unless
 * it says else.  "what" names the thing in the message ("workers").
 */
#ifndef CT_VALIDATE_H
#define CT_VALIDATE_H

#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "src/plan/plan.h"

/* how much is absurd */
#define CT_MAX_WORKERS		1000
#define CT_MAX_CLIENTS		100000
#define CT_MAX_SECONDS		(31.0 * 86400.0)
#define CT_MAX_RATE			1e9
#define CT_MAX_TRANSACTIONS	INT64CONST(1000000000000000)
#define CT_MAX_TRIES		1000000
#define CT_MAX_RUN_ROUNDS	1000000
#define CT_MAX_WEIGHT		1000000
#define CT_MAX_PHASES		100
#define CT_MAX_CLASSES		32
#define CT_MAX_SHARE		1e9
#define CT_MAX_KILL_RATE	10000.0
#define CT_MAX_PREEMPTIONS	1000
#define CT_MAX_EXECUTIONS	INT64CONST(1000000000000)

extern void ct_validate_integer(const char *what, int64 value, int64 low, int64 high);
extern void ct_validate_rate(const char *what, double rate);

/* seconds: more than 0, or at least 0, and at most 31 days; neither NaN nor infinite */
extern void ct_validate_seconds(const char *what, double seconds, bool zero_allowed);

/* an interval in seconds: a month is 30 days; an infinite one is out of every range */
extern double ct_interval_seconds(const Interval *interval);

/* not empty, at most 63 bytes, no control characters */
extern void ct_validate_name(const char *what, const char *name);

/* the isolation level as the server spells it; NULL for NULL */
extern const char *ct_validate_isolation(const char *isolation);

/*
 * An object whose keys can be variables and whose values are scalars.  Keys
 * that scripts or checks know already (client_id, outcome_...) are refused.
 */
extern void ct_validate_params(const char *what, const Jsonb *params);

/* Raises unless the scenario has, known, each of those that are given; known: or NULL. */
extern void ct_validate_param_keys(const char *scenario, const Jsonb *known, const Jsonb *given);

/*
 * Elements are SQLSTATEs or condition names; with labels allowed, '=' and the
 * outcome that the error counts as may follow.  ERRCODE_UNDEFINED_OBJECT for
 * an unknown name.  Returns a List of CtPlanError *.  NULL is the empty array.
 */
extern List *ct_validate_errors(const char *what, ArrayType *errors, bool labels);

/*
 * ERRCODE_UNDEFINED_OBJECT for an unknown metric.  Whether there is what it is
 * of is found where the scripts are: see threshold.h.
 */
extern void ct_validate_threshold(const char *name, const char *op, double target);

/* what is known of a run besides the script that is validated */
typedef struct CtKnown
{
	CtSymbols  *symbols;
	CtSymbols  *barriers;		/* names of those so far */
	struct CtSettable *settable;	/* variables that something sets; NULL:
									 * not all scripts are known */
} CtKnown;

/* nothing is known but the script itself */
extern CtKnown *ct_known_create(void);

/*
 * Scripts: parsed, and each of their statements by the server's grammar.
 * ERRCODE_SYNTAX_ERROR, with place, where they don't parse, and
 * ERRCODE_UNDEFINED_PARAMETER for a variable that nothing sets;
 * ERRCODE_PROGRAM_LIMIT_EXCEEDED for more than a run has room for.  A setup (or
 * teardown) may be empty but can't have what counts transactions; a check is
 * one SELECT and nothing else.  quoted: variables within quotes are some.  What
 * a setup sets itself is added to what is settable.
 */
extern void ct_validate_script(const char *name, const char *body, bool quoted,
							   const CtKnown *known);
extern void ct_validate_setup(const char *what, const char *body, const CtKnown *known);
extern void ct_validate_check(const char *name, const char *query, const CtKnown *known);

#endif							/* CT_VALIDATE_H */
