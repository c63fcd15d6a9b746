/*
 * plan.h
 *		A run's plan: everything a run is going to do, resolved.
 *
 * The caller makes a plan from a scenario, a variant and the call's arguments
 * (or, for ct_test, from the arguments alone), as one jsonb document.  That
 * document is validated in the caller, travels to the leader and the workers
 * through the run's shared memory, is read there by ct_plan_read, and stays
 * in the run's row as the record of what exactly ran.  So a run never looks
 * at the definitions again, which may change, or not be committed yet.
 *
 * The document's keys are the field names below, durations in seconds,
 * absent or null where a field says "or"; the parameters are
 * one object, "params", and SQLSTATEs are their five characters.
 */
#ifndef CT_PLAN_H
#define CT_PLAN_H

#include "nodes/pg_list.h"
#include "utils/array.h"
#include "utils/jsonb.h"

#include "src/script/script.h"

/* what a run has where neither call nor variant nor scenario says */
#define CT_DEFAULT_WORKERS		8	/* or as many as there are, since not named */
#define CT_DEFAULT_DURATION		10.0	/* seconds */
#define CT_DEFAULT_ROUND		0.2 /* seconds: the duration of each of several rounds */
#define CT_DEFAULT_MAX_TRIES	10
#define CT_DEFAULT_MIN_OVERLAP	10

/* ... and what an exploration has */
#define CT_DEFAULT_EXPLORATION	30.0	/* seconds */
#define CT_DEFAULT_STEP_TIMEOUT	10.0	/* seconds */
#define CT_MIN_SESSIONS			2
#define CT_MAX_SESSIONS			8

/* what a run has room for */
#define CT_MAX_BARRIERS			16
#define CT_MAX_SHARED			((Size) 1024 * 1024 * 1024) /* bytes of shared memory */

/* the variables of checks that are made of a run's results: these and a name, and those of plan.c */
#define CT_OUTCOME_PREFIX		"outcome_"
#define CT_TALLY_PREFIX			"tally_"

/* a plan's repeat_of: its own run is the first one */
#define CT_REPEATED				(-1)
#define CT_MAX_RUN_REPEATS			1000

/* the outcome of a transaction whose session kill_rate has terminated */
#define CT_OUTCOME_KILLED		"killed"

/* the variant of a scenario that has none defined */
#define CT_DEFAULT_VARIANT		"default"

typedef struct CtPlanScript
{
	char	   *name;
	char	   *body;
	int			weight;			/* > 0 */
	double		think;			/* think time after each transaction, seconds: its mean, or lowest */
	double		think_max;		/* of a uniform one: its highest */
	char	   *think_distribution; /* "fixed", "uniform", or NULL: exponential */
	bool		quoted;			/* variables within quotes are some: pgbench's */
	int			workers;		/* clients that run this script and no other; 0: the
								 * others choose it by its weight */
} CtPlanScript;

/* clients of a class; what it doesn't say is the scripts' or the run's */
typedef struct CtPlanClass
{
	char	   *name;
	double		share;			/* of the clients, relative to the other classes' */
	bool		weighted;		/* has weights of its own: scripts without one aren't run */
	bool		thinks;			/* has a think time of its own: */
	double		think;			/* as a script's */
	double		think_max;
	char	   *think_distribution;
	char	   *on_start;		/* a script, or NULL */
} CtPlanClass;

typedef struct CtPlanClassWeight
{
	int			class_number;	/* index in the plan's classes */
	int			script;			/* index in the plan's scripts */
	int			weight;			/* 0: isn't run */
} CtPlanClassWeight;

typedef struct CtPlanCheck
{
	char	   *name;
	char	   *query;			/* one statement; returns the violations */
	char	   *kind;			/* what its violations are called, "invariant" */
	bool		during;			/* also once a second while the run is under way */
} CtPlanCheck;

typedef struct CtPlanThreshold
{
	char	   *metric;			/* see ct_metrics in metrics/metric.c */
	char	   *op;				/* < <= = >= > <> */
	double		target;
	int64		baseline_run;	/* of one against the baseline: its last run, 0 if there is none */
	double		baseline;		/* and what the metric came to there */
} CtPlanThreshold;

