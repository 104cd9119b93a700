/**
 * Runs in the host: runs guests at pseudo-terminals, types, and prints as JSON what came of it.
 *
 *   node terminal.mjs FOLDER_OF_GUESTS CASE...
 */
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, existsSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ReadStream } from 'node:tty'

const dist = existsSync('/opt/tsvmm/dist')
  ? '/opt/tsvmm/dist/'
  : new URL('../../../dist/', import.meta.url).pathname
const { system } = (await import(`${dist}native/index.js`)).native()
const [guests, ...names] = process.argv.slice(2)

// include/uapi/asm-generic/ioctls.h
const TIOCSPTLCK = 0x40045431
const TIOCGPTN = 0x80045430
const { O_RDWR, O_NOCTTY } = constants
const CTRL_A = '\x01'
const LIMIT_MS = 60_000

/** A terminal, and tsvmm as the leader of its session. */
class Session {
  said = ''
  #screen
  #path
  #tty
  #before

  constructor(...args) {
    const master = openSync('/dev/ptmx', O_RDWR | O_NOCTTY)
    system.scratch.writeI32(0, 0)
    system.ioctl(master, TIOCSPTLCK, system.scratch.address)
    system.ioctl(master, TIOCGPTN, system.scratch.address)
    this.#path = `/dev/pts/${system.scratch.readI32(0)}`
    this.#screen = new ReadStream(master)
    this.#screen.on('data', bytes => (this.said += bytes.toString('latin1')))
    this.#screen.on('error', () => undefined)
    execFileSync('stty', ['-F', this.#path, 'rows', '50', 'cols', '132'])
    this.#before = this.settings
    const [image, ...rest] = args
    const line = ['-c', 'tsvmm', 'run', `${guests}/${image}.flat`, ...rest]
    // Kept open: a terminal that nobody has open ends for its reader.
    this.#tty = openSync(this.#path, O_RDWR | O_NOCTTY)
    this.child = spawn('setsid', line, { stdio: [this.#tty, this.#tty, this.#tty] })
    this.ended = new Promise(resolve =>
      this.child.on('exit', (status, signal) => resolve(status ?? signal)),
    )
  }

  get settings() {
    return execFileSync('stty', ['-F', this.#path, '-g']).toString()
  }

  get isRaw() {
    return this.settings !== this.#before
  }

  type(text) {
    this.#screen.write(text, 'latin1')
  }

  /** Reads no more of what is shown. */
  freeze() {
    this.#screen.pause()
  }

  /** Goes away, as a terminal's window does. */
  close() {
    closeSync(this.#tty)
    this.#screen.destroy()
  }

  kill(signal) {
    this.child.kill(signal)
  }

  /** Waits until `text` is shown, and forgets it. */
  async sees(text) {
    await until(
      () => this.said.includes(text),
      `${JSON.stringify(text)} in ${this.said.slice(-500)}`,
    )
    this.said = this.said.slice(this.said.indexOf(text) + text.length)
  }

  async isPutBack() {
    await until(() => !this.isRaw, 'a terminal that is put back')
    return true
  }

  /** Its status, and whether the terminal is as it was. */
  async end() {
    const status = await this.ended
    const isPutBack = await this.isPutBack()
    this.close()
    return { status, isPutBack }
  }
}

async function until(isSo, what) {
  for (const start = Date.now(); !isSo(); await sleep(50))
    if (Date.now() - start > LIMIT_MS) throw new Error(`waited in vain for ${what}`)
}

/** At a guest that has begun. */
async function running(image, sign, ...options) {
  const session = new Session(image, ...options)
  await session.sees('the console is yours')
  if (sign !== '') await session.sees(sign)
  return session
}

const CASES = {
  async keys() {
    const session = await running('echo', '')
    const wasRaw = session.isRaw
    // Ctrl-C, Ctrl-S, Ctrl-Z, Ctrl-\ and Ctrl-D are the guest's.
    session.type('abc\r\x03\x13\x1a\x1c\x04')
    await session.sees('abc\r\x03\x13\x1a\x1c\x04')
    session.type(`${CTRL_A}${CTRL_A}`)
    await session.sees(CTRL_A)
    session.type(`${CTRL_A}h`)
    await session.sees('stty rows 50 cols 132')
    session.type(`${CTRL_A}s`)
    await session.sees('tsvmm: exits: ')
    session.kill('SIGTSTP')
    await session.isPutBack()
    session.kill('SIGCONT')
    await until(() => session.isRaw, 'a terminal that is raw again')
    session.type('still there')
    await session.sees('still there')
    session.type(`${CTRL_A}x`)
    return { wasRaw, ...(await session.end()) }
  },
  async frozen() {
    const session = await running('flood', 'xxx')
    session.freeze()
    await sleep(2000)
    session.type(`${CTRL_A}x`)
    // Who waits for nobody to read leaves what was not read behind.
    return session.ended
  },
  async pasted() {
    const session = await running('hang', 'h')
    session.type('p'.repeat(2 ** 20))
    session.type(`${CTRL_A}x`)
    return session.end()
  },
  poweredOff: async () => (await running('greeting', 'Hello')).end(),
  timeout: async () => (await running('hang', 'h', '--timeout', '2')).end(),
  terminated: () => killed('SIGTERM'),
  killed: () => killed('SIGKILL'),
  crashed: () => killed('SIGSEGV'),
  async closed() {
    const session = await running('hang', 'h')
    session.close()
    return session.ended
  },
}

async function killed(signal) {
  const session = await running('hang', 'h')
  session.kill(signal)
  return session.end()
}

const results = {}
/** As many at a time as the host has CPUs to spare. */
await Promise.all(
  [0, 1].map(async () => {
    for (let name = names.shift(); name; name = names.shift())
      results[name] = await CASES[name]().catch(error => error.message)
  }),
)
console.log(JSON.stringify(results))
process.exit()
