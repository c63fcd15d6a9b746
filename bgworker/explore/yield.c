/*
 * yield.c
 *		Hearing of PL/pgSQL's statements, and which of them can touch the database.
 *
 * What a text does is remembered by the text, not by the function that it
 * stands in: functions are replaced, and those of DO are gone after each
 * execution.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "nodes/nodeFuncs.h"
#include "parser/parser.h"
#include "plpgsql.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "bgworker/explore/actor.h"
#include "bgworker/explore/effects.h"
#include "bgworker/explore/yield.h"
#include "src/base/ct_compat.h"

#define YIELD_TOUCHES	0x01	/* the database, maybe */
#define YIELD_CALLS		0x02	/* by a function that nobody hears of */

typedef struct YieldText
{
	uint64		hash;			/* of the text; the key */
	int			does;			/* YIELD_... */
} YieldText;

/* what a statement does, and which of its expressions does it */
typedef struct YieldFound
{
	int			does;
	const char *verb;
	const char *query;
} YieldFound;

static HTAB *yield_texts = NULL;
static PLpgSQL_plugin *yield_previous = NULL;

/* volatile, but nothing of theirs is anybody else's */
static const char *const yield_harmless[] = {
	"clock_timestamp", "currval", "gen_random_uuid", "lastval", "pg_notify", "pg_sleep", "pg_sleep_for",
	"pg_sleep_until", "random", "random_normal", "set_config", "setseed", "timeofday", "uuidv4", "uuidv7",
};

/* ---- what a text does ---- */

static int
yield_of_builtin(Form_pg_proc proc)
{
	int			i;

	if (proc->provolatile != PROVOLATILE_VOLATILE)
		return 0;
	for (i = 0; i < lengthof(yield_harmless); i++)
		if (strcmp(NameStr(proc->proname), yield_harmless[i]) == 0)
			return 0;
	return YIELD_TOUCHES | YIELD_CALLS;
}

/* Of all functions of the name, as it isn't known which one it will be. */
static int
yield_of_function(List *names)
{
	FuncCandidateList candidate;
	int			does = 0;

	for (candidate = ct_functions_named(names); candidate != NULL; candidate = candidate->next)
	{
		HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(candidate->oid));
		Form_pg_proc proc;

		if (!HeapTupleIsValid(tuple))
			continue;
		proc = (Form_pg_proc) GETSTRUCT(tuple);
		if (candidate->oid < FirstNormalObjectId)
			does |= yield_of_builtin(proc);
		else
		{
			does |= YIELD_TOUCHES;
			if (proc->prolang == ClanguageId || proc->prolang == INTERNALlanguageId)
				does |= YIELD_CALLS;
		}
		ReleaseSysCache(tuple);
	}
	return does;
}

static bool
yield_walker(Node *node, void *context)
{
	int		   *does = context;

	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_RangeVar:
			*does |= YIELD_TOUCHES;
			return false;
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
			*does |= YIELD_TOUCHES;
			break;
		case T_FuncCall:
			*does |= yield_of_function(((FuncCall *) node)->funcname);
			break;
		default:
			break;
	}
	return raw_expression_tree_walker(node, yield_walker, context);
}

static int
yield_of_statement(Node *stmt)
{
	int			does = 0;

	switch (nodeTag(stmt))
	{
		case T_SelectStmt:
		case T_PLAssignStmt:
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
			(void) yield_walker(stmt, &does);
			return does;
		case T_VariableSetStmt:
		case T_VariableShowStmt:
		case T_NotifyStmt:
		case T_ConstraintsSetStmt:
		case T_DeallocateStmt:
		case T_ClosePortalStmt:
			return 0;
		default:
			return YIELD_TOUCHES;
	}
}

/* What is no SQL says so itself, when it is executed. */
static int
yield_read(const char *text, RawParseMode mode)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(oldcontext, "ct_ext yield", ALLOCSET_DEFAULT_SIZES);
	volatile int does = 0;

	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		ListCell   *lc;

		foreach(lc, raw_parser(text, mode))
			does |= yield_of_statement(lfirst_node(RawStmt, lc)->stmt);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		if (geterrcode() != ERRCODE_SYNTAX_ERROR)
			PG_RE_THROW();
		FlushErrorState();
		does = YIELD_TOUCHES;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
	return does;
}

static int
yield_of_text(const char *text, RawParseMode mode)
{
	uint64		hash = hash_bytes_extended((const unsigned char *) text, strlen(text), mode);
	YieldText  *entry = hash_search(yield_texts, &hash, HASH_FIND, NULL);

	if (unlikely(entry == NULL))
	{
		int			does = yield_read(text, mode);

		entry = hash_search(yield_texts, &hash, HASH_ENTER, NULL);
		entry->does = does;
	}
	return entry->does;
}

/* ---- what a statement does ---- */

/* One of its expressions; the first that does anything is the one to be shown. */
static void
yield_look_at(YieldFound *found, const char *verb, const PLpgSQL_expr *expr)
{
	int			does;

	if (expr == NULL)
		return;
	does = yield_of_text(expr->query, expr->parseMode);
	if (does != 0 && found->does == 0)
	{
		found->verb = verb;
		found->query = expr->query;
	}
	found->does |= does;
}

