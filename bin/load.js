'use strict'
/*
 * Loads the bundle in the time that is left for it: docs/architecture.md, "Start-up". The files name
 * each other as they are called, so none is searched for, and what V8 makes of them is kept for the
 * next start. Whatever goes wrong with that costs time and nothing else.
 */
const {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} = require('node:fs')
const { isAbsolute, join } = require('node:path')
const { Script } = require('node:vm')

/** The exports of a file of the folder `bundle`, for a command line that begins with `word`. */
exports.load = (bundle, main, word = '') => {
  const cache = process.env['NODE_DISABLE_COMPILE_CACHE']
    ? undefined
    : attempt(() => openCache(bundle, word))
  const requireFromBundle = id => (id.startsWith('./') ? load(id.slice(2)) : require(id))

  // Without node:module, for which Node loads all that it has for modules of ECMAScript.
  function load(name) {
    const filename = join(bundle, name)
    const known = require.cache[filename]
    if (known !== undefined) return known.exports
    const module = { id: filename, filename, exports: {}, loaded: false }
    require.cache[filename] = module
    const cachedData = cache?.kept.get(name)
    // The bundle is ASCII: functions that take what CommonJS gives.
    const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData })
    cache?.used.set(name, script)
    script.runInThisContext()(module.exports, requireFromBundle, module, filename, bundle)
    module.loaded = true
    return module.exports
  }
  return load(main)
}

/**
 * What V8 made of the files, one file for each command: that is read at once, and holds what this
 * command calls. V8 itself checks its version and flags, but of the source only the length: hence the
 * build's name in that of the file, and something that tells one `node` of a version from another.
 */
function openCache(bundle, word) {
  const folder = ourFolder()
  if (folder === undefined) return undefined
  const build = readFileSync(join(bundle, 'build-id'), 'latin1')
  const node = `${process.version}-${process.arch}-${statSync(process.execPath).size}`
  const isCommand = /^[a-z]+$/.test(word) && existsSync(join(bundle, `${word}-action.cjs`))
  const path = join(folder, `${build}-${node}-${isCommand ? word : 'tsvmm'}`)
  const kept = attempt(() => unpack(path)) ?? new Map()
  const used = new Map()
  // At the end, when V8 knows the functions that were called.
  process.on('exit', () => {
    const isNew = ([name, script]) => !kept.has(name) || script.cachedDataRejected
    if (![...used].some(isNew)) return
    attempt(() => removeOthers(folder, build))
    attempt(() => {
      for (const [name, script] of used) kept.set(name, script.createCachedData())
      keep(path, pack(kept))
    })
  })
  return { kept, used }
}

/** Of builds that are gone, most likely; one that is not makes its own anew. */
function removeOthers(folder, build) {
  for (const name of readdirSync(folder))
    if (!name.startsWith(build)) unlinkSync(join(folder, name))
}

/** A line that says how long each part is, and the parts. */
function pack(parts) {
  const lengths = Array.from(parts, ([name, data]) => [name, data.length])
  return Buffer.concat([Buffer.from(`${JSON.stringify(lengths)}\n`), ...parts.values()])
}

/**
 * V8 crashes on data that is damaged, as a machine that lost power may leave it. So all of it is
 * there twice: to compare takes no time, and to load what could compute a sum takes more than is won.
 */
function unpack(path) {
  const twice = readFileSync(path)
  const half = twice.length / 2
  const packed = twice.subarray(0, half)
  const parts = new Map()
  if (!packed.equals(twice.subarray(half))) return parts
  let end = packed.indexOf('\n') + 1
  for (const [name, length] of JSON.parse(packed.latin1Slice(0, end)))
    parts.set(name, packed.subarray(end, (end += length)))
  return parts
}

function keep(path, data) {
  const partial = `${path}.${process.pid}`
  writeFileSync(partial, Buffer.concat([data, data]), { mode: 0o600 })
  renameSync(partial, path)
}

/**
 * A folder that nobody but us can write to, since what lies there is run. Below one that is ours: who
 * becomes root and keeps the HOME of another neither runs what is there nor leaves anything behind.
 */
function ourFolder() {
  const { XDG_CACHE_HOME = '', HOME = '' } = process.env
  const base = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(HOME, '.cache')
  if (!isAbsolute(base) || !isOurs(base)) return undefined
  const own = join(base, 'tsvmm')
  const folder = join(own, 'compiled')
  if (!isOurs(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 })
  return isOurs(own) && isOurs(folder) ? folder : undefined
}

function isOurs(folder) {
  const found = statSync(folder, { throwIfNoEntry: false })
  return found !== undefined && found.uid === process.geteuid() && (found.mode & 0o022) === 0
}

function attempt(action) {
  try {
    return action()
  } catch {
    return undefined
  }
}
