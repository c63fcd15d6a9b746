/*
 * state.c
 *		The sandbox's tables at an execution's end: the same as another's?
 *
 * Tables are scanned as they are, not by SQL, so that no policy hides a row and
 * nothing is planned: a digest takes some 10 us.  Values are hashed one by one,
 * by what they are written as (for the commonest types, by what they are), a
 * row is made of its values, and a table of its rows' number and sum: the order
 * of rows is no matter, and equal rows don't cancel each other out.
 *
 * A table is known by its name, so that one that was made anew has the digest
 * of the former.  Which tables there are, and what their columns are, is looked
 * up when the catalog says that something has changed.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "common/hashfn.h"
#include "executor/tuptable.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "bgworker/explore/state.h"

/* how long a table that somebody has locked is waited for */
#define STATE_LOCK_MS		10000

/* how far sequences are moved on: prime, so that one that cycles is elsewhere then */
#define STATE_DISTANCE		997

/* values of a table, beyond which rows aren't compared one by one with their columns left out */
#define STATE_MAX_VALUES	(4 * 1024 * 1024)

/* bytes of a value that are shown */
#define STATE_SHOWN			40

/* how a column's values are hashed */
typedef enum CtStateHow
{
	CT_STATE_NOT,				/* left out, or dropped */
	CT_STATE_NULLS,				/* left out, but for which are null */
	CT_STATE_DATUM,
	CT_STATE_BYTES,				/* of a varlena */
	CT_STATE_TEXT
} CtStateHow;

typedef struct CtStateColumn
{
	char	   *name;
	CtStateHow	how;
	uint64		seed;
	FmgrInfo	output;
} CtStateColumn;

typedef struct CtStateTable
{
	Oid			oid;
	char	   *name;
	bool		left_out;
	uint64		seed;
	int			ncolumns;
	CtStateColumn *columns;
} CtStateTable;

/* A table's rows in one execution. */
typedef struct CtStateNotes
{
	char	   *table;
	int			ncolumns;
	int64		rows;
	uint64	   *sums;			/* of each column's values */
	int64	   *nulls;			/* of each column, how many are */
	uint64	   *values;			/* of each row; NULL: too many */
	int64		size;			/* rows that there is room for */
} CtStateNotes;

struct CtState
{
	CtLeader   *leader;
	List	   *relations;		/* or NIL: all of the sandbox */
	MemoryContext tables_context;	/* of what is looked up */
	MemoryContext row_context;
	uint64		seen;			/* changes of the catalog */
	int			ntables;
	CtStateTable *tables;		/* by name */
	List	   *surrogates;		/* of char * */
	List	   *nulls;			/* those of them of which it counts what is null */
	MemoryContext notes_context;
	List	   *notes;			/* of CtStateNotes *, while there are any */
};

/* how many changes of the catalog we have heard of */
static uint64 state_changes = 0;

static void
state_catalog_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	state_changes++;
}

/* ---- which tables ---- */

static bool
state_is_among(List *names, const char *table, const char *column)
{
	char	   *name = psprintf("%s.%s", table, column);
	ListCell   *lc;
	bool		found = false;

	foreach(lc, names)
		found |= strcmp(lfirst(lc), name) == 0;
	pfree(name);
	return found;
}

static CtStateHow
state_how(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case CHAROID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return CT_STATE_DATUM;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case BYTEAOID:
			return CT_STATE_BYTES;
		default:
			return CT_STATE_TEXT;
	}
}

/* Looks the table's columns up; in tables_context. */
static void
state_find_columns(CtState *state, CtStateTable *table, Relation relation)
{
	TupleDesc	desc = RelationGetDescr(relation);
	int			i;

	table->name = pstrdup(RelationGetRelationName(relation));
	table->seed = hash_bytes_extended((unsigned char *) table->name, strlen(table->name), 0);
	table->left_out = state_is_among(state->surrogates, table->name, "*");
	table->ncolumns = desc->natts;
	table->columns = palloc0(Max(desc->natts, 1) * sizeof(CtStateColumn));
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		CtStateColumn *column = &table->columns[i];
		Oid			function;
		bool		is_varlena;

		column->name = pstrdup(NameStr(attribute->attname));
		if (attribute->attisdropped)
			continue;
		column->seed = hash_bytes_extended((unsigned char *) column->name, strlen(column->name),
										   table->seed);
		getTypeOutputInfo(attribute->atttypid, &function, &is_varlena);
		fmgr_info(function, &column->output);
		if (!state_is_among(state->surrogates, table->name, column->name))
			column->how = state_how(attribute->atttypid);
		else if (state_is_among(state->nulls, table->name, column->name))
			column->how = CT_STATE_NULLS;
	}
}

