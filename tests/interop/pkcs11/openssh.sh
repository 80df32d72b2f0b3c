# OpenSSH: the key listed, and a CA's signature by it.
ssh-keygen -D "$MODULE" >keys
openssl pkey -pubin -in "$PUBLIC" -outform PEM -out public.pem
ssh-keygen -i -m PKCS8 -f public.pem >expected
cut -d' ' -f2 <expected >blob
grep -qF "$(cat blob)" keys
echo "ok: ssh-keygen -D: the chip's public key"
cp expected ca.pub
ssh-keygen -q -t ed25519 -N '' -f user
ssh-keygen -q -s ca.pub -D "$MODULE" -I somebody -n somebody user.pub
ssh-keygen -L -f user-cert.pub >certificate
grep -q "Signing CA: ECDSA $(ssh-keygen -l -f ca.pub | cut -d' ' -f2)" certificate
echo "ok: ssh-keygen -s ca.pub -D: a user certificate"
