#!/bin/sh
# A provisioning on a served emulator is recorded, drawn, and rendered by
# Chromium, which must show what the transcript says.
#
#   timeline.sh PROGRAMS WORK
#
# PROGRAMS has nerves-key. WORK is a folder for whatever is made.
set -eu

nerves_key=$(realpath "$1")/nerves-key
mkdir -p "$2"
work=$(realpath "$2")
scratch=$(mktemp -d "$work/timeline.XXXXXX")
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$scratch"' EXIT

fail() {
    echo "timeline.sh: $*" >&2
    exit 1
}

# render ARGUMENTS..: the page in a window of the size that it is made for.
render() {
    chromium --headless --no-sandbox --disable-gpu --user-data-dir="$scratch/profile" \
        --window-size=1600,900 --virtual-time-budget=5000 "$@" "file://$scratch/page.html" \
        2>"$scratch/chromium.log"
}

# holds TEXT WHAT: the rendered page has TEXT.
holds() {
    grep -qF -- "$1" "$scratch/dom" || fail "the rendered page has no $2: $1"
}

cd "$scratch"
"$nerves_key" emulator serve --socket "$scratch/socket" --bus "1=chip.img" >served &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -S socket ] && grep -q ATECC_EMULATOR_SOCKET served && break
    sleep 0.2
done
"$nerves_key" signer create signer >/dev/null
"$nerves_key" provision --device "unix:$scratch/socket" --signer-cert signer.cert \
    --signer-key signer.key --serial TIMELINE-1 --yes --record provisioning.txt \
    >/dev/null 2>&1 || fail "not provisioned"
"$nerves_key" transcript show provisioning.txt --html page.html >shown
# Nothing is asked that the chip would refuse.
grep -q "^holds .* 0 failed, 0 damaged" shown || fail "$(cat shown)"

# No other resource, by any address.
! grep -Eq '(src|href)=|url\(|@import|https?:' page.html || fail "the page asks for more"

render --dump-dom >dom
holds '<h1>provisioning</h1>' heading
for lane in "command" "host → chip" "chip busy" "chip → host" "chip is"; do
    holds "aria-label=\"$lane\"" lane
done
for label in "Lock configuration" "Lock data and OTP" "Lock slot 0" "GenKey"; do
    # Labels come first, and those of locks are never hidden.
    grep -oE '<b class="[^"]*"[^>]*>[^<]*' dom | grep -v '"[^"]* out"' | grep -qF ">$label" ||
        fail "no visible label $label"
done
# The script ran to its end, and placed most labels.
placed=$(sed -n 's/.*data-ready="\([0-9]*\)".*/\1/p' dom)
[ "${placed:-0}" -ge 20 ] || fail "only ${placed:-no} labels are placed"
rows=$(grep -c '<tr id="s' dom)
commands=$(sed -n 's/.* \([0-9]*\) commands (.*/\1/p' shown)
[ "$rows" -gt "$commands" ] || fail "$rows rows for $commands commands"

render --screenshot="$scratch/page.png"
# An empty page of this size has less than ten kilobytes.
size=$(wc -c <page.png)
[ "$size" -gt 100000 ] || fail "the picture has only $size bytes"
cp page.png "$work/timeline.png"
echo "timeline of $commands commands, $placed labels visible: $work/timeline.png"
