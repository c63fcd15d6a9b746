/*
 * define.h
 *		Defining scenarios, for the functions that SQL calls.
 */
#ifndef CT_DEFINE_H
#define CT_DEFINE_H

#include "fmgr.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/* a scenario as it is defined; NULL or has_... false is "not said" */
typedef struct CtScenarioDefinition
{
	const char *name;
	const char *description;
	const char *story;
	const char *category;
	const char *setup;
	const char *teardown;
	bool		has_workers,
				has_transactions,
				has_rate,
				has_max_tries,
				has_min_overlap;
	int			workers;
	Interval   *duration;
	int64		transactions;
	const char *transactions_expr;
	double		rate;
	int			max_tries;
	int			min_overlap;
	Jsonb	   *params;
	ArrayType  *expected_errors;
	ArrayType  *retried_errors;
	bool		replace;		/* in the place of what has this name */
} CtScenarioDefinition;

/*
 * Each validates what it is given (workers 0 is "not said"), checks that the current role may, and
 * writes it.  Raises ERRCODE_DUPLICATE_OBJECT for what is there already.
 * quoted: variables within quotes are some, as in pgbench's default query mode.
 */
extern void ct_define_scenario(const CtScenarioDefinition *definition);
extern void ct_define_script(const char *scenario, const char *script, const char *body,
							 const char *variant, int weight, Interval *think_time,
							 bool quoted, int workers);
extern void ct_define_check(const char *scenario, const char *check, const char *query,
							const char *description, const char *kind,
							const char *variant, bool during);

/* Raises unless definitions can be written here and now; function is its name in SQL. */
extern void ct_define_begin(const char *function);

/*
 * Locks a scenario's row until the transaction's end.  Raises unless the role
 * may change the scenario; to be called within the catalog, as those below.
 */
extern void ct_define_lock(MemoryContext context, const char *scenario, Oid role);

/* Raises for a threshold that is of a script or outcome by a name that two things have by now. */
extern void ct_define_check_thresholds(MemoryContext context, const char *scenario);

/* "of scenario ..., variant ..." of a message; variant may be NULL */
extern char *ct_define_place(const char *scenario, const char *variant);

/* ---- arguments ---- */

/* an argument of type text; NULL for null */
extern char *ct_arg_text(FunctionCallInfo fcinfo, int n);

/* as ct_arg_text, but raises ERRCODE_NULL_VALUE_NOT_ALLOWED: "WHAT must not be null" */
extern char *ct_arg_text_required(FunctionCallInfo fcinfo, int n, const char *what);

#endif							/* CT_DEFINE_H */
