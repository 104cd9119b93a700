import { spawn } from 'node:child_process'
import type { FileHandle } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pipe } from './channel.ts'

/** How long the other side may take to connect after the port has appeared. */
const CONNECT_MS = 5000
const CONNECT_POLL_MS = 20

/** The virtio port as a pipe. */
export function portPipe(handle: FileHandle): Pipe {
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

/**
 * Reads until nobody is connected any more. A port hands out 4 KiB per read; cat turns them into
 * pipefuls, of which far fewer make their way through this process.
 */
async function* readPort(handle: FileHandle): AsyncGenerator<Uint8Array> {
  const deadline = performance.now() + CONNECT_MS
  let connected = false
  while (!connected && performance.now() < deadline) {
    const { stdout } = spawn('cat', { stdio: [handle.fd, 'pipe', 'inherit'] })
    for await (const chunk of stdout ?? []) {
      connected = true
      yield chunk as Buffer
    }
    await sleep(CONNECT_POLL_MS)
  }
}
