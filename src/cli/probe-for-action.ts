import { BugError, EXIT_CODES, TsvmmError, UsageError } from '../errors/index.ts'
import { advise } from '../look/advice/advise.ts'
import { CLIENTS, type Client } from '../look/advice/clients.ts'
import { renderAdvice } from '../look/advice/text.ts'
import { lookAt, type Machine } from '../look/facts.ts'
import { renderJson } from '../look/json.ts'
import { labelsOf, renderFeatureFile } from '../look/nfd.ts'
import { didYouMean } from '../pmu/did-you-mean.ts'
import type { CliContext } from './context.ts'
import { requireName } from './open-output.ts'
import { OutputFile } from './output-file.ts'
import { openSource } from './probe-source.ts'
import type { ProbeOptions } from './probe.ts'

/** What is said for a client. */
interface Said {
  readonly text: string
  readonly fields: object
  /** Whether this client can be helped. */
  readonly isPossible: boolean
}

/** `tsvmm probe --for WHAT`. */
export async function probeFor(
  word: string,
  topic: string | undefined,
  options: ProbeOptions,
  context: CliContext,
): Promise<void> {
  const { json, save, svg } = options
  const client = toClient(word)
  if (topic !== undefined)
    throw new UsageError(`--for ${client} and ${topic}: --for is about all of the machine`, {
      try: [`tsvmm probe --for ${client}`, `tsvmm probe ${topic}`],
    })
  if (svg !== undefined)
    throw new UsageError(`--for ${client} and --svg: there is nothing to draw of advice`, {
      try: [`tsvmm probe --for ${client}`, `tsvmm probe --svg ${svg}`],
    })
  if (save !== undefined)
    throw new UsageError(`--for ${client} and --save: advice is not saved, a machine is`, {
      try: [`tsvmm probe --for ${client}`, `tsvmm probe --save ${save}`],
    })
  const { tree, askKvm, name: source } = await openSource('all', options, context)
  using file = typeof json === 'string' && json !== '-' ? new OutputFile('--json', json) : undefined
  const toStdout = json !== undefined && file === undefined
  const writeJson = (text: string) => {
    if (toStdout) context.answer(text)
    file?.commit(text)
  }
  let said: Said
  try {
    // Advice needs no guest to be run, which takes longest.
    const machine = await lookAt('all', tree, askKvm && (() => askKvm(['pmus', 'vms'])))
    said = sayFor(client, machine)
  } catch (error) {
    if (error instanceof TsvmmError) writeJson(renderJson({ for: client, source }, error))
    throw error
  }
  const exitStatus = (said.isPossible ? EXIT_CODES.ok : EXIT_CODES.failed).status
  if (!toStdout) context.answer(said.text)
  writeJson(renderJson({ for: client, source, exitStatus, ...said.fields }, undefined))
  context.setExitStatus(exitStatus)
}

function sayFor(client: Client, { host, kvm }: Machine): Said {
  if (host === undefined) throw new BugError('nobody looked at the machine')
  const machine = { host, kvm }
  if (client === 'nfd')
    return {
      text: renderFeatureFile(machine),
      fields: { labels: Object.fromEntries(labelsOf(machine)) },
      isPossible: true,
    }
  const advice = advise(client, machine)
  const { alternatives, notes, why, refused } = advice
  const isPossible = alternatives.length > 0
  return {
    text: renderAdvice(advice),
    fields: { possible: isPossible, why, try: advice.try, notes, alternatives, refused },
    isPossible,
  }
}

/** @throws {UsageError} there is no such client */
function toClient(word: string): Client {
  const client = CLIENTS.find(name => name === word)
  if (client !== undefined) return client
  requireName('--for', word, 'VMM')
  const meant = didYouMean(word, CLIENTS) ?? ALIASES[word.toLowerCase()]
  const question = meant === undefined ? '' : `; did you mean ${meant}?`
  throw new UsageError(`--for ${word}: nothing is known of that${question}`, {
    try: meant === undefined ? [`--for one of ${CLIENTS.join(', ')}`] : [`--for ${meant}`],
  })
}

/** What else they are called. */
const ALIASES: Readonly<Record<string, Client>> = {
  kvmtool: 'lkvm',
  'qemu-system-aarch64': 'qemu',
  virsh: 'libvirt',
  'virt-install': 'libvirt',
  clh: 'cloud-hypervisor',
  kubernetes: 'nfd',
}
