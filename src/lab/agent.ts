/**
 * The program that runs in the emulated host and does what `tsvmm lab` asks for: takes files, runs
 * commands, sends back what they wrote. Started by /init with the path of the virtio port; when the
 * other side of the port is gone, whatever the reason, it switches the host off.
 */
import { spawnSync } from 'node:child_process'
import { mkdir, open, symlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Command } from './agent-command.ts'
import { IncomingFile } from './agent-file.ts'
import { portPipe } from './agent-port.ts'
import { Channel } from './channel.ts'
import { COMPLAINT } from './init.ts'
import type { FromAgent, ToAgent } from './protocol.ts'

const port = await open(process.argv[2] ?? '/dev/null', 'r+')
const channel = new Channel<FromAgent>(portPipe(port))
try {
  // Not awaited: with nobody at the other side a write blocks for ever, while a read says so.
  void channel.tell({ kind: 'ready' })
  await serve()
} catch (error) {
  console.error(COMPLAINT, describe(error))
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

function describe(error: unknown): string {
  const full = (error as NodeJS.ErrnoException).code === 'ENOSPC'
  return full ? 'the files do not fit its memory; give it more with --mem' : String(error)
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
