import { UsageError, type TsvmmError } from '../errors/index.ts'
import type { FileContents } from '../host/index.ts'
import type { KvmFacts } from '../vm/look.ts'
import { renderCompactJson } from './compact-json.ts'
import { savableFiles } from './saved-files.ts'
import { kvmToSaved, savedKvm } from './saved-kvm.ts'
import {
  integer,
  list,
  map,
  object,
  optional,
  orNull,
  ownField,
  text,
  textLike,
  toObject,
} from './shape.ts'
import { printable } from './printable.ts'

const FORMAT = 'tsvmm machine'

/** Raised when an older tsvmm would misunderstand what is written. */
const VERSION = 1

/** A machine of 8192 CPUs has some 25 MB. */
export const MAX_SAVED_SIZE = 32 * 1024 * 1024

/** What a saved machine says of itself: which, and what of it nobody measured. */
export interface SavedAbout {
  readonly name?: string
  readonly published?: readonly { readonly fact: string; readonly source: string }[]
  readonly assumed?: readonly string[]
}

/** What was read of a machine, and what its KVM answered. */
export interface SavedMachine {
  /** Version of the tsvmm that wrote it. */
  readonly tsvmm: string
  readonly about?: SavedAbout
  readonly files: FileContents
  /** Not there if KVM was not asked; the error is why it could not be. */
  readonly kvm?: KvmFacts | TsvmmError
}

interface Saved extends SavedMachine {
  readonly format: string
  readonly version: number
}

const sentences = text(4096)

const savedMachine = object<Saved>({
  format: text(100),
  version: integer(VERSION),
  tsvmm: text(100),
  about: optional(
    object<SavedAbout>({
      name: optional(text(256)),
      published: optional(
        list(object<{ fact: string; source: string }>({ fact: sentences, source: sentences }), 256),
      ),
      assumed: optional(list(sentences, 256)),
    }),
  ),
  files: map(
    orNull(text(1024 * 1024)),
    textLike(/^(?!.*\/\.{0,2}(\/|$))\/(sys|proc)\/./s, 'a file in /sys or /proc'),
  ),
  kvm: optional(savedKvm),
})

/** A machine as the text of a file: of what was read, what may be saved. */
export function encodeMachine({ tsvmm, about, files, kvm }: SavedMachine): string {
  return renderCompactJson({
    format: FORMAT,
    version: VERSION,
    tsvmm,
    about,
    files: Object.fromEntries(savableFiles(files)),
    kvm: kvm && kvmToSaved(kvm),
  })
}

/**
 * @param name what errors call the file: `--from FILE`
 * @throws {UsageError} it is no machine that was saved by tsvmm, or by a newer one
 */
export function decodeMachine(content: string, name: string): SavedMachine {
  const parsed = parseJson(content, name)
  checkFormat(parsed, name)
  const { tsvmm, about, files, kvm } = savedMachine(parsed, `${name}:`)
  return { tsvmm, files, ...(about && { about }), ...(kvm && { kvm }) }
}

function parseJson(content: string, name: string): unknown {
  if (content.trim() === '') throw new UsageError(`${name} is empty`, { try: [HOW_TO_SAVE] })
  try {
    return JSON.parse(content.replace(/^\uFEFF/, ''))
  } catch (cause) {
    const why = printable(cause instanceof Error ? cause.message : String(cause))
    const isCut = content.includes(`"${FORMAT}"`) && !content.trimEnd().endsWith('}')
    throw new UsageError(
      isCut ? `${name} ends in the middle: part of it is missing` : `${name} is no JSON`,
      { why, try: [HOW_TO_SAVE], cause },
    )
  }
}

const HOW_TO_SAVE = 'tsvmm probe --save FILE    # on the machine itself, and copy all of it'

function checkFormat(parsed: unknown, name: string): void {
  const fields = typeof parsed === 'object' && parsed !== null ? parsed : {}
  if (ownField(fields, 'format') !== FORMAT)
    throw new UsageError(`${name} is no machine that was saved by tsvmm`, {
      ...(ownField(fields, 'command') === 'probe' && { why: 'it is what --json writes' }),
      try: [HOW_TO_SAVE],
    })
  const version = ownField(toObject(parsed, name), 'version')
  if (typeof version === 'number' && version > VERSION)
    throw new UsageError(
      `${name} was saved by a newer tsvmm (format ${version}), and this one reads format ${VERSION}`,
      { try: ['npm install --global --ignore-scripts tsvmm@latest'] },
    )
  if (typeof version === 'number' && version < 1)
    throw new UsageError(`${name} has format ${version}, which there never was`, {
      try: [HOW_TO_SAVE],
    })
}
