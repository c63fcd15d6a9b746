/*
 * baseline.h
 *		Baselines: runs that later ones are compared with.
 *
 * All of this within a scope of the catalog.  The key of a baseline is role,
 * scenario and variant; of runs of ct_test, which have no names, the role and
 * their settings (_ct_settings in install/57-statistics.sql).
 */
#ifndef CT_CATALOG_BASELINE_H
#define CT_CATALOG_BASELINE_H

#include "nodes/pg_list.h"
#include "src/catalog/catalog.h"
#include "src/catalog/rowset.h"
#include "utils/jsonb.h"

/* a run, as far as it tells whether it can be a baseline, and of what */
typedef struct CtBaselineRun
{
	int64		run_id;
	int64		repeat_of;		/* 0: it is no repeat */
	char	   *status;
	Oid			role;
	char	   *scenario;		/* '' for ct_test, as the next one */
	char	   *variant;
	char	   *settings;		/* '' unless it is of ct_test */
	bool		explores;
} CtBaselineRun;

/*
 * A baseline's runs are there as long as it is.  Who sets one, and who removes
 * runs, keep each other out until the end of their transactions, before they
 * look which runs, or which baselines, there are: that is done with the latest
 * snapshot, in whatever isolation.
 */
extern void ct_catalog_baseline_begin_set(void);

/* Of who removes runs: the runs of all baselines, which are to stay. */
extern void ct_catalog_baseline_begin_prune(CtCatalogScope *scope, CtArray *run_ids);

/*
 * Those that there are of these runs, and the repeats of their groups that
 * have succeeded, List of CtBaselineRun *, by their ids.
 */
extern List *ct_catalog_baseline_runs(CtCatalogScope *scope, const int64 *run_ids, int n);

/* Sets the baseline of what its last run is of, in place of another one; List of CtBaselineRun *. */
extern void ct_catalog_baseline_set(CtCatalogScope *scope, const List *runs);

/* Takes back the one that a run belongs to; returns whether there was one. */
extern bool ct_catalog_baseline_drop(CtCatalogScope *scope, int64 run_id);

/* the metrics that runs are compared by, in the order of CtBaselineValues */
typedef struct CtBaselineValues
{
	int64		run_id;			/* its last run's */
	double		tps;			/* the means of its runs; NaN where there is none */
	double		mean_ms;
	double		p50_ms;
	double		p95_ms;
	double		p99_ms;
	double		errors;
} CtBaselineValues;

/*
 * What a run of that plan, by that role, is to be compared with: its own
 * role's baseline, or else the latest of a role whose privileges it has.
 * Returns false if there is none.
 */
extern bool ct_catalog_baseline_find(CtCatalogScope *scope, const Jsonb *plan, Oid role,
									 CtBaselineValues *values);

#endif							/* CT_CATALOG_BASELINE_H */
