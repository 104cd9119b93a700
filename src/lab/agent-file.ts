import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FileMessage } from './protocol.ts'

/** A file on its way in. Its bytes follow its message without a gap. */
export class IncomingFile {
  readonly #handle: FileHandle
  #missing: number

  private constructor(handle: FileHandle, size: number) {
    this.#handle = handle
    this.#missing = size
  }

  static async create(message: FileMessage): Promise<IncomingFile> {
    await mkdir(dirname(message.path), { recursive: true })
    const file = new IncomingFile(await open(message.path, 'w', message.mode), message.size)
    await file.#handle.chmod(message.mode)
    await file.write(new Uint8Array(0))
    return file
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#handle.writeFile(bytes)
    this.#missing -= bytes.length
    if (this.#missing === 0) await this.#handle.close()
  }
}
