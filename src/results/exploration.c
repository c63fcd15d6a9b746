/*
 * exploration.c
 *		What an exploration has found: the words for it.
 */
#include "postgres.h"

#include "src/results/exploration.h"

const char *
ct_execution_result_name(CtExecutionResult result)
{
	static const char *const names[] = {
		[CT_EXECUTION_PASS] = "pass",
		[CT_EXECUTION_NOT_SERIAL] = "not_serial",
		[CT_EXECUTION_CHECK] = "check",
		[CT_EXECUTION_ERROR] = "error",
		[CT_EXECUTION_DEADLOCK] = "deadlock",
		[CT_EXECUTION_HANG] = "hang"
	};

	return names[result];
}

const char *
ct_step_event_name(CtStepEvent event)
{
	static const char *const names[] = {
		[CT_STEP_RAN] = "ran",
		[CT_STEP_WAITS] = "waits",
		[CT_STEP_GOES_ON] = "goes on",
		[CT_STEP_FAILED] = "error"
	};

	return names[event];
}
