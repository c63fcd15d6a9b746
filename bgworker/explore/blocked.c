/*
 * blocked.c
 *		Hearing of this process's waits for locks.
 */
#include "postgres.h"

#include "storage/latch.h"
#include "storage/proc.h"

#include "bgworker/explore/blocked.h"
#include "src/base/ct_compat.h"

static void (*blocked_waits) (TimestampTz since);
static void (*blocked_woken) (void);
static emit_log_hook_type previous_emit_log_hook = NULL;

/*
 * Whoever waits in here must not take away the wakeup that the server's own wait
 * is going to look for.
 */
static void
blocked_hear(ErrorData *edata)
{
	if (edata->elevel == LOG && edata->funcname != NULL && strcmp(edata->funcname, "ProcSleep") == 0)
	{
		edata->output_to_server = false;
		if (MyProc->waitLock != NULL)
			blocked_waits((TimestampTz) pg_atomic_read_u64(&MyProc->waitStart));
		else if (MyProc->waitStatus == PROC_WAIT_STATUS_OK)
		{
			blocked_woken();
			SetLatch(MyLatch);
		}
	}
	if (previous_emit_log_hook)
		previous_emit_log_hook(edata);
}

void
ct_blocked_begin(void (*waits) (TimestampTz since), void (*woken) (void))
{
	Assert(blocked_waits == NULL);
	blocked_waits = waits;
	blocked_woken = woken;
	previous_emit_log_hook = emit_log_hook;
	emit_log_hook = blocked_hear;
	ct_blocked_listen();
}

void
ct_blocked_listen(void)
{
	DeadlockTimeout = 0;
	log_lock_waits = true;
	if (ct_log_min_messages > LOG)
		ct_log_min_messages = LOG;
}
