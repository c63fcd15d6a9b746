/*
 * clone.c
 *		Copies of the user's tables in the sandbox.
 *
 * A clone is made in two parts.  First the relation itself, with its rows and
 * what they are found by; sequences and tables that its definition names come
 * before it.  Then, when all that one call clones is there, what may lead from
 * one to another, in circles, too: foreign keys, policies, triggers.  Whatever
 * is met in that is cloned in its turn.
 *
 * All is done as the original's owner (clone_statement.c), but for reading rows.
 * A clone's comment says what it is a clone of, to whichever process asks.
 *
 * What the user has isn't altered: nothing is counted in its statistics, and
 * only the lock of a reader is taken, until the transaction's end.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "bgworker/explore/clone.h"
#include "src/base/ct_compat.h"
#include "src/catalog/catalog.h"

#define CLONE_HINT		"Give the trial a setup that makes what the sessions need, or explore with in_place => true and a reset script."

static CtClone *clone_make(CtCloning *cloning, Oid original);

/* ---- what others may ask ---- */

Oid
ct_clone_original(Oid clone)
{
	char	   *comment = GetComment(clone, RelationRelationId, 0);
	Oid			original = InvalidOid;

	if (comment != NULL && strncmp(comment, CT_CLONE_COMMENT, strlen(CT_CLONE_COMMENT)) == 0)
		original = (Oid) strtoul(comment + strlen(CT_CLONE_COMMENT), NULL, 10);
	return original;
}

void
ct_clone_refuse(Oid relation, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot clone %s: %s",
					quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), get_rel_name(relation)), why),
			 errhint(CLONE_HINT)));
}

void
ct_clone_note(CtCloning *cloning, char *note)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(cloning->notes_context);

	cloning->notes = lappend(cloning->notes, pstrdup(note));
	MemoryContextSwitchTo(oldcontext);
}

/* ---- small things ---- */

static SPITupleTable *
clone_query(const char *sql, Oid relation, uint64 *n)
{
	Oid			types[1] = {OIDOID};
	Datum		values[1];

	values[0] = ObjectIdGetDatum(relation);
	if (SPI_execute_with_args(sql, 1, types, values, NULL, true, 0) < 0)
		elog(ERROR, "SPI_execute_with_args failed");
	*n = SPI_processed;
	return SPI_tuptable;
}

static char *
clone_text(SPITupleTable *table, uint64 row, int column)
{
	return SPI_getvalue(table->vals[row], table->tupdesc, column);
}

static Oid
clone_oid(SPITupleTable *table, uint64 row, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(table->vals[row], table->tupdesc, column, &isnull);

	return isnull ? InvalidOid : DatumGetObjectId(value);
}

static char
clone_char(SPITupleTable *table, uint64 row, int column)
{
	char	   *text = clone_text(table, row, column);

	return text == NULL ? '\0' : text[0];
}

static bool
clone_is_users(const CtCloning *cloning, Oid relation)
{
	Oid			schema = get_rel_namespace(relation);

	return OidIsValid(schema) && schema != cloning->sandbox && relation >= FirstNormalObjectId &&
		!isAnyTempNamespace(schema) && !OidIsValid(getExtensionOfObject(RelationRelationId, relation));
}

static CtClone *
clone_create(CtCloning *cloning, Oid original)
{
	CtClone    *clone = palloc0(sizeof(CtClone));
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(original));
	Form_pg_class form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", original);
	form = (Form_pg_class) GETSTRUCT(tuple);
	clone->original = original;
	clone->owner = form->relowner;
	clone->relkind = form->relkind;
	clone->name = quote_qualified_identifier(cloning->schema, NameStr(form->relname));
	ct_clone_let_create(cloning, form->relowner);
	ct_clone_let_use(cloning, form->relnamespace);
	ReleaseSysCache(tuple);
	return clone;
}

/* It is there now. */
static void
clone_created(CtCloning *cloning, CtClone *clone)
{
	clone->clone = get_relname_relid(get_rel_name(clone->original), cloning->sandbox);
	if (!OidIsValid(clone->clone))
		elog(ERROR, "%s was not created", clone->name);
	CreateComments(clone->clone, RelationRelationId, 0, psprintf(CT_CLONE_COMMENT "%u", clone->original));
	ct_clone_grants(clone);
}

/* ---- sequences ---- */

