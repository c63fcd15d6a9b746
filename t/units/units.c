/*
 * units.c
 *		Calls a unit in a background worker, and returns what it has printed.
 *
 * The text is in a segment that the caller makes and reads when the worker has
 * ended, in whatever way; so nothing is locked.
 */
#include "postgres.h"

#include <signal.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "t/units/units.h"

PG_MODULE_MAGIC;

#define UNITS_SIZE	(256 * 1024)

static const struct
{
	const char *name;
	void		(*run) (void);
}			units[] =
{
	{"session", unit_session},
	{"sessions", unit_sessions},
	{"interpret", unit_interpret},
	{"wait_event", unit_wait_event},
	{"rows", unit_rows},
	{"explored", unit_explored},
	{"search", unit_search},
	{"state", unit_state},
	{"sample", unit_sample},
	{"scan", unit_scan},
	{"recovery", unit_recovery},
};

/* what the worker gets to know */
typedef struct UnitOrder
{
	Oid			database;
	Oid			role;
	int			unit;
} UnitOrder;

static char *units_text;		/* where the worker prints to */
static Size units_length = 0;

static void
units_print(const char *text)
{
	Size		length = Min(strlen(text), UNITS_SIZE - 1 - units_length);

	memcpy(units_text + units_length, text, length);
	units_length += length;
}

void
unit_ok(bool ok, const char *what,...)
{
	char		text[1024];
	va_list		args;

	va_start(args, what);
	vsnprintf(text, sizeof(text), what, args);
	va_end(args);
	units_print(ok ? "ok " : "not ok ");
	units_print(text);
	units_print("\n");
}

void
unit_is(const char *is, const char *expected, const char *what)
{
	if (is != NULL && expected != NULL ? strcmp(is, expected) == 0 : is == expected)
		unit_ok(true, "%s", what);
	else
		unit_ok(false, "%s: is %s, not %s", what, is ? is : "NULL", expected ? expected : "NULL");
}

extern PGDLLEXPORT void ct_units_main(Datum main_arg);

void
ct_units_main(Datum main_arg)
{
	dsm_segment *segment;
	UnitOrder	order;
	sigjmp_buf	local_sigjmp_buf;

	memcpy(&order, MyBgworkerEntry->bgw_extra, sizeof(order));
	pqsignal(SIGTERM, die);
	pqsignal(SIGINT, StatementCancelHandler);
	BackgroundWorkerUnblockSignals();
	segment = dsm_attach(DatumGetUInt32(main_arg));
	if (segment == NULL)
		proc_exit(1);
	units_text = dsm_segment_address(segment);
	BackgroundWorkerInitializeConnectionByOid(order.database, order.role, 0);
	MemoryContextSwitchTo(AllocSetContextCreate(TopMemoryContext, "ct_units",
												ALLOCSET_DEFAULT_SIZES));

	if (sigsetjmp(local_sigjmp_buf, 1) != 0)
	{
		ErrorData  *error;

		error_context_stack = NULL;
		HOLD_INTERRUPTS();
		MemoryContextSwitchTo(TopMemoryContext);
		error = CopyErrorData();
		unit_ok(false, "it raised: %s", error->message);
		EmitErrorReport();
		proc_exit(1);
	}
	PG_exception_stack = &local_sigjmp_buf;

	units[order.unit].run();
	units_print("done\n");
	proc_exit(0);
}

PG_FUNCTION_INFO_V1(units_run);

/* units_run(unit text) returns text */
Datum
units_run(PG_FUNCTION_ARGS)
{
	const char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	dsm_segment *segment;
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;
	UnitOrder	order;
	text	   *result;

	for (order.unit = 0; strcmp(units[order.unit].name, name) != 0; order.unit++)
		if (order.unit == lengthof(units) - 1)
			elog(ERROR, "there is no unit \"%s\"", name);
	order.database = MyDatabaseId;
	order.role = GetUserId();

	segment = dsm_create(UNITS_SIZE, 0);
	memset(dsm_segment_address(segment), 0, UNITS_SIZE);
	snprintf(worker.bgw_name, sizeof(worker.bgw_name), "unit %s", name);
	snprintf(worker.bgw_type, sizeof(worker.bgw_type), "ct_units");
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "ct_units");
	snprintf(worker.bgw_function_name, sizeof(worker.bgw_function_name), "ct_units_main");
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
	memcpy(worker.bgw_extra, &order, sizeof(order));
	worker.bgw_notify_pid = MyProcPid;
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		elog(ERROR, "there is no slot for a background worker");
	(void) WaitForBackgroundWorkerShutdown(handle);

	result = cstring_to_text(dsm_segment_address(segment));
	dsm_detach(segment);
	PG_RETURN_TEXT_P(result);
}
