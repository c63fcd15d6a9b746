/*
 * knee.h
 *		Where the highest load is that holds: which load to try next, and what
 *		follows from those that were tried.
 *
 * A load holds or breaks, and near the limit that is partly luck.  So loads
 * are doubled until one breaks, the gap is halved until it is small, and then
 * both ends are tried once more; where two tries differ a third decides, and
 * the search goes on from there.  Each load is tried CT_KNEE_TRIES times at most,
 * so that it comes to an end.
 *
 * Nothing here allocates, raises, or reads a clock.
 */
#ifndef CT_KNEE_H
#define CT_KNEE_H

#define CT_KNEE_TRIES	3
#define CT_KNEE_POINTS	64		/* loads that are tried at most */

typedef struct CtKneePoint
{
	double		value;
	int			held;			/* tries */
	int			broke;
} CtKneePoint;

/* set the first members, and let the others be 0 */
typedef struct CtKnee
{
	double		start;			/* > 0 */
	double		min;			/* > 0; nothing lower is tried */
	double		max;			/* >= start; nothing higher is */
	double		resolution;		/* > 0: how wide the gap may stay, as a fraction of its lower end */
	bool		whole;			/* numbers of clients */

	int			npoints;
	CtKneePoint points[CT_KNEE_POINTS];	/* in the order of their values */
} CtKnee;

/* The load to try next; false if there is none. */
extern bool ct_knee_next(const CtKnee *knee, double *value);

/* That load was tried. */
extern void ct_knee_saw(CtKnee *knee, double value, bool held);

/* what all of it says; NaN where there is none */
typedef struct CtKneeResult
{
	double		found;			/* the highest load that holds, below one that breaks */
	double		low;			/* neither this one nor one below it ever broke */
	double		high;			/* neither this one nor one above it ever held */
	double		broken;			/* the lowest load that breaks */
} CtKneeResult;

extern CtKneeResult ct_knee_result(const CtKnee *knee);

#endif							/* CT_KNEE_H */
