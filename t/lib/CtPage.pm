
=pod

=head1 NAME

CtPage - what the tests of the HTML report have in common

=head1 DESCRIPTION

A page is read as the report writes it, which is a small part of HTML: tags
with quoted attributes, and of what may be left out in HTML the ends of cells
and rows of tables.

=cut

package CtPage;

use strict;
use warnings;

use Exporter 'import';
use FindBin;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(ct_page_fill ct_page_of ct_page_tables ct_page_text ct_page_wrong);

# The runs of t/page/runs.sql, in a database that is made for them, of encoding UTF8.
sub ct_page_fill
{
	my ($node, $db) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $db ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
	$node->safe_psql($db, "SET timezone = 'UTC'; CREATE EXTENSION ct_ext;\n" . slurp_file("$FindBin::RealBin/page/runs.sql"));
}

# The bytes that a client of that encoding gets of a run, or of many: '{1,2}'.
sub ct_page_of
{
	my ($node, $db, $runs, $encoding) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir . '/page.html';
	my $type = $runs =~ /\{/ ? 'bigint[]' : 'bigint';
	local $ENV{PGCLIENTENCODING} = $encoding // 'UTF8';
	local $ENV{PGTZ} = 'UTC';

	IPC::Run::run([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($db), '-o', $file, '-c', "SELECT ct_report('$runs'::$type, 'html')" ])
	  or die "no page of $runs in $db";
	return slurp_file($file);
}

sub decoded
{
	my ($text) = @_;
	my %named = (amp => '&', lt => '<', gt => '>', quot => '"', nbsp => ' ');

	$text =~ s/&(?:#x([0-9A-F]+)|#(\d+)|(\w+));/defined $1 ? chr hex $1 : defined $2 ? chr $2 : $named{$3}/ge;
	return $text;
}

# What is to be read of it, in one line.
sub ct_page_text
{
	my ($html) = @_;

	$html =~ s/<style>.*?<\/style>//s;
	$html =~ s/<(?:code|a|bdi|\/code|\/a|\/bdi)\b[^>]*>//g;
	$html =~ s/<[^>]*>/ /g;
	$html =~ s/\s+/ /g;
	return decoded($html);
}

# Its tables: title (the label of what it scrolls in), view, html, rows (of cells; those of bars left out of them are empty)
sub ct_page_tables
{
	my ($page) = @_;
	my @tables;

	while ($page =~ /aria-label="([^"]*)"><table [^>]*data-view="(\w+)"[^>]*>(.*?)<\/table>/sg)
	{
		my ($title, $view, $html) = ($1, $2, $3);
		my ($body) = $html =~ /<tbody>(.*)<\/tbody>/s;
		my @rows;

		foreach my $row (grep { /\S/ } split /<tr[^>]*>/, $body)
		{
			my (undef, @cells) = split /<t[dh]\b[^>]*>/, $row;
			push @rows, [ map { ct_page_text($_ =~ s/<svg.*?<\/svg>//sgr) =~ s/\A\s+|\s+\z//gr } @cells ];
		}
		push @tables, { title => decoded($title), view => $view, html => $html, rows => \@rows };
	}
	return @tables;
}

# What is wrong with its markup: unknown or malformed tags, or such that aren't closed where they should.
sub ct_page_wrong
{
	my ($page) = @_;
	my %void = map { $_ => 1 } qw(meta br);
	my %optional = map { $_ => 1 } qw(td th tr li);
	my %known = map { $_ => 1 } qw(html head title style body main footer article header section nav h1 h2 h3 h4 h5 p a bdi code dl dt dd div ul ol li
	  table thead tbody tr th td figure figcaption small details summary span svg path rect text g meta br);
	my (@open, @wrong);

	$page =~ s/\A<!DOCTYPE html>//;
	$page =~ s/(<style>).*?(<\/style>)/$1$2/s;
	while ($page =~ /([^<]*)(?:<(\/?)(\w+)((?:\s+[\w:-]+="[^"<>]*")*)\s*(\/?)>|(<.{0,40}))?/sg)
	{
		my ($text, $end, $tag, $closed, $bad) = ($1, $2, $3, $5, $6);

		last unless defined $tag || defined $bad || length $text;
		push @wrong, "text '$1'" if $text =~ /(.{0,20}(?:>|&(?!(?:#x[0-9A-F]+|#39|amp|lt|gt|quot);)).{0,20})/s;
		push @wrong, "markup '$bad'" if defined $bad;
		next unless defined $tag;
		push @wrong, "tag $tag" unless $known{$tag};
		next if $void{$tag} || $closed;
		if (!$end)
		{
			# a cell or row ends where the next begins
			pop @open while @open && $optional{ $open[-1] } && (($tag =~ /^t[dh]$/ && $open[-1] =~ /^t[dh]$/) || ($tag eq 'tr' && $open[-1] ne 'li'));
			push @open, $tag;
			next;
		}
		pop @open while @open && $open[-1] ne $tag && $open[-1] =~ /^t[dhr]$/;
		if (@open && $open[-1] eq $tag) { pop @open }
		else { push @wrong, "</$tag> in <" . ($open[-1] // '') . '>'; last if @wrong > 5 }
	}
	push @wrong, "<$_> isn't closed" foreach @open;
	return @wrong;
}

1;
