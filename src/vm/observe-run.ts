import { cameOf, observer, renderValue } from '../ioctl/index.ts'
import type { NativeMemory } from '../native/index.ts'
import { decodeExit } from '../vcpu/exit.ts'

/** Shows a KVM_RUN that came back to us, to who looks at calls. */
export function observeRun(vcpu: number, result: number, run: NativeMemory): void {
  observer?.({
    on: `vcpu ${vcpu}`,
    request: 'KVM_RUN',
    ...cameOf(result),
    ...(result === 0 && { answer: renderExit(run) }),
  })
}

/** `mmio-write, address 0x1000000, length 1, value 0x41`. */
function renderExit(run: NativeMemory): string {
  const { kind, ...fields } = decodeExit(run)
  return [kind, renderValue(fields)].join(', ')
}
