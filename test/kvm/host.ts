import { spawnSync } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LabError } from '../../src/errors/index.ts'
import { Lab } from '../../src/lab/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a command said and how it ended. */
export interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** A machine with a real arm64 `/dev/kvm`. */
export interface KvmHost extends AsyncDisposable {
  /** Runs a program of it; `tsvmm` is one. Paths of this clone are valid there. */
  exec(...argv: string[]): Promise<Ran>
}

export type LabOptions = Parameters<typeof Lab.boot>[0]

/** No command of these tests takes a tenth of it on an idle machine. */
const LIMIT_MS = 120_000

/** The path of one of our guests. */
export function guest(name: string): string {
  return fileURLToPath(new URL(`../../guests/build/${name}.flat`, import.meta.url))
}

/** An emulated host as described. Never skipped: where it cannot be had, the tests fail. */
export async function emulatedHost(options: LabOptions): Promise<KvmHost> {
  const lab = await Lab.boot(options)
  return {
    async exec(...argv) {
      const { status, stdout, stderr } = await lab.exec(argv, { cwd: root, timeoutMs: LIMIT_MS })
      return { status, stdout: stdout.toString(), stderr: stderr.toString() }
    },
    [Symbol.asyncDispose]: () => lab.close(),
  }
}

/** With the newest kernel Debian has. */
export async function newestHost(options: LabOptions): Promise<KvmHost> {
  return withNewestKernel(hostKernel => emulatedHost({ ...options, hostKernel }))
}

/** Does it with experimental's where there is one just now, or else with sid's. */
export async function withNewestKernel<T>(use: (hostKernel: string) => Promise<T>): Promise<T> {
  try {
    return await use('experimental')
  } catch (error) {
    const isThere = !(error instanceof LabError) || !NO_KERNEL.includes(error.code)
    if (isThere) throw error
    return use('sid')
  }
}

/** Debian has none at present, or it cannot be fetched. */
const NO_KERNEL: readonly string[] = ['TSVMM_LAB_KERNEL', 'TSVMM_LAB_DOWNLOAD', 'TSVMM_LAB_TOOL']

/** This machine where it is an arm64 host with KVM for us, otherwise a plain emulated one. */
export async function anyHost(): Promise<KvmHost> {
  return hasKvm() ? localHost() : emulatedHost({})
}

function localHost(): KvmHost {
  const folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  symlinkSync(join(root, 'bin/tsvmm.js'), join(folder, 'tsvmm'))
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` }
  return {
    exec(program = '', ...args) {
      const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, env })
      return Promise.resolve({
        status: status ?? -1,
        stdout: String(stdout),
        stderr: String(stderr),
      })
    },
    [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true })
      return Promise.resolve()
    },
  }
}

function hasKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return process.arch === 'arm64'
  } catch {
    return false
  }
}
