#!/bin/sh
# What a manufacturing line hands out, before programs that are not ours: CSV
# before Python's csv, a manifest before PyJWT, certificates before OpenSSL, and
# names of members before those that the services publish.
#
#   line.sh PROGRAMS WORK
#
# PROGRAMS has nerves-key with the feature line.
set -eu

programs=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
PATH=$programs:$PATH
scratch=$(mktemp -d "$work/line.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
export NERVES_KEY_LEDGER=line.db NERVES_KEY_STATION=bench

nerves-key signer create factory >created
nerves-key signer create manifest >created
cat >batch.toml <<'END'
name = "2026-48"
product = "Sensor, \"outdoor\""
count = 20
signer = "factory.cert"

[serials]
pattern = "ACME-{:06}"
first = 1
END
nerves-key line init >made
nerves-key line batch batch.toml >made
set --
for chip in 1 2 3 4 5 6 7 8 9 10 11; do
    nerves-key emulator create chip$chip.img >made
    set -- "$@" --device emu:chip$chip.img
done
nerves-key line run --batch 2026-48 --signer-key factory.key --once --yes "$@" >made
for chip in 1 2 3 4 5 6 7 8 9 10 11; do
    nerves-key info --json --device emu:chip$chip.img >chip$chip.json
    nerves-key cert export device --device emu:chip$chip.img --out chip$chip.pem >made
done
nerves-key line status --json >status.json
for form in csv nerves-hub aws azure; do
    nerves-key line export --batch 2026-48 --for $form --out $form >made
done
nerves-key line export --batch 2026-48 --for manifest --sign-key manifest.key \
    --sign-cert manifest.cert --model ATECC608B --part-number ATECC608B-MAHDA-T \
    --organization "Example & Söhne" --out manifest >made

sh "$here/environment.sh" "$work/cache/line" --requirement "$here/line_requirements.txt"
python=$work/cache/line/bin/python
"$python" "$here/line.py" "$here/line_fields.json" "$scratch"

# Each certificate that is in the exports, one file each.
"$python" - <<'END'
import csv, json
with open("csv", newline="") as file:
    for number, row in enumerate(csv.DictReader(file)):
        open(f"csv{number}.crt", "w").write(row["certificate"])
for number, line in enumerate(open("aws")):
    open(f"aws{number}.crt", "w").write(json.loads(line)["CertificatePem"])
END
openssl verify -CAfile factory.cert ./*.crt | sed 's/.*: //' | sort | uniq -c >verified
[ "$(cat verified)" = "     22 OK" ] || { cat verified >&2; exit 1; }
echo "ok: 22 certificates of csv and aws, by openssl verify"
! openssl verify -CAfile manifest.cert csv0.crt >other 2>&1 || exit 1
