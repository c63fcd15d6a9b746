/*
 * import.c
 *		ct_import_pgbench: a scenario of an unmodified pgbench script.
 *
 * The language of our scripts is pgbench's, so there is nothing to translate.
 * What comes on top is the choice of pgbench's own builtin scripts by name,
 * with the tables they need, and defaults that measure as pgbench does: one
 * try per transaction, and no overlap asked for where nothing is checked.
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"

#include "api/define.h"
#include "src/catalog/version.h"

CT_FUNCTION_INFO_V1(ct_import_pgbench);

/* pgbench.c's builtin_script[], naccounts and the like written out */
#define SET_AID "\\set aid random(1, 100000 * :scale)\n"
#define SET_BID "\\set bid random(1, 1 * :scale)\n"
#define SET_TID "\\set tid random(1, 10 * :scale)\n"
#define SET_DELTA "\\set delta random(-5000, 5000)\n"
#define UPDATE_ACCOUNT \
	"UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;\n"
#define SELECT_ACCOUNT \
	"SELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n"
#define INSERT_HISTORY \
	"INSERT INTO pgbench_history (tid, bid, aid, delta, mtime)" \
	" VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);\n"

static const struct
{
	const char *name;
	const char *body;
	bool		balanced;		/* tellers and branches are kept up too */
}			builtins[] =

{
	{
		"tpcb-like",
		SET_AID SET_BID SET_TID SET_DELTA
		"BEGIN;\n"
		UPDATE_ACCOUNT
		SELECT_ACCOUNT
		"UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;\n"
		"UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;\n"
		INSERT_HISTORY
		"END;\n",
		true
	},
	{
		"simple-update",
		SET_AID SET_BID SET_TID SET_DELTA
		"BEGIN;\n"
		UPDATE_ACCOUNT
		SELECT_ACCOUNT
		INSERT_HISTORY
		"END;\n",
		false
	},
	{
		"select-only",
		SET_AID
		SELECT_ACCOUNT,
		false
	}
};

/* what "pgbench -i -s :scale" makes, in the sandbox */
static const char builtin_setup[] =
"CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));\n"
"CREATE TABLE pgbench_tellers (tid int NOT NULL, bid int, tbalance int, filler char(84)) WITH (fillfactor = 100);\n"
"CREATE TABLE pgbench_accounts (aid int NOT NULL, bid int, abalance int, filler char(84)) WITH (fillfactor = 100);\n"
"CREATE TABLE pgbench_branches (bid int NOT NULL, bbalance int, filler char(88)) WITH (fillfactor = 100);\n"
"INSERT INTO pgbench_branches (bid, bbalance)\n"
"SELECT bid, 0 FROM generate_series(1, CAST(:scale AS int)) AS bid;\n"
"INSERT INTO pgbench_tellers (tid, bid, tbalance)\n"
"SELECT tid, (tid - 1) / 10 + 1, 0 FROM generate_series(1, CAST(:scale AS int) * 10) AS tid;\n"
"INSERT INTO pgbench_accounts (aid, bid, abalance, filler)\n"
"SELECT aid, (aid - 1) / 100000 + 1, 0, '' FROM generate_series(1, CAST(:scale AS int) * 100000) AS aid;\n"
"ALTER TABLE pgbench_branches ADD PRIMARY KEY (bid);\n"
"ALTER TABLE pgbench_tellers ADD PRIMARY KEY (tid);\n"
"ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid);\n"
"ANALYZE pgbench_branches, pgbench_tellers, pgbench_accounts, pgbench_history;\n";

/* TPC-B's consistency condition */
static const char builtin_check[] =
"SELECT * FROM (SELECT\n"
"    (SELECT sum(abalance) FROM pgbench_accounts) AS accounts,\n"
"    (SELECT sum(tbalance) FROM pgbench_tellers) AS tellers,\n"
"    (SELECT sum(bbalance) FROM pgbench_branches) AS branches,\n"
"    (SELECT coalesce(sum(delta), 0) FROM pgbench_history) AS history) AS sums\n"
"WHERE accounts <> history OR tellers <> history OR branches <> history";

Datum
ct_import_pgbench(PG_FUNCTION_ARGS)
{
	CtScenarioDefinition definition;
	CtScriptDefinition script = {0};
	CtArgs		args;
	int			builtin = -1;
	bool		own_tables;
	bool		replace;
	int			i;

	ct_define_begin("ct_import_pgbench()");
	ct_args_begin(&args, fcinfo);
	ct_define_read_args(&args, &definition);
	script.name = "script";
	script.body = ct_args_text_required(&args, "script", "script");
	script.weight = 1;
	script.quoted = true;
	replace = ct_args_flag(&args, "replace");
	ct_args_end(&args);
	definition.category = "pgbench";
	definition.explore_params = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
	if (!definition.has_max_tries)
		definition.max_tries = 1;
	definition.has_max_tries = true;

	for (i = 0; i < lengthof(builtins); i++)
	{
		if (strcmp(script.body, builtins[i].name) == 0)
			builtin = i;
	}
	own_tables = builtin >= 0 && definition.setup == NULL;
	if (builtin >= 0)
	{
		script.body = builtins[builtin].body;
		script.name = builtins[builtin].name;
	}
	if (own_tables)
		definition.setup = builtin_setup;

	/* 0 where nothing is checked, unless it is given */
	definition.has_min_overlap |= !(own_tables && builtins[builtin].balanced);

	ct_define_scenario(&definition, replace);
	ct_define_script(definition.name, &script);
	if (own_tables && builtins[builtin].balanced)
	{
		CtCheckDefinition check = {
			.name = "balances_agree",
			.query = builtin_check,
			.description = "accounts, tellers, branches and history sum up to the same",
			.kind = "lost_update"
		};

		ct_define_check(definition.name, &check);
	}
	PG_RETURN_VOID();
}
