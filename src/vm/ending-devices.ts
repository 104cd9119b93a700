import { ExitDevice, Pvpanic, type MmioBus } from '../devices/index.ts'
import { EXIT_DEVICE_BASE, EXIT_DEVICE_SIZE, PVPANIC_BASE, PVPANIC_SIZE } from './memory-map.ts'
import type { Outcome } from './outcome.ts'

interface Ending {
  /** Ends the run. */
  readonly end: (outcome: Outcome) => void
  readonly onNotice: (sentence: string) => void
  readonly exitCodeFromGuest: boolean
}

/** Gives the guest the devices by which it ends otherwise than by PSCI. */
export function attachEndingDevices(mmio: MmioBus, { end, onNotice, exitCodeFromGuest }: Ending) {
  const pvpanic = new Pvpanic({
    onPanic: () => end({ kind: 'guest-panic', by: 'pvpanic' }),
    onCrashKernel: () => onNotice('the guest panicked, and its crash kernel takes over'),
  })
  mmio.attach(pvpanic, PVPANIC_BASE, PVPANIC_SIZE)
  if (!exitCodeFromGuest) return
  const exit = new ExitDevice(status => end({ kind: 'exited', status }))
  mmio.attach(exit, EXIT_DEVICE_BASE, EXIT_DEVICE_SIZE)
}
