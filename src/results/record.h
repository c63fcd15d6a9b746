/*
 * record.h
 *		Writing a run's rows.  Called by the leader alone, in a transaction.
 */
#ifndef CT_RECORD_H
#define CT_RECORD_H

#include "src/plan/program.h"
#include "src/results/results.h"
#include "src/results/rows.h"
#include "utils/jsonb.h"

/* how a run ended, if not by itself */
typedef struct CtRunEnd
{
	const char *status;			/* as in ct_result */
	const char *sqlstate;		/* or NULL */
	const char *message;		/* or NULL */
	int			workers;		/* that raced */
	int			clients;		/* that took turns on them, or as many */
	TimestampTz gate_at;		/* 0 if the gate never opened */
} CtRunEnd;

/* one second of a run */
typedef struct CtSecond
{
	TimestampTz time;			/* its end */
	double		seconds;		/* its length */
	int64		transactions;
	int64		failed;
	int64		retries;
	const CtHistogram *latency;
	const char *phase;			/* or NULL */
} CtSecond;

/* Inserts the run's row, "starting", and returns its new id. */
extern int64 ct_record_start(const CtPlan *plan, const Jsonb *document, Oid role,
							 TimestampTz started_at, int leader_pid, uint32 shm_handle,
							 bool held_horizon);

/* A sandbox is recorded before it is created, so that a crash can't hide it. */
extern void ct_record_sandbox(int64 run_id, const char *sandbox);
extern void ct_record_sandbox_gone(int64 run_id, bool kept);

/* that dropping it failed, now */
extern void ct_record_sandbox_tried(int64 run_id);

/* adds to the run's warnings */
extern void ct_record_warning(int64 run_id, const char *warning);

/* tells who listens that the run went wrong, if it did */
extern void ct_record_alert(int64 run_id);

extern void ct_record_running(int64 run_id, int workers, int clients, TimestampTz gate_at);
extern void ct_record_second(int64 run_id, const CtSecond *second);
extern void ct_record_resource(int64 run_id, const CtResourceRow *row);

/* results may be NULL; details: not only the run's row */
extern void ct_record_end(int64 run_id, const CtProgram *program, const CtResults *results,
						  bool details, const CtRunEnd *end);

#endif							/* CT_RECORD_H */
