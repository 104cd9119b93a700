/** Runs the benchmarks of scripts/bench; each prints ratios of two things run side by side. */
import { fileURLToPath } from 'node:url'
import { hasKvm, run } from './tools.mjs'

await import('./bench/ffi-call.mjs')

const path = name => fileURLToPath(new URL(name, import.meta.url))
const startup = path('bench/startup.mjs')
run(process.execPath, [startup, path('..')])

/** Those that want KVM; each is given the folder of the package. */
const withKvm = [startup, path('bench/attach.mjs')]
if (!hasKvm()) await onEmulatedHost(withKvm)
else for (const script of withKvm.slice(1)) run(process.execPath, [script, path('..')])

async function onEmulatedHost(scripts) {
  const { Lab } = await import('../dist/lab/index.js')
  const { provideArm64Qemu } = await import('./bench/arm64-qemu.mjs')
  const qemu = await provideArm64Qemu()
  const lab = await Lab.boot({ progress: line => console.error(line) })
  try {
    const alone = scripts.map(script => [script, '/opt/tsvmm'])
    for (const words of [...alone, [path('bench/first-instruction.mjs'), '/opt/tsvmm', qemu]]) {
      const argv = ['node', ...words]
      const { stdout, stderr } = await lab.exec(argv, { timeoutMs: 600_000 })
      process.stdout.write(stdout)
      process.stderr.write(stderr)
    }
  } finally {
    await lab.close()
  }
}
