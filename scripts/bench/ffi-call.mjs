/**
 * What a call into C costs: the prepared call of src/native against a plain ffi-napi call of the
 * same function, in turns within one process, so that a slow moment hits both.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { native } from '../../dist/native/index.js'

const ROUNDS = 7
const CALLS = 20_000
const GET_API_VERSION = 0xae00

const require = createRequire(import.meta.url)
const ffi = require('ffi-napi')
const libc = ffi.Library(null, { ioctl: ['int', ['int', 'ulong', 'pointer']] })
const { system } = native()
const nothing = Buffer.alloc(8)

/** fd -1: the kernel answers EBADF at once, so what is measured is the way there and back. */
const contenders = {
  'plain ffi-napi, ioctl(int, ulong, pointer)': () => libc.ioctl(-1, GET_API_VERSION, nothing),
  'prepared, system.ioctl()': () => system.ioctl(-1, GET_API_VERSION, 0),
}

const samples = Object.fromEntries(Object.keys(contenders).map(name => [name, []]))
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, call] of Object.entries(contenders)) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < CALLS; i++) call()
    samples[name].push(Number(process.hrtime.bigint() - start) / CALLS)
    // Plain calls leave garbage with finalizers behind: let each pay for its own.
    await new Promise(resolve => setImmediate(resolve))
  }
}

const median = list => [...list].sort((a, b) => a - b)[list.length >> 1]
const [plain, prepared] = Object.values(samples)
console.log(`a call into C, Node ${process.version}, ${process.arch}, ${ROUNDS} rounds of ${CALLS}`)
for (const [name, list] of Object.entries(samples))
  console.log(
    `  ${name.padEnd(46)} median ${median(list).toFixed(0).padStart(6)} ns` +
      `  (${Math.min(...list).toFixed(0)} to ${Math.max(...list).toFixed(0)})`,
  )
console.log(`  prepared takes 1/${(median(plain) / median(prepared)).toFixed(1)} of plain`)
console.log(
  `  peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB (${fileURLToPath(
    import.meta.url,
  )
    .split('/')
    .pop()})`,
)
