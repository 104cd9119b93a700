/**
 * Builds what is not TypeScript: the shim library for arm64 and for this machine, and the guests.
 * Natively on arm64, with Debian's cross compiler elsewhere. Only what is older than its sources.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail, need, run } from './tools.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const CFLAGS = ['-std=gnu11', '-O2', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra', '-Werror']
/** The oldest glibc the arm64 library must load with: that of every distribution Node 20 runs on. */
const GLIBC_FLOOR = 17

const onArm64 = process.arch === 'arm64'
const arm64 = onArm64 ? '' : 'aarch64-linux-gnu-'
const compilers = [{ arch: 'arm64', cc: `${arm64}gcc` }]
if (!onArm64) compilers.push({ arch: 'x64', cc: 'gcc' })

need([
  [
    `${arm64}gcc`,
    onArm64 ? ['gcc', 'libc6-dev'] : ['gcc-aarch64-linux-gnu', 'libc6-dev-arm64-cross'],
  ],
  ...(onArm64 ? [] : [['gcc', ['gcc', 'libc6-dev']]]),
])

const inFolder = (folder, pattern) =>
  readdirSync(folder)
    .filter(name => pattern.test(name))
    .map(name => `${folder}/${name}`)

const shimSources = inFolder('native-shims', /\.c$/)
for (const { arch, cc } of compilers) {
  const target = `native-shims/prebuilds/linux-${arch}/tsvmm.so`
  make(target, [...shimSources, ...inFolder('native-shims', /\.h$/)], output => {
    run(cc, [...CFLAGS, '-shared', '-pthread', '-s', '-o', output, ...shimSources])
    if (arch === 'arm64') checkGlibc(output)
  })
}

for (const source of inFolder('guests', /\.S$/)) {
  const target = source.replace('guests/', 'guests/build/').replace(/\.S$/, '.flat')
  const elf = target.replace(/\.flat$/, '.elf')
  make(target, [source, 'guests/flat.ld', ...inFolder('guests', /\.inc$/)], output => {
    const link = [
      '-nostdlib',
      '-static',
      '-Wl,--build-id=none,--no-warn-rwx-segments',
      '-Wl,-T,guests/flat.ld',
    ]
    run(`${arm64}gcc`, ['-Wall', '-Werror', ...link, '-o', elf, source])
    run(`${arm64}objcopy`, ['-O', 'binary', elf, output])
    rmSync(elf)
  })
}

/** Builds `target` unless it is newer than its sources and this script; whole or not at all. */
function make(target, sources, build) {
  const own = fileURLToPath(import.meta.url)
  const newest = Math.max(...[...sources, own].map(path => statSync(path).mtimeMs))
  if ((statSync(target, { throwIfNoEntry: false })?.mtimeMs ?? 0) > newest) return
  console.error(`build: ${target}`)
  mkdirSync(dirname(target), { recursive: true })
  const output = `${target}.${process.pid}`
  build(output)
  renameSync(output, target)
}

function checkGlibc(path) {
  const versions = readFileSync(path, 'latin1').match(/GLIBC_2\.\d+/g) ?? []
  const newest = Math.max(...versions.map(version => Number(version.split('.')[1])))
  if (newest > GLIBC_FLOOR)
    fail(`${path} needs glibc 2.${newest}, but must load with 2.${GLIBC_FLOOR}: add a .symver`)
}
