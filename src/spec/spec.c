/*
 * spec.c
 *		Reads isolationtester's specs: what the grammar can't tell.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "src/spec/spec.h"

/* The step of that name; NULL if there is none. */
static CtSpecStep *
spec_step(const CtSpec *spec, const char *name)
{
	ListCell   *s;
	ListCell   *lc;

	foreach(s, spec->sessions)
	{
		foreach(lc, ((CtSpecSession *) lfirst(s))->steps)
		{
			CtSpecStep *step = lfirst(lc);

			if (strcmp(step->name, name) == 0)
				return step;
		}
	}
	return NULL;
}

static void
spec_number_steps(CtSpec *spec)
{
	ListCell   *s;
	ListCell   *lc;

	foreach(s, spec->sessions)
	{
		foreach(lc, ((CtSpecSession *) lfirst(s))->steps)
		{
			CtSpecStep *step = lfirst(lc);
			CtSpecStep *first = spec_step(spec, step->name);

			step->session = foreach_current_index(s);
			if (first != step)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_OBJECT),
						 errmsg("duplicate step name at line %d of the spec: %s", step->line, step->name),
						 errdetail("The first one is at line %d.", first->line),
						 errhint("A step's name must be unique in the whole spec.")));
		}
	}
}

/* The step of a permutation that a marker names; it may come later. */
static CtSpecStep *
spec_marked_step(const List *permutation, const CtSpecEntry *entry, const CtSpecMarker *marker)
{
	ListCell   *lc;

	foreach(lc, permutation)
	{
		CtSpecEntry *other = lfirst(lc);

		if (strcmp(other->name, marker->name) != 0)
			continue;
		if (other->step->session == entry->step->session)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
					 errmsg("step \"%s\" at line %d of the spec cannot wait for a step of its own session",
							entry->name, entry->line),
					 errdetail("\"%s\" is of the same session, which executes one step after the other.",
							   marker->name)));
		return other->step;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("undefined step \"%s\" in a marker of step \"%s\" at line %d of the spec",
					marker->name, entry->name, entry->line),
			 errhint("A marker names another step of the same permutation.")));
	return NULL;				/* keep the compiler quiet */
}

static void
spec_link_permutation(CtSpec *spec, const List *permutation)
{
	ListCell   *e;
	ListCell   *lc;

	foreach(e, permutation)
	{
		CtSpecEntry *entry = lfirst(e);

		entry->step = spec_step(spec, entry->name);
		if (entry->step == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("undefined step \"%s\" in a permutation at line %d of the spec",
							entry->name, entry->line),
					 errhint("A step's name has to be written as where it is defined, in its case.")));
		entry->step->used = true;
	}
	foreach(e, permutation)
	{
		CtSpecEntry *entry = lfirst(e);

		foreach(lc, entry->markers)
		{
			CtSpecMarker *marker = lfirst(lc);

			if (marker->kind != CT_SPEC_AT_ONCE)
				marker->step = spec_marked_step(permutation, entry, marker);
		}
	}
}

static int
spec_compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(((const CtSpecStep *) lfirst(a))->name, ((const CtSpecStep *) lfirst(b))->name);
}

CtSpec *
ct_spec_parse(const char *text)
{
	CtSpec	   *spec = palloc0(sizeof(CtSpec));
	CtSpecScan	scan;
	yyscan_t	scanner;
	ListCell   *s;
	ListCell   *lc;

	memset(&scan, 0, sizeof(scan));
	scan.spec = spec;
	scan.line = 1;
	scan.text = makeStringInfo();
	scanner = ct_spec_scan_begin(text, &scan);
	if (ct_spec_yyparse(scanner, &scan) != 0)
		elog(ERROR, "could not parse a spec");	/* yyerror doesn't return */
	ct_spec_scan_end(scanner);

	spec_number_steps(spec);
	foreach(lc, spec->permutations)
		spec_link_permutation(spec, lfirst(lc));
	if (spec->permutations == NIL)
		return spec;

	foreach(s, spec->sessions)
	{
		foreach(lc, ((CtSpecSession *) lfirst(s))->steps)
		{
			if (!((CtSpecStep *) lfirst(lc))->used)
				spec->unused = lappend(spec->unused, lfirst(lc));
		}
	}
	list_sort(spec->unused, spec_compare_names);
	return spec;
}
