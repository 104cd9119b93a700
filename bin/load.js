'use strict'
/*
 * Loads the bundle in the time that is left for it: docs/architecture.md, "Start-up". The files name
 * each other as they are called, so none is searched for, and what V8 makes of them is kept for the
 * next start. Whatever goes wrong with that costs time and nothing else.
 */
const {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} = require('node:fs')
const Module = require('node:module')
const { isAbsolute, join } = require('node:path')
const { Script } = require('node:vm')

/** The exports of a file of the folder `bundle`. */
exports.load = (bundle, main) => {
  const cache = process.env['NODE_DISABLE_COMPILE_CACHE']
    ? undefined
    : attempt(() => openCache(bundle))
  const requireFromBundle = id => (id.startsWith('./') ? load(id.slice(2)) : require(id))

  function load(name) {
    const filename = join(bundle, name)
    const known = require.cache[filename]
    if (known !== undefined) return known.exports
    const module = Object.assign(new Module(filename), { filename })
    require.cache[filename] = module
    const cachedData = cache?.read(name)
    const source = Module.wrap(readFileSync(filename, 'utf8'))
    const script = new Script(source, { filename, cachedData })
    if (script.cachedDataRejected !== false) cache?.fresh.set(name, script)
    script.runInThisContext()(module.exports, requireFromBundle, module, filename, bundle)
    module.loaded = true
    return module.exports
  }
  return load(main)
}

/**
 * What V8 made of the files. V8 itself checks its version and flags, but of the source only the
 * length: hence the build's name in that of each file, and something that tells one `node` of a
 * version from another.
 */
function openCache(bundle) {
  const folder = ourFolder()
  if (folder === undefined) return undefined
  const build = readFileSync(join(bundle, 'build-id'), 'latin1')
  const node = `${process.version}-${process.arch}-${statSync(process.execPath).size}`
  const pathOf = name => join(folder, `${build}-${node}-${name}`)
  const fresh = new Map()
  // At the end, when V8 knows the functions that were called.
  process.on('exit', () => {
    if (fresh.size > 0) attempt(() => removeOthers(folder, build))
    for (const [name, script] of fresh) attempt(() => keep(pathOf(name), script.createCachedData()))
  })
  return { read: name => attempt(() => read(pathOf(name))), fresh }
}

/** Of builds that are gone, most likely; one that is not makes its own anew. */
function removeOthers(folder, build) {
  for (const name of readdirSync(folder))
    if (!name.startsWith(build)) unlinkSync(join(folder, name))
}

/**
 * V8 crashes on data that is damaged, as a machine that lost power may leave it. So all of it is
 * there twice: to compare takes no time, and to load what could compute a sum takes more than is won.
 */
function read(path) {
  const twice = readFileSync(path)
  const half = twice.length / 2
  const data = twice.subarray(0, half)
  return data.equals(twice.subarray(half)) ? data : undefined
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
