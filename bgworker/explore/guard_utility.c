/*
 * guard_utility.c
 *		The guard, for statements that are no queries, and for objects.
 *
 * Before such a statement is executed, the relations that it names are looked
 * for as it will look for them, and looked at; a relation is made only where a
 * session may make one.  What isn't known here to concern nothing but relations,
 * the session, or objects that stand in a schema, is refused by its name.
 *
 * Whatever makes, alters or drops an object, by which statement or function
 * ever, is seen once more by object_access_hook, with the object itself.  That
 * is before the change can be seen by anybody, and it is undone by the error.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parse_type.h"
#include "tcop/utility.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "bgworker/explore/guard.h"
#include "src/base/ct_compat.h"

static void
utility_refuse(const char *what, const char *hint)
{
	ct_guard_refuse(ERRCODE_FEATURE_NOT_SUPPORTED,
					psprintf("an exploration cannot execute %s", what),
					"What it does is outside of the sandbox, and not brought back between executions.",
					hint);
}

/* Whatever the name leads to now. */
static void
utility_relation(const RangeVar *name, CtGuardAccess access)
{
	Oid			relid;

	if (name == NULL)
		return;
	relid = RangeVarGetRelid(name, NoLock, true);
	if (OidIsValid(relid))
		ct_guard_relation(relid, access);
}

static void
utility_relations(const List *names, CtGuardAccess access)
{
	const ListCell *lc;

	foreach(lc, names)
		utility_relation(lfirst(lc), access);
}

/* A relation is made, or used if it is there. */
static void
utility_new_relation(RangeVar *name, const char *command)
{
	if (name != NULL)
		ct_guard_schema(RangeVarGetCreationNamespace(name), command);
}

static bool
utility_is_relation(ObjectType type)
{
	return type == OBJECT_TABLE || type == OBJECT_VIEW || type == OBJECT_MATVIEW ||
		type == OBJECT_SEQUENCE || type == OBJECT_INDEX || type == OBJECT_FOREIGN_TABLE;
}

/* An object of a list of names: a relation, something of a relation, or neither. */
static void
utility_object(ObjectType type, Node *object, CtGuardAccess access)
{
	List	   *names;

	if (!IsA(object, List))
		return;
	names = (List *) object;
	if (utility_is_relation(type))
		utility_relation(makeRangeVarFromNameList(names), access);
	else if ((type == OBJECT_COLUMN || type == OBJECT_TRIGGER || type == OBJECT_RULE ||
			  type == OBJECT_POLICY || type == OBJECT_TABCONSTRAINT) && list_length(names) > 1)
		utility_relation(makeRangeVarFromNameList(list_truncate(list_copy(names), list_length(names) - 1)),
						 access);
}

static void
utility_drop(DropStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->objects)
		utility_object(stmt->removeType, lfirst(lc), CT_GUARD_ALTERS);
}

static void
utility_truncate(TruncateStmt *stmt)
{
	ListCell   *lc;

	utility_relations(stmt->relations, CT_GUARD_WRITES_ROWS);
	foreach(lc, stmt->relations)
	{
		Oid			relid = RangeVarGetRelid(lfirst_node(RangeVar, lc), NoLock, true);

		if (OidIsValid(relid))
			ct_guard_keys(relid, true, NIL);
	}
}

static void
utility_copy(CopyStmt *stmt)
{
	if (stmt->is_program)
		utility_refuse("COPY with a program", "Leave it out of what the sessions do.");
	if (stmt->filename != NULL && !stmt->is_from)
		utility_refuse("COPY to a file", "Leave it out of what the sessions do.");
	utility_relation(stmt->relation, stmt->is_from ? CT_GUARD_WRITES_ROWS : CT_GUARD_READS);
}

static void
utility_vacuum(VacuumStmt *stmt)
{
	ListCell   *lc;

	if (stmt->rels == NIL)
		utility_refuse(stmt->is_vacuumcmd ? "VACUUM of all tables" : "ANALYZE of all tables", "Name the tables.");
	foreach(lc, stmt->rels)
	{
		VacuumRelation *vacuum = lfirst_node(VacuumRelation, lc);

		if (OidIsValid(vacuum->oid))
			ct_guard_relation(vacuum->oid, CT_GUARD_ALTERS);
		else
			utility_relation(vacuum->relation, CT_GUARD_ALTERS);
	}
}

