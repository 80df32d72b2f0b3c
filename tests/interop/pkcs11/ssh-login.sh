# OpenSSH: a login with the chip's key.
. "$(dirname "$PAGE")/tls.sh"
ssh-keygen -q -t ed25519 -N '' -f host
ssh-keygen -i -m PKCS8 -f "$PUBLIC" >authorized
mkdir -p /run/sshd
cat >sshd.conf <<EOF
Port $port
ListenAddress 127.0.0.1
HostKey $PWD/host
AuthorizedKeysFile $PWD/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
PidFile $PWD/sshd.pid
EOF
/usr/sbin/sshd -D -e -f "$PWD/sshd.conf" 2>sshd.err &
running="$running $!"
listening "$port"
sh "$PAGE" openssh 1 | sed "s/Host device.example/Host 127.0.0.1/" >config
ssh -F config -o "Port $port" -o UserKnownHostsFile=known -o StrictHostKeyChecking=accept-new \
    -o BatchMode=yes 127.0.0.1 'echo logged in' >said 2>ssh.err || { cat ssh.err sshd.err; exit 1; }
grep -qx 'logged in' said
grep -q 'Accepted publickey for .* ECDSA' sshd.err
echo "ok: PKCS11Provider: login at sshd"
eval "$(ssh-agent -P "$(dirname "$MODULE")/*" -s)" >/dev/null
running="$running $SSH_AGENT_PID"
SSH_ASKPASS=/bin/true SSH_ASKPASS_REQUIRE=force ssh-add -s "$MODULE" >/dev/null 2>add.err || { cat add.err; exit 1; }
ssh -F /dev/null -o "Port $port" -o UserKnownHostsFile=known -o BatchMode=yes 127.0.0.1 \
    'echo by agent' >said 2>ssh.err || { cat ssh.err sshd.err; exit 1; }
grep -qx 'by agent' said
echo "ok: ssh-agent, ssh-add -s: login at sshd"
