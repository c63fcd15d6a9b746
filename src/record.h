/*
 * record.h
 *		Writing a run's rows.  Called by the leader alone, in a transaction.
 */
#ifndef CT_RECORD_H
#define CT_RECORD_H

#include "src/metrics/results.h"
#include "src/program.h"
#include "utils/jsonb.h"

/* how a run ended, if not by itself */
typedef struct CtRunEnd
{
	const char *status;			/* as in ct_result */
	const char *sqlstate;		/* or NULL */
	const char *message;		/* or NULL */
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
} CtSecond;

/* Inserts the run's row, "starting", and returns its new id. */
extern int64 ct_record_start(const CtPlan *plan, const Jsonb *document, Oid role,
							 TimestampTz started_at, int leader_pid, uint32 shm_handle,
							 bool held_horizon);

/* A sandbox is recorded before it is created, so that a crash can't hide it. */
extern void ct_record_sandbox(int64 run_id, const char *sandbox);
extern void ct_record_sandbox_gone(int64 run_id, bool kept);

/* after ct_record_end: adds it to the run's message */
extern void ct_record_teardown_error(int64 run_id, const char *message);

extern void ct_record_running(int64 run_id, int workers, TimestampTz gate_at);
extern void ct_record_second(int64 run_id, const CtSecond *second);

/* results may be NULL where the gate never opened */
extern void ct_record_end(int64 run_id, const CtProgram *program, const CtResults *results,
						  const CtRunEnd *end);

#endif							/* CT_RECORD_H */
