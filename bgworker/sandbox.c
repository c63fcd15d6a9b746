/*
 * sandbox.c
 *		The run's own schema.
 *
 * A sandbox's name is recorded in the run's row, and committed, before the
 * schema is created, and taken off in the transaction that drops it.  So a
 * crash at any point leaves a row that names what may be there, for the next
 * run or ct_prune to sweep.  Two sweeps at once skip each other's rows.
 *
 * The sweeper isn't the sandbox's owner.  It drops it with the owner's rights
 * in a restricted security context, after it made sure that the schema belongs
 * to the role that the run acted as, so nobody's schema of that name is lost.
 */
#include "postgres.h"

#include "access/htup_details.h"
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
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "bgworker/sandbox.h"
#include "bgworker/shared.h"
#include "src/catalog.h"

/* how long a sweep, which is in the way of a new run, waits for who uses an old sandbox */
#define SWEEP_LOCK_TIMEOUT	"20ms"

Oid
ct_sandbox_create(const char *name)
{
	Oid			schema;

	if (!ct_may_create_schema(MyDatabaseId, GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to create the run's sandbox in database \"%s\"",
						get_database_name(MyDatabaseId)),
				 errdetail("The scenario has a setup, which needs a schema of the run's own."),
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

static void
drop_schema(Oid schema, Oid owner)
{
	ObjectAddress address;
	Oid			save_userid;
	int			save_sec_context;

	GetUserIdAndSecContext(&save_userid, &save_sec_context);
	SetUserIdAndSecContext(owner, save_sec_context | SECURITY_RESTRICTED_OPERATION |
						   SECURITY_LOCAL_USERID_CHANGE);
	PushActiveSnapshot(GetTransactionSnapshot());
	ObjectAddressSet(address, NamespaceRelationId, schema);
	performDeletion(&address, DROP_CASCADE, PERFORM_DELETION_QUIETLY);
	PopActiveSnapshot();

	SetUserIdAndSecContext(save_userid, save_sec_context);
}

void
ct_sandbox_drop(Oid sandbox, Oid role)
{
	HeapTuple	tuple;
	Oid			owner;

	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(sandbox));
	if (!HeapTupleIsValid(tuple))
		return;
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	if (owner == role)
		drop_schema(sandbox, owner);
}

/* The same for a crashed run's, which isn't worth to keep a new run waiting. */
static void
drop_orphan(const char *sandbox, Oid role)
{
	int			nestlevel = NewGUCNestLevel();

	(void) set_config_option("lock_timeout", SWEEP_LOCK_TIMEOUT, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	ct_sandbox_drop(get_namespace_oid(sandbox, true), role);
	AtEOXact_GUC(true, nestlevel);
}

/*
 * Closes one crashed run, in a subtransaction.  Returns false if its sandbox
 * can't be dropped now.
 */
static bool
close_run(int64 run_id, Oid role, const char *sandbox)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	Oid			types[1] = {INT8OID};
	Datum		values[1];
	volatile bool ok = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		if (sandbox != NULL)
			drop_orphan(sandbox, role);
		values[0] = Int64GetDatum(run_id);
		ct_catalog_execute("UPDATE @ct_result SET sandbox = NULL, status ="
						   " CASE WHEN status IN ('starting', 'running') THEN 'crashed' ELSE status END"
						   " WHERE run_id = $1", 1, types, values, NULL, false);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData  *edata;

		MemoryContextSwitchTo(context);
		edata = CopyErrorData();
		if (edata->sqlerrcode == ERRCODE_QUERY_CANCELED ||
			edata->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN)
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		ereport(LOG,
				(errmsg("could not drop sandbox \"%s\" of run " INT64_FORMAT ": %s",
						sandbox ? sandbox : "", run_id, edata->message),
				 errdetail("The next run or ct_prune tries again.")));
		FreeErrorData(edata);
		ok = false;
	}
	PG_END_TRY();
	return ok;
}

int64
ct_sandbox_sweep(void)
{
	CtCatalogScope scope;
	SPITupleTable *table;
	uint64		n;
	uint64		i;
	int64		closed = 0;

	ct_catalog_enter(&scope);
	ct_catalog_execute("SELECT run_id, shm_handle, role, sandbox::text"
					   " FROM @ct_result WHERE status IN ('starting', 'running') OR sandbox IS NOT NULL"
					   " ORDER BY run_id FOR UPDATE SKIP LOCKED", 0, NULL, NULL, NULL, false);
	table = SPI_tuptable;
	n = SPI_processed;
	for (i = 0; i < n; i++)
	{
		bool		isnull;
		int64		run_id = DatumGetInt64(SPI_getbinval(table->vals[i], table->tupdesc, 1, &isnull));
		int64		handle = DatumGetInt64(SPI_getbinval(table->vals[i], table->tupdesc, 2, &isnull));
		dsm_segment *segment;
		bool		attached;

		if (ct_shared_attach((dsm_handle) handle, run_id, &segment, &attached) != NULL)
		{
			if (attached)
				dsm_detach(segment);
			continue;
		}
		closed += close_run(run_id, DatumGetObjectId(SPI_getbinval(table->vals[i], table->tupdesc, 3, &isnull)),
							SPI_getvalue(table->vals[i], table->tupdesc, 4));
	}
	ct_catalog_leave(&scope);
	return closed;
}
