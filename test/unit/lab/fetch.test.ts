import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { InterruptedError, LabError, UsageError } from '../../../src/errors/index.ts'
import {
  checkNodeRequest,
  newestMatching,
  provideBaseArchive,
} from '../../../src/lab/arm64-node.ts'
import { Cache } from '../../../src/lab/cache.ts'
import { provideHostKernel } from '../../../src/lab/host-kernel.ts'
import { provideQemu } from '../../../src/lab/qemu.ts'
import type { ToolContext } from '../../../src/lab/tool.ts'

let root: string
let cache: Cache
let context: ToolContext & { lines: string[] }
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  cache = new Cache(join(root, 'cache'))
  fs.mkdirSync(join(root, 'bin'))
  const lines: string[] = []
  context = {
    env: { PATH: `${root}/bin`, TSVMM_DEBIAN_MIRROR: 'http://mirror.invalid/debian' },
    signal: new AbortController().signal,
    lines,
    progress: line => lines.push(line),
  }
})
afterEach(() => fs.rmSync(root, { recursive: true }))

/** Puts a program on the PATH of the tools, which otherwise is empty. */
function program(name: string, script: string): void {
  const path = '/usr/bin:/bin'
  fs.writeFileSync(join(root, 'bin', name), `#!/bin/sh\nPATH=${path}\n${script}\n`, { mode: 0o755 })
}

/** An arm64 Image as far as anybody looks. */
function image(): Buffer {
  const bytes = Buffer.alloc(4096)
  bytes.write('ARM\x64', 0x38, 'latin1')
  return bytes
}

/** Stands in for apt: a meta package, a kernel package, and a deb that holds what it is told. */
function fakeApt(release = '6.12.1-cloud-arm64'): void {
  program(
    'apt-cache',
    `case "$*" in *show*linux-image-cloud-arm64) echo "Depends: linux-image-${release} (= 1)";; *) echo "Depends: a | b, c";; esac`,
  )
  program('apt-get', 'case "$*" in *download*) touch x.deb;; esac')
  const modules = `$3/usr/lib/modules/${release}/kernel/drivers`
  program(
    'dpkg-deb',
    `mkdir -p $3/boot ${modules}/virtio && cp ${root}/Image $3/boot/vmlinuz-${release} &&
     echo mmio > ${modules}/virtio/virtio_mmio.ko && xz ${modules}/virtio/virtio_mmio.ko`,
  )
  program('xz', 'exec xz "$@"')
  fs.writeFileSync(join(root, 'Image'), image())
}

