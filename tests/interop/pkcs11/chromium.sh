# Chromium, headless: a page that wants a client certificate.
. "$(dirname "$PAGE")/tls.sh"
demand_certificate
HOME=$PWD
export HOME
mkdir -p .pki/nssdb
certutil -N -d "sql:$HOME/.pki/nssdb" --empty-password
sh "$PAGE" nss 1 | sed 's/^\$ //' >add.sh
sh -eu add.sh >add.out 2>&1 </dev/null || { cat add.out; exit 1; }
policies=/etc/chromium/policies/managed
policy=$policies/nerves-key-interop.json
mkdir -p "$policies"
trap 'stop; rm -f "$policy"' EXIT
sh "$PAGE" chromium 1 | sed "s,https://localhost,https://localhost:$port," >"$policy"
timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --user-data-dir="$PWD/profile" --ignore-certificate-errors --dump-dom \
    "https://localhost:$port/" >page 2>chromium.err || { tail -n 20 chromium.err; exit 1; }
grep -q "$subject" page || { cat page; tail -n 20 chromium.err server.out; exit 1; }
echo "ok: https page with the chip's client certificate, verified by openssl s_server"