static void
yield_look_at_all(YieldFound *found, const char *verb, List *exprs)
{
	ListCell   *lc;

	foreach(lc, exprs)
		yield_look_at(found, verb, lfirst(lc));
}

/* It touches the database whatever its text is. */
static void
yield_surely(YieldFound *found, const char *verb, const PLpgSQL_expr *expr)
{
	found->does |= YIELD_TOUCHES;
	found->verb = verb;
	found->query = expr != NULL ? expr->query : NULL;
}

/* Variables with a default are evaluated as a block begins. */
static void
yield_look_at_block(YieldFound *found, const PLpgSQL_execstate *estate, const PLpgSQL_stmt_block *block)
{
	int			i;

	for (i = 0; i < block->n_initvars; i++)
	{
		const PLpgSQL_datum *datum = estate->datums[block->initvarnos[i]];

		if (datum->dtype == PLPGSQL_DTYPE_VAR || datum->dtype == PLPGSQL_DTYPE_REC)
			yield_look_at(found, "DECLARE", ((const PLpgSQL_variable *) datum)->default_val);
	}
}

static void
yield_look_at_statement(YieldFound *found, const PLpgSQL_execstate *estate, const PLpgSQL_stmt *stmt)
{
	ListCell   *lc;

	switch (stmt->cmd_type)
	{
		case PLPGSQL_STMT_BLOCK:
			yield_look_at_block(found, estate, (const PLpgSQL_stmt_block *) stmt);
			break;
		case PLPGSQL_STMT_ASSIGN:
			yield_look_at(found, NULL, ((const PLpgSQL_stmt_assign *) stmt)->expr);
			break;
		case PLPGSQL_STMT_IF:
			yield_look_at(found, "IF", ((const PLpgSQL_stmt_if *) stmt)->cond);
			foreach(lc, ((const PLpgSQL_stmt_if *) stmt)->elsif_list)
				yield_look_at(found, "ELSIF", ((PLpgSQL_if_elsif *) lfirst(lc))->cond);
			break;
		case PLPGSQL_STMT_CASE:
			yield_look_at(found, "CASE", ((const PLpgSQL_stmt_case *) stmt)->t_expr);
			foreach(lc, ((const PLpgSQL_stmt_case *) stmt)->case_when_list)
				yield_look_at(found, "WHEN", ((PLpgSQL_case_when *) lfirst(lc))->expr);
			break;
		case PLPGSQL_STMT_WHILE:
			yield_look_at(found, "WHILE", ((const PLpgSQL_stmt_while *) stmt)->cond);
			break;
		case PLPGSQL_STMT_FORI:
			yield_look_at(found, "FOR", ((const PLpgSQL_stmt_fori *) stmt)->lower);
			yield_look_at(found, "FOR", ((const PLpgSQL_stmt_fori *) stmt)->upper);
			yield_look_at(found, "FOR", ((const PLpgSQL_stmt_fori *) stmt)->step);
			break;
		case PLPGSQL_STMT_FORS:
			yield_look_at(found, "FOR", ((const PLpgSQL_stmt_fors *) stmt)->query);
			break;
		case PLPGSQL_STMT_FORC:
			yield_surely(found, "FOR", ((const PLpgSQL_stmt_forc *) stmt)->argquery);
			break;
		case PLPGSQL_STMT_DYNFORS:
			yield_surely(found, "FOR EXECUTE", ((const PLpgSQL_stmt_dynfors *) stmt)->query);
			break;
		case PLPGSQL_STMT_FOREACH_A:
			yield_look_at(found, "FOREACH", ((const PLpgSQL_stmt_foreach_a *) stmt)->expr);
			break;
		case PLPGSQL_STMT_EXIT:
			yield_look_at(found, ((const PLpgSQL_stmt_exit *) stmt)->is_exit ? "EXIT WHEN" : "CONTINUE WHEN",
						  ((const PLpgSQL_stmt_exit *) stmt)->cond);
			break;
		case PLPGSQL_STMT_RETURN:
			yield_look_at(found, "RETURN", ((const PLpgSQL_stmt_return *) stmt)->expr);
			break;
		case PLPGSQL_STMT_RETURN_NEXT:
			yield_look_at(found, "RETURN NEXT", ((const PLpgSQL_stmt_return_next *) stmt)->expr);
			break;
		case PLPGSQL_STMT_RETURN_QUERY:
			yield_look_at(found, "RETURN QUERY", ((const PLpgSQL_stmt_return_query *) stmt)->query);
			if (((const PLpgSQL_stmt_return_query *) stmt)->dynquery != NULL)
				yield_surely(found, "RETURN QUERY EXECUTE",
							 ((const PLpgSQL_stmt_return_query *) stmt)->dynquery);
			break;
		case PLPGSQL_STMT_RAISE:
			yield_look_at_all(found, "RAISE", ((const PLpgSQL_stmt_raise *) stmt)->params);
			foreach(lc, ((const PLpgSQL_stmt_raise *) stmt)->options)
				yield_look_at(found, "RAISE USING", ((PLpgSQL_raise_option *) lfirst(lc))->expr);
			break;
		case PLPGSQL_STMT_ASSERT:
			yield_look_at(found, "ASSERT", ((const PLpgSQL_stmt_assert *) stmt)->cond);
			break;
		case PLPGSQL_STMT_EXECSQL:
			yield_look_at(found, NULL, ((const PLpgSQL_stmt_execsql *) stmt)->sqlstmt);
			break;
		case PLPGSQL_STMT_DYNEXECUTE:
			yield_surely(found, "EXECUTE", ((const PLpgSQL_stmt_dynexecute *) stmt)->query);
			break;
		case PLPGSQL_STMT_OPEN:
			yield_surely(found, "OPEN", ((const PLpgSQL_stmt_open *) stmt)->query);
			break;
		case PLPGSQL_STMT_FETCH:
			yield_surely(found, ((const PLpgSQL_stmt_fetch *) stmt)->is_move ? "MOVE" : "FETCH", NULL);
			break;
		case PLPGSQL_STMT_PERFORM:
			yield_look_at(found, NULL, ((const PLpgSQL_stmt_perform *) stmt)->expr);
			break;
		case PLPGSQL_STMT_CALL:
			yield_look_at(found, NULL, ((const PLpgSQL_stmt_call *) stmt)->expr);
			break;
		case PLPGSQL_STMT_COMMIT:
			yield_surely(found, "COMMIT", NULL);
			break;
		case PLPGSQL_STMT_ROLLBACK:
			yield_surely(found, "ROLLBACK", NULL);
			break;
		case PLPGSQL_STMT_LOOP:
		case PLPGSQL_STMT_GETDIAG:
		case PLPGSQL_STMT_CLOSE:
			break;
	}
}

