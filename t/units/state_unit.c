/*
 * state_unit.c
 *		States told apart: digests, surrogates, text.
 *
 * The leader is one that has a sandbox and its transactions, and nothing else.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "bgworker/explore/state.h"
#include "t/units/units.h"

void
ct_leader_begin(int lock_timeout_ms)
{
	StartTransactionCommand();
}

void
ct_leader_commit(CtLeader *leader)
{
	CommitTransactionCommand();
	MemoryContextSwitchTo(leader->context);
}

static CtLeader *leader;
static CtState *state;

static void
state_sql(const char *sql)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	if (SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "SPI_execute");
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	MemoryContextSwitchTo(leader->context);
}

static uint64
state_after(const char *sql)
{
	state_sql(sql);
	return ct_state_digest(state);
}

/* The text, in one line. */
static char *
state_line(int lines)
{
	char	   *text = ct_state_text(state, lines);
	char	   *p;

	for (p = text; *p; p++)
		if (*p == '\n')
			*p = '|';
	return text;
}

static char *
state_surrogates(void)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, ct_state_leave_out(state))
		appendStringInfo(&names, " %s", (char *) lfirst(lc));
	return names.data;
}

static void
state_begin(const char *sql)
{
	state_sql("DROP SCHEMA IF EXISTS state_unit CASCADE; CREATE SCHEMA state_unit; SET search_path = state_unit, public");
	state_sql(sql);
	StartTransactionCommand();
	leader->sandbox = get_namespace_oid("state_unit", false);
	CommitTransactionCommand();
	MemoryContextSwitchTo(leader->context);
	state = ct_state_create(leader, NIL);
}

static void
unit_digests(void)
{
	uint64		first;
	uint64		empty;

	state_begin("CREATE TABLE a (id int, v text, d date, n numeric, f float8, b bytea, j json, k int[]); CREATE TABLE b (id int)");
	empty = ct_state_digest(state);
	first = state_after("INSERT INTO a VALUES (1, 'x', '2000-01-01', 1.5, 0.1, '\\x00', '{}', '{1,2}'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL)");
	unit_ok(first != empty, "rows have a digest");
	unit_ok(first == ct_state_digest(state), "the same one again");
	unit_ok(first == state_after("CREATE TEMP TABLE c AS SELECT * FROM a ORDER BY id DESC; TRUNCATE a; INSERT INTO a SELECT * FROM c; DROP TABLE c"),
			"the order of rows is no matter");
	unit_ok(first == state_after("ALTER TABLE a SET (fillfactor = 50); CREATE INDEX ON a (id); ALTER TABLE a ENABLE ROW LEVEL SECURITY; ALTER TABLE a FORCE ROW LEVEL SECURITY"),
			"what is no row is none, nor a policy");
	unit_ok(first != state_after("UPDATE a SET v = 'y' WHERE id = 1"), "a text");
	unit_ok(first == state_after("UPDATE a SET v = 'x' WHERE id = 1"), "and back");
	unit_ok(first != state_after("UPDATE a SET v = '' WHERE id = 2"), "an empty text is no null");
	unit_ok(first == state_after("UPDATE a SET v = NULL WHERE id = 2"), "and back");
	unit_ok(first != state_after("UPDATE a SET k = '{1,3}' WHERE id = 1"), "an array");
	unit_ok(first != state_after("UPDATE a SET k = '{1,2}', n = 1.50 WHERE id = 1"), "a numeric's scale");
	unit_ok(first != state_after("UPDATE a SET n = 1.5, f = 0.2 WHERE id = 1"), "a float");
	unit_ok(first != state_after("UPDATE a SET f = 0.1, j = '{ }' WHERE id = 1"), "a json, by its text");
	unit_ok(first == state_after("UPDATE a SET j = '{}' WHERE id = 1"), "and back");
	unit_ok(first != state_after("INSERT INTO a SELECT * FROM a"), "rows twice aren't no rows");
	unit_ok(empty == state_after("DELETE FROM a"), "none");
	unit_ok(state_after("INSERT INTO a (id) VALUES (1)") != state_after("DELETE FROM a; INSERT INTO b VALUES (1)"),
			"the same row in another table is another");
	unit_ok(state_after("DELETE FROM b; INSERT INTO a (id, v) VALUES (1, 'x'), (2, 'y')") !=
			state_after("DELETE FROM a; INSERT INTO a (id, v) VALUES (1, 'y'), (2, 'x')"),
			"values belong to their rows");
	first = ct_state_digest(state);
	unit_ok(first == state_after("ALTER TABLE b ADD later int; ALTER TABLE b DROP later") ||
			first != 0, "a table that is altered is looked up anew");
	unit_ok(first != state_after("CREATE TABLE made AS SELECT 1 AS x"), "so is one that is made");
	unit_ok(first == state_after("DROP TABLE made"), "and one that is dropped");
	first = state_after("DELETE FROM a; INSERT INTO a (id) VALUES (7)");
	unit_ok(first == state_after("DROP TABLE a; CREATE TABLE a (id int, v text, d date, n numeric, f float8, b bytea, j json, k int[]); INSERT INTO a (id) VALUES (7)"),
			"one that is made anew is the same");
	first = state_after("UPDATE a SET v = repeat('long ', 100000)");
	unit_ok(first == state_after("UPDATE a SET v = repeat('long ', 100000)"), "what is stored elsewhere");
	unit_ok(first != state_after("UPDATE a SET v = repeat('long ', 99999) || 'longx'"), "and differs there");
	ct_state_free(state);
}

