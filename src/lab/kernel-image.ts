import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { constants, gunzipSync } from 'node:zlib'
import { UsageError } from '../errors/index.ts'

/** Enough to see the magic, packed or not. */
const HEAD_BYTES = 1 << 16

/**
 * Checks the kernel image a user names and returns its absolute path. A gzipped one is fine: QEMU
 * unpacks it. Throws `UsageError`.
 */
export async function checkKernelImage(path: string): Promise<string> {
  const head = unpackHead(await readHead(path))
  // Documentation/arch/arm64/booting.rst: "ARM\x64" at offset 0x38.
  if (head.subarray(0x38, 0x3c).toString('latin1') === 'ARM\x64') return resolve(path)
  throw new UsageError(`--host-kernel ${path}: not an arm64 Image`, {
    why: 'the magic "ARM\\x64" at offset 0x38 is missing',
    try: ['name the file arch/arm64/boot/Image of a kernel build'],
  })
}

async function readHead(path: string): Promise<Buffer> {
  try {
    const handle = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const problem = PROBLEMS[code] ?? `cannot be read (${code})`
    throw new UsageError(`--host-kernel ${path}: ${problem}`, {
      try: ['name an arm64 Image file, or a version or Debian suite such as 6.12 or trixie'],
    })
  }
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'that is a directory, not a kernel',
  EACCES: 'you may not read it',
}

function unpackHead(head: Buffer): Buffer {
  if (head[0] !== 0x1f || head[1] !== 0x8b) return head
  try {
    // SYNC_FLUSH: what we have is only the beginning.
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH })
  } catch {
    return head
  }
}
