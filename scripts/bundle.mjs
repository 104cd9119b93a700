/**
 * Puts the command line into a few files of CommonJS, dist/bundle: what a command needs is read and
 * compiled in one piece, and what it does not need not at all. dist/ remains what the package
 * exports. docs/architecture.md, "Start-up", has the numbers that ask for this.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

/**
 * Commander requires it on its first line, for subcommands that are programs of their own. We have
 * none, and loading it takes a twentieth of the time that Node takes to start.
 */
const withoutChildProcess = {
  name: 'without-child-process',
  resolveId: (id, importer) =>
    id === 'node:child_process' && importer?.includes('/node_modules/commander/')
      ? '\0no-child-process'
      : null,
  load: id => (id === '\0no-child-process' ? 'module.exports = {}' : null),
}

/**
 * What is loaded in one piece, as each file costs an emulated host 10 ms: with all that an entry
 * imports, but for what is in an earlier piece. Everything else is split where files share it.
 */
const WHOLE = [
  ['core', 'cli/main.js'],
  ['probe-action', 'cli/probe-action.js'],
  ['kvm', 'vm/look.js'],
  ['program', 'cli/program.js'],
  ['run-action', 'cli/run-action.js'],
]

function group(name, entry, priority) {
  const isIt = id => id.endsWith(`/dist/${entry}`)
  return { name, test: isIt, priority, minSize: 0 }
}

rmSync('dist/bundle', { recursive: true, force: true })
await build({
  input: { main: 'dist/cli/main.js' },
  platform: 'node',
  preserveEntrySignatures: 'allow-extension',
  plugins: [withoutChildProcess],
  logLevel: 'warn',
  output: {
    dir: 'dist/bundle',
    format: 'cjs',
    exports: 'named',
    // All in one folder, as deep as those of dist: what is found from import.meta is found.
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    codeSplitting: {
      groups: WHOLE.map(([name, entry], index) => group(name, entry, WHOLE.length - index)),
    },
    comments: { jsdoc: false },
    postBanner: licences,
  },
})

/** What a file of CommonJS is given: here, since bin/load.js would have to copy what it has read. */
const OPENING = '(function (exports, require, module, __filename, __dirname) { '

/** By which bin/load.js knows whether what it keeps was made of these files. */
const hash = createHash('sha256')
for (const name of readdirSync('dist/bundle').sort()) {
  const path = join('dist/bundle', name)
  const code = `${OPENING}${inAscii(readFileSync(path, 'utf8'))}\n})`
  writeFileSync(path, code)
  hash.update(`${name}\0`).update(code)
}
writeFileSync('dist/bundle/build-id', hash.digest('hex').slice(0, 32))

/** Which is read without decoding it, and takes half the memory. All that is not is text. */
function inAscii(code) {
  const escape = unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  return code.replace(/[\u0080-\uffff]/g, escape)
}

/** What comes along of other people's packages keeps their terms. */
function licences({ moduleIds }) {
  const folders = moduleIds
    .filter(id => id.includes('/node_modules/'))
    .map(id => id.replace(/(.*\/node_modules\/(@[^/]+\/)?[^/]+)\/.*/, '$1'))
  return [...new Set(folders)].map(notice).join('\n')
}

function notice(folder) {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find(entry => /^licen[cs]e/i.test(entry))
  if (file === undefined) throw new Error(`${name} has no licence file`)
  return `/*! With ${name} ${version}:\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n*/`
}
