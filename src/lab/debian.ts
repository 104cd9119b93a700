import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { LabError } from '../errors/index.ts'
import { type ToolContext, runTool } from './tool.ts'

/** Where Debian's signing keys are; apt's own trusted keys serve where this is missing. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * The arm64 packages of one Debian suite, read through an apt state of our own: the machine's
 * configuration is neither needed (but for the mirror's address) nor changed, nor is root needed.
 */
export class DebianSuite {
  readonly suite: string
  readonly #context: ToolContext
  readonly #options: readonly string[]

  private constructor(suite: string, context: ToolContext, options: readonly string[]) {
    this.suite = suite
    this.#context = context
    this.#options = options
  }

  /** Fetches the suite's package list. `state` is an empty directory that lives as long as this. */
  static async open(suite: string, state: string, context: ToolContext): Promise<DebianSuite> {
    const sources = join(state, 'sources.list')
    const status = join(state, 'status')
    const signed = await fs.access(KEYRING).then(
      () => `[signed-by=${KEYRING}] `,
      () => '',
    )
    await fs.writeFile(sources, `deb ${signed}${await mirror(context)} ${suite} main\n`)
    await fs.writeFile(status, '')
    for (const folder of ['lists/partial', 'cache/archives/partial']) {
      await fs.mkdir(join(state, folder), { recursive: true })
    }
    const settings = {
      'Dir::Etc::sourcelist': sources,
      'Dir::Etc::sourceparts': '-',
      'Dir::State': state,
      'Dir::State::lists': join(state, 'lists'),
      'Dir::State::status': status,
      'Dir::Cache': join(state, 'cache'),
      'APT::Architecture': 'arm64',
      'APT::Architectures': 'arm64',
      'APT::Sandbox::User': 'root',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '2',
    }
    const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`])
    const opened = new DebianSuite(suite, context, options)
    await opened.#apt('apt-get', ['-q', '--error-on=any', 'update'], `read Debian ${suite}`)
    return opened
  }

  /** The names a package depends on, alternatives included. Empty if there is no such package. */
  async dependencies(name: string): Promise<string[]> {
    const depends = (await this.#field(name, 'Depends')) ?? ''
    return depends.split(/[,|]/).flatMap(clause => /^\s*(\S+)/.exec(clause)?.[1] ?? [])
  }

  /** The version of a package. Nothing if there is no such package. */
  version(name: string): Promise<string | undefined> {
    return this.#field(name, 'Version')
  }

  /** Downloads a package (apt checks its digest) and unpacks it into `directory`. */
  async unpack(name: string, directory: string): Promise<void> {
    const purpose = `fetch ${name} from Debian ${this.suite}`
    const packages = join(directory, 'deb')
    await fs.mkdir(packages, { recursive: true })
    await this.#apt('apt-get', ['-q', 'download', name], purpose, packages)
    for (const file of await fs.readdir(packages)) {
      await runTool(this.#context, 'dpkg-deb', ['-x', join(packages, file), directory], { purpose })
    }
    await fs.rm(packages, { recursive: true })
  }

  async #field(name: string, field: string): Promise<string | undefined> {
    const show = ['show', '--no-all-versions', name]
    const record = await this.#apt('apt-cache', show, `look up ${name}`).catch(() => '')
    return new RegExp(`^${field}: (.*)$`, 'm').exec(record)?.[1]
  }

  #apt(tool: string, args: readonly string[], purpose: string, cwd?: string): Promise<string> {
    return runTool(this.#context, tool, [...this.#options, ...args], {
      purpose,
      ...(cwd === undefined ? {} : { cwd }),
    })
  }
}

/** The address of a Debian mirror: what the user says, or the one this machine's apt uses. */
async function mirror(context: ToolContext): Promise<string> {
  const chosen = context.env['TSVMM_DEBIAN_MIRROR']
  if (chosen !== undefined && chosen !== '') return chosen
  const targets = await runTool(
    context,
    'apt-get',
    ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'],
    { purpose: 'find a Debian mirror' },
  )
  const found = targets.split('\n').find(address => /\/debian\/?$/.test(address))
  if (found !== undefined) return found
  throw new LabError('TOOL', "cannot find a Debian mirror in this machine's apt configuration", {
    why: 'kernels and libraries of the emulated host are Debian packages',
    try: ['set TSVMM_DEBIAN_MIRROR to the address of a Debian mirror'],
  })
}
