import type { Readable } from 'node:stream'
import { Uart16550, type MmioBus } from '../devices/index.ts'
import type { Vm } from './builder.ts'
import { ConsoleInput } from './console-input.ts'
import type { ConsoleOutput } from './console.ts'
import { UART_BASE, UART_LSR, UART_RBR, UART_SIZE, UART_SPI, UART_THR } from './memory-map.ts'
import type { RunLoop } from './run-loop.ts'

/** What a console is connected to. */
interface Surroundings {
  readonly vm: Vm
  readonly loop: RunLoop
  readonly mmio: MmioBus
  readonly output: ConsoleOutput
}

/** As long, a guest must want input before it gets any. Less is a driver that tries the UART. */
const LISTENS_MS = 50

const POLLING_MS = 100

/** LSR is read once for every byte that is sent, and more often only by who waits for one to come. */
const POLLS = 200

/** The guest's serial port, what it shows and what is typed. */
export class SerialConsole implements Disposable {
  readonly #loop: RunLoop
  readonly #uart: Uart16550
  #input: ConsoleInput | undefined
  #listening: NodeJS.Timeout | undefined
  #polling: NodeJS.Timeout | undefined

  /** To be made before the run. */
  constructor({ vm, loop, mmio, output }: Surroundings) {
    const [lsr, thr] = [loop.fastRegister(UART_LSR), loop.fastRegister(UART_THR)]
    const rbr = loop.fastRegister(UART_RBR)
    this.#loop = loop
    this.#uart = new Uart16550({
      received: loop.readQueue,
      transmit: byte => output.put(byte),
      interrupt: level => vm.setSpi(UART_SPI, level),
      onStatus: (status, isPlain) => {
        lsr.shadow(status)
        if (isPlain) {
          thr.post()
          rbr.takeQueued()
        } else {
          thr.off()
          rbr.off()
        }
      },
      onListen: () => {
        clearTimeout(this.#listening)
        this.#listening = setTimeout(() => this.#uart.listens && this.#uart.heed(), LISTENS_MS)
      },
      giveBack: bytes => this.#input?.giveBack(bytes),
      onRoom: () => this.#input?.onRoom(),
    })
    mmio.attach(this.#uart, UART_BASE, UART_SIZE)
  }

  /** Gives the guest what comes from there, as fast as it takes it. */
  attachInput(source: Readable): void {
    this.#input = new ConsoleInput(source, bytes => this.#uart.receive(bytes))
    this.#polling = this.#watchPolling()
  }

  /** Nothing more arrives: what the guest would be told of it by is gone with the run. */
  [Symbol.dispose](): void {
    clearTimeout(this.#listening)
    clearInterval(this.#polling)
    this.#input?.[Symbol.dispose]()
  }

  /** A guest that polls for input takes no exit for it, and so is not seen otherwise. */
  #watchPolling(): NodeJS.Timeout {
    let before = this.#count()
    return setInterval(() => {
      const now = this.#count()
      if (now.writes === before.writes && now.reads > before.reads + POLLS) this.#uart.heed()
      before = now
    }, POLLING_MS)
  }

  #count(): { readonly reads: number; readonly writes: number } {
    const { exits } = this.#loop.statistics
    return { reads: exits['mmio-shadow-read'] ?? 0, writes: exits['mmio-posted-write'] ?? 0 }
  }
}
