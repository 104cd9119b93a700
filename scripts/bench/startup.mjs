/**
 * What a start of tsvmm costs beside that of Node itself: time from exec to exit and peak memory, in
 * turns, so that a slow moment hits all. Where there is no KVM, the probe ends before it asks one.
 *
 *   node startup.mjs PACKAGE [ROUNDS]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [packageRoot, rounds = '21'] = process.argv.slice(2)
const tsvmm = join(packageRoot, 'bin/tsvmm.js')
const base = { name: 'node -e 0', argv: ['-e', '0'] }
const contenders = [
  base,
  { name: '--version', argv: [tsvmm, '--version'], time: 1.3 },
  { name: '--help', argv: [tsvmm, '--help'], time: 1.3 },
  {
    name: 'probe pmus --json --sysroot /',
    argv: [tsvmm, 'probe', 'pmus', '--json', '--sysroot', '/'],
    time: 1.3,
  },
  {
    name: 'probe pmus --json',
    argv: [tsvmm, 'probe', 'pmus', '--json'],
    time: 2.0,
    memory: 1.6,
  },
]

const folder = mkdtempSync(join(tmpdir(), 'tsvmm-bench-'))
// Not this user's: what a start has compiled is kept here for the next.
const env = { ...process.env, XDG_CACHE_HOME: folder }
const tell = join(folder, 'tell-memory.cjs')
writeFileSync(
  tell,
  `process.on('exit', () =>
    require('node:fs').writeSync(3, String(process.resourceUsage().maxRSS)))`,
)

for (const contender of contenders) Object.assign(contender, { times: [], peaks: [] })
for (let round = 0; round < Number(rounds); round++) {
  for (const { argv, times, peaks } of contenders) {
    times.push(milliseconds(argv))
    if (round < 3) peaks.push(peakMemory(argv))
  }
}
rmSync(folder, { recursive: true })

const median = list => [...list].sort((a, b) => a - b)[list.length >> 1]
const of = (value, limit) =>
  `${value.toFixed(2)}${limit === undefined ? '' : ` of at most ${limit.toFixed(1)}`}`.padEnd(19)
console.log(
  `a start beside node -e 0 (${median(base.times).toFixed(0)} ms, ${(median(base.peaks) / 1024).toFixed(0)} MiB), ` +
    `Node ${process.version}, ${process.arch}, ${rounds} rounds`,
)
for (const { name, times, peaks, time, memory } of contenders.slice(1))
  console.log(
    `  ${name.padEnd(30)} time ${of(median(times.map((t, round) => t / base.times[round])), time)}` +
      ` (fastest ${(Math.min(...times) / Math.min(...base.times)).toFixed(2)})` +
      `  memory ${of(median(peaks) / median(base.peaks), memory)}`.trimEnd(),
  )

function milliseconds(argv) {
  const start = process.hrtime.bigint()
  const { error, stderr } = spawnSync(process.execPath, argv, { env })
  if (error || stderr.length > 0) throw error ?? new Error(String(stderr))
  return Number(process.hrtime.bigint() - start) / 1e6
}

/** In KiB, by the process itself as it ends. */
function peakMemory(argv) {
  const stdio = ['ignore', 'ignore', 'ignore', 'pipe']
  const { output } = spawnSync(process.execPath, ['--require', tell, ...argv], { stdio, env })
  return Number(output[3])
}
