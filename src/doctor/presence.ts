import { known, pass, type Finding } from './check.ts'
import type { DoctorFacts } from './facts.ts'
import { LAB } from './remedies.ts'

type Reason = Pick<Finding, 'why' | 'remedy' | 'see'>

/** KVM of arm64 is part of the kernel, never a module: it came up at boot or it did not. */
export function judgePresence(facts: DoctorFacts): Finding {
  const { isRegistered, node, opening } = facts.device
  if (isRegistered === true) return pass('KVM is registered in /proc/misc')
  if (node?.isKvm === true && opening === 'ok') return pass('/dev/kvm can be opened')
  if (node?.isKvm === true && isRegistered === undefined && isForbidden(opening))
    return pass('/dev/kvm is there; what is behind it shows when it may be opened')
  const { why, remedy = [], see } = reasonFor(facts)
  return {
    verdict: 'FAIL',
    found: 'the kernel has no KVM',
    why,
    remedy: [...remedy, LAB],
    see: see ?? ['arch/arm64/kvm/arm.c, kvm_arm_init() (v7.3)'],
  }
}

export function isForbidden(errno: string): boolean {
  return errno === 'EACCES' || errno === 'EPERM'
}

/** Why KVM did not come up: what the machine says of it, the most telling first. */
function reasonFor(facts: DoctorFacts): Reason {
  const kernel = known(facts.kernel)
  if (/(^|\s)kvm-arm\.mode=none(\s|$)/.test(kernel?.commandLine ?? ''))
    return {
      why: 'the kernel was booted with kvm-arm.mode=none',
      remedy: ['take kvm-arm.mode=none off the command line of the kernel, and boot again'],
      see: ['Documentation/admin-guide/kernel-parameters.txt, kvm-arm.mode (v7.3)'],
    }
  if (kernel?.isBuiltWithKvm === false)
    return {
      why: `/boot/config-${kernel.release ?? ''} does not say CONFIG_KVM=y`,
      remedy: ['boot a kernel that is built with CONFIG_KVM=y, as those of distributions are'],
    }
  if (known(facts.level) === 'el1' || isStartedAtEl1(facts)) return reasonForEl1(facts)
  const said = facts.kvmMessages?.at(-1)
  return {
    why:
      said === undefined ? 'nothing here tells why' : `the last the kernel said of it is "${said}"`,
    remedy: ['sudo dmesg | grep -i kvm    # what the kernel said of it at boot'],
  }
}

function isStartedAtEl1({ kvmMessages = [] }: DoctorFacts): boolean {
  return kvmMessages.some(message => /HYP mode not available/i.test(message))
}

function reasonForEl1({ surroundings }: DoctorFacts): Reason {
  const vm = known(surroundings)?.vm
  const started = 'the kernel was started at EL1, and KVM needs EL2'
  return vm === undefined
    ? {
        why: `${started}: firmware, or a hypervisor that does not show, has EL2`,
        remedy: ['set the firmware to start the kernel at EL2, or take one that does'],
        see: ['Documentation/arch/arm64/booting.rst, CPU mode (v6.12)'],
      }
    : {
        why: `${started}: this is a virtual machine (${vm.name}) without nested virtualization`,
        remedy: [
          'take a machine that is not virtual: on EC2 a type that ends in .metal',
          'turn nested virtualization on where this VM is made: Linux 6.16 can, booted with kvm-arm.mode=nested on Armv8.4',
        ],
        see: ['Documentation/admin-guide/kernel-parameters.txt, kvm-arm.mode (v7.3)'],
      }
}
