%{
/*
 * exprparse.y
 *		The grammar of expressions: pgbench's, with its precedences.
 *
 * The parser keeps nothing: the tree goes into the scanner's CtExprScan, and
 * all memory, its own stack included, is palloc'd in the current context, so
 * that an error may leave at any point.
 */
#include "postgres.h"

#include "src/script/expr.h"

/* a location is the place in the script where a token begins */
#define YYLTYPE int
#define YYLLOC_DEFAULT(Current, Rhs, N) \
	do { \
		if (N) \
			(Current) = (Rhs)[1]; \
		else \
			(Current) = (Rhs)[0]; \
	} while (0)

/* bison's own allocations; what is nested deeper than this is an error */
#define YYMALLOC palloc
#define YYFREE	 pfree
#define YYMAXDEPTH 5000


#define SOURCE (scan->source)

/* the one number that is good behind a minus sign only */
#define LOWEST_DIGITS "9223372036854775808"
%}

%code requires
{
/* whoever includes this header has included src/script/expr.h before */
#define YYLTYPE int
}

%code
{
extern int	ct_expr_yylex(YYSTYPE *value, YYLTYPE *location, yyscan_t scanner);
static void ct_expr_yyerror(YYLTYPE *location, yyscan_t scanner, CtExprScan *scan,
							const char *message);
}

%define api.pure full
%expect 0
%name-prefix="ct_expr_yy"
%locations

%parse-param {yyscan_t scanner}
%parse-param {CtExprScan *scan}
%lex-param   {yyscan_t scanner}

%union
{
	int64		i;
	double		d;
	bool		b;
	int			function;
	char	   *text;
	CtExpr	   *expr;
	List	   *list;
}

%type <expr> expr case
%type <list> arguments whens
%type <function> function

%token <i> INTEGER_CONST
%token <d> DOUBLE_CONST
%token <b> BOOLEAN_CONST
%token <text> VARIABLE WORD
%token NULL_CONST LOWEST_INTEGER
%token AND_OP OR_OP NOT_OP NE_OP LE_OP GE_OP LS_OP RS_OP IS_OP ISNULL_OP NOTNULL_OP
%token CASE_KW WHEN_KW THEN_KW ELSE_KW END_KW

/* lowest first; "~" binds as loosely as "|", as in SQL */
%left		OR_OP
%left		AND_OP
%right		NOT_OP
%nonassoc	IS_OP ISNULL_OP NOTNULL_OP
%nonassoc	'<' '>' '=' LE_OP GE_OP NE_OP
%left		'|' '#' '&' LS_OP RS_OP '~'
%left		'+' '-'
%left		'*' '/' '%'
%right		UNARY

%%

result: expr					{ scan->result = $1; (void) yynerrs; }
	;

arguments:						{ $$ = NIL; }
	| expr						{ $$ = list_make1($1); }
	| arguments ',' expr		{ $$ = lappend($1, $3); }
	;