/* a piece of the run's time, and the load in it; see phase.h */
typedef struct CtPlanPhase
{
	char	   *name;
	double		duration;		/* seconds, > 0 */
	double		rate;			/* transactions per second of the whole run, or 0: no schedule */
	int			clients;		/* at work, the first ones; 0: all */
	double		ramp;			/* seconds from its beginning, for which the rate, or else the number
								 * of clients, goes from that before to its own */
} CtPlanPhase;

/* a script's weight in a phase, in the place of its own */
typedef struct CtPlanWeight
{
	int			phase;			/* from 0 */
	char	   *script;
	int			weight;			/* >= 0 */
} CtPlanWeight;

/* an error that a script may end with, and the outcome it then counts as */
typedef struct CtPlanError
{
	int			sqlstate;		/* as packed by MAKE_SQLSTATE */
	char	   *label;			/* outcome; the condition's name unless given */
	int			position;		/* while the plan is being made: order given */
} CtPlanError;

/* a session of an exploration */
typedef struct CtPlanSession
{
	int			script;			/* index in the plan's scripts */
} CtPlanSession;

/* an order that an exploration tries before others */
typedef struct CtPlanPermutation
{
	char	   *name;
	char	   *order;			/* sessions, from 1, a blank between: "1 1 2" */
} CtPlanPermutation;

typedef struct CtPlan
{
	char	   *scenario;		/* or NULL: ct_test */
	char	   *variant;		/* or NULL: ct_test */

	int			workers;		/* > 0 */
	bool		workers_named;	/* the call named it: fewer is an error */
	bool		workers_default;	/* nobody named it: fewer is nothing to tell */
	int			clients;		/* that take turns on the workers, at least as many;
								 * 0: each worker is one */
	double		duration;		/* or 0 */
	int64		transactions;	/* for the whole run, or 0; one of the two is set */
	double		rate;			/* transactions per second of the whole run, or 0 */
	double		warmup;
	double		ramp;
	char	   *isolation;		/* "read committed" ..., or NULL: the role's default */
	int			max_tries;		/* 0: no limit */
	int64		seed;
	int			min_overlap;	/* contended transactions that a pass needs */
	bool		keep;			/* leave the sandbox */
	bool		stop_on_fail;	/* end at what can't but fail it */
	double		latency_limit;	/* seconds after which a transaction is late, or 0 */
	int64		max_errors;		/* unexpected ones that end the run, or 0 */
	double		timeout;		/* seconds after the gate that end the run, or 0 */
	double		kill_rate;		/* sessions terminated per second, or 0 */
	char	   *lock_table;		/* that is locked now and then, or NULL */
	char	   *lock_mode;		/* as in LOCK TABLE, in lower case */
	double		lock_duration;	/* seconds */
	double		lock_every;		/* seconds from one beginning to the next */
	double		lock_after;		/* seconds from the gate to the first one */

	/* of an exploration; its duration and seed are those above */
	bool		explore;
	List	   *sessions;		/* of CtPlanSession *, 2 to CT_MAX_SESSIONS */
	bool		inside;			/* parks within functions, too */
	int			preemptions;	/* at most so many; -1: no bound */
	int64		executions;		/* at most so many; 0: no bound */
	bool		random;			/* draws orders, and enumerates none */
	bool		reduction;		/* may leave out orders that others stand for */
	double		step_timeout;	/* seconds that a step may take */
	bool		in_place;		/* on the user's own tables, which reset brings back */
	char	   *reset;			/* a script, or NULL */
	bool		replay;			/* executes the first permutation, and nothing else */
	List	   *permutations;	/* of CtPlanPermutation * */

	List	   *phases;			/* of CtPlanPhase *, NIL: the load is one and the same; else
								 * duration is their sum, and rate, ramp and rounds are 0 */
	List	   *weights;		/* of CtPlanWeight *, in the phases */

	int64		repeat_of;		/* the first run of a group of repeats; CT_REPEATED: it is
								 * the first itself; 0: it is none */
	int			rounds;			/* stress from a fresh state so many times, duration and
								 * transactions being a round's; 0: once */

	char	   *expected_verdict;	/* what counts as ok where it is run as one of many: pass, fail;
									 * or NULL: pass */
	char	   *refused;		/* why it can't be run; it is recorded, and fails by this; or NULL */
	char	   *refused_sqlstate;	/* five characters, or NULL */

	char	   *search_path;	/* the caller's, as text of the setting */
	char	   *setup;			/* a script, or NULL */
	char	   *variant_setup;	/* a script, or NULL */
	char	   *teardown;		/* a script, or NULL */
	char	   *on_start;		/* a script that each client begins with, or NULL */
	List	   *param_names;	/* of char * */
	List	   *param_values;	/* of char *, NULL for a null */
	List	   *scripts;		/* of CtPlanScript *, at least one */
	List	   *classes;		/* of CtPlanClass * */
	List	   *class_weights;	/* of CtPlanClassWeight * */
	List	   *checks;			/* of CtPlanCheck * */
	List	   *thresholds;		/* of CtPlanThreshold * */
	List	   *expected_errors;	/* of CtPlanError *, in the order of SQLSTATEs */
	List	   *elsewhere;		/* of char *: what checks are given in other
								 * variants, as ct_plan_result_names says */
	List	   *retried_errors; /* of int (sqlstates), in their order: 40001 and 40P01 unless
								 * expected, and those that are named; what is both retried
								 * and expected is an outcome after the last try */
} CtPlan;

