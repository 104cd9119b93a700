import { TsvmmError } from '../errors/index.ts'
import { isAtLeast, type KernelVersion } from '../host/kernel.ts'
import type { Sign } from '../host/surroundings.ts'
import { failed, pass, withKnown, type Check, type Finding } from './check.ts'
import type { DoctorFacts } from './facts.ts'
import { LAB } from './remedies.ts'

/** The oldest kernel tsvmm is made for. */
const OLDEST: KernelVersion = [5, 17]

/** What the machine is, and whether tsvmm itself works on it. */
export const HOST_CHECKS = [
  {
    id: 'host.arch',
    about: 'the architecture is arm64',
    needs: [],
    judge: ({ arch }) =>
      arch === 'arm64'
        ? pass('arm64')
        : {
            verdict: 'FAIL',
            found: `this machine is ${arch}, not arm64`,
            remedy: [LAB, 'tsvmm probe --sysroot DIR    # look at a tree that was saved elsewhere'],
          },
  },
  {
    id: 'host.kernel',
    about: 'the kernel is Linux, and new enough',
    needs: [],
    judge: judgeKernel,
  },
  {
    id: 'host.place',
    about: 'whether this is a container or a virtual machine',
    needs: [],
    judge: judgePlace,
  },
  {
    id: 'tsvmm.node',
    about: 'Node.js, 20.19 or later',
    needs: [],
    // An older one gets no further than bin/tsvmm.js.
    judge: ({ nodeVersion, arch }) => pass(`Node.js ${nodeVersion} for ${arch}`),
  },
  {
    id: 'tsvmm.native',
    about: 'the native library can be loaded, by what TSVMM_FFI says',
    needs: [],
    judge: judgeNative,
  },
] as const satisfies readonly Check[]

function judgeKernel({ kernel }: DoctorFacts): Finding {
  return withKnown(kernel, ({ release, version }) => {
    if (release === undefined)
      return { verdict: 'SKIP', found: 'not known: there is no /proc/sys/kernel/osrelease' }
    if (version === undefined)
      return { verdict: 'WARN', found: `${release}, which is no version of Linux` }
    if (isAtLeast(version, OLDEST)) return pass(`Linux ${release}`)
    return {
      verdict: 'WARN',
      found: `Linux ${release}, older than ${OLDEST.join('.')}, the oldest tsvmm is made for`,
      why: 'what it lacks is listed under kvm.features',
      remedy: ['boot a newer kernel'],
    }
  })
}

function judgePlace({ surroundings }: DoctorFacts): Finding {
  return withKnown(surroundings, ({ container, vm }) => {
    const inside = [
      container && `in a container (${render(container)})`,
      vm && `in a virtual machine (${render(vm)})`,
    ].filter(words => words !== undefined)
    return pass(inside.join(', ') || 'no sign of a container or a virtual machine')
  })
}

function render({ name, from }: Sign): string {
  return `${name}, says ${from}`
}

function judgeNative({ native }: DoctorFacts): Finding {
  return native instanceof TsvmmError
    ? failed(native)
    : pass(`the native library is loaded ${native.backend}`)
}
