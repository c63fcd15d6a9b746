%{
/*
 * specparse.y
 *		The grammar of isolationtester's specs.
 *
 * The parser keeps nothing: what it read goes into the scanner's CtSpecScan,
 * and all memory, its own stack included, is palloc'd in the current context,
 * so that an error may leave at any point.
 */
#include "postgres.h"

#include "src/spec/spec.h"

/* bison's own allocations; lists are read from the left, so that nothing is nested deep */
#define YYMALLOC palloc
#define YYFREE	 pfree
%}

%code
{
extern int	ct_spec_yylex(YYSTYPE *value, yyscan_t scanner);
static void ct_spec_yyerror(yyscan_t scanner, CtSpecScan *scan, const char *message);
static CtSpecMarker *marker_make(CtSpecMarkerKind kind, const char *name, int notices);
}

%define api.pure full
%define parse.error verbose
%expect 0
%name-prefix="ct_spec_yy"

%parse-param {yyscan_t scanner}
%parse-param {CtSpecScan *scan}
%lex-param   {yyscan_t scanner}

%union
{
	int			number;
	const char *text;
	List	   *list;
	CtSpecSession *session;
	CtSpecStep *step;
	CtSpecEntry *entry;
	CtSpecMarker *marker;
}

%token END_OF_SPEC 0 "the end"
%token <text> NAME "a name"
%token <text> BLOCK "SQL in braces"
%token <number> NUMBER "a number"
%token NOTICES "notices"
%token PERMUTATION "permutation"
%token SESSION "session"
%token SETUP "setup"
%token STEP "step"
%token TEARDOWN "teardown"

%type <list> setups sessions steps permutations permutation markers marked
%type <text> setup teardown
%type <session> session
%type <step> step
%type <entry> entry place
%type <marker> marker
%type <number> step_word

%%

spec: setups teardown sessions permutations
		{
			scan->spec->setups = $1;
			scan->spec->teardown = $2;
			scan->spec->sessions = $3;
			scan->spec->permutations = $4;
			(void) yynerrs;
		}
	;

setups:								{ $$ = NIL; }
	| setups SETUP BLOCK			{ $$ = lappend($1, unconstify(char *, $3)); }
	;

setup:								{ $$ = NULL; }
	| SETUP BLOCK					{ $$ = $2; }
	;

teardown:							{ $$ = NULL; }
	| TEARDOWN BLOCK				{ $$ = $2; }
	;

sessions: session					{ $$ = list_make1($1); }
	| sessions session				{ $$ = lappend($1, $2); }
	;

session: SESSION NAME setup steps teardown
		{
			$$ = palloc0(sizeof(CtSpecSession));
			$$->name = $2;
			$$->setup = $3;
			$$->steps = $4;
			$$->teardown = $5;
		}
	;

steps: step							{ $$ = list_make1($1); }
	| steps step					{ $$ = lappend($1, $2); }
	;

step_word: STEP						{ $$ = scan->token_line; }
	;

step: step_word NAME BLOCK
		{
			$$ = palloc0(sizeof(CtSpecStep));
			$$->name = $2;
			$$->sql = $3;
			$$->line = $1;
		}
	;

permutations:						{ $$ = NIL; }
	| permutations PERMUTATION permutation
									{ $$ = lappend($1, $3); }
	;

permutation: entry					{ $$ = list_make1($1); }
	| permutation entry				{ $$ = lappend($1, $2); }
	;

entry: place marked
		{
			$$ = $1;
			$$->markers = $2;
		}
	;

place: NAME
		{
			$$ = palloc0(sizeof(CtSpecEntry));
			$$->name = $1;
			$$->line = scan->token_line;
		}
	;

marked:								{ $$ = NIL; }
	| '(' markers ')'				{ $$ = $2; }
	;

markers: marker						{ $$ = list_make1($1); }
	| markers ',' marker			{ $$ = lappend($1, $3); }
	;

marker: '*'							{ $$ = marker_make(CT_SPEC_AT_ONCE, NULL, 0); }
	| NAME							{ $$ = marker_make(CT_SPEC_STEP, $1, 0); }
	| NAME NOTICES NUMBER			{ $$ = marker_make(CT_SPEC_NOTICES, $1, $3); }
	;

%%

static CtSpecMarker *
marker_make(CtSpecMarkerKind kind, const char *name, int notices)
{
	CtSpecMarker *marker = palloc0(sizeof(CtSpecMarker));

	marker->kind = kind;
	marker->name = name;
	marker->notices = notices;
	return marker;
}

/* bison's message is "syntax error, unexpected X, expecting Y or Z" */
static void
ct_spec_yyerror(yyscan_t scanner, CtSpecScan *scan, const char *message)
{
	const char *expected = strstr(message, ", expecting ");

	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 scan->token_length == 0 ?
			 errmsg("syntax error at line %d of the spec, at its end", scan->token_line) :
			 errmsg("syntax error at line %d of the spec, at \"%.*s\"",
					scan->token_line, scan->token_length, scan->token),
			 expected ? errdetail("Expected is %s.", expected + strlen(", expecting ")) : 0));
}
