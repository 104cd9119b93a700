/** What the build and the tests need of the machine: found, installed where that is permitted, or asked for. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of a program, or undefined. */
export function which(program) {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, program)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not here: look further.
    }
  }
  return undefined
}

/** Runs a program with our stdio; ends this process with its status if it fails. */
export function run(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', ...options })
  if (error) fail(`${program} cannot be run: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}

/** Ends this process with one sentence. */
export function fail(message) {
  console.error(`error: ${message}`)
  process.exit(1)
}

/**
 * Makes sure that programs are there: each is a pair of a program and the Debian packages that bring
 * it. As root on a Debian machine they are installed, otherwise the command to type is printed.
 */
export function need(pairs, what = 'build') {
  const packages = pairs.filter(([program]) => !which(program)).flatMap(([, names]) => names)
  if (packages.length === 0) return
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', ...packages]
  if (process.getuid?.() !== 0 || !which('apt-get'))
    fail(
      `the ${what} need${what.endsWith('s') ? '' : 's'} ${packages.join(', ')}; install with: sudo ${install.join(' ')}`,
    )
  console.error(`${what}: installing ${packages.join(', ')} …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] }
  run('apt-get', ['update', '--quiet'], quiet)
  run(install[0], install.slice(1), quiet)
}

/** Whether this machine is an arm64 host with a /dev/kvm that we may use. */
export function hasKvm() {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return process.arch === 'arm64'
  } catch {
    return false
  }
}
