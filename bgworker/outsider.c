/*
 * outsider.c
 *		What to call a process that is none of a run's sessions.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "utils/backend_status.h"

#include "bgworker/outsider.h"
#include "src/base/ct_compat.h"

char *
ct_outsider(CtShared *shared, int pid)
{
	char	   *name = NULL;
	int			n;
	int			i;

	if (pid == 0)
		return pstrdup("prepared transaction");
	if (pid == shared->leader_pid && pg_atomic_read_u32(&shared->locker.state) != CT_LOCKER_NONE)
		return pstrdup("lock_hold");
	pgstat_clear_backend_activity_snapshot();
	n = pgstat_fetch_stat_numbackends();
	for (i = 1; i <= n && name == NULL; i++)
	{
		const PgBackendStatus *entry = &ct_local_backend(i)->backendStatus;
		const char *type;

		if (entry->st_procpid != pid)
			continue;
		type = entry->st_backendType == B_BG_WORKER ? GetBackgroundWorkerTypeByPid(pid) : NULL;
		if (type == NULL)
			type = GetBackendTypeDesc(entry->st_backendType);
		name = entry->st_appname[0] == '\0' || strcmp(entry->st_appname, type) == 0 ?
			psprintf("%s %d", type, pid) : psprintf("%s %d (%s)", type, pid, entry->st_appname);
	}
	pgstat_clear_backend_activity_snapshot();
	return name != NULL ? name : psprintf("process %d", pid);
}