/* ---- the plugin ---- */

/* Of a place in a function: a statement's number, from 1; 0 is its end. */
static uint32
yield_label(const char *function, unsigned int statement)
{
	return hash_combine(hash_bytes((const unsigned char *) function, strlen(function)),
						murmurhash32(statement));
}

static void
yield_statement_begins(PLpgSQL_execstate *estate, PLpgSQL_stmt *stmt)
{
	YieldFound	found = {0};

	yield_look_at_statement(&found, estate, stmt);
	if (found.does != 0)
	{
		const char *function = estate->func->fn_signature;
		CtActorPlace place = {function, stmt->lineno, found.verb, found.query};

		ct_actor_at(yield_label(function, stmt->stmtid), (found.does & YIELD_CALLS) != 0, &place);
	}
	if (yield_previous != NULL && yield_previous->stmt_beg != NULL)
		yield_previous->stmt_beg(estate, stmt);
}

/*
 * A function is through.  Where a statement has called it that writes rows, in
 * a trigger before the row is written, or for a value of it, that comes next.
 */
static void
yield_function_ends(PLpgSQL_execstate *estate, PLpgSQL_function *function)
{
	bool		open;
	const char *writing = ct_effects_writing(&open);

	if (writing != NULL &&
		(estate->trigdata == NULL || TRIGGER_FIRED_BEFORE(estate->trigdata->tg_event)))
	{
		CtActorPlace place = {function->fn_signature, function->action->lineno,
		open ? "END, then" : "END", open ? writing : NULL};

		ct_actor_at_end(yield_label(function->fn_signature, 0), &place);
	}
	if (yield_previous != NULL && yield_previous->func_end != NULL)
		yield_previous->func_end(estate, function);
}

/* PL/pgSQL has just told its plugin what it may call: all of that is for the one before, too. */
static void
yield_function_is_set_up(PLpgSQL_execstate *estate, PLpgSQL_function *function)
{
	PLpgSQL_plugin *mine = *(PLpgSQL_plugin **) find_rendezvous_variable("PLpgSQL_plugin");

	yield_previous->error_callback = mine->error_callback;
	yield_previous->assign_expr = mine->assign_expr;
	yield_previous->assign_value = mine->assign_value;
	yield_previous->eval_datum = mine->eval_datum;
	yield_previous->cast_value = mine->cast_value;
	if (yield_previous->func_setup != NULL)
		yield_previous->func_setup(estate, function);
}

void
ct_yield_begin(void)
{
	static PLpgSQL_plugin mine;
	PLpgSQL_plugin **plugin = (PLpgSQL_plugin **) find_rendezvous_variable("PLpgSQL_plugin");

	ct_yield_forget();
	yield_previous = *plugin;
	if (yield_previous != NULL)
	{
		mine = *yield_previous;
		mine.func_setup = yield_function_is_set_up;
	}
	mine.stmt_beg = yield_statement_begins;
	mine.func_end = yield_function_ends;
	*plugin = &mine;
}

void
ct_yield_forget(void)
{
	HASHCTL		ctl;

	if (yield_texts != NULL)
		hash_destroy(yield_texts);
	ctl.keysize = sizeof(uint64);
	ctl.entrysize = sizeof(YieldText);
	ctl.hcxt = TopMemoryContext;
	yield_texts = hash_create("ct_ext yields", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}
