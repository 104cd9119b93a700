/** Runs the benchmarks of scripts/bench; each prints ratios of two things run side by side. */
import { fileURLToPath } from 'node:url'
import { hasKvm, run } from './tools.mjs'

await import('./bench/ffi-call.mjs')

const path = name => fileURLToPath(new URL(name, import.meta.url))
const attach = path('bench/attach.mjs')
if (hasKvm()) run(process.execPath, [attach, path('../dist')])
else await onEmulatedHost(['node', attach, '/opt/tsvmm/dist'])

async function onEmulatedHost(argv) {
  const { Lab } = await import('../dist/lab/index.js')
  const lab = await Lab.boot({ progress: line => console.error(line) })
  try {
    const { stdout, stderr } = await lab.exec(argv, { timeoutMs: 600_000 })
    process.stdout.write(stdout)
    process.stderr.write(stderr)
  } finally {
    await lab.close()
  }
}
