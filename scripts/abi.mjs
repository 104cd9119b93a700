// npm run abi: asks the kernel's headers about every number, size and offset that src/ioctl states,
// and writes what they say to test/fixtures/abi/arm64.json. test/unit/ioctl/abi.test.ts compares.
//
// Needs apt (a Debian machine, no root), a compiler for aarch64 (gcc-aarch64-linux-gnu, or gcc on
// arm64) and the repository's own node_modules. It runs no arm64 code.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const fixture = join(root, 'test/fixtures/abi/arm64.json')
// Below node_modules, so that the compiled tables find their packages.
const work = join(root, 'node_modules/.cache/tsvmm-abi')
const arm64 = tool => (process.arch === 'arm64' ? tool : `aarch64-linux-gnu-${tool}`)

/** Newest first. The package is `Architecture: all`, with the headers of every architecture. */
const SUITES = ['experimental', 'sid', 'trixie']
const PACKAGE = 'linux-libc-dev'

/** Names the headers must not have that our tables lack: see abi.test.ts. */
const FAMILIES =
  /^KVM_(ARM_VCPU_|ARM_VM_SMCCC_|DEV_ARM_VGIC_GRP_|DEV_ARM_.*CTRL_|VGIC_.*ADDR_TYPE|DEV_TYPE_ARM_|CAP_ARM_|EXIT_ARM_)/

rmSync(work, { recursive: true, force: true })
mkdirSync(work, { recursive: true })
const headers = fetchHeaders()
const rows = await loadRows()
writeFileSync(join(work, 'abi-rows.inc'), rowsInC(rows))
const dump = {
  headers: `${PACKAGE} ${headers.version}`,
  ...compile(headers.include),
  systemRegisters: assembleSystemRegisters(rows.systemRegisters()),
  names: namesInHeaders(headers.include),
}
mkdirSync(join(fixture, '..'), { recursive: true })
writeFileSync(fixture, `${JSON.stringify(dump, null, 2)}\n`)
console.log(`${fixture}: ${Object.keys(dump.constants).length} constants of ${headers.version}`)