/* what a call says of an exploration besides */
typedef struct CtExploreOptions
{
	bool		has_preemptions,
				has_executions,
				has_step_timeout;
	int			preemptions;
	int64		executions;
	double		step_timeout;	/* seconds */
	ArrayType  *sessions;		/* or NULL; text[]: scripts' names, or of a race their text */
	const char *yield;			/* or NULL */
	const char *strategy;		/* or NULL */
	bool		reduction;
	bool		in_place;
	const char *reset;			/* or NULL */
} CtExploreOptions;

/* a call's arguments; what isn't given is the scenario's or the default */
typedef struct CtRunOptions
{
	bool		has_workers,
				has_clients,
				has_duration,
				has_transactions,
				has_rate,
				has_max_tries,
				has_seed,
				has_warmup,
				has_ramp,
				has_min_overlap,
				has_rounds,
				has_repeat,
				has_latency_limit,
				has_max_errors,
				has_kill_rate,
				has_timeout;
	int			workers;
	int			clients;
	double		duration;		/* seconds */
	int64		transactions;
	double		rate;
	int			max_tries;
	int64		seed;
	double		warmup;			/* seconds */
	double		ramp;			/* seconds */
	int			min_overlap;
	int			rounds;
	int			repeat;			/* runs of this plan; no part of it */
	double		latency_limit;	/* seconds */
	int64		max_errors;
	double		timeout;		/* seconds */
	const char *isolation;		/* or NULL */
	Jsonb	   *phases;			/* or NULL */
	Jsonb	   *params;			/* or NULL */
	ArrayType  *expected_errors;	/* or NULL; text[] */
	ArrayType  *thresholds;		/* or NULL; text[] */
	ArrayType  *retried_errors; /* or NULL; text[] */
	const char *on_start;		/* or NULL */
	Jsonb	   *classes;		/* or NULL */
	double		kill_rate;		/* per second */
	Jsonb	   *lock_hold;		/* or NULL */
	bool		stop_on_fail;
	bool		keep;
	bool		trust_owner;	/* run what another role has written */
	const CtExploreOptions *explore;	/* NULL: stress */
	const char *expected_verdict;	/* or NULL */
	bool		workers_optional;	/* fewer workers will do, and are nothing to tell */
	bool		closed_loop;	/* without the rate that the scenario has */
} CtRunOptions;

/*
 * Makes a plan's document: of a scenario's variant (NULL: its first), or of
 * an ad hoc test.  Raises for names that don't exist (near matches as hint)
 * and for arguments that are out of range or don't go together.
 */
extern Jsonb *ct_plan_of_scenario(const char *scenario, const char *variant,
								  const CtRunOptions *options);
extern Jsonb *ct_plan_of_test(const char *script, const char *setup, const char *teardown,
							  ArrayType *checks, const CtRunOptions *options);

/*
 * The plan of a run that can't be planned: it is recorded as one that failed,
 * so that whoever looks at the runs sees that, and why.
 */
extern Jsonb *ct_plan_of_refused(const char *scenario, const char *variant, const char *expected_verdict,
								 int sqlstate, const char *message);

/* The same of sessions that are scripts themselves, those of options->explore. */
extern Jsonb *ct_plan_of_race(const char *setup, ArrayType *checks, const CtRunOptions *options);

