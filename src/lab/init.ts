/** Name of the virtio port the agent speaks on; /init finds the device by it. */
export const PORT_NAME = 'tsvmm.lab'

/** Words /init prints before it gives up; what follows on the line is for the user. */
export const COMPLAINT = 'tsvmm-lab:'

/**
 * The /init of the emulated host: mounts, modules, then the agent. Whatever ends the agent ends the
 * host.
 */
export const INIT_SCRIPT = `#!/usr/bin/busybox sh
/usr/bin/busybox --install -s /usr/bin
export PATH=/usr/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs tmpfs /run
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
hostname tsvmm-lab
ip link set lo up
for module in virtio virtio_ring virtio_mmio virtio_console; do
  [ ! -e /modules/$module.ko ] || insmod /modules/$module.ko
done
port=
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  for name in /sys/class/virtio-ports/*/name; do
    [ "$(cat $name 2>/dev/null)" != ${PORT_NAME} ] || port=/dev/$(basename $(dirname $name))
  done
  [ -z "$port" ] || break
  sleep 0.2
done
if [ -z "$port" ]; then
  echo '${COMPLAINT} no virtio console; this kernel needs CONFIG_VIRTIO_MMIO=y and CONFIG_VIRTIO_CONSOLE=y'
else
  node /opt/tsvmm/dist/lab/agent.js $port
  echo "${COMPLAINT} the agent ended with status $?"
fi
poweroff -f
`