static void
utility_grant(GrantStmt *stmt)
{
	if (stmt->targtype != ACL_TARGET_OBJECT ||
		(stmt->objtype != OBJECT_TABLE && stmt->objtype != OBJECT_SEQUENCE))
		utility_refuse(stmt->is_grant ? "GRANT on what is no table" : "REVOKE on what is no table",
					   "Leave it out of what the sessions do.");
	utility_relations(stmt->objects, CT_GUARD_ALTERS);
}

static void
utility_create_schema_object(List *names, const char *command)
{
	char	   *name;

	ct_guard_schema(QualifiedNameGetCreationNamespace(names, &name), command);
}

/* ---- expressions that are executed without being planned ---- */

static bool
utility_sequence_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncCall) && ((FuncCall *) node)->args != NIL)
	{
		const char *name = strVal(llast(((FuncCall *) node)->funcname));
		Node	   *sequence = linitial(((FuncCall *) node)->args);

		while (IsA(sequence, TypeCast))
			sequence = ((TypeCast *) sequence)->arg;
		if (strcmp(name, "nextval") != 0 && strcmp(name, "setval") != 0)
			;
		else if (IsA(sequence, A_Const) && IsA(&((A_Const *) sequence)->val, String))
			utility_relation(makeRangeVarFromNameList(ct_qualified_names(strVal(&((A_Const *) sequence)->val))),
							 CT_GUARD_WRITES_ROWS);
		else
			utility_refuse("a statement that is no query with a sequence that is computed",
						   "Name the sequence by a constant.");
	}
	return raw_expression_tree_walker(node, utility_sequence_walker, context);
}

/* A column, a constraint, or a column's new default. */
static void
utility_element(Node *element)
{
	ListCell   *lc;

	if (element == NULL)
		return;
	if (IsA(element, Constraint))
		(void) utility_sequence_walker(((Constraint *) element)->raw_expr, NULL);
	else if (IsA(element, ColumnDef))
	{
		(void) utility_sequence_walker(((ColumnDef *) element)->raw_default, NULL);
		foreach(lc, ((ColumnDef *) element)->constraints)
			utility_element(lfirst(lc));
	}
}

/* Sequences in what isn't planned: the planner's hook doesn't see it. */
static void
utility_expressions(Node *stmt)
{
	ListCell   *lc;

	if (IsA(stmt, ExecuteStmt))
		(void) utility_sequence_walker((Node *) ((ExecuteStmt *) stmt)->params, NULL);
	else if (IsA(stmt, CreateTrigStmt))
		(void) utility_sequence_walker(((CreateTrigStmt *) stmt)->whenClause, NULL);
	else if (IsA(stmt, AlterDomainStmt))
		utility_element(((AlterDomainStmt *) stmt)->def);
	else if (IsA(stmt, CreateDomainStmt))
		foreach(lc, ((CreateDomainStmt *) stmt)->constraints)
			utility_element(lfirst(lc));
	else if (IsA(stmt, CreateStmt))
		foreach(lc, ((CreateStmt *) stmt)->tableElts)
			utility_element(lfirst(lc));
	else if (IsA(stmt, AlterTableStmt))
		foreach(lc, ((AlterTableStmt *) stmt)->cmds)
		{
			AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

			if (command->subtype == AT_ColumnDefault)
				(void) utility_sequence_walker(command->def, NULL);
			else
				utility_element(command->def);
		}
}

