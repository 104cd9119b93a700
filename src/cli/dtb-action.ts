import { totalmem } from 'node:os'
import { GuestFile } from '../boot/guest-file.ts'
import { UsageError } from '../errors/index.ts'
import { decodeFdt, renderDts } from '../fdt/index.ts'
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
    decode === undefined ? await blobOf(image, options, context) : readBlob(decode, image, options)
  // Also of a blob that is to be written: what is none is said.
  const source = renderDts(decodeFdt(blob))
  const content = format === 'dtb' ? blob : source
  if (file) file.commit(content)
  else context.stdout.write(content)
}

/** The tree of a guest, with seeds that are the same each time. */
async function blobOf(
  image: string | undefined,
  options: DtbOptions,
  context: CliContext,
): Promise<Uint8Array> {
  const request = toRequest(image, options)
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

function readBlob(path: string, image: string | undefined, { kernel }: DtbOptions): Uint8Array {
  if (image !== undefined || kernel !== undefined)
    throw new UsageError(`--decode ${path} and ${image ?? `--kernel ${kernel}`}: which of them?`, {
      try: [`tsvmm dtb --decode ${path}`, `tsvmm dtb ${image ?? kernel}`],
    })
  using file = new GuestFile(path, 'a device tree')
  if (file.size > FDT_MAX_SIZE)
    throw new UsageError(
      `--decode ${path} has ${file.size} bytes, more than a device tree may have`,
      {
        why: `Linux takes ${FDT_MAX_SIZE}`,
      },
    )
  return file.read(file.size)
}
