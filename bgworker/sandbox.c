/*
 * sandbox.c
 *		The run's own schema.
 *
 * A sandbox's name is recorded in the run's row, and committed, before the
 * schema is created, and taken off in the transaction that drops it.  So a
 * crash at any point leaves a row that names what may be there, for the next
 * run or ct_prune to sweep.  Two sweeps at once skip each other's rows.
 *
 * The sweep looks for such rows without a lock and asks of each whether its
 * leader lives.  Only the rows of dead ones are locked, and looked at again
 * under the lock: whoever called for the sweep may keep its transaction open,
 * and a leader whose row is locked can't write.
 *
 * One transaction drops so many objects at most that a good part of the lock
 * table stays free for others.  A leader goes on in its next transaction; a
 * sweep in a user's transaction, which keeps its locks, leaves the rest to the
 * next call.
 *
 * The sweeper isn't the sandbox's owner.  It drops it with the owner's rights
 * in a restricted security context, after it made sure that the schema belongs
 * to the role that the run acted as, so nobody's schema of that name is lost.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/twophase.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "storage/lock.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "bgworker/holders.h"
#include "bgworker/sandbox.h"
#include "bgworker/shm/shared.h"
#include "src/catalog/run.h"

/* how long a sweep, which is in the way of a new run, waits for who uses an old sandbox */
#define SWEEP_LOCK_TIMEOUT	"20ms"

/* how long one that couldn't be dropped is left alone by sweeps that nobody asked for */
#define SWEEP_AGAIN			"1 min"

/* warnings about one run; later ones are not kept */
#define MAX_COMPLAINTS		10

Oid
ct_sandbox_create(const char *name)
{
	Oid			schema;

	if (!ct_may_create_schema(MyDatabaseId, GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to create the run's sandbox in database \"%s\"",
						get_database_name(MyDatabaseId)),
				 errdetail("Its setup, or copies of tables, need a schema of the run's own."),
				 errhint("Grant role \"%s\" the CREATE privilege on the database.",
						 GetUserNameFromId(GetUserId(), false))));
	PushActiveSnapshot(GetTransactionSnapshot());
	schema = NamespaceCreate(name, GetUserId(), false);
	PopActiveSnapshot();
	CommandCounterIncrement();
	return schema;
}

void
ct_sandbox_grant(const char *name, const List *roles)
{
	GrantStmt  *grant = makeNode(GrantStmt);
	AccessPriv *usage = makeNode(AccessPriv);
	const ListCell *lc;

	foreach(lc, roles)
	{
		RoleSpec   *role = makeNode(RoleSpec);

		if (!OidIsValid(get_role_oid(lfirst(lc), true)))
			continue;
		role->roletype = ROLESPEC_CSTRING;
		role->rolename = lfirst(lc);
		role->location = -1;
		grant->grantees = lappend(grant->grantees, role);
	}
	if (grant->grantees == NIL)
		return;

	usage->priv_name = "usage";
	grant->is_grant = true;
	grant->targtype = ACL_TARGET_OBJECT;
	grant->objtype = OBJECT_SCHEMA;
	grant->objects = list_make1(makeString(pstrdup(name)));
	grant->privileges = list_make1(usage);
	grant->behavior = DROP_RESTRICT;
	PushActiveSnapshot(GetTransactionSnapshot());
	ExecuteGrantStmt(grant);
	PopActiveSnapshot();
	CommandCounterIncrement();
}

/* A table with its index and its TOAST table takes four locks: a tenth of the lock table. */
int
ct_sandbox_budget(void)
{
	int64		locks = (int64) max_locks_per_xact * (MaxBackends + max_prepared_xacts);

	return Min(Max(locks / 40, 20), 500);
}

/*
 * Of what stands in the schema, without what falls together with something
 * else of it: the last made first, partitions before what they are parts of.
 * NULL if there is no more than limit, so that the schema may be dropped as a
 * whole, unless that is to be kept; *n is their number in any case.
 */
