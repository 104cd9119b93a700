import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HostError } from '../../../src/errors/index.ts'
import type { Machine } from '../../../src/look/facts.ts'
import { renderSvg } from '../../../src/look/svg.ts'
import { BIG_LITTLE, HOLES, hostOf, hosts, NO_PMU, RK3588, UNIFORM, withKvm } from './hosts.ts'
import { elementsOf, parseXml, type Element } from './xml.ts'

function drawn(machine: Machine): string {
  return renderSvg({ topic: 'all', ...machine }, machine.host!)
}

interface Square {
  readonly cpu: number
  readonly title: string
  readonly fill: string
  readonly x: number
  readonly y: number
  readonly size: number
}

function squaresOf(root: Element): readonly Square[] {
  return elementsOf(root)
    .filter(({ attributes }) => attributes['class'] === 'cpu')
    .map(({ children: [title, rect, text] }) => ({
      cpu: Number(text!.text),
      title: title!.text,
      fill: rect!.attributes['fill']!,
      x: Number(rect!.attributes['x']),
      y: Number(rect!.attributes['y']),
      size: Number(rect!.attributes['width']),
    }))
}

/** All that is written in it, in lines. */
function textOf(root: Element): string {
  const texts = elementsOf(root).filter(({ name }) => name === 'text')
  return texts.map(({ text }) => text).join('\n')
}

describe('the picture', () => {
  it('has a square for each CPU, in the colour of its PMU', () => {
    const squares = squaresOf(parseXml(drawn(withKvm(BIG_LITTLE))))
    expect(squares.map(({ cpu }) => cpu)).toEqual([0, 1, 2, 3, 4, 5])
    expect(squares.map(({ fill }) => fill)).toEqual([
      ...Array<string>(4).fill('#0072b2'),
      ...Array<string>(2).fill('#e69f00'),
    ])
    expect(squares[4]?.title).toBe(
      'CPU 4: Cortex-A72 r0p2 (Arm), capacity 1024, PMU armv8_cortex_a72',
    )
  })

  it('says of each PMU what a guest can have, and what KVM can do', () => {
    const root = parseXml(drawn(withKvm(BIG_LITTLE, { armv8_cortex_a72: 'ENXIO' })))
    expect(textOf(root)).toContain(`\
armv8_cortex_a53
perf type 8 · CPUs 0-3 · Cortex-A53
✓ guests can have it, with 6 event counters: SET_PMU is accepted, and it is KVM's default there
armv8_cortex_a72
perf type 9 · CPUs 4-5 · Cortex-A72
✗ no guest can have it: SET_PMU is refused, ENXIO
KVM of this host can do for PMUs: SET_PMU, FILTER (1024 events)
Not: STRICT, SET_NR_COUNTERS, FIXED_COUNTERS_ONLY`)
  })

  it('hatches CPUs that do not run, and has those without a PMU in grey', () => {
    const root = parseXml(drawn(withKvm(HOLES)))
    const fills = new Map(squaresOf(root).map(({ cpu, fill }) => [cpu, fill]))
    expect(fills.get(0)).toBe('#0072b2')
    expect(fills.get(3)).toBe('url(#hatch-0)')
    expect(fills.get(4)).toBe('#c8cdd3')
    expect(fills.get(5)).toBe('url(#hatch-none)')
    const patterns = elementsOf(root).filter(({ name }) => name === 'pattern')
    expect(patterns.map(({ attributes }) => attributes['id'])).toEqual(['hatch-none', 'hatch-0'])
    expect(textOf(root)).toMatch(/^Without a PMU.*: CPU 4\nOffline.*: CPUs 3,5\nNot.*: CPUs 6-7$/m)
  })

  it('says why it does not know what KVM says', () => {
    const text = (machine: Machine) => textOf(parseXml(drawn(machine))).replaceAll('\n', ' ')
    const denied = new HostError('KVM_ACCESS', 'cannot open /dev/kvm', { try: ['ask for it'] })
    expect(text({ host: UNIFORM, kvm: denied })).toMatch(
      /KVM could not be asked: cannot open \/dev\/kvm; try: ask for it$/,
    )
    expect(text({ host: NO_PMU })).toMatch(/^2 CPUs, no PMU .* KVM was not asked$/)
  })

  it('has words for those who do not see it, and needs nothing from elsewhere', () => {
    const svg = drawn(withKvm(HOLES))
    const root = parseXml(svg)
    const [title, desc] = root.children
    expect([root.attributes['role'], root.attributes['aria-labelledby']]).toEqual([
      'img',
      `${title?.attributes['id']} ${desc?.attributes['id']}`,
    ])
    expect(title?.text).toBe('8 CPUs, 1 PMU')
    expect(desc?.text).toBe(
      'PMU armv8_pmuv3_0: CPUs 0-3. Without a PMU: CPUs 4-7. Offline: CPUs 3,5-7.',
    )
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
      /https?:|href|<script|@import/,
    )
  })

  it('has a background, for pages that are dark', () => {
    const root = parseXml(drawn({ host: UNIFORM }))
    const background = root.children.find(({ name }) => name === 'rect')
    expect(background?.attributes).toEqual({
      width: root.attributes['width'],
      height: root.attributes['height'],
      fill: '#ffffff',
    })
  })

  it('is that of the documentation', () => {
    const file = new URL('../../../docs/images/rk3588.svg', import.meta.url)
    expect(readFileSync(file, 'utf8')).toBe(drawn(withKvm(RK3588)))
  })

  it('has a square for each of 8192 CPUs in 2048 clusters', { timeout: 30_000 }, () => {
    const groups = Array.from({ length: 8192 }, (_, i) => ({
      count: 1,
      midr: BigInt(i % 3),
      packageId: i >> 8,
      clusterId: i >> 2,
      pmu: `pmu${i % 3}`,
    }))
    const host = hostOf(...groups)
    expect(squaresOf(parseXml(drawn({ host })))).toHaveLength(8192)
  })
})

