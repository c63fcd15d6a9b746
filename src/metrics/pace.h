/*
 * pace.h
 *		A rate that rises or falls, and the Poisson process that has it.
 *
 * Times are seconds from the pace's beginning.  The rate goes from one value
 * to the other in a straight line for as long as the ramp lasts, and stays
 * there.  The process is made by a change of time: where "count" events are
 * expected by a time, the gaps between events, told in counts, are
 * exponential with mean 1, whatever the rate does.
 */
#ifndef CT_PACE_H
#define CT_PACE_H

typedef struct CtPace
{
	double		from;			/* events per second at the beginning, at least 0 */
	double		to;				/* from the ramp's end on, more than 0 */
	double		ramp;			/* seconds, 0: there is none */
} CtPace;

/* how many events are expected between two times */
extern double ct_pace_count(const CtPace *pace, double from_s, double until_s);

/* by when, after that time, so many are expected */
extern double ct_pace_after(const CtPace *pace, double from_s, double count);

#endif							/* CT_PACE_H */
