/*
 * ct_ext.c
 *		Module magic, initialization and settings; nothing else.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "src/base/machine.h"
#include "src/base/settings.h"

PG_MODULE_MAGIC;

int			ct_progress_interval = 5;
int			ct_barrier_timeout = 1000;
int			ct_stop_timeout = 5000;
int			ct_spec_step_timeout = 360;
bool		ct_telemetry = true;
int			ct_sample_interval = 10;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	DefineCustomIntVariable("ct_ext.progress_interval",
							"Time between the progress notices of a waiting ct_run.",
							"Zero turns them off.",
							&ct_progress_interval, 5, 0, 3600,
							PGC_USERSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("ct_ext.barrier_timeout",
							"Time that a worker waits at a \\barrier for the others.",
							NULL,
							&ct_barrier_timeout, 1000, 1, 3600000,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("ct_ext.stop_timeout",
							"Time that transactions under way get at the end of a run before they are cancelled.",
							NULL,
							&ct_stop_timeout, 5000, 0, 3600000,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("ct_ext.spec_step_timeout",
							"Time that ct_run_spec waits for a step before it is cancelled.",
							"isolationtester has it from the environment, as PGISOLATIONTIMEOUT. After twice this time the spec is given up.",
							&ct_spec_step_timeout, 360, 1, 86400,
							PGC_USERSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomStringVariable("ct_ext.proc_path",
							   "Folder where the system tells of its processes.",
							   "A run's memory and the machine's CPU are read from there; where it doesn't exist they are unknown.",
							   &ct_proc_path, "/proc",
							   PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("ct_ext.telemetry",
							 "Looks, while a run is under way, at what its sessions wait for and what they use.",
							 "Off, a run has no waits, blocking, deadlocks, resources and samples.",
							 &ct_telemetry, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("ct_ext.sample_interval",
							"Time between two looks at what the sessions of a run wait for, on average.",
							NULL,
							&ct_sample_interval, 10, 1, 1000,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	MarkGUCPrefixReserved("ct_ext");
}
