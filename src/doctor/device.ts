import type { DeviceNode, KvmDevice, ProcessUser } from '../host/kvm-device.ts'
import { known, pass, type Finding } from './check.ts'
import type { DoctorFacts } from './facts.ts'
import { isForbidden } from './presence.ts'

const MAKE_NODE = 'sudo mknod --mode=660 /dev/kvm c 10 232 && sudo chgrp kvm /dev/kvm'

/** The group's permission to read and write, and everybody's. */
const GROUP_RW = 0o060
const OTHERS_RW = 0o006

/** Whether /dev/kvm is there, given that the kernel has KVM. */
export function judgeDevice({ device, surroundings }: DoctorFacts): Finding {
  const { node } = device
  if (node?.isKvm === true) return pass(`/dev/kvm, ${renderNode(node)}`)
  if (node !== undefined)
    return {
      verdict: 'FAIL',
      found: '/dev/kvm is not the character device 10:232',
      why: 'something else has its name',
      remedy: [`sudo rm /dev/kvm && ${MAKE_NODE}`],
    }
  const container = known(surroundings)?.container
  return {
    verdict: 'FAIL',
    found: 'there is no /dev/kvm, although the kernel has KVM',
    why:
      container === undefined
        ? 'it was removed, or /dev is not made by the kernel (devtmpfs) or udev'
        : `it was not passed into this container (${container.name})`,
    remedy: container === undefined ? [MAKE_NODE] : passInto(container.name),
  }
}

/** Whether this process may use it, and if not, what is in the way. */
export function judgeAccess({ device, surroundings }: DoctorFacts): Finding {
  const { node, opening, user } = device
  const who = renderUser(user)
  if (node === undefined) return { verdict: 'SKIP', found: 'not known: there is no /dev/kvm' }
  if (opening === 'ok') return pass(`readable and writable for ${who}${thanksTo(node, user)}`)
  const found = `${opening}: not for ${who}; it is ${renderNode(node)}`
  if (!isForbidden(opening))
    return {
      verdict: 'FAIL',
      found: `opening it fails with ${opening}`,
      remedy: [`tsvmm explain ${opening}`],
    }
  const container = known(surroundings)?.container
  if (opening === 'EPERM' || (container !== undefined && isAllowed(node, user)))
    return {
      verdict: 'FAIL',
      found,
      why: 'the permissions are not in the way: the device cgroup of a container, or a security module, is',
      remedy: container === undefined ? ['sudo dmesg | grep -i denied'] : passInto(container.name),
    }
  return { verdict: 'FAIL', found, ...wayIn(device, node) }
}

/** How to get in where the permissions are in the way. */
function wayIn({ user }: KvmDevice, node: DeviceNode): Pick<Finding, 'why' | 'remedy'> {
  const { gid, group, mode } = node
  const name = user.name ?? '$USER'
  const acl = `sudo setfacl -m u:${name}:rw /dev/kvm    # until it is booted again`
  if ((mode & GROUP_RW) !== GROUP_RW)
    return {
      why: 'its group may not read and write it either',
      remedy: [
        `sudo chgrp kvm /dev/kvm && sudo chmod 660 /dev/kvm && sudo usermod -aG kvm ${name}    # then log in again`,
        acl,
      ],
    }
  // Below a user namespace that does not know the group.
  if (group === undefined || group === 'nogroup' || group === 'nobody')
    return {
      why: `its group (${gid}) has no name here, as in a container without root`,
      remedy: ['podman run --device /dev/kvm --group-add keep-groups …', acl],
    }
  if (user.listedIn.includes(gid) && !user.gids.includes(gid))
    return {
      why: `${name} is in the group ${group}, but this session is older than that`,
      remedy: [`newgrp ${group}    # or log in again`],
    }
  if (gid === 0)
    return {
      remedy: [
        `sudo chgrp kvm /dev/kvm && sudo usermod -aG kvm ${name}    # then log in again`,
        acl,
      ],
    }
  return { remedy: [`sudo usermod -aG ${group} ${name}    # then log in again`, acl] }
}

/** Whether the permission bits let a user read and write. */
function isAllowed({ uid, gid, mode }: DeviceNode, user: ProcessUser): boolean {
  const bits = user.uid === uid ? mode >> 3 : user.gids.includes(gid) ? mode : (mode & 0o7) << 3
  return user.uid === 0 || (bits & GROUP_RW) === GROUP_RW
}

/** By what a user gets in, where that is not obvious. */
function thanksTo(node: DeviceNode, user: ProcessUser): string {
  if (user.uid === 0 || user.uid === node.uid) return ''
  if (user.gids.includes(node.gid) && (node.mode & GROUP_RW) === GROUP_RW)
    return `, as a member of ${node.group ?? node.gid}`
  if ((node.mode & OTHERS_RW) === OTHERS_RW) return ', as for everybody'
  return ', by an ACL (getfacl /dev/kvm) or a capability'
}

const PASS_INTO: Readonly<Record<string, string>> = {
  docker: 'docker run --device /dev/kvm …',
  podman: 'podman run --device /dev/kvm --group-add keep-groups …',
  kubernetes:
    'give the pod /dev/kvm with a device plugin, or a hostPath volume and securityContext.privileged',
  lxc: 'lxc config device add CONTAINER kvm unix-char source=/dev/kvm path=/dev/kvm mode=0666',
  'systemd-nspawn': "systemd-nspawn --bind=/dev/kvm --property='DeviceAllow=/dev/kvm rw' …",
}

function passInto(container: string): string[] {
  return [PASS_INTO[container] ?? `pass /dev/kvm into the container (${container})`]
}

/** `root:kvm 660`. */
function renderNode({ uid, gid, owner, group, mode }: DeviceNode): string {
  return `${owner ?? uid}:${group ?? gid} ${mode.toString(8).padStart(3, '0')}`
}

/** `user 1000, groups 1000,27`. */
function renderUser({ uid, name, gids }: ProcessUser): string {
  return uid === 0 ? 'root' : `${name ?? 'user'} (${uid}), groups ${gids.join(',')}`
}
