import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GicKind } from '../../src/gic/kinds.ts'
import { emulatedHost, guest, type KvmHost, type Ran } from './host.ts'
import { makeInitrd, packKernel, type GuestKernel } from './linux-guest.ts'

/*
 * Guests by interrupt controller, number of vCPUs and kernel, on a host with a GICv3 and on one with a
 * GICv2. TSVMM_WHOLE_MATRIX=1 boots every kernel with every kind and number.
 */

interface Boot {
  readonly kernel: GuestKernel
  readonly kind: GicKind
  readonly vcpus: number
}

const KERNELS: readonly GuestKernel[] = ['6.1', '6.12', 'newest']

const every = (...kinds: GicKind[]): Boot[] =>
  KERNELS.flatMap(kernel =>
    kinds.flatMap(kind => [1, 4, 8].map(vcpus => ({ kernel, kind, vcpus }))),
  )

const HOSTS: readonly { gic: 2 | 3; kinds: GicKind[]; not: GicKind; boots: Boot[] }[] = [
  {
    gic: 3,
    kinds: ['gicv3-its', 'gicv3'],
    not: 'gicv2',
    boots: [
      { kernel: 'newest', kind: 'gicv3-its', vcpus: 4 },
      { kernel: '6.1', kind: 'gicv3', vcpus: 8 },
    ],
  },
  {
    gic: 2,
    kinds: ['gicv2m', 'gicv2'],
    not: 'gicv3',
    boots: [
      { kernel: '6.12', kind: 'gicv2m', vcpus: 4 },
      { kernel: '6.1', kind: 'gicv2', vcpus: 1 },
    ],
  },
]

const INIT = `echo "guest: $(nproc) CPUs, $(uname -r)"
echo "guest: $(grep -oE 'GIC[-v0-9]+' /proc/interrupts | sort -u)"
dmesg | grep -E 'ITS .mem|ITS@|GICv2m: range|redistributor region|CPU features: .*GIC' | sed 's/^/guest: /'
poweroff -f
`

/** What each kind makes the guest's kernel say. */
const SAYS: Readonly<Record<GicKind, RegExp>> = {
  'gicv3-its': /^guest: GICv3\r\n[^]*guest: .*ITS \[mem 0x3f/m,
  gicv3: /^guest: GICv3\r\n(?![^]*ITS)/m,
  gicv2m:
    /^guest: GIC-0\r\n[^]*guest: .*GICv2m: range\[mem 0x3ffcf000-0x3ffcffff\], SPI\[928:991\]/m,
  gicv2: /^guest: GIC-0\r\n(?![^]*GICv2m)/m,
}

describe.each(HOSTS)('a host with a GICv$gic', ({ gic, kinds, not, boots }) => {
  let host: KvmHost
  let folder: string
  const matrix = process.env['TSVMM_WHOLE_MATRIX'] === '1' ? every(...kinds) : boots
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
    for (const kernel of new Set(matrix.map(({ kernel }) => kernel)))
      await packKernel(kernel, join(folder, `vmlinuz-${kernel}`))
    host = await emulatedHost({ gic })
    await makeInitrd(host, INIT, folder)
  }, 240_000)
  afterAll(async () => {
    await host[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  /** Of the guests that are all of what they do. */
  const run = (image: string, ...args: string[]): Promise<Ran> =>
    host.exec('tsvmm', 'run', '--pmu=off', '--timeout', '100', ...args, guest(image))

  it.each(matrix)('boots Linux $kernel on $vcpus vCPUs with $kind', async boot => {
    const line = `tsvmm run --irqchip ${boot.kind} -c ${boot.vcpus} -m 256M -k $0/vmlinuz-${boot.kernel} \\
      -i $0/initrd -p 'console=ttyS0 quiet' --timeout 110 --json $0/result.json`
    const { status, stdout } = await host.exec('sh', '-c', line, folder)
    expect(stdout).toMatch(new RegExp(`^guest: ${boot.vcpus} CPUs, `, 'm'))
    expect(stdout).toMatch(SAYS[boot.kind])
    expect(status).toBe(0)
    const result: unknown = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'))
    expect(result).toMatchObject({ gic: boot.kind, outcome: { kind: 'powered-off' } })
  })

  it('is not asked in vain for what it has not', async () => {
    const ran = await run('greeting', '--irqchip', not)
    expect(ran.stderr).toMatch(
      `error: --irqchip ${not} cannot be had: this host's KVM gives guests ${kinds.join(' and ')} only\n`,
    )
    expect(ran.stderr).toContain(`try:  --irqchip ${kinds[0]}\n`)
    expect(ran.status).toBe(120)
  })

  it('lives through a guest that pokes its interrupt controller', async () => {
    const ran = await run('poke')
    expect(ran.stdout).toMatch(/^poke: \d{5,6} accesses, \d+ exceptions\n$/)
    expect(ran.status).toBe(0)
  })

  if (gic === 3)
    it('gives 512 vCPUs a redistributor each', async () => {
      const ran = await run('redistributors', '-c', '512')
      expect(ran.stdout).toBe(
        '512 redistributors, the last of 0x1f0f, which ends where the distributor begins: 0x0\n',
      )
      expect(ran.status).toBe(0)
    })
  else
    it('makes interrupts of messages, and of none that are not the frame’s', async () => {
      const ran = await run('message')
      expect(ran.stdout).toBe('64 interrupts from INTID 928; 927 gave 1023; 991 gave 991\n')
      expect(ran.status).toBe(0)
    })
})