static List *
state_list_tables(const CtState *state)
{
	Relation	classes;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *tables = NIL;

	if (state->relations != NIL)
		return list_copy(state->relations);
	if (!OidIsValid(state->leader->sandbox))
		return NIL;
	classes = table_open(RelationRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_class_relnamespace, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(state->leader->sandbox));
	scan = systable_beginscan(classes, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		if (form->relkind == RELKIND_RELATION || form->relkind == RELKIND_MATVIEW)
			tables = lappend_oid(tables, form->oid);
	}
	systable_endscan(scan);
	table_close(classes, AccessShareLock);
	return tables;
}

static int
state_compare_tables(const void *a, const void *b)
{
	const CtStateTable *x = a;
	const CtStateTable *y = b;
	int			order = strcmp(x->name, y->name);

	return order != 0 ? order : (x->oid > y->oid) - (x->oid < y->oid);
}

/* Looks up which tables there are, if that may have changed. */
static void
state_look_up(CtState *state)
{
	MemoryContext context;
	List	   *tables;
	ListCell   *lc;

	if (state->seen == state_changes)
		return;
	MemoryContextReset(state->tables_context);
	context = MemoryContextSwitchTo(state->tables_context);
	do
	{
		/* what is looked up may itself hear of a change */
		state->seen = state_changes;
		tables = state_list_tables(state);
		state->tables = palloc0(Max(list_length(tables), 1) * sizeof(CtStateTable));
		state->ntables = 0;
		foreach(lc, tables)
		{
			Relation	relation = try_relation_open(lfirst_oid(lc), AccessShareLock);

			if (relation == NULL)
				continue;
			state->tables[state->ntables].oid = lfirst_oid(lc);
			state_find_columns(state, &state->tables[state->ntables++], relation);
			relation_close(relation, NoLock);
		}
	} while (state->seen != state_changes);
	qsort(state->tables, state->ntables, sizeof(CtStateTable), state_compare_tables);
	MemoryContextSwitchTo(context);
}

