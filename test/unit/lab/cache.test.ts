import * as fs from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HostError, LabError } from '../../../src/errors/index.ts'
import { Cache, cacheDirectory } from '../../../src/lab/cache.ts'

let root: string
let cache: Cache
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  cache = new Cache(join(root, 'tsvmm'))
})
afterEach(() => fs.rmSync(root, { recursive: true }))

/** Makes an asset with one file, and counts how often it had to. */
function recipe(contents = 'contents') {
  const made = { count: 0 }
  const make = (directory: string) => {
    made.count += 1
    fs.writeFileSync(join(directory, 'file'), contents)
    return Promise.resolve({ contents })
  }
  return { made, bytes: 0, make }
}

function buildingPlaces(): string[] {
  return fs.readdirSync(join(cache.root, 'tmp'))
}

describe('an asset', () => {
  test('is made once, privately, and then found', async () => {
    const { made, ...once } = recipe()

    const first = await cache.provide('kind/name', once)
    const second = await cache.provide('kind/name', once)

    expect(made.count).toBe(1)
    expect(second).toEqual(first)
    expect(first.facts).toEqual({ contents: 'contents' })
    expect(fs.readFileSync(join(first.directory, 'file'), 'utf8')).toBe('contents')
    expect(fs.statSync(cache.root).mode & 0o777).toBe(0o700)
    expect(buildingPlaces()).toEqual([])
  })

  test('is made again if a file of it is missing or has another size', async () => {
    const { made, ...often } = recipe()
    const { directory } = await cache.provide('name', often)

    fs.truncateSync(join(directory, 'file'), 3)
    await cache.provide('name', often)
    fs.rmSync(join(directory, 'file'))
    await cache.provide('name', often)

    expect(made.count).toBe(3)
    expect(fs.readFileSync(join(directory, 'file'), 'utf8')).toBe('contents')
    expect(buildingPlaces()).toEqual([])
  })

  test('is made again if its manifest was cut short', async () => {
    const { made, ...often } = recipe()
    const { directory } = await cache.provide('name', often)

    fs.truncateSync(join(directory, 'asset.json'), 10)
    await cache.provide('name', often)

    expect(made.count).toBe(2)
  })

  test('that could not be made leaves nothing', async () => {
    const failing = {
      bytes: 0,
      make: (directory: string) => {
        fs.writeFileSync(join(directory, 'file'), 'half')
        return Promise.reject(new LabError('DOWNLOAD', 'the line broke'))
      },
    }

    await expect(cache.provide('name', failing)).rejects.toThrow('the line broke')

    expect(await cache.find('name')).toBeUndefined()
    expect(buildingPlaces()).toEqual([])
  })

  test('made by several at once is the same for all of them', async () => {
    const makers = ['a', 'b', 'c', 'd'].map(recipe)

    const assets = await Promise.all(makers.map(maker => cache.provide('name', maker)))

    const winner = fs.readFileSync(join(cache.root, 'name/file'), 'utf8')
    expect(assets.map(({ facts }) => facts)).toEqual(Array(4).fill({ contents: winner }))
    expect(buildingPlaces()).toEqual([])
  })
})

describe('what was left behind', () => {
  const place = (host: string, pid: number) => join(cache.root, 'tmp', `${host},${pid},abc`)
  const touch = () => cache.withTemporary(0, () => Promise.resolve())

  test('by a dead process goes; by a living one stays', async () => {
    fs.mkdirSync(join(place(hostname(), 2 ** 22 + 1), 'asset'), { recursive: true })
    fs.mkdirSync(place(hostname(), 1))

    await touch()

    expect(buildingPlaces()).toEqual([`${hostname()},1,abc`])
  })

  test('by another machine stays for a day', async () => {
    fs.mkdirSync(place('elsewhere', 1), { recursive: true })
    await touch()
    expect(buildingPlaces()).toHaveLength(1)

    const yesterday = new Date(Date.now() - 25 * 3600_000)
    fs.utimesSync(place('elsewhere', 1), yesterday, yesterday)
    await touch()
    expect(buildingPlaces()).toEqual([])
  })
})

describe('no room', () => {
  test('a place where no directory can be made is said, at once', async () => {
    const nowhere = new Cache('/proc/nowhere/tsvmm')

    await expect(nowhere.provide('kind/name', recipe())).rejects.toThrow(
      'the cache directory /proc/nowhere/tsvmm cannot be written to',
    )
  })

  test('is noticed before anything is made, with the directory and the need', async () => {
    const { made, ...huge } = { ...recipe(), bytes: 2 ** 60 }

    const failure = cache.provide('name', huge)

    await expect(failure).rejects.toThrow(HostError)
    await expect(failure).rejects.toThrow(`${cache.root} needs 1099511627776 MiB free`)
    expect(made.count).toBe(0)
  })

  test.each([
    ['our own write', Object.assign(new Error('write'), { code: 'ENOSPC' })],
    ['a tool', new LabError('DOWNLOAD', 'x', { why: 'tar: write error: No space left on device' })],
  ])('in the middle, noticed by %s, is the same error', async (_, error) => {
    const failing = { bytes: 5 * 2 ** 20, make: () => Promise.reject(error) }

    await expect(cache.provide('name', failing)).rejects.toMatchObject({
      code: 'TSVMM_HOST_NO_SPACE',
      message: `the cache directory ${cache.root} needs 5 MiB free`,
    })
  })
})

test('a place that is no directory is an error with a remedy', async () => {
  fs.writeFileSync(cache.root, '')
  await expect(cache.provide('name', recipe())).rejects.toMatchObject({
    code: 'TSVMM_LAB_CACHE',
    try: ['set XDG_CACHE_HOME to a directory you may write to'],
  })
})

test('the cache is where XDG says, if it says an absolute path', () => {
  expect(cacheDirectory({ XDG_CACHE_HOME: '/x' })).toBe('/x/tsvmm')
  expect(cacheDirectory({ XDG_CACHE_HOME: 'x' })).toMatch(/\/\.cache\/tsvmm$/)
  expect(cacheDirectory({})).toMatch(/^\/.*\/\.cache\/tsvmm$/)
})
