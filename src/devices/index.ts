export { MmioBus, type MmioDevice } from './mmio-bus.ts'
export { MsiFrame, type MsiSpis } from './msi-frame.ts'
export { RtcPl031 } from './rtc-pl031.ts'
export { Uart16550 } from './uart-16550.ts'
