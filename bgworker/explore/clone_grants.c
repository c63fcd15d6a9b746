/*
 * clone_grants.c
 *		Who may do what with a clone: who may with the original.
 *
 * A clone's owner is the original's, so the privileges are copied as they
 * stand, with who granted them.  The sandbox is the run's role's: others may
 * use it who may use the schemas that its clones are from; owners may create in
 * it only while their clones are made.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "utils/acl.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "bgworker/explore/clone.h"

/* One ACL into a row of a catalog, at that column; a null into what is made with default privileges. */
static void
grants_write(Relation catalog, HeapTuple tuple, AttrNumber column, Datum acl, bool isnull,
			 Oid relid, int32 attnum, Oid owner)
{
	TupleDesc	desc = RelationGetDescr(catalog);
	Datum	   *values = palloc0(desc->natts * sizeof(Datum));
	bool	   *nulls = palloc0(desc->natts * sizeof(bool));
	bool	   *replaces = palloc0(desc->natts * sizeof(bool));
	HeapTuple	copy;
	Datum		old;
	bool		old_isnull;
	Oid		   *old_members = NULL;
	Oid		   *members = NULL;
	int			nold = 0;
	int			nmembers = 0;

	old = heap_getattr(tuple, column, desc, &old_isnull);
	if (old_isnull && isnull)
		return;
	if (!old_isnull)
		nold = aclmembers(DatumGetAclP(old), &old_members);
	if (!isnull)
		nmembers = aclmembers(DatumGetAclP(acl), &members);

	values[column - 1] = acl;
	nulls[column - 1] = isnull;
	replaces[column - 1] = true;
	copy = heap_modify_tuple(tuple, desc, values, nulls, replaces);
	CatalogTupleUpdate(catalog, &copy->t_self, copy);
	updateAclDependencies(RelationRelationId, relid, attnum, owner, nold, old_members, nmembers, members);
}

static void
grants_of_relation(const CtClone *clone)
{
	Relation	catalog = table_open(RelationRelationId, RowExclusiveLock);
	HeapTuple	original = SearchSysCache1(RELOID, ObjectIdGetDatum(clone->original));
	HeapTuple	tuple = SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(clone->clone));
	Datum		acl;
	bool		isnull;

	if (!HeapTupleIsValid(original) || !HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u or %u", clone->original, clone->clone);
	acl = SysCacheGetAttr(RELOID, original, Anum_pg_class_relacl, &isnull);
	grants_write(catalog, tuple, Anum_pg_class_relacl, acl, isnull, clone->clone, 0, clone->owner);
	ReleaseSysCache(original);
	table_close(catalog, RowExclusiveLock);
}

static void
grants_of_columns(const CtClone *clone)
{
	Relation	rel = table_open(clone->clone, AccessShareLock);
	Relation	catalog = table_open(AttributeRelationId, RowExclusiveLock);
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		HeapTuple	original = SearchSysCacheAttName(clone->original, NameStr(attribute->attname));
		Datum		acl;
		bool		isnull;

		if (!HeapTupleIsValid(original))
			continue;
		acl = SysCacheGetAttr(ATTNUM, original, Anum_pg_attribute_attacl, &isnull);
		if (!isnull)
			grants_write(catalog, SearchSysCacheCopyAttName(clone->clone, NameStr(attribute->attname)),
						 Anum_pg_attribute_attacl, acl, false, clone->clone, attribute->attnum, clone->owner);
		ReleaseSysCache(original);
	}
	table_close(catalog, RowExclusiveLock);
	table_close(rel, AccessShareLock);
}

void
ct_clone_grants(const CtClone *clone)
{
	grants_of_relation(clone);
	CommandCounterIncrement();
	if (clone->relkind != RELKIND_SEQUENCE)
		grants_of_columns(clone);
	CommandCounterIncrement();
}

/* ---- the sandbox ---- */

/* role: InvalidOid for PUBLIC; as the run's role, whose schema it is. */
static void
grants_on_sandbox(CtCloning *cloning, Oid role, const char *privilege, bool is_grant)
{
	GrantStmt  *grant = makeNode(GrantStmt);
	AccessPriv *priv = makeNode(AccessPriv);
	RoleSpec   *grantee = makeNode(RoleSpec);

	grantee->roletype = OidIsValid(role) ? ROLESPEC_CSTRING : ROLESPEC_PUBLIC;
	grantee->rolename = OidIsValid(role) ? GetUserNameFromId(role, false) : NULL;
	grantee->location = -1;
	priv->priv_name = pstrdup(privilege);
	grant->is_grant = is_grant;
	grant->targtype = ACL_TARGET_OBJECT;
	grant->objtype = OBJECT_SCHEMA;
	grant->objects = list_make1(makeString(pstrdup(cloning->schema)));
	grant->privileges = list_make1(priv);
	grant->grantees = list_make1(grantee);
	grant->behavior = DROP_RESTRICT;
	ExecuteGrantStmt(grant);
	CommandCounterIncrement();
}

void
ct_clone_let_create(CtCloning *cloning, Oid owner)
{
	if (owner == cloning->role || list_member_oid(cloning->owners, owner))
		return;
	cloning->owners = lappend_oid(cloning->owners, owner);
	grants_on_sandbox(cloning, owner, "usage", true);
	grants_on_sandbox(cloning, owner, "create", true);
}

void
ct_clone_end_create(CtCloning *cloning)
{
	ListCell   *lc;

	foreach(lc, cloning->owners)
		grants_on_sandbox(cloning, lfirst_oid(lc), "create", false);
}

void
ct_clone_let_use(CtCloning *cloning, Oid schema)
{
	Oid			types[1] = {OIDOID};
	Datum		values[1];
	SPITupleTable *table;
	uint64		n;
	uint64		i;
	bool		isnull;

	if (list_member_oid(cloning->schemas, schema))
		return;
	cloning->schemas = lappend_oid(cloning->schemas, schema);
	values[0] = ObjectIdGetDatum(schema);
	SPI_execute_with_args("SELECT DISTINCT a.grantee FROM pg_namespace n,"
						  " aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a"
						  " WHERE n.oid = $1 AND a.privilege_type = 'USAGE'", 1, types, values, NULL, true, 0);
	table = SPI_tuptable;
	n = SPI_processed;
	for (i = 0; i < n; i++)
		grants_on_sandbox(cloning, DatumGetObjectId(SPI_getbinval(table->vals[i], table->tupdesc, 1, &isnull)),
						  "usage", true);
}
