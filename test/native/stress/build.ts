import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const SHIMS = fileURLToPath(new URL('../../../native-shims/', import.meta.url))

/** With what the build has for the machine it runs on. */
function compile(output: string, flags: readonly string[], sources: readonly string[]): string {
  const common = ['-std=gnu11', '-O2', '-g', '-Wall', '-Wextra', '-Werror', '-pthread']
  execFileSync(
    'gcc',
    [...common, '-Wl,--wrap=ioctl', `-I${SHIMS}`, ...flags, '-o', output, ...sources],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  return output
}

const own = (name: string) => join(FOLDER, name)
const shims = (...names: string[]) => names.map(name => join(SHIMS, name))

/** The shim library with KVM_RUN of pretend-kvm.c. */
export function buildPretendShim(folder: string): string {
  const all = readdirSync(SHIMS).filter(name => name.endsWith('.c'))
  return compile(
    join(folder, 'tsvmm.so'),
    ['-shared', '-fPIC', '-fvisibility=hidden'],
    [own('pretend-kvm.c'), ...shims(...all)],
  )
}

/** The engine with model-loop.c in the place of the event loop, watched by ThreadSanitizer. */
export function buildModel(folder: string): string {
  return compile(
    join(folder, 'model'),
    ['-fsanitize=thread'],
    [own('pretend-kvm.c'), own('model-loop.c'), ...shims('engine.c', 'fast.c')],
  )
}
