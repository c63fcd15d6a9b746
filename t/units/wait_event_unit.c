/*
 * wait_event_unit.c
 *		The wait events of our own: that they can be told apart, by whoever looks.
 */
#include "postgres.h"

#include "fmgr.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/wait_event.h"

#include "src/base/wait_event.h"
#include "t/units/units.h"

void
unit_wait_event(void)
{
	CtWaitEvent event;

	for (event = 0; event < CT_NWAITS; event++)
	{
		uint32		info = ct_wait_event(event);

		unit_ok(info != PG_WAIT_EXTENSION && (info & 0xFF000000) == PG_WAIT_EXTENSION,
				"%s is an extension's, and not any", ct_wait_event_name(event));
		unit_is(pgstat_get_wait_event_type(info), "Extension",
				psprintf("%s: what it shows as", ct_wait_event_name(event)));
		unit_ok(ct_wait_event_of(info) == event, "%s is known from others",
				ct_wait_event_name(event));
	}
	unit_ok(ct_wait_event_of(PG_WAIT_EXTENSION) == CT_NWAITS, "another extension's is none of ours");
	unit_ok(ct_wait_event_of(0) == CT_NWAITS, "none is none of ours");
	unit_ok(ct_wait_event_of(PG_WAIT_LOCK) == CT_NWAITS, "a lock is none of ours");
}

PG_FUNCTION_INFO_V1(units_wait_event);

/* units_wait_event(pid integer) returns text: which of ours a process waits at, NULL if at none */
Datum
units_wait_event(PG_FUNCTION_ARGS)
{
	PGPROC	   *proc = BackendPidGetProc(PG_GETARG_INT32(0));
	CtWaitEvent event = proc == NULL ? CT_NWAITS :
		ct_wait_event_of(*(volatile uint32 *) &proc->wait_event_info);

	if (event == CT_NWAITS)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(ct_wait_event_name(event)));
}
