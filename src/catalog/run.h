/*
 * run.h
 *		The rows of runs: looked up, closed, and removed.
 *
 * What a run measures is written by src/results.  All of this within a scope
 * of the catalog; a run's status is as in ct_result.
 */
#ifndef CT_CATALOG_RUN_H
#define CT_CATALOG_RUN_H

#include "nodes/pg_list.h"
#include "src/catalog/catalog.h"
#include "storage/dsm_impl.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/* a run's row, as far as it tells who may see it and where it lives */
typedef struct CtRunRow
{
	int64		run_id;
	char	   *status;
	dsm_handle	handle;			/* of the shared memory that it has, or had */
	Oid			role;			/* that it acts as */
} CtRunRow;

/*
 * Looks a run up as it is committed now, even where the transaction's snapshot
 * is older.  Returns false if there is none of that id.
 */
extern bool ct_catalog_run_find(CtCatalogScope *scope, int64 run_id, CtRunRow *run);

/* The plan that the run was made by, as it is in its row; palloc'd.  There is such a run. */
extern Jsonb *ct_catalog_run_plan(CtCatalogScope *scope, int64 run_id);

/*
 * The shortest order of a run that went wrong, of those with the fewest
 * preemptions: int[], palloc'd; NULL if none did.  serial: what no serial
 * order leaves is one.
 */
extern ArrayType *ct_catalog_run_shortest(CtCatalogScope *scope, int64 run_id, bool serial);

/* a step of an order, as the story of an exploration has it */
typedef struct CtRunStep
{
	int			session;		/* from 1 */
	const char *function;		/* or NULL */
	const char *first_row;		/* "stock = 1, sold = 0", or NULL */
	bool		deadlock;		/* it met 40P01 */
} CtRunStep;

/* The steps of an order that begin something, palloc'd; NULL if the run has no story of it. */
extern CtRunStep *ct_catalog_run_story(CtCatalogScope *scope, int64 run_id, ArrayType *permutation, int *n);

/* Is it under way, by its status?  A run whose leader is gone is so, too. */
extern bool ct_catalog_run_is_open(const CtRunRow *run);

/*
 * Those that are to be looked after if their leader is gone, List of CtRunRow *
 * without status and role: they are stored as under way, or have a sandbox.
 * asked: also those that failed lately, within retry (an interval's text).
 */
extern List *ct_catalog_run_orphans(CtCatalogScope *scope, bool asked, const char *retry);

/*
 * Locks the row of one of them; false if somebody else has it, or it is none
 * any more.  *sandbox is NULL if it has none.
 */
extern bool ct_catalog_run_lock_orphan(CtCatalogScope *scope, int64 run_id, Oid *role,
									   char **sandbox);

/* It has no sandbox to be dropped any more; kept: it is left to the user. */
extern void ct_catalog_run_leave_sandbox(int64 run_id, bool kept);

/* One more of its warnings. */
extern void ct_catalog_run_warn(int64 run_id, const char *warning);

/* Its sandbox is gone; what was under way has crashed. */
extern void ct_catalog_run_close(int64 run_id);

/*
 * Its sandbox couldn't be dropped, which its warnings will say, up to max of
 * them; unless somebody else has its row.
 */
extern void ct_catalog_run_complain(int64 run_id, const char *complaint, int max);

/*
 * Tells whoever listens to ct_ext, once the transaction commits, that the run
 * went wrong; nothing if it didn't, or nobody could be told any more.
 */
extern void ct_catalog_run_alert(int64 run_id);

/*
 * Removes runs that ended, or if they crashed began, at least so long ago and
 * left no sandbox behind, with all that was measured, unless they are a baseline,
 * which nobody can make them meanwhile: those of roles that "caller" is a member
 * of, or of all.  Returns their number.
 */
extern int64 ct_catalog_run_prune(CtCatalogScope *scope, const Interval *older_than, Oid caller, bool all);

#endif							/* CT_CATALOG_RUN_H */