describe('the picture of any machine', () => {
  it('is XML, has each CPU once, and nothing over anything else or beyond the edge', () => {
    fc.assert(
      fc.property(hosts, fc.boolean(), (host, isAsked) => {
        const root = parseXml(drawn(isAsked ? withKvm(host) : { host }))
        const squares = squaresOf(root)
        expect(squares.map(({ cpu }) => cpu).sort((a, b) => a - b)).toEqual(host.possible)
        const [width, height] = ['width', 'height'].map(name => Number(root.attributes[name]))
        for (const [index, a] of squares.entries()) {
          expect(a.x >= 0 && a.x + a.size <= width!).toBe(true)
          expect(a.y >= 0 && a.y + a.size <= height!).toBe(true)
          const over = squares.slice(index + 1).filter(b => overlap(a, b))
          expect(over).toEqual([])
        }
      }),
    )
  })

  it('keeps frames in each other or apart', () => {
    fc.assert(
      fc.property(hosts, host => {
        const frames = elementsOf(parseXml(drawn({ host })))
          .filter(({ name, attributes }) => name === 'rect' && attributes['rx'] === '8')
          .map(({ attributes }) => attributes)
          .map(({ x, y, width, height }) => [x, y, width, height].map(Number))
        for (const [ax, ay, aw, ah] of frames as [number, number, number, number][])
          for (const [bx, by, bw, bh] of frames as [number, number, number, number][]) {
            const isApart = ax + aw <= bx || bx + bw <= ax || ay + ah <= by || by + bh <= ay
            const isIn = ax <= bx && ay <= by && bx + bw <= ax + aw && by + bh <= ay + ah
            const isAround = bx <= ax && by <= ay && ax + aw <= bx + bw && ay + ah <= by + bh
            expect(isApart || isIn || isAround).toBe(true)
          }
      }),
    )
  })
})

function overlap(a: Square, b: Square): boolean {
  return Math.abs(a.x - b.x) < a.size && Math.abs(a.y - b.y) < a.size
}
