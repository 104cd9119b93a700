import fc from 'fast-check'
import { expect, it } from 'vitest'
import { KINDS } from '../../../src/cli/explain-topic.ts'
import { HostError } from '../../../src/errors/index.ts'
import { MemoryTree } from '../../../src/host/index.ts'
import { CLIENTS } from '../../../src/look/advice/clients.ts'
import { answeredBefore, lookAt, PROBE_TOPICS, reasonForNothing } from '../../../src/look/facts.ts'
import { probedToJson, renderJson } from '../../../src/look/json.ts'
import { decodeMachine, encodeMachine, type SavedMachine } from '../../../src/look/saved.ts'
import { complaints, schemaAt } from '../../schemas.ts'
import { RK3399 } from '../host/machines.ts'
import { arbitraryMachine } from './arbitrary-machine.ts'

it('the schema of saved machines takes what --from takes', () => {
  fc.assert(
    fc.property(arbitraryMachine, machine => {
      const text = encodeMachine(machine)
      decodeMachine(text, '--from x.json')
      expect(complaints('machine.schema.json', JSON.parse(text))).toEqual([])
    }),
  )
})

async function probed(
  topic: (typeof PROBE_TOPICS)[number],
  { files, kvm, about }: SavedMachine,
): Promise<string> {
  const source = 'x.json'
  try {
    const machine = await lookAt(topic, new MemoryTree(files, source), kvm && answeredBefore(kvm))
    const all = { topic, source, about, ...machine }
    return renderJson(probedToJson(all), reasonForNothing(all))
  } catch (error) {
    if (error instanceof HostError) return renderJson({ topic }, error)
    throw error
  }
}

/** What a readable machine has at least; the rest of it is left as it comes. */
const READABLE = Object.entries(RK3399).map(
  ([path, content]) => [`/sys/${path}`, content.trimEnd()] as const,
)

it.each<[string, Iterable<readonly [string, string]>]>([
  ['any machine', []],
  ['any machine with CPUs and PMUs', READABLE],
])('what is said of %s is as its schema says', async (_, readable) => {
  await fc.assert(
    fc.asyncProperty(arbitraryMachine, fc.constantFrom(...PROBE_TOPICS), async (machine, topic) => {
      const files = new Map([...machine.files, ...readable])
      const object: unknown = JSON.parse(await probed(topic, { ...machine, files }))
      expect(complaints('probe.schema.json', object)).toEqual([])
    }),
  )
})

it.each<[string, readonly string[], readonly string[]]>([
  ['probe.schema.json', ['properties', 'topic'], PROBE_TOPICS],
  ['advice.schema.json', ['properties', 'for'], CLIENTS],
  ['explain.schema.json', ['$defs', 'kind'], KINDS],
])('%s knows all words of %j', (file, path, words) => {
  expect(schemaAt(file, [...path, 'enum'])).toEqual(words)
})
