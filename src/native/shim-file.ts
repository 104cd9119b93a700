import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { HostError } from '../errors/index.ts'

/** ELF `e_machine` of the machines a shim library is built for. System V ABI, "Machine". */
const MACHINES: Readonly<Record<string, { readonly machine: number; readonly name: string }>> = {
  arm64: { machine: 183, name: 'aarch64' },
  x64: { machine: 62, name: 'x86-64' },
}

/** Of 64-bit ELF. */
const ELF_HEADER_SIZE = 64

const REBUILD = 'npm run build:native'

/** Where the build puts, and the package ships, the shim library of this machine. */
export function shimPath(arch: string = process.arch): string {
  return fileURLToPath(
    new URL(`../../native-shims/prebuilds/linux-${arch}/tsvmm.so`, import.meta.url),
  )
}

/**
 * Looks at the library before the loader does, since the loader's own words ("cannot open shared
 * object file") say little.
 *
 * @throws {HostError} `TSVMM_HOST_SHIM`: missing, not an ELF file, or for another architecture
 */
export function checkShimFile(path: string, arch: string = process.arch): void {
  const expected = MACHINES[arch]
  if (process.platform !== 'linux' || expected === undefined)
    throw new HostError('SHIM', `there is no native library for ${process.platform} on ${arch}`, {
      why: 'tsvmm talks to KVM of Linux on arm64; its native library exists for Linux on arm64 and x86-64',
    })
  if (!existsSync(path))
    throw new HostError('SHIM', `the native library ${path} is missing`, { try: [REBUILD] })
  const file = readFileSync(path)
  if (file.length < ELF_HEADER_SIZE || file.readUInt32BE(0) !== 0x7f454c46)
    throw new HostError('SHIM', `the native library ${path} is damaged: it is not an ELF file`, {
      try: [REBUILD],
    })
  // The section headers come last; the loader dies of SIGBUS on a file that was cut short.
  const end = Number(file.readBigUInt64LE(40)) + file.readUInt16LE(58) * file.readUInt16LE(60)
  if (end > file.length)
    throw new HostError('SHIM', `the native library ${path} is damaged: it was cut short`, {
      try: [REBUILD],
    })
  const machine = file.readUInt16LE(18)
  if (machine !== expected.machine)
    throw new HostError(
      'SHIM',
      `the native library ${path} is for ${machineName(machine)}, but this is ${expected.name}`,
      { try: [REBUILD] },
    )
}

/** @throws {HostError} `TSVMM_HOST_SHIM`: built from other sources than this program */
export function checkShimAbi(path: string, actual: number, expected: number): void {
  if (actual !== expected)
    throw new HostError(
      'SHIM',
      `the native library ${path} is out of date: it has interface ${actual}, this tsvmm needs ${expected}`,
      { try: [REBUILD] },
    )
}

function machineName(machine: number): string {
  const known = Object.values(MACHINES).find(row => row.machine === machine)
  return known?.name ?? `machine ${machine}`
}