/*
 * The plan of an exploration's run, but for one order alone: sessions from 1,
 * int[].  Raises for what are no sessions of it.
 */
extern Jsonb *ct_plan_of_replay(const Jsonb *document, ArrayType *permutation);

/* a script or threshold as it is defined, as one of a plan */
struct CtScriptDefinition;
struct CtThresholdDefinition;
extern CtPlanScript *ct_plan_script(const struct CtScriptDefinition *definition);
extern CtPlanThreshold *ct_plan_threshold(const struct CtThresholdDefinition *definition);

/* names of a scenario's variants in their order, List of char *; raises if there is no such scenario */
extern List *ct_plan_variants(const char *scenario);

/* The document of another run of the same plan: a repeat of that run, or CT_REPEATED. */
extern Jsonb *ct_plan_repeat(const Jsonb *document, int64 repeat_of);

/* The plan's document; params instead of param_names and param_values. */
extern Jsonb *ct_plan_write(const CtPlan *plan, const Jsonb *params);

/* Reads the document into the current memory context; elog on what can't be. */
extern CtPlan *ct_plan_read(const Jsonb *document);

/*
 * How many transactions a scenario's transactions_expr means with these
 * parameters.  Raises ERRCODE_INVALID_PARAMETER_VALUE for what is no number of
 * transactions, and what parsing and evaluating raises.
 */
extern int64 ct_plan_count_transactions(const char *expr, const Jsonb *params, int64 seed);

/*
 * Everything about a plan that a user can get wrong and that can be found
 * without running it: numbers out of range, scripts that don't parse ...
 */
extern void ct_plan_validate(const CtPlan *plan);

/*
 * The variables that something sets everywhere: the predefined ones, but for
 * iteration outside of iterations, and the parameters.
 */
extern struct CtSettable *ct_plan_settable(const List *param_names, bool in_iterations);

/* Appends an object's members to the plan's parameters. */
extern void ct_plan_read_params(CtPlan *plan, const JsonbContainer *params);

/* names of an object's members, List of char *; none for NULL */
extern List *ct_plan_param_names(const Jsonb *params);

/*
 * Appends the variables that a script, or expected errors, make for checks, as
 * "outcome_sold"; "outcome_" stands for all of them, where a label is a
 * variable's value.
 */
extern List *ct_plan_result_names(List *names, const CtScript *script);
extern List *ct_plan_error_names(List *names, const List *errors);

/*
 * The symbol table of a plan's scripts: the predefined variables first, in
 * the order of CtPredefined, then the parameters, in the order of the plan.
 */
typedef enum CtPredefined
{
	CT_VAR_CLIENT_ID,			/* 0 .. clients - 1, as in pgbench */
	CT_VAR_WORKER_ID,			/* 1 .. workers */
	CT_VAR_ITERATION,			/* from 1, unique over the run */
	CT_VAR_RUN_ID,
	CT_VAR_SCALE,				/* 1, unless a parameter says else */
	CT_VAR_RANDOM_SEED,
	CT_VAR_DEFAULT_SEED,		/* of pgbench's hash functions */
	CT_NPREDEFINED
} CtPredefined;

extern CtSymbols *ct_plan_symbols(const CtPlan *plan);

/*
 * How many clients (each worker is one, if nothing else is said) the scripts
 * that have some of their own need, and how many there must be at least, with
 * one for the others if there are any.
 */
extern int	ct_plan_bound_workers(const CtPlan *plan);
extern int	ct_plan_least_workers(const CtPlan *plan);

/* the outcome that an error counts as, NULL if it isn't expected */
extern const char *ct_plan_expected_label(const CtPlan *plan, int sqlstate);
extern bool ct_plan_is_retried(const CtPlan *plan, int sqlstate);

/*
 * Gives the predefined variables (iteration excepted) and parameters their
 * values; client, worker: their numbers, from 0.
 */
extern void ct_plan_set_variables(const CtPlan *plan, const CtSymbols *symbols, CtVariables *vars,
								  int64 run_id, int client, int worker);

/*
 * Seeds what a client's expressions draw from, its number counting from 0, and
 * returns what its other streams are seeded by.
 */
extern pg_prng_state ct_plan_seed_client(const CtPlan *plan, int client, pg_prng_state *expressions);

#endif							/* CT_PLAN_H */
