#!/bin/bash
# machine.sh DISK: systemd as the first process of a machine with this folder as its disk and this system's /usr, read-only.
set -euo pipefail
disk=$1
mount --make-rprivate /
if [ "${2:-}" != inside ]; then
  # A control group of its own, so that the machine's first process never sees this system's.
  groups=$disk/old
  mkdir -p "$groups"
  mount -t cgroup2 cgroup2 "$groups"
  group=$groups$(sed -n 's/^0:://p' /proc/self/cgroup)/codec-lab-machine-$$
  mkdir "$group"
  echo $$ > "$group/cgroup.procs"
  exec unshare --pid --fork --kill-child --mount --uts --ipc --net --cgroup "$0" "$disk" inside
fi
mount --bind "$disk" "$disk"
cd "$disk"
mkdir -p usr proc sys dev run tmp old var/log/journal var/tmp opt root home
for name in bin sbin lib lib64; do if [ -L /$name ] && [ ! -L $name ]; then ln -s usr/$name $name; fi; done
mount --rbind /usr usr
mount -o remount,bind,ro usr
mount --bind local usr/local/sbin
mount --bind units usr/lib/systemd/system
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
# A new worker has no bubblewrap, so this system's is hidden where the kernel can.
mkdir run/hidden
mknod run/hidden/bwrap c 0 0 && mount -t overlay overlay -o "lowerdir=run/hidden:usr/bin" usr/bin || true
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do touch dev/$name; mount --bind /dev/$name dev/$name; done
mkdir dev/shm
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s /proc/self/fd dev/fd
ln -s null dev/console
mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
pivot_root . old
umount -l old
exec env -i container=codec-lab PATH=/usr/sbin:/usr/bin /usr/lib/systemd/systemd --system --unit=multi-user.target --show-status=no