static char *
clone_sequence_options(Oid sequence)
{
	uint64		n;
	SPITupleTable *table = clone_query("SELECT format('INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s %sCYCLE',"
									   " seqincrement, seqmin, seqmax, seqstart, seqcache, CASE WHEN seqcycle THEN '' ELSE 'NO ' END),"
									   " seqtypid::regtype FROM pg_sequence WHERE seqrelid = $1", sequence, &n);

	return n == 0 ? "" : clone_text(table, 0, 1);
}

static CtClone *
clone_sequence(CtCloning *cloning, Oid original)
{
	CtClone    *clone;
	uint64		n;
	SPITupleTable *table;

	/* an identity's is made with its table */
	table = clone_query("SELECT refobjid FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = $1"
						" AND refclassid = 'pg_class'::regclass AND deptype = 'i'", original, &n);
	if (n > 0)
		return clone_make(cloning, clone_oid(table, 0, 1));

	clone = clone_create(cloning, original);
	table = clone_query("SELECT seqtypid::regtype FROM pg_sequence WHERE seqrelid = $1", original, &n);
	ct_clone_execute_text(cloning, clone->owner,
						  psprintf("CREATE SEQUENCE %s AS %s %s", clone->name, clone_text(table, 0, 1),
								   clone_sequence_options(original)));
	clone_created(cloning, clone);
	ct_clone_sequence_state(clone);
	return clone;
}

/* The sequence of an identity column, which is there with its table. */
static void
clone_identity_sequence(CtCloning *cloning, Oid original)
{
	CtClone    *clone = clone_create(cloning, original);

	clone_created(cloning, clone);
	ct_clone_sequence_state(clone);
}

/* ---- tables ---- */

/* Raises for tables that can't be cloned, with why. */
static void
clone_check_table(Oid original)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(original));
	Form_pg_class form;
	const char *why = NULL;
	uint64		n;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", original);
	form = (Form_pg_class) GETSTRUCT(tuple);
	switch (form->relkind)
	{
		case RELKIND_RELATION:
			break;
		case RELKIND_VIEW:
			why = "it is a view";
			break;
		case RELKIND_MATVIEW:
			why = "it is a materialized view";
			break;
		case RELKIND_FOREIGN_TABLE:
			why = "it is a foreign table";
			break;
		case RELKIND_PARTITIONED_TABLE:
			why = "it is partitioned";
			break;
		default:
			why = "it is no table";
	}
	if (why == NULL && form->relispartition)
		why = "it is a partition";
	if (why == NULL && form->relhasrules)
		why = "it has rules";
	ReleaseSysCache(tuple);
	if (why == NULL)
	{
		(void) clone_query("SELECT FROM pg_inherits WHERE $1 IN (inhrelid, inhparent)", original, &n);
		if (n > 0)
			why = "it inherits, or is inherited from";
	}
	if (why != NULL)
		ct_clone_refuse(original, why);
}

/* to deparse within a table takes time for each of its columns, which only generated ones need */
#define COLUMN_QUERY \
	"SELECT quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)," \
	" (SELECT format('%I.%I', n.nspname, c.collname) FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace" \
	"  WHERE c.oid = a.attcollation AND a.attcollation <> t.typcollation)," \
	" a.attnotnull, a.attidentity, a.attgenerated, a.attcompression," \
	" pg_get_expr(d.adbin, CASE WHEN a.attgenerated = '' THEN 0 ELSE d.adrelid END)," \
	" (SELECT p.objid FROM pg_depend p WHERE p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass" \
	"  AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype = 'i')," \
	" a.attstorage" \
	" FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid" \
	" LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum" \
	" WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"

