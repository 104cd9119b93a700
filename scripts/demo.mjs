/**
 * The greeting guest on a real arm64 /dev/kvm: this machine's where it has one that we may use,
 * otherwise that of an emulated host with two kinds of core.
 */
import { fileURLToPath } from 'node:url'
import { hasKvm, run } from './tools.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
run('npm', ['run', '--silent', 'build'])

const guest = ['run', '--pmu', 'guests/build/greeting.flat']
const emulated = ['lab', '--topology', 'biglittle', '--', ...guest, '--vcpu-affinity', '2-3']

if (hasKvm()) {
  tsvmm(guest)
} else {
  console.error(
    'No arm64 /dev/kvm here that we may use: starting an emulated arm64 host that has one.',
  )
  tsvmm(emulated)
}

function tsvmm(args) {
  console.error(`$ tsvmm ${args.join(' ')}`)
  run(process.execPath, ['bin/tsvmm.js', ...args])
}
