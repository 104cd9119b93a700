/**
 * From exec to the first instruction of a guest: `tsvmm run` beside `qemu-system-aarch64 -accel kvm`,
 * in turns. The guest's first instructions write a letter to the machine's UART, which is when the
 * time is taken, and switch the machine off.
 *
 *   node first-instruction.mjs PACKAGE QEMU [ROUNDS] [--json]
 *
 * QEMU is a directory with `qemu-system-aarch64` and `lib`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const words = process.argv.slice(2).filter(word => word !== '--json')
const [packageRoot, qemuRoot, rounds = '15'] = words
const tsvmm = join(packageRoot, 'bin/tsvmm.js')
const folder = mkdtempSync(join(tmpdir(), 'tsvmm-bench-'))

/** Loaded before tsvmm: when Node was ready, and how long it took to load the shim library. */
const HOOK = `
const ready = performance.now()
const { dlopen } = process
let shim = 0
process.dlopen = (...words) => {
  const start = performance.now()
  dlopen.apply(process, words)
  shim += performance.now() - start
}
process.on('exit', () => {
  const parts = { node: ready, shim, all: performance.now() }
  require('node:fs').writeFileSync(process.env.TSVMM_BENCH_PARTS, JSON.stringify(parts))
})`

/** @param uart its address, of which the lower half is 0 */
function guest(name, uart) {
  const movz = (register, half) => 0x52a00000 | (half << 5) | register // movz w, #half, lsl #16
  const code = [
    movz(1, uart >>> 16),
    0x52800420, // mov w0, #'!'
    0x39000020, // strb w0, [x1]
    movz(0, 0x8400),
    0x72800100, // movk w0, #8: PSCI SYSTEM_OFF
    0xd4000002, // hvc #0
    0x14000000, // b .
  ]
  const path = join(folder, `${name}.flat`)
  writeFileSync(path, Buffer.from(Uint32Array.from(code).buffer))
  return path
}

const env = { ...process.env, XDG_CACHE_HOME: folder }
const runArguments = ['run', '--mem', '256M', '--pmu=off', guest('tsvmm', 0x0100_0000)]
const contenders = [
  {
    name: 'qemu',
    argv: qemuArguments(guest('qemu', 0x0900_0000)),
    libraries: join(qemuRoot, 'lib'),
  },
  { name: 'tsvmm', argv: [process.execPath, tsvmm, ...runArguments] },
]
const node = { name: 'node', argv: [process.execPath, '-e', 'process.stdout.write("!")'] }

function qemuArguments(image) {
  return [
    join(qemuRoot, 'qemu-system-aarch64'),
    ...['-accel', 'kvm', '-M', 'virt,gic-version=host', '-cpu', 'host', '-m', '256'],
    ...['-nodefaults', '-display', 'none', '-nic', 'none', '-serial', 'stdio'],
    ...['-kernel', image],
  ]
}

/** Milliseconds from exec to the first letter on stdout, and to the end. */
async function measure({ name, argv, libraries }) {
  const [program, ...rest] = argv
  const own = libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }
  const start = process.hrtime.bigint()
  const since = () => Number(process.hrtime.bigint() - start) / 1e6
  const child = spawn(program, rest, { env: { ...env, ...own }, stdio: ['ignore', 'pipe', 'pipe'] })
  let first
  let said = ''
  child.stdout.on('data', () => (first ??= since()))
  child.stderr.on('data', text => (said += text))
  const [status] = await once(child, 'close')
  if (status !== 0 || first === undefined) throw new Error(`${name} ended with ${status}: ${said}`)
  return { first, end: since() }
}

const median = list => [...list].sort((a, b) => a - b)[list.length >> 1]
function summary(list) {
  return { median: median(list), least: Math.min(...list), most: Math.max(...list) }
}

const all = [...contenders, node]
for (const contender of all) Object.assign(contender, { first: [], end: [] })
for (let round = -1; round < Number(rounds); round++)
  for (const contender of all) {
    const { first, end } = await measure(contender)
    // The first of all finds nothing in memory, and nothing compiled.
    if (round < 0) continue
    contender.first.push(first)
    contender.end.push(end)
  }

const [qemu, ours] = contenders
const result = {
  node: process.version,
  rounds: Number(rounds),
  milliseconds: Object.fromEntries(
    all.map(({ name, first, end }) => [name, { first: summary(first), end: summary(end) }]),
  ),
  ratio: median(ours.first.map((time, round) => time / qemu.first[round])),
  parts: await partsOfRun(),
}
rmSync(folder, { recursive: true })
if (process.argv.includes('--json')) console.log(JSON.stringify(result, null, 2))
else show(result)

/** Where the time of `tsvmm run` goes, by one more start that says so itself. */
async function partsOfRun() {
  const hook = join(folder, 'hook.cjs')
  const out = join(folder, 'parts.json')
  const log = join(folder, 'ioctls.log')
  writeFileSync(hook, HOOK)
  const argv = [process.execPath, '--require', hook, tsvmm, '-vvv', '--log-format', 'json']
  const parts = []
  for (let round = 0; round < 5; round++) {
    rmSync(log, { force: true })
    env.TSVMM_BENCH_PARTS = out
    await measure({ name: 'tsvmm -vvv', argv: [...argv, '--log-file', log, ...runArguments] })
    const times = JSON.parse(readFileSync(out, 'utf8'))
    const lines = readFileSync(log, 'utf8').trim().split('\n')
    const ioctls = lines.map(line => JSON.parse(line)).filter(({ msg }) => msg === 'system call')
    parts.push({
      ...times,
      ioctls: ioctls.reduce((sum, { ns }) => sum + (ns ?? 0) / 1e6, 0),
      ioctlCount: ioctls.length,
    })
  }
  const names = Object.keys(parts[0])
  return Object.fromEntries(names.map(name => [name, median(parts.map(part => part[name]))]))
}

function show({ milliseconds, ratio, parts }) {
  const ms = value => value.toFixed(0).padStart(6)
  console.log(
    `from exec to the first instruction of a guest, Node ${process.version}, ${process.arch}, ${rounds} rounds, milliseconds`,
  )
  console.log('             first instruction        end of the process')
  console.log('             median least   most      median least   most')
  for (const [name, { first, end }] of Object.entries(milliseconds))
    console.log(
      `  ${name.padEnd(8)} ${[first, end].map(s => [s.median, s.least, s.most].map(ms).join(' ')).join('    ')}`,
    )
  console.log(`  tsvmm takes ${ratio.toFixed(2)} of the time of QEMU (median of the rounds)`)
  const { ioctlCount, ...times } = parts
  const words = Object.entries(times).map(([name, time]) => `${name} ${time.toFixed(0)}`)
  console.log(`  of a start that logs its ${ioctlCount} ioctls: ${words.join(', ')}`)
}
