# wget and libcurl, both with GnuTLS.
. "$(dirname "$PAGE")/tls.sh"
. "$(dirname "$PAGE")/p11kit.sh"
demand_certificate
register
sh "$PAGE" wget 1 | sed "s/^\\$ wget/wget --output-document page --ca-certificate server.pem/
    s,https://localhost/,https://localhost:$port/," >wget.sh
sh -eu wget.sh >wget.out 2>&1 || { cat wget.out server.out; exit 1; }
grep -q "$subject" page || { cat page; exit 1; }
echo "ok: wget, key and certificate from the chip, mutual TLS with openssl s_server"
sh "$PAGE" wget 2 | sed "s,https://localhost/,https://localhost:$port/,
    s/^curl.perform/curl.setopt(pycurl.CAINFO, \"server.pem\")\\n&/" >get.py
# Debian's Python has Debian's pycurl.
/usr/bin/python3 -c 'import pycurl, sys; sys.exit("GnuTLS" not in pycurl.version)' ||
    { echo "pycurl is not one with GnuTLS" >&2; exit 1; }
/usr/bin/python3 get.py >page 2>curl.err || { cat curl.err server.out; exit 1; }
grep -q "$subject" page || { cat page; exit 1; }
echo "ok: libcurl with GnuTLS (pycurl), the same"
