import { totalmem } from 'node:os'
import { addAbortSignal } from 'node:stream'
import { GuestFile } from '../boot/guest-file.ts'
import { ImageError, UsageError } from '../errors/index.ts'
import { decodeFdt, renderDts, type FdtTree } from '../fdt/index.ts'
import { THIS_HOST } from '../host/index.ts'
import { printable } from '../look/printable.ts'
import { native } from '../native/index.ts'
import { dryRun } from '../vm/dry-run.ts'
import { FDT_MAX_SIZE } from '../vm/memory-map.ts'
import { ObservedSystem } from '../vm/observed-system.ts'
import { checkRequest, withGuest, type RunRequest } from '../vm/run.ts'
import type { CliContext } from './context.ts'
import { openAssumedHost } from './dry-run-host.ts'
import type { DtbFormat, DtbOptions } from './dtb.ts'
import { OutputFile } from './output-file.ts'
import { keepRunInputs } from './run-inputs.ts'
import { toRequest } from './run-request.ts'
import { keepInputs } from './taken-files.ts'

/** `tsvmm dtb`, with its options parsed. */
export async function showDtb(
  image: string | undefined,
  options: DtbOptions,
  context: CliContext,
): Promise<void> {
  const { output, outFormat, decode } = options
  const isFile = output !== undefined && output !== '-'
  const format: DtbFormat = outFormat ?? (isFile && output.endsWith('.dtb') ? 'dtb' : 'dts')
  if (format === 'dtb' && !isFile && context.stdout.isTTY)
    throw new UsageError('-O dtb: a blob is nothing for a terminal', {
      try: ['-O dtb -o FILE', '-O dtb | PROGRAM', '-O dts'],
    })
  keepRunInputs(image, options)
  keepInputs({ '--decode': decode })
  using file = isFile ? new OutputFile('--output', output) : undefined
  const blob =
    decode === undefined
      ? await blobOf(image, options, context)
      : await readBlob(decode, image, options, context)
  // Also of a blob that is to be written: what is none is said.
  const source = renderDts(decode === undefined ? decodeFdt(blob) : decodeFile(decode, blob))
  const content = format === 'dtb' ? blob : source
  if (file) file.commit(content)
  else context.stdout.write(content)
}

/** Says of which file it is what is wrong there. */
function decodeFile(path: string, blob: Uint8Array): FdtTree {
  try {
    return decodeFdt(blob)
  } catch (error) {
    if (!(error instanceof ImageError)) throw error
    throw new ImageError('FORMAT', `--decode ${path}: ${error.message}`, { cause: error })
  }
}

/** The tree of a guest, with seeds that are the same each time. */
async function blobOf(
  image: string | undefined,
  options: DtbOptions,
  context: CliContext,
): Promise<Uint8Array> {
  const request = toRequest(image, options, 'dtb')
  const isHere = options.from === undefined && options.sysroot === undefined
  if (isHere && process.arch === 'arm64') return blobHere(request)
  const { assumed, deviceTree } = await dryRun(request, await openAssumedHost(options, context))
  assumed.forEach(sentence => context.progress(`tsvmm: assumed: ${printable(sentence)}`))
  return deviceTree
}

async function blobHere(request: RunRequest): Promise<Uint8Array> {
  checkRequest(request, totalmem())
  const host = {
    system: ObservedSystem.around(native().system),
    tree: THIS_HOST,
    random: (bytes: number) => Buffer.alloc(bytes),
  }
  return withGuest(
    request,
    host,
    { onPmuDecision: () => undefined },
    ({ vm }) => vm.deviceTree.bytes,
  )
}

async function readBlob(
  path: string,
  image: string | undefined,
  { kernel, beside }: DtbOptions,
  context: CliContext,
): Promise<Uint8Array> {
  if (image !== undefined || kernel !== undefined)
    throw new UsageError(`--decode ${path} and ${image ?? `--kernel ${kernel}`}: which of them?`, {
      try: [`tsvmm dtb --decode ${path}`, `tsvmm dtb ${image ?? kernel}`],
    })
  if (beside.length > 0)
    throw new UsageError(`--decode ${path} and ${beside.join(' ')}: which of them?`, {
      why: 'a blob is shown as it is',
      try: [`tsvmm dtb --decode ${path}`, `tsvmm dtb ${beside.join(' … ')} … IMAGE`],
    })
  if (path === '-') return readStdin(context)
  using file = new GuestFile(path, 'a device tree')
  if (file.size > FDT_MAX_SIZE) throw tooLarge(path, `${file.size} bytes, more`)
  return file.read(file.size)
}

async function readStdin({ stdin, signal }: CliContext): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of addAbortSignal(signal, stdin) as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > FDT_MAX_SIZE) throw tooLarge('-', 'more bytes')
      chunks.push(chunk)
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
  return Buffer.concat(chunks)
}

function tooLarge(path: string, size: string): UsageError {
  return new UsageError(`--decode ${path} has ${size} than a device tree may have`, {
    why: `Linux takes ${FDT_MAX_SIZE}`,
  })
}
