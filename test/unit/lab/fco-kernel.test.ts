import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LabError } from '../../../src/errors/index.ts'
import { Cache } from '../../../src/lab/cache.ts'
import { provideHostKernel } from '../../../src/lab/host-kernel.ts'
import { missedLines } from '../../../src/lab/kernel-build.ts'
import { providePrograms } from '../../../src/lab/programs.ts'
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

/** Stand-ins for all a build needs; make's is `script`, with its output directory in $out. */
function fakeTools(script = BUILDS): void {
  const compilers = ['gcc', 'aarch64-linux-gnu-gcc', 'flex', 'bison', 'bc', 'perl', 'xz', 'patch']
  for (const name of compilers) program(name, `echo "${name} $*" >> ${root}/log`)
  program('apt-cache', 'echo "Version: 6.12.9-1"')
  program('apt-get', 'case "$*" in *download*) touch x.deb;; esac')
  program('dpkg-deb', 'mkdir -p $3/usr/src && touch $3/usr/src/linux-source-6.12.tar.xz')
  program('tar', 'exit 0')
  program(
    'make',
    `echo "make $*" >> ${root}/log
     for arg; do case $arg in O=*) out=\${arg#O=};; esac; target=$arg; done
     ${script}`,
  )
}

const BUILDS = `case $target in
  Image)
    mkdir -p $out/arch/arm64/boot $out/include/config
    echo image > $out/arch/arm64/boot/Image
    echo 6.12.9-tsvmm-fco > $out/include/config/kernel.release;;
esac`

describe('the host kernel we patch', () => {
  test('is built once for all its variants, and then needs no tool', async () => {
    fakeTools()

    const kernel = await provideHostKernel('fco', cache, context)

    expect(kernel).toMatchObject({ name: '6.12.9-tsvmm-fco', modules: [] })
    expect(kernel.arguments).toEqual(['kvm-arm.fixed_counters_only=v8'])
    expect(fs.readFileSync(kernel.image, 'utf8')).toBe('image\n')
    expect(await cache.list('kernels')).toEqual([expect.stringMatching(/^fco-6\.12\.9-1-\w{12}$/)])
    expect(await cache.list('tmp')).toEqual([])
    const log = fs.readFileSync(join(root, 'log'), 'utf8')
    expect(log.match(/ \w+$/gm)).toEqual([' tinyconfig', ' olddefconfig', ' Image'])

    fs.rmSync(join(root, 'bin'), { recursive: true })
    for (const variant of ['v7', 'v8', 'other', 'off']) {
      const same = await provideHostKernel(`fco-${variant}`, cache, context)
      expect(same.image).toBe(kernel.image)
      expect(same.arguments).toEqual([`kvm-arm.fixed_counters_only=${variant}`])
    }
  })

  test('may be built by two at once', async () => {
    fakeTools()

    const kernels = await Promise.all(
      ['fco', 'fco-v7'].map(name => provideHostKernel(name, cache, context)),
    )

    expect(kernels[0]?.image).toBe(kernels[1]?.image)
    expect(await cache.list('kernels')).toHaveLength(1)
    expect(await cache.list('tmp')).toEqual([])
  })

  test('that does not build says what the compiler said first, and leaves nothing', async () => {
    fakeTools(`case $target in
      Image) echo "pmu-emul.c:7: error: no such thing" >&2; echo "make: *** Error 2" >&2; exit 2;;
    esac`)

    await expect(provideHostKernel('fco', cache, context)).rejects.toMatchObject({
      code: 'TSVMM_LAB_KERNEL',
      message: 'cannot build the host kernel: make ended with 2',
      why: 'pmu-emul.c:7: error: no such thing',
    })
    expect(await cache.list('kernels')).toEqual([])
    expect(await cache.list('tmp')).toEqual([])
  })

  test('whose patch does not apply says which part', async () => {
    fakeTools()
    program('patch', 'echo "Hunk #1 FAILED at 7."; exit 1')

    await expect(provideHostKernel('fco', cache, context)).rejects.toMatchObject({
      code: 'TSVMM_LAB_KERNEL',
      why: 'Hunk #1 FAILED at 7.',
    })
  })

  test('whose configuration is not taken as it is written is an error', async () => {
    fakeTools(`${BUILDS}
      case $target in olddefconfig) sed -i 's/^CONFIG_KVM=y/# CONFIG_KVM is not set/' $out/.config;; esac`)

    await expect(provideHostKernel('fco', cache, context)).rejects.toMatchObject({
      message: 'cannot configure the host kernel: it does not take CONFIG_KVM=y',
    })
  })

  test('without the programs for it is an error with the command to type', async () => {
    fakeTools()
    for (const name of ['flex', 'bison', 'apt-get']) fs.rmSync(join(root, 'bin', name))

    await expect(provideHostKernel('fco', cache, context)).rejects.toMatchObject({
      code: 'TSVMM_LAB_TOOL',
      message: 'flex, bison are not installed',
      try: [expect.stringMatching(/apt-get install -y --no-install-recommends flex bison$/)],
    })
  })

  test('has lines in its configuration that must be there, and lines that must not', () => {
    const wanted =
      '# A comment\nCONFIG_A=y\nCONFIG_B="x"\n# CONFIG_C is not set\n# CONFIG_D is not set\n'
    expect(missedLines(wanted, 'CONFIG_A=y\nCONFIG_B="x"\n# CONFIG_C is not set\n')).toEqual([])
    expect(missedLines(wanted, 'CONFIG_A=m\nCONFIG_B="x"\nCONFIG_D=y\n')).toEqual([
      'CONFIG_A=y',
      '# CONFIG_D is not set',
    ])
  })
})

describe('programs', () => {
  const need = { what: 'tools', why: 'they are needed', problem: 'TOOL' } as const
  const programs = [
    { name: 'one', packages: ['uno', 'both'] },
    { name: 'two', packages: ['due', 'both'] },
  ]

  test('are what PATH has, in order', async () => {
    program('two', 'true')
    program('one', 'true')
    const paths = await providePrograms(programs, need, context)
    expect(paths).toEqual([`${root}/bin/one`, `${root}/bin/two`])
  })

  test.runIf(process.geteuid?.() === 0)(
    'are installed by root where they are missing',
    async () => {
      program('one', 'true')
      program(
        'apt-get',
        `case "$*" in *install*) echo "$*" > ${root}/log; cp ${root}/bin/one ${root}/bin/two;; esac`,
      )

      const paths = await providePrograms(programs, need, context)

      expect(paths).toEqual([`${root}/bin/one`, `${root}/bin/two`])
      expect(fs.readFileSync(join(root, 'log'), 'utf8')).toBe(
        '-q install -y --no-install-recommends due both\n',
      )
      expect(context.lines).toEqual(['lab: installing tools (apt-get install due both) …'])
    },
  )

  test('that are missing still are an error', async () => {
    await expect(providePrograms(programs, need, context)).rejects.toThrow(LabError)
    await expect(providePrograms(programs, need, context)).rejects.toMatchObject({
      message: 'one, two are not installed',
      why: 'they are needed',
    })
  })
})
