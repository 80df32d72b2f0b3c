# strongSwan's pki: a request.
# Debian: libstrongswan-extra-plugins strongswan-pki
sh "$PAGE" vpn 2 >strongswan.conf
sh "$PAGE" vpn 3 | sed 's/^\$ //; s/--keyid 31/--keyid 33/' >request.sh
STRONGSWAN_CONF=$PWD/strongswan.conf timeout 60 sh -eu request.sh >request.pem 2>pki.err </dev/null ||
    { cat pki.err; exit 1; }
openssl req -in request.pem -verify -noout 2>/dev/null
openssl req -in request.pem -noout -pubkey | cmp - "$PUBLIC"
echo "ok: pki --req, verified by openssl req, the certificate's key"