/* One column's definition; an identity's sequence, which comes with it, is appended to the list. */
static void
clone_column(CtCloning *cloning, StringInfo sql, SPITupleTable *table, uint64 row, List **sequences)
{
	char		identity = clone_char(table, row, 5);
	char		generated = clone_char(table, row, 6);
	char		compression = clone_char(table, row, 7);
	char	   *collation = clone_text(table, row, 3);
	char	   *expr = clone_text(table, row, 8);

	appendStringInfo(sql, "%s %s", clone_text(table, row, 1), clone_text(table, row, 2));
	if (compression != '\0')
		appendStringInfo(sql, " COMPRESSION %s", compression == 'l' ? "lz4" : "pglz");
	if (collation != NULL)
		appendStringInfo(sql, " COLLATE %s", collation);
	if (identity != '\0')
	{
		Oid			sequence = clone_oid(table, row, 9);

		appendStringInfo(sql, " GENERATED %s AS IDENTITY (SEQUENCE NAME %s %s)",
						 identity == 'a' ? "ALWAYS" : "BY DEFAULT",
						 quote_qualified_identifier(cloning->schema, get_rel_name(sequence)),
						 clone_sequence_options(sequence));
		*sequences = lappend_oid(*sequences, sequence);
	}
	else if (generated != '\0')
		appendStringInfo(sql, " GENERATED ALWAYS AS (%s) %s", expr, generated == 's' ? "STORED" : "VIRTUAL");
	else if (expr != NULL)
		appendStringInfo(sql, " DEFAULT %s", expr);
	if (clone_char(table, row, 4) == 't')
		appendStringInfoString(sql, " NOT NULL");
}

