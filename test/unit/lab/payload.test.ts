import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { packageEntries } from '../../../src/lab/payload.ts'

let root: string
beforeEach(() => {
  root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-')))
})
afterEach(() => fs.rmSync(root, { recursive: true }))

function put(path: string, contents = ''): void {
  fs.mkdirSync(dirname(join(root, path)), { recursive: true })
  fs.writeFileSync(join(root, path), contents)
}

function putPackage(path: string, ...dependencies: string[]): void {
  const manifest = { dependencies: Object.fromEntries(dependencies.map(name => [name, '*'])) }
  put(`${path}/package.json`, JSON.stringify(manifest))
  put(`${path}/index.js`)
}

function putTsvmm(path: string, ...dependencies: string[]): void {
  putPackage(path, ...dependencies)
  put(`${path}/dist/lab/agent.js`)
}

/** Files and links by the path they get in the emulated host. */
function entries(path: string): string[] {
  return packageEntries(join(root, path)).flatMap(entry => {
    if (entry.kind === 'symlink') return [`${entry.path} -> ${entry.target}`]
    return entry.kind === 'file' ? [entry.path] : []
  })
}

describe('tsvmm in the emulated host', () => {
  test('is what it needs at run time, and nothing else', () => {
    putTsvmm('.', 'a')
    for (const path of [
      ...[
        'src/lab/agent.ts',
        'dist/lab/agent.d.ts',
        'dist/lab/agent.js.map',
        'node_modules/b/x.js',
      ],
      ...['node_modules/a/src/x.c', 'node_modules/a/README.md', 'node_modules/a/test/x.js'],
      ...[
        'node_modules/a/prebuilds/linux-arm64/x.node',
        'node_modules/a/prebuilds/linux-x64/x.node',
      ],
      ...[
        'native-shims/prebuilds/linux-arm64/tsvmm.so',
        'native-shims/prebuilds/linux-x64/tsvmm.so',
      ],
    ]) {
      put(path)
    }
    putPackage('node_modules/a')

    expect(entries('.').sort()).toEqual([
      'opt/tree/dist/lab/agent.js',
      'opt/tree/native-shims/prebuilds/linux-arm64/tsvmm.so',
      'opt/tree/node_modules/a/index.js',
      'opt/tree/node_modules/a/package.json',
      'opt/tree/node_modules/a/prebuilds/linux-arm64/x.node',
      'opt/tree/package.json',
      'opt/tsvmm -> tree',
      'usr/bin/tsvmm',
    ])
  })

  test('finds its dependencies where npm hoists and nests them', () => {
    putTsvmm('node_modules/tsvmm', 'a', '@s/b')
    putPackage('node_modules/a', 'c')
    putPackage('node_modules/a/node_modules/c')
    putPackage('node_modules/@s/b', 'c', 'a')
    putPackage('node_modules/c')

    expect(entries('node_modules/tsvmm').filter(path => !path.endsWith('.js'))).toEqual([
      'opt/tree/node_modules/tsvmm/package.json',
      'opt/tree/node_modules/a/package.json',
      'opt/tree/node_modules/a/node_modules/c/package.json',
      'opt/tree/node_modules/@s/b/package.json',
      'opt/tree/node_modules/c/package.json',
      'opt/tsvmm -> tree/node_modules/tsvmm',
      'usr/bin/tsvmm',
    ])
  })

  test('finds its dependencies where pnpm links them', () => {
    const store = 'node_modules/.pnpm'
    putTsvmm(`${store}/tsvmm@1/node_modules/tsvmm`, 'a')
    putPackage(`${store}/a@1/node_modules/a`)
    fs.symlinkSync('../../a@1/node_modules/a', join(root, store, 'tsvmm@1/node_modules/a'))

    expect(entries(`${store}/tsvmm@1/node_modules/tsvmm`)).toContain(
      'opt/tree/tsvmm@1/node_modules/a -> ../../a@1/node_modules/a',
    )
  })

  test('has every directory before what lies in it', () => {
    putTsvmm('.', 'a')
    putPackage('node_modules/a')
    const seen = new Set(['.'])
    for (const { path } of packageEntries(root)) {
      expect(seen).toContain(dirname(path))
      seen.add(path)
    }
  })

  test('has to be built first', () => {
    putPackage('.')
    expect(() => packageEntries(root)).toThrow(/tsvmm is not built/)
  })
})
