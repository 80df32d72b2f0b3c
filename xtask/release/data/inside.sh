# inside.sh ROOT REPOSITORY PROGRAMS COMMAND..: the command in a root of Debian, which
# sees the repository and the programs there. By `unshare --mount --pid --fork`: what
# is mounted and started ends with the command.
set -eu
root=$1
mkdir -p "$root/repository" "$root/programs"
mount --bind "$2" "$root/repository"
mount --bind "$3" "$root/programs"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
shift 3
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive \
    chroot "$root" "$@"
