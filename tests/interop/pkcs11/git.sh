# git and ssh-keygen: signed commits, tags and files; a clone over mutual TLS.
. "$(dirname "$PAGE")/tls.sh"
. "$(dirname "$PAGE")/p11kit.sh"
# Debian's git, whose libcurl has GnuTLS, where there are others.
PATH=/usr/bin:$PATH
HOME=$PWD
GIT_CONFIG_NOSYSTEM=1
SSH_ASKPASS=/bin/true
SSH_ASKPASS_REQUIRE=force
export PATH HOME GIT_CONFIG_NOSYSTEM SSH_ASKPASS SSH_ASKPASS_REQUIRE
# It goes before the configuration.
unset GIT_SSL_CAINFO
commands() { sh "$PAGE" git "$1" | sed 's/^\$ //' >commands.sh; sh -eu commands.sh; }

eval "$(ssh-agent -P "$(dirname "$MODULE")/*" -s)" >/dev/null
running="$running $SSH_AGENT_PID"
commands 1 >signer.out 2>&1 || { cat signer.out; exit 1; }
# Who may sign is not taken from the module but from the device's certificate.
ssh-keygen -i -m PKCS8 -f "$PUBLIC" >device.public
git config --global user.name device
git config --global user.email device@example
commands 2
sed 's/^/device@example /' device.public >allowed_signers
git init --quiet --initial-branch main served
(
    cd served
    echo text >file
    git add file
    git commit --quiet --message signed 2>../commit.err || { cat ../commit.err; exit 1; }
    git tag --message signed v1 2>../tag.err || { cat ../tag.err; exit 1; }
    # Without the agent, as at another's machine.
    unset SSH_AUTH_SOCK
    git verify-commit HEAD 2>../verified || { cat ../verified; exit 1; }
    git verify-tag v1 2>>../verified || { cat ../verified; exit 1; }
    git update-server-info
)
[ "$(grep -c 'Good "git" signature for device@example with ECDSA' verified)" = 2 ]
echo "ok: git commit and git tag, signed; git verify-commit, verify-tag by the certificate's key"
echo 'a message' >message
commands 3 >signed 2>&1 || { cat signed; exit 1; }
grep -q 'Good "file" signature for device@example with ECDSA' signed
sed -i 's/a message/another/' message
if sh -eu commands.sh >other 2>&1; then cat other; exit 1; fi
echo "ok: ssh-keygen -Y sign, -Y verify by the certificate's key"

server_certificate
served
register
sh "$PAGE" git 4 | sed "s,https://localhost/,https://localhost:$port/," >>.gitconfig
git clone --quiet "https://localhost:$port/.git" copy 2>clone.err || { cat clone.err nginx.out; exit 1; }
git -C copy verify-commit HEAD 2>verified
grep -q "^SUCCESS $subject" access.log || { cat access.log; exit 1; }
if grep -qv "^SUCCESS $subject" access.log; then cat access.log; exit 1; fi
echo "ok: git clone, key and certificate from the chip, mutual TLS with nginx"
