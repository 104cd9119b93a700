import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
// @ts-expect-error -- a package without types
import { load } from 'js-yaml'
import { labelsOf } from '../../src/look/nfd.ts'
import { RK3399 } from './host/machines.ts'
import { machine } from './look/kernels.ts'

/* What docs/fleet.md wants pasted is what it says it is. */
const text = readFileSync(new URL('../../docs/fleet.md', import.meta.url), 'utf8')
const manifests = [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(
  ([, yaml]) => (load as (yaml: string) => unknown)(yaml!) as Record<string, unknown>,
)

describe('docs/fleet.md', () => {
  it('has YAML that is YAML: a DaemonSet, a Pod, and two pipelines', () => {
    expect(manifests).toMatchObject([
      {
        kind: 'DaemonSet',
        spec: {
          selector: { matchLabels: { app: 'tsvmm-labels' } },
          template: { metadata: { labels: { app: 'tsvmm-labels' } } },
        },
      },
      { kind: 'Pod' },
      { jobs: { look: {}, guest: { needs: 'look' } } },
      { look: {}, guests: { needs: ['look'] } },
    ])
  })

  it('selects by labels that there are', () => {
    const known = labelsOf(machine(RK3399, {})).map(([name]) => name)
    const used = [...text.matchAll(/feature\.node\.kubernetes\.io\/([\w.-]+)/g)].map(
      ([, name]) => name,
    )
    expect(used.length).toBeGreaterThan(8)
    expect(known).toEqual(expect.arrayContaining(used))
  })

  it('documents every label', () => {
    const rows = text.match(/^\| `tsvmm-.*$/gm)!.join('\n')
    for (const [name] of labelsOf(machine(RK3399, {}))) {
      const [, own = ''] = /[.-](cpus|core)\./.exec(name) ?? []
      const word = own === '' ? (/[^.]*$|-max$/.exec(name)?.[0] ?? name) : `-${own}.NAME`
      expect(rows).toContain(word.replace('counters-max', '-max'))
    }
  })

  it('has a script in the DaemonSet that a shell can read', () => {
    const [daemonSet] = manifests as [
      { spec: { template: { spec: { containers: { command: string[] }[] } } } },
    ]
    const command = daemonSet.spec.template.spec.containers[0]!.command
    expect(command.slice(0, 2)).toEqual(['sh', '-c'])
    expect(spawnSync('sh', ['-n', '-c', command[2]!])).toMatchObject({ status: 0 })
  })
})
