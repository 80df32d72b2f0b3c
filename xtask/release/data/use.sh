# In a clean Debian, as root: what a user does after the installation. /release has
# the packages, and prints what it measured on the last line.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
milliseconds() { date +%s%3N; }
began=$(milliseconds)
dpkg --install /release/nerves-key_*.deb >/dev/null
installed=$(milliseconds)

cd /release
export NERVES_KEY_DEVICE=emu:chip.img
nerves-key signer create factory --years 10
nerves-key provision --signer-cert factory.cert --signer-key factory.key --serial N1 --yes >/dev/null 2>&1
nerves-key sign --out signature nerves-key_*.deb >/dev/null
signed=$(milliseconds)
# Under the device's certificate, the first of two; without the chip.
nerves-key cert export | sed '/END/q' >device.pem
nerves-key verify --key device.pem --signature signature nerves-key_*.deb
getent group i2c >/dev/null
test -s /usr/share/man/man1/nerves-key-provision.1.gz
test -s /usr/share/bash-completion/completions/nerves-key

# The module, on the same chip, served: every file is where it is looked for.
dpkg --install /release/nerves-key-emulator_*.deb >/dev/null
nerves-key emulator serve --fast --socket /release/socket --bus 1=chip.img >/dev/null &
server=$!
# It ends with this, also when something fails: it has its output.
trap 'kill $server' EXIT
until test -S /release/socket; do sleep 0.1; done
export NERVES_KEY_DEVICE=/dev/i2c-1 ATECC_EMULATOR_SOCKET=/release/socket
LD_PRELOAD=/usr/lib/nerves-key-emulator/libatecc_emulator_preload.so nerves-key pkcs11 check
kill $server
wait $server
trap - EXIT

dpkg --purge nerves-key-emulator nerves-key >/dev/null
echo "$((installed - began)) $((signed - installed))"
