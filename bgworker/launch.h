/*
 * launch.h
 *		Starting a run's background workers.
 */
#ifndef CT_LAUNCH_H
#define CT_LAUNCH_H

#include "postmaster/bgworker.h"

#include "bgworker/shm/shared.h"

/* which of a run's processes this is; the workers refuse ct_run by it */
typedef enum CtProcessRole
{
	CT_PROCESS_CLIENT,			/* a session, or anything else */
	CT_PROCESS_LEADER,
	CT_PROCESS_WORKER
} CtProcessRole;

extern CtProcessRole ct_process_role;

/* Raises that there is no room for a run at all, with what to do. */
extern void ct_no_slots(void);

/* Raises that fewer workers than were named can be had, with what to do; locker: one slot is its. */
extern void ct_too_few_workers(int available, int asked, bool locker);

/* the same where fewer than asked would do, but not so few */
extern void ct_too_few_for_scripts(int available, int needed);

/* the same where clients can't take turns on those that there are */
extern void ct_too_few_for_barriers(int available, int clients);

/*
 * Both return NULL if no slot is free.  run_id: 0 for a worker that holds a
 * slot for a run which has none yet.
 */
extern BackgroundWorkerHandle *ct_launch_leader(dsm_segment *segment);
extern BackgroundWorkerHandle *ct_launch_worker(dsm_segment *segment, int64 run_id, int worker);

/* The same for the process that holds a lock now and then. */
extern BackgroundWorkerHandle *ct_launch_locker(dsm_segment *segment, int64 run_id);

/* The same for a session of a spec, with its name there and its number in the segment. */
extern BackgroundWorkerHandle *ct_launch_spec_session(dsm_segment *segment, const char *session, int number);

/*
 * The first steps of leader and worker: signals, the segment, the connection
 * as the run's role.  Returns the segment; mine is the number that the worker
 * was launched with.
 */
extern dsm_segment *ct_launch_begin(Datum main_arg, int *worker);
extern void ct_launch_connect(const CtShared *shared);

/*
 * Has the error that ends this process, FATAL or uncaught, stored in a report
 * in the segment; the first one, if there are several.
 */
extern void ct_launch_report_to(dsm_segment *segment, CtErrorReport *report);

/* The search_path of a run's sessions: the sandbox, if any, before the caller's. */
extern const char *ct_launch_search_path(const char *sandbox, const char *search_path);

extern PGDLLEXPORT void ct_leader_main(Datum main_arg);
extern PGDLLEXPORT void ct_worker_main(Datum main_arg);

#endif							/* CT_LAUNCH_H */
