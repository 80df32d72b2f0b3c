# Go: crypto11, as Debian has it.
. "$(dirname "$PAGE")/tls.sh"
demand_certificate
sh "$PAGE" go 1 | sed "s/\"localhost:443\"/\"localhost:$port\"/; s/TokenLabel: \"1\"/TokenLabel: \"3\"/; s/\\[\\]byte(\"1\")/[]byte(\"3\")/" >main.go
cp server.pem ca.pem
HOME=$CACHE GO111MODULE=off GOPATH=/usr/share/gocode go build -o client main.go >build.out 2>&1 ||
    { cat build.out; exit 1; }
./client >page 2>client.err || { cat client.err server.out; exit 1; }
grep -q "$subject" page
echo "ok: crypto11: mutual TLS with openssl s_server"
