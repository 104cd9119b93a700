import { pass, withKnown, type Check, type Finding } from './check.ts'
import type { DoctorFacts } from './facts.ts'
import { answerOf } from './kvm-part.ts'

/** What a guest has unless it asks for more, and some room for tsvmm. */
const COMFORTABLE_MIB = 384

/** Each vCPU takes its own and an eventfd. */
const FILES_PER_VCPU = 2

/** What Node and a VM have open beside vCPUs. */
const OTHER_FILES = 64

/** What guests take of the machine. */
export const RESOURCE_CHECKS = [
  {
    id: 'memory.available',
    about: 'memory for guests',
    needs: [],
    judge: judgeMemory,
  },
  {
    id: 'memory.hugepages',
    about: 'huge pages, transparent and reserved',
    needs: [],
    judge: judgeHugePages,
  },
  {
    id: 'limits.files',
    about: 'open files enough for the vCPUs of a large guest',
    needs: [],
    judge: judgeFiles,
  },
] as const satisfies readonly Check[]

function judgeMemory({ memory }: DoctorFacts): Finding {
  return withKnown(memory, ({ totalMib, availableMib, limitMib }) => {
    if (availableMib === undefined)
      return { verdict: 'SKIP', found: 'not known: /proc/meminfo does not tell' }
    const of = limitMib ?? totalMib
    const bound = limitMib === undefined ? '' : ', the limit of the cgroup'
    const found = `${availableMib} MiB available${of === undefined ? '' : ` of ${of} MiB${bound}`}`
    if (availableMib >= COMFORTABLE_MIB) return pass(found)
    return {
      verdict: 'WARN',
      found,
      why: 'a guest has 256 MiB unless it asks for less, and uses what it touches',
      remedy: ['tsvmm run --mem 64M IMAGE'],
    }
  })
}

function judgeHugePages({ memory }: DoctorFacts): Finding {
  return withKnown(memory, ({ hugePages, transparent }) => {
    const reserved =
      hugePages === undefined || hugePages.total === 0
        ? 'none reserved'
        : `${hugePages.free} of ${hugePages.total} reserved ones free, of ${hugePages.sizeKib} KiB`
    return pass(`transparent: ${transparent ?? 'not in this kernel'}; ${reserved}`)
  })
}

function judgeFiles({ settings, kvm }: DoctorFacts): Finding {
  return withKnown(settings, ({ openFiles }) => {
    if (openFiles === undefined)
      return { verdict: 'SKIP', found: 'not known: /proc/self/limits does not tell' }
    const mostVcpus = answerOf(kvm, 'vms')?.recommendedVcpus
    const room = Math.max(0, Math.floor((openFiles - OTHER_FILES) / FILES_PER_VCPU))
    const found = `${openFiles === Infinity ? 'any number' : openFiles} open files`
    if (mostVcpus === undefined || room >= mostVcpus) return pass(found)
    return {
      verdict: 'WARN',
      found: `${found}, enough for ${room} vCPUs`,
      why: `KVM recommends up to ${mostVcpus} here, and each takes ${FILES_PER_VCPU} files`,
      remedy: [`ulimit -n ${mostVcpus * FILES_PER_VCPU + OTHER_FILES}`],
    }
  })
}
