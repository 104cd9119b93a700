import type { KernelLevel } from '../host/exception-level.ts'
import { known, pass, type Finding } from './check.ts'
import type { DoctorFacts } from './facts.ts'
import { answerOf } from './kvm-part.ts'

/** What shows of how KVM works here; nothing of it is in the way of guests. */
export function judgeMode(facts: DoctorFacts): Finding {
  const mode = modeSaid(facts) ?? modeShown(facts)
  const nested = nestedOf(facts)
  if (mode === undefined)
    return {
      verdict: 'SKIP',
      found: ['not known', nested].filter(words => words !== undefined).join('; '),
      why: 'the timer of the host does not show it, and the messages of the kernel are not for this user',
      remedy: ["sudo dmesg | grep 'mode initialized'"],
    }
  return pass([mode, nested].filter(words => words !== undefined).join('; '))
}

/** What the kernel said itself. */
function modeSaid({ kvmMessages = [] }: DoctorFacts): string | undefined {
  for (const message of kvmMessages) {
    const said = /^(?<mode>.+) mode initialized successfully/.exec(message)?.groups?.['mode']
    if (said !== undefined) return `${MODES[said] ?? said}, says the kernel`
  }
  return undefined
}

/** `Hyp` alone was nVHE, before there were three of them. */
const MODES: Readonly<Record<string, string>> = { Hyp: 'nVHE', 'Hyp nVHE': 'nVHE' }

const LEVELS: Readonly<Record<KernelLevel, string>> = {
  el2: 'VHE, as the timer of the host shows (that of EL2)',
  'el1-below-el2':
    'nVHE, hVHE or protected, as the timer of the host shows (that of EL1, with EL2 at hand)',
  el1: 'the timer of the host is that of a kernel without EL2',
}

/** What else shows it. */
function modeShown({ level, kernel }: DoctorFacts): string | undefined {
  const shown = known(level)
  const asked = /(?:^|\s)kvm-arm\.mode=(\w+)/.exec(known(kernel)?.commandLine ?? '')?.[1]
  if (shown === undefined) return asked && `kvm-arm.mode=${asked} was asked for at boot`
  return asked === undefined ? LEVELS[shown] : `${LEVELS[shown]}; booted with kvm-arm.mode=${asked}`
}

/** Whether guests can have guests. */
function nestedOf({ kvm }: DoctorFacts): string | undefined {
  const capabilities = answerOf(kvm, 'capabilities')
  if (capabilities === undefined) return undefined
  const value = capabilities.find(({ name }) => name === 'KVM_CAP_ARM_EL2')?.value ?? 0
  return value > 0 ? 'nested: guests can have EL2' : 'not nested: guests have no EL2'
}