/** Downloads and unpacks the headers through a private apt state: the machine's own is not touched. */
function fetchHeaders() {
  const apt = join(work, 'apt')
  for (const dir of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(apt, dir), { recursive: true })
  // "Debian-Security" is another label.
  const [site] = run('apt-get', ['indextargets', '--format', '$(SITE)', 'Label: Debian']).split(
    '\n',
  )
  if (site === '') throw new Error('apt knows no mirror of Debian: abi.mjs needs a Debian machine')
  const sources = SUITES.map(suite => `deb ${site} ${suite} main\n`)
  writeFileSync(join(apt, 'sources.list'), sources.join(''))
  const options = [
    ['Dir::Etc::sourcelist', join(apt, 'sources.list')],
    ['Dir::Etc::sourceparts', '-'],
    ['Dir::State', apt],
    ['Dir::Cache', join(apt, 'cache')],
    ['Acquire::Languages', 'none'],
    // For root: apt's own user cannot write below our directory.
    ['APT::Sandbox::User', 'root'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`])
  console.log(`fetching ${PACKAGE} (${SUITES.join(', ')})`)
  try {
    run('apt-get', [...options, '-q', 'update'])
  } catch {
    console.log('not every suite could be read; going on with the others')
  }
  // Several versions, newest first: `linux-libc-dev | 7.2.13-1 | …`.
  const offered = run('apt-cache', [...options, 'madison', PACKAGE])
  const version = offered.split('|')[1]?.trim()
  if (version === undefined) throw new Error(`apt offers no ${PACKAGE}`)
  run('apt-get', [...options, '-q', 'download', `${PACKAGE}=${version}`], work)
  const archive = readdirSync(work).find(name => name.endsWith('.deb'))
  run('dpkg', ['-x', join(work, archive), join(work, 'headers')])
  const include = join(work, 'headers/usr/include')
  return { version, include: [include, join(include, 'aarch64-linux-gnu')] }
}

/** Compiles test/unit/ioctl/abi-rows.ts and what it imports; types are not checked here. */
async function loadRows() {
  const out = join(work, 'js')
  const flags = '--ignoreConfig --noCheck --rewriteRelativeImportExtensions --target es2022'
  const modules = '--module nodenext --moduleResolution nodenext --types node'
  run(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    ...`${flags} ${modules}`.split(' '),
    '--rootDir',
    root,
    '--outDir',
    out,
    join(root, 'test/unit/ioctl/abi-rows.ts'),
  ])
  writeFileSync(join(out, 'package.json'), '{ "type": "module" }\n')
  return import(pathToFileURL(join(out, 'test/unit/ioctl/abi-rows.js')).href)
}

function rowsInC({ constants, structs, coreRegisters }) {
  return [
    ...[...constants().keys()].map(name => `CONSTANT(${name})`),
    ...[...coreRegisters()].map(([name, { expression }]) => `REGISTER(${name}, ${expression})`),
    ...[...structs()].flatMap(([type, { fields }]) => [
      `STRUCT(${type})`,
      ...Object.keys(fields).map(field => `FIELD(${type}, ${field})`),
    ]),
  ].join('\n')
}

/** Reads the rows back from the assembly output. A name the headers lack ends it here. */
function compile(include) {
  const source = join(root, 'scripts/abi-dump.c')
  const includes = ['-I', work, ...include.flatMap(dir => ['-isystem', dir])]
  const assembly = run(arm64('gcc'), ['-S', '-O1', ...includes, '-o', '-', source])
  const dump = { constants: {}, structs: {}, registers: {} }
  for (const [, kind, name, field, value] of assembly.matchAll(
    /^\s*->(\w+) (\S+)(?: (\S+))? #?(-?\d+)$/gm,
  )) {
    const number = BigInt.asUintN(64, BigInt(value))
    const hex = `0x${number.toString(16)}`
    if (kind === 'constant') dump.constants[name] = hex
    else if (kind === 'register') dump.registers[name] = hex
    else if (kind === 'struct') dump.structs[name] = { size: Number(number), fields: {} }
    else if (kind === 'offset') dump.structs[name].fields[field] = [Number(number)]
    else if (kind === 'size') dump.structs[name].fields[field].push(Number(number))
  }
  return dump
}

/** `mrs x0, NAME`: the assembler puts the encoding at bits 20 to 5 of the instruction. */
function assembleSystemRegisters(registers) {
  const names = [...registers.keys()]
  const source = join(work, 'registers.S')
  const object = join(work, 'registers.o')
  const lines = ['.arch armv8.7-a', ...names.map(name => `mrs x0, ${name}`)]
  writeFileSync(source, `${lines.join('\n')}\n`)
  // Some can only be written, which the assembler warns of and encodes all the same.
  run(arm64('gcc'), ['-c', '-Wa,--no-warn', '-o', object, source])
  run(arm64('objcopy'), ['-O', 'binary', '-j', '.text', object, `${object}.bin`])
  const code = readFileSync(`${object}.bin`)
  const encodings = names.map((name, i) => [name, (code.readUInt32LE(4 * i) >>> 5) & 0xffff])
  return Object.fromEntries(encodings)
}

/** What the headers define in the families our tables claim to hold whole. */
function namesInHeaders(include) {
  const includes = include.flatMap(dir => ['-isystem', dir])
  const header = join(include[0], 'linux/kvm.h')
  const macros = run(arm64('gcc'), ['-E', '-dM', ...includes, header])
  return [...macros.matchAll(/^#define (KVM_\w+) \S/gm)]
    .map(([, name]) => name)
    .filter(name => FAMILIES.test(name))
    .sort()
}

function run(command, args, cwd = root) {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  })
}
