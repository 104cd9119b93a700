import { TsvmmError } from '../errors/index.ts'
import { partOf } from '../look/facts.ts'
import { failed, pass, type Check, type Finding } from './check.ts'
import { judgeAccess, judgeDevice } from './device.ts'
import type { DoctorFacts } from './facts.ts'
import { judgeFeatures } from './features.ts'
import { judgeMode } from './mode.ts'
import { judgePresence } from './presence.ts'
import { NOT_ASKED, withPart } from './kvm-part.ts'
import { LAB } from './remedies.ts'

/** KVM: there, ours to use, and what its VMs can be. */
export const KVM_CHECKS = [
  {
    id: 'kvm.present',
    about: 'the kernel has KVM, and it came up',
    needs: ['host.arch'],
    judge: judgePresence,
  },
  {
    id: 'kvm.device',
    about: '/dev/kvm is there, and is KVM',
    needs: ['kvm.present'],
    judge: judgeDevice,
  },
  {
    id: 'kvm.access',
    about: 'this process may read and write /dev/kvm',
    needs: ['kvm.device'],
    judge: judgeAccess,
  },
  {
    id: 'kvm.mode',
    about: 'VHE, nVHE, protected or nested, as far as it shows',
    needs: ['kvm.present'],
    judge: judgeMode,
  },
  {
    id: 'kvm.api',
    about: 'KVM answers, in the version everybody speaks',
    needs: ['tsvmm.native', 'kvm.access'],
    judge: judgeApi,
  },
  {
    id: 'kvm.vms',
    about: 'a VM can be made',
    needs: ['kvm.api'],
    judge: judgeVms,
  },
  {
    id: 'kvm.gic',
    about: 'a GICv3 or GICv2 for guests, and an ITS',
    needs: ['kvm.vms'],
    judge: judgeGic,
  },
  {
    id: 'kvm.ipa',
    about: 'bits of a guest-physical address',
    needs: ['kvm.vms'],
    judge: judgeIpa,
  },
  {
    id: 'kvm.vcpus',
    about: 'vCPUs of a VM',
    needs: ['kvm.vms'],
    judge: facts =>
      withPart(facts, 'vms', ({ maxVcpus, recommendedVcpus }) =>
        pass(`${maxVcpus} at most, ${recommendedVcpus} recommended`),
      ),
  },
  {
    id: 'kvm.features',
    about: 'what KVM of this host has of what came with later kernels',
    needs: ['kvm.api'],
    judge: judgeFeatures,
  },
] as const satisfies readonly Check[]

function judgeApi({ kvm }: DoctorFacts): Finding {
  if (kvm instanceof TsvmmError) return failed(kvm)
  return kvm === undefined ? NOT_ASKED : pass(`version ${kvm.apiVersion}`)
}

function judgeVms({ kvm }: DoctorFacts): Finding {
  const vms = partOf(kvm, 'vms')
  return vms instanceof TsvmmError ? failed(vms) : pass('one was made, and is gone')
}

function judgeGic(facts: DoctorFacts): Finding {
  return withPart(facts, 'vms', ({ gics }) => {
    const has = gics.filter(({ available }) => available).map(({ name }) => name)
    if (has.includes('GICv3') || has.includes('GICv2'))
      return pass(
        [
          has.join(', '),
          ...(has.includes('GICv3') ? [] : ['no GICv3: 8 vCPUs at most']),
          ...(has.includes('ITS') ? [] : ['no ITS: no MSIs for PCI devices of guests']),
        ].join('; '),
      )
    return {
      verdict: 'FAIL',
      found: `neither GICv3 nor GICv2${has.length > 0 ? `, only ${has.join(', ')}` : ''}`,
      why: 'KVM makes guests an interrupt controller only where the host has one with support for it',
      remedy: [LAB],
      see: ['arch/arm64/kvm/vgic/vgic-init.c, kvm_vgic_hyp_init() (v6.12)'],
    }
  })
}

/** What KVM_CREATE_VM takes when nobody says otherwise. */
const USUAL_IPA_BITS = 40

function judgeIpa(facts: DoctorFacts): Finding {
  return withPart(facts, 'vms', ({ ipaBits }) =>
    ipaBits >= USUAL_IPA_BITS
      ? pass(`${ipaBits} bits`)
      : {
          verdict: 'WARN',
          found: `${ipaBits} bits, fewer than the usual ${USUAL_IPA_BITS}`,
          why: 'a VMM that does not ask for fewer gets EINVAL from KVM_CREATE_VM; tsvmm asks',
          see: ['Documentation/virt/kvm/api.rst, 4.2 KVM_CREATE_VM (v7.3)'],
        },
  )
}