/* A transaction in which the tables are known, and may be read. */
static void
state_begin(CtState *state)
{
	ct_leader_begin(STATE_LOCK_MS);
	state_look_up(state);
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
state_end(CtState *state)
{
	PopActiveSnapshot();
	ct_leader_commit(state->leader);
	MemoryContextReset(state->row_context);
}

CtState *
ct_state_create(CtLeader *leader, List *relations)
{
	static bool registered = false;
	MemoryContext context = MemoryContextSwitchTo(leader->context);
	CtState    *state = palloc0(sizeof(CtState));

	if (!registered)
	{
		CacheRegisterSyscacheCallback(RELOID, state_catalog_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(ATTNUM, state_catalog_changed, (Datum) 0);
		registered = true;
	}
	state_changes++;			/* what has happened until now */
	state->leader = leader;
	state->relations = list_copy(relations);
	state->tables_context = AllocSetContextCreate(leader->context, "ct_ext state",
												  ALLOCSET_DEFAULT_SIZES);
	state->row_context = AllocSetContextCreate(leader->context, "ct_ext state's row",
											   ALLOCSET_DEFAULT_SIZES);
	state->notes_context = AllocSetContextCreate(leader->context, "ct_ext state's notes",
												 ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	return state;
}

void
ct_state_free(CtState *state)
{
	MemoryContextDelete(state->tables_context);
	MemoryContextDelete(state->row_context);
	MemoryContextDelete(state->notes_context);
	list_free(state->surrogates);
	list_free(state->nulls);
	list_free(state->relations);
	pfree(state);
}

/* ---- scanning ---- */

/* Calls back for each row, in row_context, which is reset after it.  False if the table is gone. */
static bool
state_scan(CtState *state, const CtStateTable *table,
		   void (*take) (const CtStateTable *table, TupleTableSlot *slot, void *arg), void *arg)
{
	Relation	relation = try_relation_open(table->oid, AccessShareLock);
	TableScanDesc scan;
	TupleTableSlot *slot;
	MemoryContext context;

	if (relation == NULL)
		return false;
	slot = table_slot_create(relation, NULL);
	scan = table_beginscan_strat(relation, GetActiveSnapshot(), 0, NULL, true, false);
	context = MemoryContextSwitchTo(state->row_context);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		take(table, slot, arg);
		MemoryContextReset(state->row_context);
	}
	MemoryContextSwitchTo(context);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	relation_close(relation, NoLock);
	return true;
}

static uint64
state_hash_value(const CtStateColumn *column, CtStateHow how, Datum value, bool isnull)
{
	const char *text;
	struct varlena *bytes;

	if (isnull)
		return ~column->seed;
	switch (how)
	{
		case CT_STATE_NOT:
			break;
		case CT_STATE_NULLS:
			return column->seed;
		case CT_STATE_DATUM:
			return hash_bytes_extended((unsigned char *) &value, sizeof(value), column->seed);
		case CT_STATE_BYTES:
			bytes = PG_DETOAST_DATUM_PACKED(value);
			return hash_bytes_extended((unsigned char *) VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes),
									   column->seed);
		case CT_STATE_TEXT:
			text = OutputFunctionCall((FmgrInfo *) &column->output, value);
			return hash_bytes_extended((unsigned char *) text, strlen(text), column->seed);
	}
	return 0;
}

/* so that a sum of hashes says something */
static inline uint64
state_mix(uint64 hash)
{
	return hash_bytes_extended((unsigned char *) &hash, sizeof(hash), 0);
}

/* A value, as it was noted, by what counts of its column now. */
static inline uint64
state_noted_value(const CtStateColumn *column, uint64 value)
{
	return column->how == CT_STATE_NULLS && value != ~column->seed ? column->seed : value;
}

static inline uint64
state_hash_row(const CtStateTable *table, const uint64 *values)
{
	uint64		row = table->seed;
	int			i;

	for (i = 0; i < table->ncolumns; i++)
		if (table->columns[i].how != CT_STATE_NOT)
			row = hash_combine64(row, state_noted_value(&table->columns[i], values[i]));
	return row;
}

/* ---- digests ---- */

typedef struct CtStateSum
{
	int64		rows;
	uint64		sum;
} CtStateSum;

static void
state_add_row(const CtStateTable *table, TupleTableSlot *slot, void *arg)
{
	CtStateSum *sum = arg;
	uint64		row = table->seed;
	int			i;

	for (i = 0; i < table->ncolumns; i++)
	{
		const CtStateColumn *column = &table->columns[i];

		if (column->how != CT_STATE_NOT)
			row = hash_combine64(row, state_hash_value(column, column->how, slot->tts_values[i],
													   slot->tts_isnull[i]));
	}
	sum->rows++;
	sum->sum += state_mix(row);
}

uint64
ct_state_digest(CtState *state)
{
	uint64		digest = 0;
	int			i;

	state_begin(state);
	for (i = 0; i < state->ntables; i++)
	{
		const CtStateTable *table = &state->tables[i];
		CtStateSum	sum = {0, 0};

		if (table->left_out)
			continue;
		if (!state_scan(state, table, state_add_row, &sum))
			continue;
		digest = hash_combine64(digest, hash_combine64(table->seed + sum.rows, sum.sum));
	}
	state_end(state);
	return digest;
}

/* ---- surrogates ---- */

static void
state_note_row(const CtStateTable *table, TupleTableSlot *slot, void *arg)
{
	CtStateNotes *notes = arg;
	int			n = table->ncolumns;
	int			i;

	if (notes->values != NULL && notes->rows == notes->size)
	{
		notes->size *= 2;
		if (notes->size * Max(n, 1) > STATE_MAX_VALUES)
		{
			pfree(notes->values);
			notes->values = NULL;
		}
		else
			notes->values = repalloc(notes->values, notes->size * Max(n, 1) * sizeof(uint64));
	}
	for (i = 0; i < n; i++)
	{
		const CtStateColumn *column = &table->columns[i];
		uint64		value = state_hash_value(column, column->how, slot->tts_values[i],
											 slot->tts_isnull[i]);

		notes->sums[i] += state_mix(value);
		notes->nulls[i] += slot->tts_isnull[i];
		if (notes->values != NULL)
			notes->values[notes->rows * n + i] = value;
	}
	notes->rows++;
}

static CtStateNotes *
state_take_notes(CtState *state, const CtStateTable *table)
{
	MemoryContext context = MemoryContextSwitchTo(state->notes_context);
	CtStateNotes *notes = palloc0(sizeof(CtStateNotes));
	int			n = Max(table->ncolumns, 1);

	notes->table = pstrdup(table->name);
	notes->ncolumns = table->ncolumns;
	notes->size = 16;
	notes->sums = palloc0(n * sizeof(uint64));
	notes->nulls = palloc0(n * sizeof(int64));
	notes->values = palloc(notes->size * n * sizeof(uint64));
	MemoryContextSwitchTo(context);
	(void) state_scan(state, table, state_note_row, notes);
	return notes;
}

void
ct_state_note(CtState *state)
{
	int			i;

	MemoryContextReset(state->notes_context);
	state->notes = NIL;
	state_begin(state);
	for (i = 0; i < state->ntables; i++)
	{
		CtStateNotes *notes = state_take_notes(state, &state->tables[i]);
		MemoryContext context = MemoryContextSwitchTo(state->notes_context);

		state->notes = lappend(state->notes, notes);
		MemoryContextSwitchTo(context);
	}
	state_end(state);
}

/* Moves a sequence on, as far as it goes. */
static void
state_move_sequence(Oid oid)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	int			i;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		for (i = 0; i < STATE_DISTANCE; i++)
			(void) nextval_internal(oid, false);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		/* its end, or it is gone: what it has come to counts, for no sequence goes back */
		MemoryContextSwitchTo(context);
		if (geterrcode() == ERRCODE_QUERY_CANCELED || geterrcode() == ERRCODE_ADMIN_SHUTDOWN)
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

void
ct_state_disturb(CtState *state)
{
	Relation	classes;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *sequences = NIL;
	ListCell   *lc;

	ct_leader_begin(STATE_LOCK_MS);
	if (state->relations != NIL)
		foreach(lc, state->relations)
			sequences = list_concat(sequences, getOwnedSequences(lfirst_oid(lc)));
	else if (OidIsValid(state->leader->sandbox))
	{
		classes = table_open(RelationRelationId, AccessShareLock);
		ScanKeyInit(&key, Anum_pg_class_relnamespace, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(state->leader->sandbox));
		scan = systable_beginscan(classes, InvalidOid, false, NULL, 1, &key);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
			if (((Form_pg_class) GETSTRUCT(tuple))->relkind == RELKIND_SEQUENCE)
				sequences = lappend_oid(sequences, ((Form_pg_class) GETSTRUCT(tuple))->oid);
		systable_endscan(scan);
		table_close(classes, AccessShareLock);
	}
	foreach(lc, sequences)
		state_move_sequence(lfirst_oid(lc));
	ResetSequenceCaches();
	ct_leader_commit(state->leader);
}

static void
state_add_surrogate(CtState *state, const char *table, const char *column, bool nulls)
{
	MemoryContext context = MemoryContextSwitchTo(state->leader->context);
	char	   *name = psprintf("%s.%s", table, column);

	state->surrogates = lappend(state->surrogates, name);
	if (nulls)
		state->nulls = lappend(state->nulls, name);
	MemoryContextSwitchTo(context);
}

static uint64
state_sum_rows(const CtStateTable *table, int64 rows, const uint64 *values)
{
	uint64		sum = 0;
	int64		i;

	for (i = 0; i < rows; i++)
		sum += state_mix(state_hash_row(table, values + i * table->ncolumns));
	return sum;
}

/*
 * A column whose values differ says nothing but which of them are null, unless
 * even their number differs: "ended_at" is a moment, and says whether it ended.
 */
static void
state_leave_out_column(CtState *state, CtStateTable *table, CtStateColumn *column,
					   bool same_nulls)
{
	column->how = same_nulls ? CT_STATE_NULLS : CT_STATE_NOT;
	state_add_surrogate(state, table->name, column->name, same_nulls);
}

/* Leaves out what differs from what was noted of the table. */
static void
state_compare_notes(CtState *state, CtStateTable *table, const CtStateNotes *then,
					const CtStateNotes *now)
{
	bool		differs = now->rows != then->rows;
	int			i;

	for (i = 0; !differs && i < table->ncolumns; i++)
	{
		CtStateColumn *column = &table->columns[i];

		if (column->how == CT_STATE_NOT || now->sums[i] == then->sums[i])
			continue;
		state_leave_out_column(state, table, column, now->nulls[i] == then->nulls[i]);
	}

	/* values that are the same, but not in the same rows, are no row's in particular */
	if (!differs && now->values != NULL && then->values != NULL)
		differs = state_sum_rows(table, now->rows, now->values) !=
			state_sum_rows(table, then->rows, then->values);
	if (differs)
	{
		table->left_out = true;
		state_add_surrogate(state, table->name, "*", false);
	}
}

List *
ct_state_leave_out(CtState *state)
{
	ListCell   *lc;
	int			i;

	state_begin(state);
	for (i = 0; i < state->ntables; i++)
	{
		CtStateTable *table = &state->tables[i];

		foreach(lc, state->notes)
		{
			CtStateNotes *then = lfirst(lc);

			if (!table->left_out && strcmp(then->table, table->name) == 0 &&
				then->ncolumns == table->ncolumns)
				state_compare_notes(state, table, then, state_take_notes(state, table));
		}
	}
	state->notes = NIL;
	MemoryContextReset(state->notes_context);
	state_end(state);
	return list_copy(state->surrogates);
}

/* ---- the text ---- */

typedef struct CtStateLines
{
	MemoryContext context;
	int			n;
	int			size;
	char	  **lines;
} CtStateLines;

/* A value, in one line, and no longer than is shown. */
static void
state_add_value(StringInfo line, const char *value)
{
	int			length = strlen(value);
	int			shown = length <= STATE_SHOWN ? length : pg_mbcliplen(value, length, STATE_SHOWN - 3);
	int			i;

	for (i = 0; i < shown; i++)
		appendStringInfoChar(line, (unsigned char) value[i] < ' ' ? ' ' : value[i]);
	if (shown < length)
		appendStringInfoString(line, "...");
}

static void
state_add_line(const CtStateTable *table, TupleTableSlot *slot, void *arg)
{
	CtStateLines *lines = arg;
	StringInfoData line;
	bool		first = true;
	int			i;

	initStringInfo(&line);
	appendStringInfo(&line, "%s (", table->name);
	for (i = 0; i < table->ncolumns; i++)
	{
		const CtStateColumn *column = &table->columns[i];

		if (column->how == CT_STATE_NOT ||
			(column->how == CT_STATE_NULLS && !slot->tts_isnull[i]))
			continue;
		appendStringInfo(&line, "%s%s ", first ? "" : ", ", column->name);
		first = false;
		if (slot->tts_isnull[i])
			appendStringInfoString(&line, "null");
		else
			state_add_value(&line, OutputFunctionCall((FmgrInfo *) &column->output, slot->tts_values[i]));
	}
	appendStringInfoChar(&line, ')');
	if (lines->n == lines->size)
	{
		lines->size *= 2;
		lines->lines = repalloc_huge(lines->lines, lines->size * sizeof(char *));
	}
	lines->lines[lines->n++] = MemoryContextStrdup(lines->context, line.data);
}

static int
state_compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/*
 * Whether the table's rows are for the run's role to see, also those that a
 * session has written with the privileges of a function's owner.
 */
static bool
state_may_show(const CtStateTable *table)
{
	Oid			role = GetUserId();

	return (pg_class_aclcheck(table->oid, role, ACL_SELECT) == ACLCHECK_OK ||
			pg_attribute_aclcheck_all(table->oid, role, ACL_SELECT, ACLMASK_ALL) == ACLCHECK_OK) &&
		check_enable_rls(table->oid, InvalidOid, true) != RLS_ENABLED;
}

char *
ct_state_text(CtState *state, int lines)
{
	MemoryContext result_context = CurrentMemoryContext;
	StringInfoData text;
	CtStateLines all;
	int			left = lines;
	int64		more = 0;
	int			i;
	int			j;

	initStringInfo(&text);
	all.context = AllocSetContextCreate(state->leader->context, "ct_ext state's text",
										ALLOCSET_DEFAULT_SIZES);
	state_begin(state);
	for (i = 0; i < state->ntables; i++)
	{
		const CtStateTable *table = &state->tables[i];

		if (table->left_out || !state_may_show(table))
			continue;
		all.n = 0;
		all.size = 64;
		all.lines = MemoryContextAlloc(all.context, all.size * sizeof(char *));
		(void) state_scan(state, table, state_add_line, &all);
		qsort(all.lines, all.n, sizeof(char *), state_compare_lines);
		for (j = 0; j < all.n && left > 0; j++, left--)
			appendStringInfo(&text, "%s%s", text.len > 0 ? "\n" : "", all.lines[j]);
		more += all.n - j;
		MemoryContextReset(all.context);
	}
	state_end(state);
	MemoryContextSwitchTo(result_context);
	MemoryContextDelete(all.context);
	if (more > 0)
		appendStringInfo(&text, "\n... " INT64_FORMAT " more rows", more);
	return text.data;
}