void
ct_guard_utility(Node *stmt)
{
	const char *command = CreateCommandName(stmt);

	switch (nodeTag(stmt))
	{
			/* the session itself, and what is looked at when it is planned or executed */
		case T_TransactionStmt:
		case T_ConstraintsSetStmt:
		case T_VariableSetStmt:
		case T_VariableShowStmt:
		case T_DiscardStmt:
		case T_PrepareStmt:
		case T_ExecuteStmt:
		case T_DeallocateStmt:
		case T_DeclareCursorStmt:
		case T_ClosePortalStmt:
		case T_FetchStmt:
		case T_ExplainStmt:
		case T_CallStmt:
		case T_DoStmt:
		case T_NotifyStmt:
		case T_ListenStmt:
		case T_UnlistenStmt:
		case T_CheckPointStmt:
			break;

			/* relations that there are */
		case T_LockStmt:
			utility_relations(((LockStmt *) stmt)->relations, CT_GUARD_LOCKS);
			break;
		case T_TruncateStmt:
			utility_truncate((TruncateStmt *) stmt);
			break;
		case T_CopyStmt:
			utility_copy((CopyStmt *) stmt);
			break;
		case T_VacuumStmt:
			utility_vacuum((VacuumStmt *) stmt);
			break;
		case CT_CLUSTER_TAG:
			if (ct_cluster_relation(stmt) == NULL)
				utility_refuse(psprintf("%s of all tables", command), "Name the table.");
			utility_relation(ct_cluster_relation(stmt), CT_GUARD_ALTERS);
			break;
		case T_ReindexStmt:
			if (((ReindexStmt *) stmt)->relation == NULL)
				utility_refuse("REINDEX of a schema or a database", "Name the table or the index.");
			utility_relation(((ReindexStmt *) stmt)->relation, CT_GUARD_ALTERS);
			break;
		case T_RefreshMatViewStmt:
			utility_relation(((RefreshMatViewStmt *) stmt)->relation, CT_GUARD_WRITES_ROWS);
			break;
		case T_AlterTableStmt:
			utility_relation(((AlterTableStmt *) stmt)->relation, CT_GUARD_ALTERS);
			break;
		case T_AlterSeqStmt:
			utility_relation(((AlterSeqStmt *) stmt)->sequence, CT_GUARD_ALTERS);
			break;
		case T_IndexStmt:
			utility_relation(((IndexStmt *) stmt)->relation, CT_GUARD_ALTERS);
			break;
		case T_CreateTrigStmt:
			utility_relation(((CreateTrigStmt *) stmt)->relation, CT_GUARD_ALTERS);
			utility_relation(((CreateTrigStmt *) stmt)->constrrel, CT_GUARD_ALTERS);
			break;
		case T_RuleStmt:
			utility_relation(((RuleStmt *) stmt)->relation, CT_GUARD_ALTERS);
			break;
		case T_CreatePolicyStmt:
			utility_relation(((CreatePolicyStmt *) stmt)->table, CT_GUARD_ALTERS);
			break;
		case T_AlterPolicyStmt:
			utility_relation(((AlterPolicyStmt *) stmt)->table, CT_GUARD_ALTERS);
			break;
		case T_CreateStatsStmt:
			utility_relations(((CreateStatsStmt *) stmt)->relations, CT_GUARD_ALTERS);
			break;
		case T_GrantStmt:
			utility_grant((GrantStmt *) stmt);
			break;
		case T_DropStmt:
			utility_drop((DropStmt *) stmt);
			break;
		case T_RenameStmt:
			utility_relation(((RenameStmt *) stmt)->relation, CT_GUARD_ALTERS);
			break;
		case T_AlterObjectSchemaStmt:
			utility_relation(((AlterObjectSchemaStmt *) stmt)->relation, CT_GUARD_ALTERS);
			break;
		case T_AlterOwnerStmt:
			utility_relation(((AlterOwnerStmt *) stmt)->relation, CT_GUARD_ALTERS);
			break;
		case T_CommentStmt:
			if (((CommentStmt *) stmt)->objtype == OBJECT_DATABASE || ((CommentStmt *) stmt)->objtype == OBJECT_ROLE ||
				((CommentStmt *) stmt)->objtype == OBJECT_TABLESPACE)
				utility_refuse("COMMENT on what is not the database's own", "Leave it out of what the sessions do.");
			utility_object(((CommentStmt *) stmt)->objtype, ((CommentStmt *) stmt)->object, CT_GUARD_ALTERS);
			break;

			/* new ones */
		case T_CreateStmt:
			utility_new_relation(((CreateStmt *) stmt)->relation, command);
			utility_relations(((CreateStmt *) stmt)->inhRelations, CT_GUARD_ALTERS);
			break;
		case T_CreateTableAsStmt:
			utility_new_relation(((CreateTableAsStmt *) stmt)->into->rel, command);
			break;
		case T_ViewStmt:
			utility_new_relation(((ViewStmt *) stmt)->view, command);
			break;
		case T_CreateSeqStmt:
			utility_new_relation(((CreateSeqStmt *) stmt)->sequence, command);
			break;
		case T_CompositeTypeStmt:
			utility_new_relation(((CompositeTypeStmt *) stmt)->typevar, command);
			break;
		case T_CreateFunctionStmt:
			utility_create_schema_object(((CreateFunctionStmt *) stmt)->funcname, command);
			break;

			/* other objects of schemas: ct_guard_object */
		case T_AlterFunctionStmt:
		case T_CreateEnumStmt:
		case T_AlterEnumStmt:
		case T_CreateDomainStmt:
		case T_AlterDomainStmt:
		case T_CreateRangeStmt:
		case T_AlterTypeStmt:
		case T_DefineStmt:
		case T_AlterStatsStmt:
		case T_AlterOperatorStmt:
		case T_CreateOpClassStmt:
		case T_CreateOpFamilyStmt:
		case T_AlterOpFamilyStmt:
		case T_CreateConversionStmt:
		case T_AlterCollationStmt:
		case T_AlterTSDictionaryStmt:
		case T_AlterTSConfigurationStmt:
			break;

		default:
			utility_refuse(command, "Leave it out of what the sessions do.");
	}
	utility_expressions(stmt);
}

