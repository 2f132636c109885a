# SPDX-License-Identifier: GPL-2.0
# Sourced: fetches Debian packages into the cache without installing them. Has
# its own apt configuration, so that releases other than the host's can be used
# while the host's sources stay as they are; signatures are verified as usual.
# shellcheck shell=sh

apt_dir=$bed_cache/apt
apt_arch=

# From here on packages are bookworm's for architecture $1, which has a directory of its own.
apt_foreign() {
	apt_arch=$1
	apt_dir=$bed_cache/apt-$1
}

# The host's own mirror: $1 is the archive's label, Debian or Debian-Security.
apt_mirror() {
	# shellcheck disable=SC2016 # apt expands these, not the shell
	apt-get indextargets --format '$(LABEL) $(REPO_URI)' |
		awk -v label="$1" '$1 == label { print $2; exit }'
}

apt_write_source() {
	for _aw_suite in $2; do
		printf 'deb [signed-by=%s] %s %s main\n' \
			/usr/share/keyrings/debian-archive-keyring.gpg "$1" "$_aw_suite"
	done
}

# apt knows its mirror only once it has package lists.
apt_write_sources() {
	[ -n "$(apt_mirror Debian)" ] || quietly apt-get update
	_as_main=$(apt_mirror Debian)
	_as_security=$(apt_mirror Debian-Security)
	[ -n "$_as_main" ] || die "no Debian mirror is known; run as root: apt-get update"
	if [ -n "$apt_arch" ]; then
		apt_write_source "$_as_main" bookworm
		return
	fi
	apt_write_source "$_as_main" \
		'bookworm bookworm-backports trixie trixie-backports'
	apt_write_source "${_as_security:-$_as_main-security}" \
		'bookworm-security trixie-security'
}

apt_write_config() {
	cat <<-CONFIG
	Dir::State "$apt_dir/state";
	Dir::State::status "$apt_dir/status";
	Dir::Cache "$apt_dir/cache";
	Dir::Etc::sourcelist "$apt_dir/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	APT::Sandbox::User "root";
	APT::Update::Post-Invoke-Success "";
	Acquire::Languages "none";
	Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	CONFIG
	[ -z "$apt_arch" ] || cat <<-CONFIG
	APT::Architecture "$apt_arch";
	APT::Architectures { "$apt_arch"; };
	CONFIG
}

apt_private() {
	_ap_tool=$1
	shift
	APT_CONFIG=$apt_dir/apt.conf "$_ap_tool" "$@"
}

# Package lists younger than a day are good enough.
apt_setup() {
	[ -z "$(find "$apt_dir/stamp" -mtime -1 2>/dev/null)" ] || return 0
	mkdir -p "$apt_dir/state/lists/partial" "$apt_dir/cache/archives/partial"
	: >"$apt_dir/status"
	apt_write_sources >"$apt_dir/sources.list" || exit 1
	apt_write_config >"$apt_dir/apt.conf"
	quietly apt_private apt-get update || die "apt-get update failed"
	: >"$apt_dir/stamp"
}

# Newest version of package $1, from any of the releases.
apt_version() {
	apt_private apt-cache madison "$1" |
		awk -F' *[|] *' '{ print $2 }' | sort -V | tail -n 1
}

# Fetch package $1 (NAME or NAME=VERSION) and unpack it below directory $2.
apt_unpack() {
	_au_deb=$(mktemp -d "$bed_cache/deb.XXXXXX") || exit 1
	mkdir -p "$2" && (cd "$_au_deb" && quietly apt_private apt-get download "$1") &&
		dpkg -x "$_au_deb"/*.deb "$2"
	_au_rc=$?
	rm -rf "$_au_deb"
	[ "$_au_rc" -eq 0 ] || die "cannot fetch $1"
}

# Fetch packages $2... and all that they need, and unpack them below directory $1.
apt_unpack_all() {
	_al_dir=$1
	shift
	_al_debs=$(mktemp -d "$bed_cache/deb.XXXXXX") || exit 1
	mkdir -p "$_al_dir" "$_al_debs/partial" &&
		quietly apt_private apt-get -o Dir::Cache::archives="$_al_debs" install -y \
			--download-only --no-install-recommends "$@" &&
		find "$_al_debs" -name '*.deb' -exec dpkg -x {} "$_al_dir" \;
	_al_rc=$?
	rm -rf "$_al_debs"
	[ "$_al_rc" -eq 0 ] || die "cannot fetch $*"
}
