/*
 * machine.h
 *		What the system tells of processes and of the machine: CPU and memory.
 *
 * All of it costs microseconds, and nothing is raised: what the system doesn't
 * tell is -1 or NaN.  Memory and the machine's CPU come from Linux' /proc, a
 * process' CPU from POSIX' clocks.
 */
#ifndef CT_MACHINE_H
#define CT_MACHINE_H

/* the setting ct_ext.proc_path: the folder of Linux' files */
extern char *ct_proc_path;

/* CPUs that are online, at least 1 */
extern int	ct_machine_cpus(void);

/* CPU time that a process, with all its threads, has used so far, in ns; -1: it is gone, or unknown */
extern int64 ct_process_cpu_ns(int pid);

/* the same of those of its children that have ended and were waited for, to the hundredth of a second */
extern int64 ct_process_reaped_ns(int pid);

/*
 * A process' private resident memory, in bytes, -1 as above: without pages of
 * files and of shared memory, which would count once for each process that has
 * touched them.
 */
extern int64 ct_process_memory(int pid);

/* CPU time of everything since the machine was started, and what there was to be had; false: unknown */
extern bool ct_machine_cpu(double *used, double *all);

/* memory in use, of all that there is, 0 to 1; NaN: unknown */
extern double ct_machine_memory_used(void);

#endif							/* CT_MACHINE_H */