/* ---- objects ---- */

/* catalogs of what stands in no schema, but belongs to a relation */
static const struct
{
	Oid			class_id;
	Oid			index_id;
	AttrNumber	oid_column;
	AttrNumber	relation_column;
}			object_parts[] = {
	{AttrDefaultRelationId, AttrDefaultOidIndexId, Anum_pg_attrdef_oid, Anum_pg_attrdef_adrelid},
	{TriggerRelationId, TriggerOidIndexId, Anum_pg_trigger_oid, Anum_pg_trigger_tgrelid},
	{PolicyRelationId, PolicyOidIndexId, Anum_pg_policy_oid, Anum_pg_policy_polrelid},
	{RewriteRelationId, RewriteOidIndexId, Anum_pg_rewrite_oid, Anum_pg_rewrite_ev_class},
};

/*
 * A column of the object's row, as it is now, for others or not yet; InvalidOid:
 * there is no such row.
 */
static Oid
object_column(Oid class_id, Oid index_id, AttrNumber oid_column, Oid object_id, AttrNumber column)
{
	Relation	catalog = table_open(class_id, AccessShareLock);
	ScanKeyData key[1];
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			value = InvalidOid;

	ScanKeyInit(&key[0], oid_column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(object_id));
	scan = systable_beginscan(catalog, index_id, true, SnapshotSelf, 1, key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;

		value = DatumGetObjectId(heap_getattr(tuple, column, RelationGetDescr(catalog), &isnull));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return value;
}

/* A schema of the session's temporary tables comes with the first one. */
static bool
object_is_temp_schema(Oid schema)
{
	Relation	catalog = table_open(NamespaceRelationId, AccessShareLock);
	ScanKeyData key[1];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		is_temp = false;

	ScanKeyInit(&key[0], Anum_pg_namespace_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(schema));
	scan = systable_beginscan(catalog, NamespaceOidIndexId, true, SnapshotSelf, 1, key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		const char *name = NameStr(((Form_pg_namespace) GETSTRUCT(tuple))->nspname);

		is_temp = strncmp(name, "pg_temp_", strlen("pg_temp_")) == 0 ||
			strncmp(name, "pg_toast_temp_", strlen("pg_toast_temp_")) == 0;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return is_temp;
}

void
ct_guard_object(Oid class_id, Oid object_id)
{
	AttrNumber	column;
	Oid			schema;
	int			i;

	if (class_id == NamespaceRelationId && object_is_temp_schema(object_id))
		return;
	if (class_id == IndexRelationId || class_id == InheritsRelationId)
	{
		ct_guard_relation(object_id, CT_GUARD_ALTERS);
		return;
	}
	for (i = 0; i < lengthof(object_parts); i++)
		if (object_parts[i].class_id == class_id)
		{
			ct_guard_relation(object_column(class_id, object_parts[i].index_id, object_parts[i].oid_column,
											object_id, object_parts[i].relation_column), CT_GUARD_ALTERS);
			return;
		}

	column = is_objectclass_supported(class_id) ? get_object_attnum_namespace(class_id) : InvalidAttrNumber;
	if (column == InvalidAttrNumber)
		utility_refuse("what makes, alters or drops objects that stand in no schema",
					   "Leave it out of what the sessions do.");
	schema = object_column(class_id, get_object_oid_index(class_id), get_object_attnum_oid(class_id),
						   object_id, column);
	if (OidIsValid(schema))
		ct_guard_schema(schema, "what makes, alters or drops objects");
}
