# A server that this release can neither install nor build: from a tree of the distribution's
# unstable suite, with packages from its experimental one where those of a version to come are.
# Sourced after source.sh. Needs root, for a tree of another release is entered by chroot.
# shellcheck shell=bash

# The address that this machine gets its own release from.
own_mirror() {
	local own

	own=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
	{
		cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
			sed -nE "s/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+)[[:space:]]+${own}[[:space:]].*/\2/p"
		cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
			awk -v RS= -v own="$own" '$0 ~ "(^|\n)Suites:[^\n]*[ \t]" own "([ \t\n]|$)" && !/(^|\n)Enabled: *no/' |
			sed -nE 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p'
	} | head -n1
}

# Sets TREE to a tree with PG_MAJOR, which is made the first time and kept.
find_tree() {
	local cache status=0

	cache=$(cache_dir)
	TREE=$cache/unstable-$PG_MAJOR
	exec 9>"$cache/.lock"
	run flock 9
	if [ ! -x "$TREE/usr/lib/postgresql/$PG_MAJOR/bin/pg_config" ]; then
		need mmdebstrap
		say "making a tree of the unstable suite with PostgreSQL $PG_MAJOR (minutes)"
		run make_tree >"$WORK/tree.log" 2>&1 9>&- || status=$?
	fi
	exec 9>&-
	[ "$status" -eq 0 ] || tail -n 20 "$WORK/tree.log"
	return "$status"
}

make_tree() {
	local mirror options=()

	mirror=$(own_mirror)
	[ -n "$mirror" ] || { echo "there is no mirror of this release in /etc/apt" && return 1; }
	# as this machine has it: a mirror may stand still
	if apt-config dump Acquire::Check-Valid-Until | grep -q '"false"'; then
		options=(--aptopt='Acquire::Check-Valid-Until "false"')
	fi
	# Of experimental nothing but the server and its libraries.
	printf 'Package: src:postgresql-%s\nPin: release a=experimental\nPin-Priority: 990\n' "$PG_MAJOR" >"$WORK/pin"
	echo 'create_main_cluster = false' >"$WORK/createcluster"
	# shellcheck disable=SC2016
	as_root rm -rf "$TREE.new" &&
		as_root mmdebstrap --mode=root --variant=minbase --aptopt='APT::Install-Recommends "false"' "${options[@]}" \
			--setup-hook='mkdir -p "$1/etc/apt/preferences.d" "$1/etc/postgresql-common/createcluster.d"' \
			--setup-hook="cp $WORK/pin \"\$1/etc/apt/preferences.d/ct_ext\"" \
			--setup-hook="cp $WORK/createcluster \"\$1/etc/postgresql-common/createcluster.d/ct_ext.conf\"" \
			--include="postgresql-$PG_MAJOR postgresql-server-dev-$PG_MAJOR" \
			--include='gcc libc6-dev make flex bison perl libipc-run-perl' \
			unstable "$TREE.new" "deb $mirror unstable main" "deb $mirror experimental main" &&
		as_root rm -rf "$TREE" &&
		as_root mv "$TREE.new" "$TREE"
}

# Runs a command as root in $TREE, where the checkout is /mnt and folder $1 is /tmp. Processes and
# mounts are its own: when it ends, or is ended, nothing is left of either.
in_tree() {
	local tmp=$1
	shift

	# shellcheck disable=SC2016
	as_root unshare --mount --pid --fork --kill-child sh -c '
		set -e
		root=$1 tree=$2 tmp=$3
		shift 3
		mount --make-rprivate /
		mount -t proc proc "$tree/proc"
		mount --rbind /dev "$tree/dev"
		mount -t tmpfs tmpfs "$tree/dev/shm"
		mount --bind "$root" "$tree/mnt"
		mount --bind "$tmp" "$tree/tmp"
		exec chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root PACKAGES_UPDATED=1 "$@"
	' in_tree "$ROOT" "$TREE" "$tmp" "$@"
}
