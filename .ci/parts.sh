# Sourced by what runs for long in several parts: runs each, keeps what it printed, and tells at the end what each took.
# After the last part, `conclude` prints the sums and sets the exit status.

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0
summary=()

# Runs a part: title, command... What it prints is kept in $folder/NUMBER, its title and command in $folder/NUMBER.head.
part() {
	local title=$1 start=$SECONDS result=ok
	local file
	file=$folder/$(printf '%02d' ${#summary[@]})
	shift
	printf '\n== %s: %s\n' "$title" "$*"
	printf '%s\n%s\n' "$title" "$*" >"$file.head"
	"$@" 2>&1 | tee "$file" || { result=FAILED; status=1; }
	summary+=("$(printf '%-44s %5d s  %s' "$title" $((SECONDS - start)) "$result")")
}

# What each part took, and how many tests passed, failed and were skipped; no test at all is a failure.
conclude() {
	local passed failed skipped
	printf '\n== what each part took\n'
	printf '%s\n' "${summary[@]}"
	# `cargo test` closes each binary's run with "test result: ok. N passed; N failed; N ignored; ...".
	read -r passed failed skipped < <(cat "$folder"/* | awk '/^test result:/ { p += $4; f += $6; s += $8 } END { print p + 0, f + 0, s + 0 }')
	[ "$passed" -gt 0 ] || { echo 'no test ran'; status=1; }
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
}
