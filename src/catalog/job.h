/*
 * job.h
 *		Jobs of ct_schedule: our rows of them, and pg_cron's.
 *
 * A job is pg_cron's to start; what it is expected to run is in a table of
 * ours, so that a job that nobody starts any more can be told from one that
 * there never was.  A job belongs to the role that scheduled it, as pg_cron's
 * do, and has its name for itself among that role's.
 */
#ifndef CT_JOB_H
#define CT_JOB_H

#include "src/catalog/catalog.h"
#include "utils/timestamp.h"

typedef struct CtJob
{
	const char *name;
	Oid			role;
	int64		jobid;			/* pg_cron's */
	const char *schedule;
	const char *command;
	const char *scenario;		/* NULL: it prunes */
	const char *variant;		/* or NULL */
	const Interval *older_than; /* NULL: it runs the scenario */
} CtJob;

/* ---- within ct_catalog_enter ---- */

/* Writes our row of the job; one of its name and role is replaced. */
extern void ct_job_write(const CtJob *job);

/* Is there one of that name and role? */
extern bool ct_job_exists(CtCatalogScope *scope, const char *name, Oid role);

/* Removes it; false if there is none. */
extern bool ct_job_delete(const char *name, Oid role);

/* ---- within ct_catalog_enter_server: as the current role ---- */

/* May the current role execute the extension's function, or procedure, of that name? */
extern bool ct_job_may_execute(CtCatalogScope *scope, const char *function);

/*
 * Raises unless pg_cron is in this database and the current role may use it;
 * the hint says what is missing, for whom to do.
 */
extern void ct_job_need_cron(CtCatalogScope *scope, const CtJob *job);

/* Has pg_cron one of that name, of the current role? */
extern bool ct_job_cron_has(CtCatalogScope *scope, const char *name);

/* Has pg_cron start it, instead of one of its name and role; returns pg_cron's number of it. */
extern int64 ct_job_cron_schedule(CtCatalogScope *scope, const CtJob *job);

/* Has pg_cron forget it, if pg_cron is there and knows it. */
extern void ct_job_cron_unschedule(CtCatalogScope *scope, const char *name);

/*
 * The row of ct_health, of what the current role may see; in the memory that
 * was current when the scope was entered.  max_age may be NULL.
 */
extern HeapTupleHeader ct_health_row(const Interval *max_age, const Interval *since);

#endif							/* CT_JOB_H */