/* Storage parameters, the original's but for autovacuum, which would come in between. */
static char *
clone_options(Oid original)
{
	StringInfoData sql;
	uint64		n;
	uint64		i;
	SPITupleTable *table =
		clone_query("SELECT CASE WHEN c.oid = $1 THEN '' ELSE 'toast.' END || quote_ident(o.option_name), quote_literal(o.option_value)"
					" FROM pg_class c, pg_options_to_table(c.reloptions) o"
					" WHERE (c.oid = $1 OR c.oid = (SELECT reltoastrelid FROM pg_class WHERE oid = $1))"
					" AND o.option_name <> 'autovacuum_enabled'", original, &n);

	initStringInfo(&sql);
	appendStringInfoString(&sql, " WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false");
	for (i = 0; i < n; i++)
		appendStringInfo(&sql, ", %s = %s", clone_text(table, i, 1), clone_text(table, i, 2));
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

static void
clone_create_table(CtCloning *cloning, CtClone *clone)
{
	StringInfoData sql;
	List	   *sequences = NIL;
	List	   *storages = NIL;
	CreateStmt *stmt;
	SPITupleTable *table;
	ListCell   *lc;
	ListCell   *storage;
	uint64		n;
	uint64		i;
	char	   *access_method;

	table = clone_query("SELECT CASE relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, quote_ident(amname)"
						" FROM pg_class c LEFT JOIN pg_am a ON a.oid = c.relam WHERE c.oid = $1", clone->original, &n);
	access_method = clone_text(table, 0, 2);
	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE %sTABLE %s (", clone_text(table, 0, 1), clone->name);
	table = clone_query(COLUMN_QUERY, clone->original, &n);
	for (i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoString(&sql, ", ");
		clone_column(cloning, &sql, table, i, &sequences);
		storages = lappend_int(storages, clone_char(table, i, 10));
	}
	table = clone_query("SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint"
						" WHERE conrelid = $1 AND contype = 'c' ORDER BY oid", clone->original, &n);
	for (i = 0; i < n; i++)
		appendStringInfo(&sql, "%sCONSTRAINT %s %s", storages != NIL || i > 0 ? ", " : "",
						 clone_text(table, i, 1), clone_text(table, i, 2));
	appendStringInfoChar(&sql, ')');
	if (access_method != NULL)
		appendStringInfo(&sql, " USING %s", access_method);
	appendStringInfoString(&sql, clone_options(clone->original));

	stmt = castNode(CreateStmt, ct_clone_parse(cloning, sql.data));
	forboth(lc, stmt->tableElts, storage, storages)
		if (IsA(lfirst(lc), ColumnDef))
			((ColumnDef *) lfirst(lc))->storage = lfirst_int(storage);
	ct_clone_execute(cloning, clone->owner, (Node *) stmt, sql.data);
	clone_created(cloning, clone);
	foreach(lc, sequences)
		clone_identity_sequence(cloning, lfirst_oid(lc));
}

/* Serial columns' sequences belong to their columns. */
static void
clone_own_sequences(CtCloning *cloning, const CtClone *clone)
{
	uint64		n;
	uint64		i;
	SPITupleTable *table =
		clone_query("SELECT d.objid, quote_ident(a.attname) FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'"
					" JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
					" WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass"
					" AND d.refobjid = $1 AND d.deptype = 'a'", clone->original, &n);

	for (i = 0; i < n; i++)
	{
		Oid			sequence = clone_oid(table, i, 1);

		if (ct_clone_need(cloning, sequence))
			ct_clone_execute_text(cloning, clone->owner,
								  psprintf("ALTER SEQUENCE %s OWNED BY %s.%s",
										   quote_qualified_identifier(cloning->schema, get_rel_name(sequence)),
										   clone->name, clone_text(table, i, 2)));
	}
}

static void
clone_indexes(CtCloning *cloning, const CtClone *clone)
{
	uint64		n;
	uint64		i;
	SPITupleTable *table =
		clone_query("SELECT quote_ident(c.conname), CASE WHEN c.oid IS NULL THEN pg_get_indexdef(i.indexrelid) ELSE pg_get_constraintdef(c.oid) END"
					" FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid"
					" AND c.contype IN ('p', 'u', 'x') WHERE i.indrelid = $1 AND i.indisvalid ORDER BY i.indexrelid",
					clone->original, &n);

	for (i = 0; i < n; i++)
	{
		char	   *constraint = clone_text(table, i, 1);
		char	   *definition = clone_text(table, i, 2);

		ct_clone_execute_text(cloning, clone->owner, constraint == NULL ? definition :
							  psprintf("ALTER TABLE %s ADD CONSTRAINT %s %s", clone->name, constraint, definition));
	}
}

static CtClone *
clone_table(CtCloning *cloning, Oid original)
{
	CtClone    *clone;

	clone_check_table(original);
	LockRelationOid(original, AccessShareLock);
	clone = clone_create(cloning, original);
	clone_create_table(cloning, clone);
	clone_own_sequences(cloning, clone);
	ct_clone_rows(cloning, clone);
	clone_indexes(cloning, clone);
	ct_clone_statistics(clone);
	cloning->made = lappend(cloning->made, clone);
	return clone;
}

/* ---- what leads to others ---- */

static void
clone_foreign_keys(CtCloning *cloning, const CtClone *clone)
{
	uint64		n;
	uint64		i;
	SPITupleTable *table =
		clone_query("SELECT quote_ident(conname), pg_get_constraintdef(oid), convalidated FROM pg_constraint"
					" WHERE conrelid = $1 AND contype = 'f' AND conparentid = 0 ORDER BY oid", clone->original, &n);

	for (i = 0; i < n; i++)
	{
		char	   *sql = psprintf("ALTER TABLE %s ADD CONSTRAINT %s %s", clone->name,
								   clone_text(table, i, 1), clone_text(table, i, 2));
		AlterTableStmt *stmt = castNode(AlterTableStmt, ct_clone_parse(cloning, sql));
		Constraint *constraint = castNode(Constraint, linitial_node(AlterTableCmd, stmt->cmds)->def);

		/* rows that may be read needn't be all that a key is in */
		constraint->skip_validation = true;
		constraint->initially_valid = clone_char(table, i, 3) == 't';
		ct_clone_execute(cloning, clone->owner, (Node *) stmt, sql);
	}
}

static void
clone_policies(CtCloning *cloning, const CtClone *clone)
{
	uint64		n;
	uint64		i;
	SPITupleTable *table;

	table = clone_query("SELECT quote_ident(p.polname), CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,"
						" CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,"
						" (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(p.polroles) r),"
						" pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)"
						" FROM pg_policy p WHERE p.polrelid = $1 ORDER BY p.oid", clone->original, &n);
	for (i = 0; i < n; i++)
	{
		StringInfoData sql;
		char	   *qual = clone_text(table, i, 5);
		char	   *with_check = clone_text(table, i, 6);

		initStringInfo(&sql);
		appendStringInfo(&sql, "CREATE POLICY %s ON %s AS %s FOR %s TO %s", clone_text(table, i, 1), clone->name,
						 clone_text(table, i, 2), clone_text(table, i, 3), clone_text(table, i, 4));
		if (qual != NULL)
			appendStringInfo(&sql, " USING (%s)", qual);
		if (with_check != NULL)
			appendStringInfo(&sql, " WITH CHECK (%s)", with_check);
		ct_clone_execute_text(cloning, clone->owner, sql.data);
	}

	table = clone_query("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = $1", clone->original, &n);
	if (clone_char(table, 0, 1) == 't')
		ct_clone_execute_text(cloning, clone->owner, psprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY", clone->name));
	if (clone_char(table, 0, 2) == 't')
		ct_clone_execute_text(cloning, clone->owner, psprintf("ALTER TABLE %s FORCE ROW LEVEL SECURITY", clone->name));
}

static void
clone_triggers(CtCloning *cloning, const CtClone *clone)
{
	uint64		n;
	uint64		i;
	SPITupleTable *table =
		clone_query("SELECT pg_get_triggerdef(oid), CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END,"
					" quote_ident(tgname) FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal ORDER BY oid",
					clone->original, &n);

	for (i = 0; i < n; i++)
	{
		char	   *enabled = clone_text(table, i, 2);

		ct_clone_execute_text(cloning, clone->owner, clone_text(table, i, 1));
		if (enabled != NULL)
			ct_clone_execute_text(cloning, clone->owner,
								  psprintf("ALTER TABLE %s %s TRIGGER %s", clone->name, enabled, clone_text(table, i, 3)));
	}
}

/* ---- all of it ---- */

static void
clone_error_context(void *arg)
{
	errcontext("cloning %s", (char *) arg);
}

static CtClone *
clone_make(CtCloning *cloning, Oid original)
{
	char	   *name = get_rel_name(original);
	ErrorContextCallback callback;
	CtClone    *clone;

	if (OidIsValid(get_relname_relid(name, cloning->sandbox)))
		ct_clone_refuse(original, "there is another relation of that name in the sandbox");
	callback.callback = clone_error_context;
	callback.arg = quote_qualified_identifier(get_namespace_name(get_rel_namespace(original)), name);
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	check_stack_depth();
	cloning->making = lappend_oid(cloning->making, original);
	if (get_rel_relkind(original) == RELKIND_SEQUENCE)
		clone = clone_sequence(cloning, original);
	else
		clone = clone_table(cloning, original);
	cloning->making = list_delete_oid(cloning->making, original);
	error_context_stack = callback.previous;
	return clone;
}

static Oid
clone_owner(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/*
 * Is there a clone of it, which nobody drops until the transaction's end?  The
 * sandbox is the run's role's, which may put a table of its own in a clone's
 * place, with a clone's comment: what is done as the original's owner must not
 * lead there.
 */
static bool
clone_is_there(CtCloning *cloning, Oid relation)
{
	const char *name = get_rel_name(relation);
	Oid			clone = get_relname_relid(name, cloning->sandbox);

	if (!OidIsValid(clone))
		return false;
	LockRelationOid(clone, AccessShareLock);
	return get_relname_relid(name, cloning->sandbox) == clone && ct_clone_original(clone) == relation &&
		clone_owner(clone) == clone_owner(relation);
}

bool
ct_clone_need(CtCloning *cloning, Oid relation)
{
	if (!clone_is_users(cloning, relation))
		return false;
	if (!list_member_oid(cloning->making, relation) && !clone_is_there(cloning, relation))
		(void) clone_make(cloning, relation);
	return true;
}

/* In the catalogs' scope. */
static void
clone_all(CtCloning *cloning, Oid relation)
{
	if (!ct_clone_need(cloning, relation))
		ct_clone_refuse(relation, "it belongs to the server, or to an extension");
	while (cloning->made != NIL)
	{
		CtClone    *clone = linitial(cloning->made);

		cloning->made = list_delete_first(cloning->made);
		clone_foreign_keys(cloning, clone);
		clone_policies(cloning, clone);
		clone_triggers(cloning, clone);
	}
	ct_clone_end_create(cloning);
}

void
ct_clone(Oid relation, Oid sandbox, int64 *bytes, List **notes, MemoryContext context)
{
	CtCloning	cloning = {0};
	CtCatalogScope scope;
	bool		save_track_counts = pgstat_track_counts;

	cloning.sandbox = sandbox;
	cloning.role = GetUserId();
	cloning.bytes = bytes;
	cloning.notes_context = context;
	cloning.notes = *notes;
	ct_catalog_enter_server(&scope);
	cloning.schema = get_namespace_name(sandbox);

	/* nobody has looked at the user's tables */
	PG_TRY();
	{
		pgstat_track_counts = false;
		clone_all(&cloning, relation);
	}
	PG_FINALLY();
	{
		pgstat_track_counts = save_track_counts;
	}
	PG_END_TRY();
	ct_catalog_leave(&scope);
	*notes = cloning.notes;
}
