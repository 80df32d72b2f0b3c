#!/bin/sh
# The N-th fenced block of docs/pkcs11/PAGE.md, as a program on this machine
# reads it: what the page says is what the script runs.
#
#   page.sh PAGE N
#
# The page speaks of the chip on /dev/i2c-1, of the installed module and of
# files in /etc/nerves-key/tls; here they are slot 3, MODULE and this folder.
set -eu
awk -v wanted="$2" '
    /^```/ { inside = !inside; if (inside) count++; next }
    inside && count == wanted { print; found = 1 }
    END { exit !found }
' "$PAGES/$1.md" |
    sed -e "s,/usr/lib/pkcs11/nerves_key_pkcs11.so,$MODULE,g" \
        -e "s,/etc/nerves-key/tls,$PWD,g" \
        -e 's/token=1/token=3/g; s/object=1/object=3/g' \
        -e "s/broker.example/localhost/g"