static ObjectAddresses *
sandbox_portion(Oid schema, int limit, bool keep_schema, int *n)
{
	MemoryContext context = CurrentMemoryContext;
	ObjectAddresses *objects = NULL;
	CtCatalogScope scope;
	Oid			types[2] = {OIDOID, INT4OID};
	Datum		values[2];
	int			i;

	ct_catalog_enter_server(&scope);
	values[0] = ObjectIdGetDatum(schema);
	values[1] = Int32GetDatum(limit + 1);
	SPI_execute_with_args("SELECT d.classid, d.objid FROM pg_depend d"
						  " WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = $1 AND d.deptype = 'n'"
						  " AND NOT EXISTS (SELECT FROM pg_depend o WHERE o.classid = d.classid"
						  "  AND o.objid = d.objid AND o.objsubid = 0 AND o.deptype IN ('i', 'e', 'P', 'S'))"
						  " ORDER BY d.classid = 'pg_class'::regclass"
						  "  AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = d.objid) DESC, d.objid DESC"
						  " LIMIT $2", 2, types, values, NULL, true, 0);
	*n = Min((int) SPI_processed, limit);
	if (SPI_processed > limit || keep_schema)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(context);

		objects = new_object_addresses();
		for (i = 0; i < *n; i++)
		{
			HeapTuple	tuple = SPI_tuptable->vals[i];
			TupleDesc	desc = SPI_tuptable->tupdesc;
			ObjectAddress address;
			bool		isnull;

			ObjectAddressSet(address, DatumGetObjectId(SPI_getbinval(tuple, desc, 1, &isnull)),
							 DatumGetObjectId(SPI_getbinval(tuple, desc, 2, &isnull)));
			add_exact_object_address(&address, objects);
		}
		MemoryContextSwitchTo(oldcontext);
	}
	ct_catalog_leave(&scope);
	return objects;
}

/* Drops the objects, or the whole schema if they are NULL. */
static void
sandbox_drop_as_owner(Oid schema, ObjectAddresses *objects, Oid owner)
{
	ObjectAddress address;
	Oid			save_userid;
	int			save_sec_context;

	GetUserIdAndSecContext(&save_userid, &save_sec_context);
	SetUserIdAndSecContext(owner, save_sec_context | SECURITY_RESTRICTED_OPERATION |
						   SECURITY_LOCAL_USERID_CHANGE);
	PushActiveSnapshot(GetTransactionSnapshot());
	ObjectAddressSet(address, NamespaceRelationId, schema);
	if (objects != NULL)
		performMultipleDeletions(objects, DROP_CASCADE, PERFORM_DELETION_QUIETLY);
	else
		performDeletion(&address, DROP_CASCADE, PERFORM_DELETION_QUIETLY);
	PopActiveSnapshot();

	SetUserIdAndSecContext(save_userid, save_sec_context);
}

/* Is it there?  Raises if it isn't the role's. */
static bool
sandbox_is_owned(Oid sandbox, Oid role)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(sandbox));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		return false;
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	if (owner != role)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("it belongs to role %s now, not to the run's", GetUserNameFromId(owner, false))));
	return true;
}

bool
ct_sandbox_drop(Oid sandbox, Oid role, int *budget)
{
	ObjectAddresses *objects;
	int			n;

	if (!sandbox_is_owned(sandbox, role))
		return true;
	if (*budget <= 0)
		return false;
	objects = sandbox_portion(sandbox, *budget, false, &n);
	sandbox_drop_as_owner(sandbox, objects, role);
	*budget -= n + 1;
	return objects == NULL;
}

bool
ct_sandbox_empty(Oid sandbox, Oid role)
{
	int			budget = ct_sandbox_budget();
	ObjectAddresses *objects;
	int			n;

	if (!sandbox_is_owned(sandbox, role))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_SCHEMA_NAME),
				 errmsg("the run's sandbox is gone")));
	objects = sandbox_portion(sandbox, budget, true, &n);
	if (n > 0)
		sandbox_drop_as_owner(sandbox, objects, role);
	return n < budget;
}

