/**
 * The program that runs in the emulated host and does what `tsvmm lab` asks for: takes files, runs
 * commands, sends back what they wrote. Started by /init with the path of the virtio port; when the
 * other side of the port is gone, whatever the reason, it switches the host off.
 */
import { spawnSync } from 'node:child_process'
import { type FileHandle, mkdir, open, symlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Channel, type Pipe } from './channel.ts'
import { Command } from './agent-command.ts'
import { type FileMessage, type FromAgent, MAX_CHUNK, type ToAgent } from './protocol.ts'

/** How long the other side may take to connect after the port has appeared. */
const CONNECT_MS = 5000
const CONNECT_POLL_MS = 20

const port = await open(process.argv[2] ?? '/dev/null', 'r+')
const channel = new Channel<FromAgent>(portPipe(port))
try {
  await channel.tell({ kind: 'ready' })
  await serve()
} catch (error) {
  console.error(error)
} finally {
  // Not process.exit(): it would wait for the thread that may still be blocked on the port.
  spawnSync('/usr/bin/busybox', ['poweroff', '-f'], { stdio: 'inherit' })
}

async function serve(): Promise<void> {
  let command: Command | undefined
  let file: IncomingFile | undefined
  for await (const frame of channel.frames()) {
    if ('stream' in frame) {
      if (frame.stream === 'file') await file?.write(frame.bytes)
      else command?.input(frame.bytes)
      continue
    }
    const message = frame.control as ToAgent
    switch (message.kind) {
      case 'directory':
        await mkdir(message.path, { recursive: true })
        break
      case 'symlink':
        await mkdir(dirname(message.path), { recursive: true })
        await symlink(message.target, message.path).catch(ignoreExisting)
        break
      case 'file':
        file = await IncomingFile.create(message)
        break
      case 'exec':
        channel.reset()
        command = new Command(message, channel)
        break
      case 'credit':
        channel.grant(message.stream, message.bytes)
        break
      case 'end-of-stdin':
        command?.endInput()
        break
      case 'kill':
        command?.kill()
        break
    }
  }
}

/** A file on its way in. Its bytes follow its message without a gap. */
class IncomingFile {
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

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

function portPipe(handle: FileHandle): Pipe {
  // One write at a time: frames must not interleave, and the order of calls is the order sent.
  let writes = Promise.resolve()
  return {
    chunks: readPort(handle),
    write(bytes) {
      writes = writes.then(() => handle.writeFile(bytes))
      return writes
    },
  }
}

/** Reads until nobody is connected any more. A read of 0 before that means: not yet connected. */
async function* readPort(handle: FileHandle): AsyncGenerator<Uint8Array> {
  const deadline = performance.now() + CONNECT_MS
  const buffer = Buffer.allocUnsafe(MAX_CHUNK)
  let connected = false
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null)
    if (bytesRead > 0) {
      connected = true
      yield Buffer.from(buffer.subarray(0, bytesRead))
    } else if (connected || performance.now() > deadline) return
    else await sleep(CONNECT_POLL_MS)
  }
}