describe('a host kernel', () => {
  test('is fetched once, with its modules unpacked, and then needs no tool', async () => {
    fakeApt()

    const kernel = await provideHostKernel('6.12', cache, context)

    expect(kernel.name).toBe('6.12.1-cloud-arm64')
    expect(fs.readFileSync(kernel.image)).toEqual(image())
    expect(kernel.modules.map(path => fs.readFileSync(path, 'utf8'))).toEqual(['mmio\n'])
    expect(context.lines).toEqual(['lab: fetching the host kernel of Debian trixie …'])

    fs.rmSync(join(root, 'bin'), { recursive: true })
    expect(await provideHostKernel('trixie', cache, context)).toEqual(kernel)
    expect(context.lines).toHaveLength(1)
  })

  test('of another version is looked for in the rolling suites', async () => {
    fakeApt('7.2.3+deb14-cloud-arm64')
    const kernel = await provideHostKernel('7.2', cache, context)
    expect(kernel.name).toBe('7.2.3+deb14-cloud-arm64')

    await expect(provideHostKernel('7', cache, context)).rejects.toThrow(/7: no such kernel/)
    await expect(provideHostKernel('7.20', cache, context)).rejects.toMatchObject({
      code: 'TSVMM_USAGE',
      why: 'sid has 7.2.3+deb14-cloud-arm64, experimental has 7.2.3+deb14-cloud-arm64',
    })
  })

  test('whose download breaks off leaves nothing behind', async () => {
    fakeApt()
    program(
      'apt-get',
      'case "$*" in *download*) head -c 100 /dev/zero > x.deb; echo "E: Connection timed out" >&2; exit 100;; esac',
    )

    await expect(provideHostKernel('6.12', cache, context)).rejects.toMatchObject({
      code: 'TSVMM_LAB_DOWNLOAD',
      message:
        'cannot fetch linux-image-6.12.1-cloud-arm64 from Debian trixie: apt-get ended with 100',
      why: 'E: Connection timed out',
      try: ['check the network, then run the same command again'],
    })
    expect(await cache.list('kernels')).toEqual([])
    expect(await cache.list('tmp')).toEqual([])
  })

  test('is not fetched any further after Ctrl-C', async () => {
    const controller = new AbortController()
    program('apt-get', 'sleep 100')
    const fetching = provideHostKernel('6.12', cache, { ...context, signal: controller.signal })
    setTimeout(() => controller.abort(new InterruptedError('SIGINT')), 50)

    await expect(fetching).rejects.toThrow(InterruptedError)
    expect(await cache.list('tmp')).toEqual([])
  })

  test("may be an Image of one's own, gzipped or not", async () => {
    const path = join(root, 'Image')
    for (const bytes of [image(), gzipSync(image())]) {
      fs.writeFileSync(path, bytes)
      expect(await provideHostKernel(path, cache, context)).toEqual({
        name: path,
        image: path,
        modules: [],
        arguments: [],
      })
    }
  })

  test.each<[string, (path: string) => void, RegExp]>([
    ['missing', () => undefined, /there is no such file/],
    ['a directory', path => fs.mkdirSync(path), /that is a directory/],
    ['empty', path => fs.writeFileSync(path, ''), /not an arm64 Image/],
    ['of another format', path => fs.writeFileSync(path, 'x'.repeat(5000)), /not an arm64 Image/],
    ['a broken gzip', path => fs.writeFileSync(path, '\x1f\x8b', 'latin1'), /not an arm64 Image/],
  ])('that is %s is refused', async (_, make, message) => {
    const path = join(root, 'kernel')
    make(path)
    const failure = provideHostKernel(path, cache, context)
    await expect(failure).rejects.toMatchObject({ code: 'TSVMM_USAGE' })
    await expect(failure).rejects.toThrow(message)
  })

  test('nobody knows is refused with those that are known', async () => {
    await expect(provideHostKernel('buster', cache, context)).rejects.toMatchObject({
      message: '--host-kernel buster: no such kernel',
      try: [
        'one of 6.1, 6.12, bookworm, trixie, sid, experimental, ' +
          'fco, fco-v7, fco-v8, fco-other, fco-off, or the path of an arm64 Image',
      ],
    })
  })

  test('needs apt, and says so', async () => {
    await expect(provideHostKernel('6.12', cache, context)).rejects.toThrow(
      'cannot read Debian trixie: apt-get is not installed',
    )
  })
})

describe('Node for arm64', () => {
  test('is the newest that fits', () => {
    const versions = ['20.9.0', '20.19.4', '20.10.0', '22.1.0', '2.0.0']
    expect(newestMatching(versions, '20')).toBe('20.19.4')
    expect(newestMatching(versions, '20.9.0')).toBe('20.9.0')
    expect(newestMatching(versions, '24')).toBeUndefined()
  })

  test.each(['', 'x', '20.x', '20.1', 'latest', '../20', '12', '20.18.3'])(
    'is not "%s"',
    request => {
      expect(() => checkNodeRequest(request)).toThrow(UsageError)
    },
  )

  test.each(['20', '20.19.0', '24', '22.3.1'])('may be %s', request => {
    expect(() => checkNodeRequest(request)).not.toThrow()
  })

  test('whose download breaks off is an error with npm’s last line', async () => {
    program('npm', 'echo "npm error network timeout" >&2; exit 1')
    await expect(provideBaseArchive('20', cache, context)).rejects.toMatchObject({
      code: 'TSVMM_LAB_DOWNLOAD',
      why: 'npm error network timeout',
    })
    expect(await cache.list('tmp')).toEqual([])
  })
})

describe('QEMU', () => {
  test('is what PATH has', async () => {
    program('qemu-system-aarch64', 'true')
    expect(await provideQemu(context)).toBe(`${root}/bin/qemu-system-aarch64`)
  })

  test('missing, and not to be installed, is an error with the command to type', async () => {
    const failure = provideQemu(context)
    await expect(failure).rejects.toThrow(LabError)
    await expect(failure).rejects.toMatchObject({
      code: 'TSVMM_LAB_QEMU',
      try: [
        expect.stringMatching(
          /^(sudo )?apt-get install -y --no-install-recommends qemu-system-arm$/,
        ),
      ],
    })
  })
})