char *
ct_sandbox_complaint(const char *sandbox, const char *error)
{
	Oid			schema = get_namespace_oid(sandbox, true);
	char	   *holders = OidIsValid(schema) ? ct_holders_of_schema(schema) : NULL;

	return psprintf("sandbox %s could not be dropped: %s%s%s", sandbox, error,
					holders ? "; held by " : "", holders ? holders : "");
}

/* ---- the sweep ---- */

typedef enum CtClosing
{
	CT_CLOSED,
	CT_UNFINISHED,				/* there is more to drop */
	CT_FAILED,
	CT_SKIPPED					/* somebody else is at it, or has done it */
} CtClosing;

static bool
sandbox_is_alive(const CtRunRow *orphan)
{
	dsm_segment *segment;
	bool		attached;

	if (ct_shared_attach(orphan->handle, orphan->run_id, &segment, &attached) == NULL)
		return false;
	if (attached)
		dsm_detach(segment);
	return true;
}

/*
 * Drops a crashed run's sandbox, which isn't worth to keep a new run waiting,
 * or a portion of it, and marks it as done if that was all.
 */
static CtClosing
sandbox_close_orphan(CtCatalogScope *scope, int64 run_id, int *budget)
{
	Oid			role;
	char	   *sandbox;
	int			nestlevel;
	bool		gone = true;

	if (!ct_catalog_run_lock_orphan(scope, run_id, &role, &sandbox))
		return CT_SKIPPED;
	if (sandbox != NULL)
	{
		nestlevel = NewGUCNestLevel();
		(void) set_config_option("lock_timeout", SWEEP_LOCK_TIMEOUT, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
		gone = ct_sandbox_drop(get_namespace_oid(sandbox, true), role, budget);
		AtEOXact_GUC(true, nestlevel);
	}
	if (!gone)
		return CT_UNFINISHED;
	ct_catalog_run_close(run_id);
	return CT_CLOSED;
}

/*
 * Closes one crashed run, in a subtransaction, so that the lock on its row and
 * what else was taken is given back if that fails.  *complaint: why, then.
 */
static CtClosing
sandbox_try_to_close(CtCatalogScope *scope, int64 run_id, int *budget, char **complaint)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;
	volatile CtClosing closing = CT_FAILED;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		closing = sandbox_close_orphan(scope, run_id, budget);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
			error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN)
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		/* an older snapshot's look at what somebody else has closed */
		closing = error->sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE ? CT_SKIPPED : CT_FAILED;
	}
	PG_END_TRY();

	if (closing == CT_FAILED)
	{
		*complaint = ct_sandbox_complaint(psprintf(CT_SANDBOX_NAME, run_id), error->message);
		ct_catalog_run_complain(run_id, *complaint, MAX_COMPLAINTS);
	}
	return closing;
}

int64
ct_sandbox_sweep(bool asked, int *unfinished)
{
	CtCatalogScope scope;
	List	   *orphans;
	ListCell   *lc;
	int64		closed = 0;
	int			budget = ct_sandbox_budget();

	*unfinished = 0;
	ct_catalog_enter(&scope);
	orphans = ct_catalog_run_orphans(&scope, asked, SWEEP_AGAIN);
	foreach(lc, orphans)
	{
		CtRunRow   *orphan = lfirst(lc);
		char	   *complaint = NULL;
		CtClosing	closing;

		if (sandbox_is_alive(orphan))
			continue;

		closing = sandbox_try_to_close(&scope, orphan->run_id, &budget, &complaint);
		/* it was under way, and has been found crashed just now */
		if ((closing == CT_CLOSED || closing == CT_FAILED) && ct_catalog_run_is_open(orphan))
			ct_catalog_run_alert(orphan->run_id);
		switch (closing)
		{
			case CT_CLOSED:
				closed++;
				break;
			case CT_UNFINISHED:
				(*unfinished)++;
				break;
			case CT_FAILED:
				ereport(asked ? WARNING : LOG,
						(errmsg("run " INT64_FORMAT ": %s", orphan->run_id, complaint),
						 errhint("Later runs, ct_sweep() and ct_prune() try again.")));
				break;
			case CT_SKIPPED:
				break;
		}
	}
	ct_catalog_leave(&scope);
	return closed;
}
