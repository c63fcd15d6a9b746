/*
 * reset.c
 *		Brings the sandbox back to what it was when the first execution began.
 *
 * Page images are the way where there are any.  The sandbox is made anew, by
 * emptying it and executing setup, after an execution that did DDL, where an
 * image doesn't fit its relation any more, and each time where the sandbox is
 * larger than images should be.  Then there are new images to take.
 *
 * The sessions have ended their transactions before: the leader must never wait
 * for somebody who waits for the leader.  Others may hold locks all the same,
 * and are named if they do so for too long.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "bgworker/explore/images.h"
#include "bgworker/explore/reset.h"
#include "bgworker/holders.h"
#include "bgworker/sandbox.h"

/* of all images; what is larger is made anew */
#define RESET_MAX_BYTES		((Size) 64 * 1024 * 1024)

/* how long it waits for others' locks and pins, unless steps may take longer */
#define RESET_LOCK_MS		10000

typedef enum CtResetMethod
{
	CT_RESET_IMAGES,
	CT_RESET_SETUP,
	CT_RESET_SCRIPT
} CtResetMethod;

struct CtReset
{
	CtLeader   *leader;
	CtResetMethod method;
	CtImages   *images;			/* of IMAGES; NULL until taken */
	void		(*remake) (CtLeader *leader);	/* or NULL */
	const char *note;			/* or NULL */
	int			timeout_ms;
	bool		rebuilt;
};

static CtImages *
reset_take_images(CtReset *reset)
{
	CtLeader   *leader = reset->leader;
	CtImages   *images;

	ct_leader_begin(reset->timeout_ms);
	images = ct_images_take(leader->sandbox, RESET_MAX_BYTES);
	ct_leader_commit(leader);
	return images;
}

void
ct_reset_retake(CtReset *reset)
{
	if (reset->images != NULL)
		ct_images_free(reset->images);
	reset->images = NULL;
	if (reset->method == CT_RESET_SCRIPT || !OidIsValid(reset->leader->sandbox))
		return;
	reset->images = reset_take_images(reset);
	reset->method = reset->images != NULL ? CT_RESET_IMAGES : CT_RESET_SETUP;
	reset->note = reset->images != NULL ? NULL :
		"The tables are made anew by setup for each execution, which is slow: they are larger than 64 MB, "
		"or not stored as the server's own are.";
}

CtReset *
ct_reset_create(CtLeader *leader)
{
	CtReset    *reset = MemoryContextAllocZero(leader->context, sizeof(CtReset));

	reset->leader = leader;
	reset->timeout_ms = Max(RESET_LOCK_MS, (int) Min(leader->plan->step_timeout * 1000, INT_MAX / 2));
	reset->method = leader->plan->in_place ? CT_RESET_SCRIPT : CT_RESET_IMAGES;
	ct_reset_retake(reset);
	return reset;
}

void
ct_reset_remake(CtReset *reset, void (*remake) (CtLeader *leader))
{
	reset->remake = remake;
}

const char *
ct_reset_method(const CtReset *reset)
{
	switch (reset->method)
	{
		case CT_RESET_IMAGES:
			return "page images";
		case CT_RESET_SETUP:
			return "the setup";
		case CT_RESET_SCRIPT:
			return "the reset script";
	}
	return NULL;				/* keep compiler quiet */
}

const char *
ct_reset_note(const CtReset *reset)
{
	return reset->note;
}

bool
ct_reset_rebuilt(const CtReset *reset)
{
	return reset->rebuilt;
}

/* ---- the ways ---- */

/* By the images; false if that can't be, and nothing was done. */
static bool
reset_by_images(CtReset *reset)
{
	CtLeader   *leader = reset->leader;
	bool		restored;

	ct_leader_begin(reset->timeout_ms);
	restored = ct_images_restore(reset->images, reset->timeout_ms);

	/* what a crash would lose is dropped after it */
	if (TransactionIdIsValid(GetTopTransactionIdIfAny()))
		(void) set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
	ct_leader_commit(leader);
	return restored;
}

static void
reset_by_setup(CtReset *reset)
{
	CtLeader   *leader = reset->leader;
	bool		empty;

	do
	{
		ct_leader_begin(reset->timeout_ms);
		empty = ct_sandbox_empty(leader->sandbox, leader->shared->role);
		ct_leader_commit(leader);
	} while (!empty);
	ct_leader_run_setup(leader);
	if (reset->remake != NULL)
		reset->remake(leader);
	reset->rebuilt = true;
	if (reset->method == CT_RESET_IMAGES)
		ct_reset_retake(reset);
}

static void
reset_do(CtReset *reset, bool ddl)
{
	if (reset->method == CT_RESET_SCRIPT)
		ct_leader_run_script(reset->leader, "reset", reset->leader->plan->reset);
	else if (OidIsValid(reset->leader->sandbox) &&
			 (ddl || reset->images == NULL || !reset_by_images(reset)))
		reset_by_setup(reset);
}

/* Who keeps us from it, after that was given up; NULL if nobody does any more. */
static char *
reset_holders(CtLeader *leader)
{
	char	   *holders;

	if (!OidIsValid(leader->sandbox))
		return NULL;
	ct_leader_begin(0);
	PushActiveSnapshot(GetTransactionSnapshot());
	holders = ct_holders_of_schema(leader->sandbox);
	if (holders != NULL)
		holders = MemoryContextStrdup(leader->context, holders);
	PopActiveSnapshot();
	ct_leader_commit(leader);
	return holders;
}

void
ct_reset_restore(CtReset *reset, bool ddl)
{
	CtLeader   *leader = reset->leader;
	ErrorData  *volatile error = NULL;
	char	   *holders;

	reset->rebuilt = false;
	PG_TRY();
	{
		reset_do(reset, ddl);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_LOCK_NOT_AVAILABLE)
			PG_RE_THROW();
		MemoryContextSwitchTo(leader->context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	if (error == NULL)
		return;

	ct_leader_rollback(leader);
	holders = reset_holders(leader);
	ereport(ERROR,
			(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			 errmsg("the state that executions begin in could not be brought back within %g s",
					reset->timeout_ms / 1000.0),
			 holders != NULL ? errdetail("Locks are held by %s: %s.", holders, error->message) :
			 errdetail("It failed by: %s.", error->message),
			 errhint("End whatever reads or locks the run's tables from outside.")));
}
