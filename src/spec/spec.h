/*
 * spec.h
 *		An isolationtester spec, as it is read.
 *
 * Wording is isolationtester's: a spec has sessions; a session has steps, each
 * of which is some SQL; a permutation is an order of steps, each with markers
 * that tell when its completion may be reported.
 */
#ifndef CT_SPEC_H
#define CT_SPEC_H

#include "nodes/pg_list.h"

typedef struct CtSpecStep
{
	const char *name;
	const char *sql;
	int			session;		/* its number, from 0 */
	int			line;			/* of the spec, from 1 */
	bool		used;			/* in some permutation */
} CtSpecStep;

typedef struct CtSpecSession
{
	const char *name;
	const char *setup;			/* NULL: none */
	const char *teardown;		/* NULL: none */
	List	   *steps;			/* of CtSpecStep */
} CtSpecSession;

/* a step isn't reported as completed ... */
typedef enum CtSpecMarkerKind
{
	CT_SPEC_AT_ONCE,			/* at once: "*" */
	CT_SPEC_STEP,				/* while that other step is under way */
	CT_SPEC_NOTICES				/* until that other step's session has sent so many notices */
} CtSpecMarkerKind;

typedef struct CtSpecMarker
{
	CtSpecMarkerKind kind;
	const char *name;			/* of the other step */
	CtSpecStep *step;			/* itself */
	int			notices;
	int			until;			/* so many notices of its session; while a permutation is run */
} CtSpecMarker;

/* a step in a permutation */
typedef struct CtSpecEntry
{
	const char *name;
	CtSpecStep *step;
	int			line;
	List	   *markers;		/* of CtSpecMarker */
} CtSpecEntry;

typedef struct CtSpec
{
	List	   *setups;			/* of char *, each executed by itself */
	const char *teardown;		/* NULL: none */
	List	   *sessions;		/* of CtSpecSession */
	List	   *permutations;	/* of lists of CtSpecEntry; NIL: all that there are */
	List	   *unused;			/* steps that no permutation has, where some are given */
} CtSpec;

/*
 * Reads a spec.  All memory is of the current context; names and SQL are
 * copies.  Raises ERRCODE_SYNTAX_ERROR, ERRCODE_DUPLICATE_OBJECT for a step
 * that is defined twice and ERRCODE_UNDEFINED_OBJECT for one that isn't, with
 * the line.
 */
extern CtSpec *ct_spec_parse(const char *text);

/* ---- between scanner, grammar and checks ---- */

typedef struct CtSpecScan
{
	CtSpec	   *spec;			/* what was read */
	int			line;			/* where the scanner is */
	int			token_line;		/* where the last token begins */
	const char *token;			/* the last token, as far as it is worth showing */
	int			token_length;
	void	   *text;			/* StringInfo: what a token of several pieces has so far */
} CtSpecScan;

#ifndef YY_TYPEDEF_YY_SCANNER_T
#define YY_TYPEDEF_YY_SCANNER_T
typedef void *yyscan_t;
#endif

extern int	ct_spec_yyparse(yyscan_t scanner, CtSpecScan *scan);
extern yyscan_t ct_spec_scan_begin(const char *text, CtSpecScan *scan);
extern void ct_spec_scan_end(yyscan_t scanner);

#endif							/* CT_SPEC_H */
