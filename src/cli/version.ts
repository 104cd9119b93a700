import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chooseBackend } from '../native/backend.ts'
import { SHIM_ABI } from '../native/shim-abi.ts'

/**
 * The version in a line of its own for scripts, then what a report of a bug should say of the
 * build, and whether what is native of it can be loaded.
 */
export function renderVersion(version: string): string {
  const build = readJson('../build-info.json')
  return [
    `tsvmm ${version}`,
    `commit:   ${build?.['commit'] ?? 'not known, the build was not made in a git clone'}`,
    `node:     ${process.version} for ${process.platform}-${process.arch}`,
    `shim:     interface ${SHIM_ABI}, for ${shims().join(', ') || 'no machine: it is not built'}`,
    `native:   ${loading()}`,
    '',
  ].join('\n')
}

function shims(): string[] {
  const folder = fileURLToPath(new URL('../../native-shims/prebuilds', import.meta.url))
  return attempt(() => readdirSync(folder).sort()) ?? []
}

/** What would go wrong with every command that asks KVM goes wrong here, but is no error of this one. */
function loading(): string {
  try {
    const { name, load } = chooseBackend()
    load()
    return `loaded ${name}`
  } catch (error) {
    return `not loaded: ${error instanceof Error ? error.message : String(error)}`
  }
}

function readJson(name: string): Readonly<Record<string, string>> | undefined {
  return attempt(
    () =>
      JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as Record<string, string>,
  )
}

/** What cannot be found out is left out: who asks for the version may do so because things are broken. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
