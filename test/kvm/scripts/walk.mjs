/**
 * Runs in the emulated host: boots the walk guest and, from its first word to its last, has its
 * vCPU's thread walk over the given lists of CPUs, the next one every 5 ms. Prints as JSON what was
 * decided, what the guest said, how far it walked and how the run ended.
 *
 *   node walk.mjs GUEST '{"mode": "fixed"}' '[[0, 1], [2, 3]]'
 */
import { readdirSync, readFileSync } from 'node:fs'
import { Writable } from 'node:stream'

const { native, outcomeError, parsePmuInterrupt, parsePmuMode, runGuest } =
  await import('/opt/tsvmm/dist/index.js')

const [image, wishText, stationsText] = process.argv.slice(2)
const { mode, affinity, onUnsupportedCpu = 'fail', interrupt = 'ppi:7' } = JSON.parse(wishText)
const stations = JSON.parse(stationsText)

let decision
let said = ''
let steps = 0
let walk
const console_ = new Writable({
  write(chunk, _, done) {
    said += chunk
    walk ??= startWalk()
    done()
  },
})
const notices = []
const ran = await runGuest(
  {
    image,
    vcpus: 1,
    ramSize: 32 * 2 ** 20,
    bootArgs: '',
    pmu: {
      mode: parsePmuMode(mode),
      fallback: 'fail',
      strict: 'auto',
      interrupt: parsePmuInterrupt(interrupt),
    },
    onUnsupportedCpu,
    affinity,
    timeoutSeconds: 90,
  },
  {
    console: console_,
    signal: new AbortController().signal,
    onPmuDecision: made => (decision = made),
    onNotice: sentence => notices.push(sentence),
  },
)
clearInterval(walk)
const { outcome, statistics } = ran
const error = outcomeError(outcome)?.message
console.log(
  JSON.stringify({
    kind: decision.kind,
    said,
    steps,
    outcome: outcome.kind,
    error,
    notices,
    repins: statistics.repins.total,
  }),
)

function startWalk() {
  const isVcpu = tid => readFileSync(`/proc/self/task/${tid}/comm`, 'utf8') === 'kvm-vcpu-0\n'
  const tid = Number(readdirSync('/proc/self/task').find(isVcpu))
  return setInterval(() => {
    // When the guest has gone its thread goes too.
    if (native().system.setAffinity(tid, stations[steps % stations.length]) === 0) steps++
  }, 5)
}
