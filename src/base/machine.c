/*
 * machine.c
 *		What the system tells of processes and of the machine.
 *
 * Its files are read anew each time, in one piece: what they say is made when
 * they are read.  A process may be gone at any moment, which is nothing but
 * unknown.
 */
#include "postgres.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "utils/float.h"

#include "src/base/clock.h"
#include "src/base/machine.h"

/* what is read of a file: its first lines */
#define MACHINE_READ	2048

char	   *ct_proc_path = "/proc";

/* A file below the folder of such files; false if there is none.  text has MACHINE_READ bytes. */
static bool
machine_read(const char *name, char *text)
{
	char		path[MAXPGPATH];
	int			fd;
	ssize_t		n;

	snprintf(path, sizeof(path), "%s/%s", ct_proc_path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, MACHINE_READ - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return true;
}

static bool
machine_read_of(int pid, const char *name, char *text)
{
	char		file[64];

	snprintf(file, sizeof(file), "%d/%s", pid, name);
	return machine_read(file, text);
}

int
ct_machine_cpus(void)
{
	long		n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (int) n : 1;
}

int64
ct_process_cpu_ns(int pid)
{
#if defined(_POSIX_CPUTIME) && _POSIX_CPUTIME >= 0
	clockid_t	clock;
	struct timespec time;

	if (pid > 0 && clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &time) == 0)
		return (int64) time.tv_sec * CT_NS_PER_S + time.tv_nsec;
#endif
	return -1;
}

int64
ct_process_reaped_ns(int pid)
{
	char		text[MACHINE_READ];
	const char *p;
	unsigned long long user;
	unsigned long long sys;

	/* the program's name may have blanks and brackets in it */
	if (!machine_read_of(pid, "stat", text) || (p = strrchr(text, ')')) == NULL ||
		sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %llu %llu", &user, &sys) != 2)
		return -1;
	return (int64) (user + sys) * (int64) (CT_NS_PER_S / Max(sysconf(_SC_CLK_TCK), 1));
}

int64
ct_process_memory(int pid)
{
	char		text[MACHINE_READ];
	long long	resident;
	long long	shared;

	if (pid <= 0 || !machine_read_of(pid, "statm", text) ||
		sscanf(text, "%*d %lld %lld", &resident, &shared) != 2)
		return -1;
	return Max(resident - shared, 0) * (int64) sysconf(_SC_PAGESIZE);
}

bool
ct_machine_cpu(double *used, double *all)
{
	char		text[MACHINE_READ];
	unsigned long long times[8];
	int			i;

	/* user nice system idle iowait irq softirq steal; guests are in user and nice */
	if (!machine_read("stat", text) ||
		sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &times[0], &times[1], &times[2],
			   &times[3], &times[4], &times[5], &times[6], &times[7]) != 8)
		return false;
	*all = 0;
	for (i = 0; i < lengthof(times); i++)
		*all += times[i];
	*used = *all - times[3] - times[4];
	return true;
}

/* The number after a line's name; -1 if there is no such line. */
static double
machine_line(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	unsigned long long kb;

	return line != NULL && sscanf(line + strlen(name), " %llu", &kb) == 1 ? (double) kb : -1;
}

double
ct_machine_memory_used(void)
{
	char		text[MACHINE_READ];
	double		total;
	double		available;

	if (!machine_read("meminfo", text))
		return get_float8_nan();
	total = machine_line(text, "MemTotal:");
	available = machine_line(text, "MemAvailable:");
	return total > 0 && available >= 0 ? 1 - available / total : get_float8_nan();
}