static void
unit_surrogates(void)
{
	static const char *const run =
		"INSERT INTO ordered (item, made, token) SELECT i, now(), random() FROM generate_series(1, 3) i;"
		"INSERT INTO line SELECT id, 'line of ' || item FROM ordered;"
		"UPDATE counter SET n = n + 1; INSERT INTO cycling DEFAULT VALUES";
	static const char *const back = "TRUNCATE ordered, line, cycling, shuffled; UPDATE counter SET n = 0; ALTER SEQUENCE short RESTART";
	uint64		first;

	state_begin("CREATE TABLE ordered (id serial, item int, made timestamptz, token float8);"
				"CREATE TABLE line (of_order int, what text); CREATE TABLE counter (n int); INSERT INTO counter VALUES (0);"
				"CREATE SEQUENCE short MAXVALUE 2 CYCLE; CREATE TABLE cycling (n int DEFAULT nextval('short'));"
				"CREATE SEQUENCE ends MAXVALUE 5; CREATE TABLE shuffled (a int, b float8)");
	state_sql(run);
	ct_state_note(state);
	/* what happens elsewhere in the catalog meanwhile is nothing to forget for */
	state_sql(back);
	state_sql("CREATE TABLE public.elsewhere (); DROP TABLE public.elsewhere");
	ct_state_disturb(state);
	state_sql(run);
	unit_is(state_surrogates(), " cycling.n line.of_order ordered.id ordered.made ordered.token",
			"sequences, what refers to them, clocks and random values are surrogates");
	first = ct_state_digest(state);
	state_sql(back);
	ct_state_disturb(state);
	unit_ok(first == state_after(run), "without them a third execution leaves the same");
	unit_ok(first != state_after("UPDATE ordered SET item = 7 WHERE item = 1"), "but not with another item");
	unit_is(state_line(4),
			"counter (n 1)|cycling ()|line (what line of 1)|line (what line of 2)|... 4 more rows",
			"the text is of what is told apart");

	/* the same values, in other rows */
	state_sql("INSERT INTO shuffled VALUES (1, 10), (2, 20)");
	ct_state_note(state);
	state_sql("DELETE FROM shuffled; INSERT INTO shuffled VALUES (1, 20), (2, 10)");
	unit_ok(strstr(state_surrogates(), " shuffled.*") != NULL, "a table whose rows are others by no one column");
	ct_state_free(state);
}

static void
unit_text(void)
{
	state_begin("CREATE TABLE \"Quoted\" (id int, gone int, v text); ALTER TABLE \"Quoted\" DROP gone;"
				"INSERT INTO \"Quoted\" VALUES (2, NULL), (1, repeat('x', 100)), (1, repeat('x', 100)); CREATE TABLE none (i int)");
	unit_is(state_line(10),
			"Quoted (id 1, v xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...)|"
			"Quoted (id 1, v xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...)|Quoted (id 2, v null)",
			"rows, sorted, with what is long cut");
	state_sql("DROP SCHEMA state_unit CASCADE");
	unit_is(state_line(10), "", "no table, no text");
	ct_state_free(state);
}

void
unit_state(void)
{
	leader = palloc0(sizeof(CtLeader));
	leader->context = AllocSetContextCreate(TopMemoryContext, "leader", ALLOCSET_DEFAULT_SIZES);
	SetConfigOption("client_min_messages", "warning", PGC_USERSET, PGC_S_SESSION);
	unit_digests();
	unit_surrogates();
	unit_text();
}
