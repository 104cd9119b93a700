/**
 * Runs in the emulated host: boots the guest once per wish, in one process, and prints as JSON what
 * was decided each time and what the guest said.
 *
 *   node matrix.mjs GUEST '[{"mode": "auto", "fallback": "pin", "affinity": [3]}, …]'
 */
import { Writable } from 'node:stream'

const { parsePmuInterrupt, parsePmuMode, runGuest } = await import('/opt/tsvmm/dist/index.js')

const [image, wishes] = process.argv.slice(2)
const results = []
for (const { mode, fallback, affinity } of JSON.parse(wishes))
  results.push(await result({ mode: parsePmuMode(mode), fallback }, affinity))
console.log(JSON.stringify(results))

async function result(wish, affinity) {
  let decision
  let said = ''
  const console = new Writable({
    write(chunk, _, done) {
      said += chunk
      done()
    },
  })
  const request = {
    image,
    vcpus: 2,
    ramSize: 32 * 2 ** 20,
    bootArgs: '',
    pmu: { ...wish, strict: 'auto', interrupt: parsePmuInterrupt('ppi:7') },
    onUnsupportedCpu: 'fail',
    affinity,
    timeoutSeconds: 60,
  }
  try {
    const { outcome } = await runGuest(request, {
      console,
      signal: new AbortController().signal,
      onPmuDecision: made => (decision = made),
      onNotice: () => undefined,
    })
    return { decision, said, outcome: outcome.kind }
  } catch (error) {
    return { error: { code: error.code, message: error.message, try: error.try } }
  }
}