expr: '(' expr ')'				{ $$ = $2; }
	| '+' expr %prec UNARY		{ $$ = $2; }
	| '-' expr %prec UNARY		{ $$ = ct_expr_operator(SOURCE, CT_EXPR_SUB,
														ct_expr_constant(ct_value_int(0)),
														$2, @1); }
	| '-' LOWEST_INTEGER %prec UNARY
								{ $$ = ct_expr_constant(ct_value_int(PG_INT64_MIN)); }
	| '~' expr					{ $$ = ct_expr_operator(SOURCE, CT_EXPR_BITXOR,
														ct_expr_constant(ct_value_int(-1)),
														$2, @1); }
	| NOT_OP expr				{ $$ = ct_expr_operator(SOURCE, CT_EXPR_NOT, $2, NULL, @1); }
	| expr '+' expr				{ $$ = ct_expr_operator(SOURCE, CT_EXPR_ADD, $1, $3, @2); }
	| expr '-' expr				{ $$ = ct_expr_operator(SOURCE, CT_EXPR_SUB, $1, $3, @2); }
	| expr '*' expr				{ $$ = ct_expr_operator(SOURCE, CT_EXPR_MUL, $1, $3, @2); }
	| expr '/' expr				{ $$ = ct_expr_operator(SOURCE, CT_EXPR_DIV, $1, $3, @2); }
	| expr '%' expr				{ $$ = ct_expr_operator(SOURCE, CT_EXPR_MOD, $1, $3, @2); }
	| expr '=' expr				{ $$ = ct_expr_operator(SOURCE, CT_EXPR_EQ, $1, $3, @2); }
	| expr NE_OP expr			{ $$ = ct_expr_operator(SOURCE, CT_EXPR_NE, $1, $3, @2); }
	| expr '<' expr				{ $$ = ct_expr_operator(SOURCE, CT_EXPR_LT, $1, $3, @2); }
	| expr LE_OP expr			{ $$ = ct_expr_operator(SOURCE, CT_EXPR_LE, $1, $3, @2); }
	/* swapped, so the right side is evaluated first: a seed must mean the same as in pgbench */
	| expr '>' expr				{ $$ = ct_expr_operator(SOURCE, CT_EXPR_LT, $3, $1, @2); }
	| expr GE_OP expr			{ $$ = ct_expr_operator(SOURCE, CT_EXPR_LE, $3, $1, @2); }
	| expr '&' expr				{ $$ = ct_expr_operator(SOURCE, CT_EXPR_BITAND, $1, $3, @2); }
	| expr '|' expr				{ $$ = ct_expr_operator(SOURCE, CT_EXPR_BITOR, $1, $3, @2); }
	| expr '#' expr				{ $$ = ct_expr_operator(SOURCE, CT_EXPR_BITXOR, $1, $3, @2); }
	| expr LS_OP expr			{ $$ = ct_expr_operator(SOURCE, CT_EXPR_LSHIFT, $1, $3, @2); }
	| expr RS_OP expr			{ $$ = ct_expr_operator(SOURCE, CT_EXPR_RSHIFT, $1, $3, @2); }
	| expr AND_OP expr			{ $$ = ct_expr_operator(SOURCE, CT_EXPR_AND, $1, $3, @2); }
	| expr OR_OP expr			{ $$ = ct_expr_operator(SOURCE, CT_EXPR_OR, $1, $3, @2); }
	| expr ISNULL_OP			{ $$ = ct_expr_is(SOURCE, $1, ct_value_null(), false, @2); }
	| expr NOTNULL_OP			{ $$ = ct_expr_is(SOURCE, $1, ct_value_null(), true, @2); }
	| expr IS_OP NULL_CONST		{ $$ = ct_expr_is(SOURCE, $1, ct_value_null(), false, @2); }
	| expr IS_OP NOT_OP NULL_CONST
								{ $$ = ct_expr_is(SOURCE, $1, ct_value_null(), true, @2); }
	| expr IS_OP BOOLEAN_CONST	{ $$ = ct_expr_is(SOURCE, $1, ct_value_bool($3), false, @2); }
	| expr IS_OP NOT_OP BOOLEAN_CONST
								{ $$ = ct_expr_is(SOURCE, $1, ct_value_bool($4), true, @2); }
	| NULL_CONST				{ $$ = ct_expr_constant(ct_value_null()); }
	| BOOLEAN_CONST				{ $$ = ct_expr_constant(ct_value_bool($1)); }
	| INTEGER_CONST				{ $$ = ct_expr_constant(ct_value_int($1)); }
	| DOUBLE_CONST				{ $$ = ct_expr_constant(ct_value_double($1)); }
	| VARIABLE					{ $$ = ct_expr_variable(SOURCE, $1); pfree($1); }
	| function '(' arguments ')'
								{ $$ = ct_expr_function(SOURCE, $1, $3, @1); }
	| case						{ $$ = $1; }
	;

/* its own symbol, so that an unknown name is found before its arguments are read */
function: WORD					{ $$ = ct_expr_find_function(SOURCE, $1, @1); pfree($1); }
	;

whens: WHEN_KW expr THEN_KW expr
								{ $$ = list_make2($2, $4); }
	| whens WHEN_KW expr THEN_KW expr
								{ $$ = lappend(lappend($1, $3), $5); }
	;

case: CASE_KW whens END_KW		{ $$ = ct_expr_case(SOURCE,
													lappend($2, ct_expr_constant(ct_value_null())),
													@1); }
	| CASE_KW whens ELSE_KW expr END_KW
								{ $$ = ct_expr_case(SOURCE, lappend($2, $4), @1); }
	;

%%

/* What bison finds wrong: an unexpected token, or its stack being full. */
static void
ct_expr_yyerror(YYLTYPE *location, yyscan_t scanner, CtExprScan *scan, const char *message)
{
	CtSource   *source = scan->source;

	if (strcmp(message, "syntax error") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 ct_errplace(source, scan->token, "invalid expression",
							 "The expression is nested too deeply.")));
	if (scan->token_length == 0)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 ct_errplace(source, scan->token, "invalid expression",
							 scan->token == scan->base ?
							 "The expression is missing." :
							 "The expression ends too early.")));
	if (scan->token_length == strlen(LOWEST_DIGITS) &&
		strncmp(source->body + scan->token, LOWEST_DIGITS, strlen(LOWEST_DIGITS)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 ct_errplace(source, scan->token, "invalid expression",
							 "The number is out of range for bigint.")));
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 ct_errplace(source, scan->token, "invalid expression",
						 "Unexpected \"%s\".",
						 ct_shown(source->body + scan->token, scan->token_length))));
}
