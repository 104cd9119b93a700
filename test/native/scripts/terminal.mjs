/* Takes the terminal as `tsvmm run` does, notes how it is set then, and ends as argument 1 says, or not. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { Terminal } from '../../../dist/cli/terminal.js'
import { native } from '../../../dist/native/index.js'

const [how, note] = process.argv.slice(2)
const terminal = new Terminal(process.stdin, native().guardTerminal(0), {})
writeFileSync(note, execFileSync('stty', ['-g'], { stdio: ['inherit', 'pipe', 'inherit'] }))
const ends = {
  kill: () => process.kill(process.pid, 'SIGKILL'),
  crash: () => process.kill(process.pid, 'SIGSEGV'),
  terminate: () => process.kill(process.pid, 'SIGTERM'),
  exit: () => process.exit(3),
  throw: () => {
    throw new Error('on purpose')
  },
  dispose: () => {
    terminal[Symbol.dispose]()
    process.stdin.destroy()
  },
}
ends[how]?.()
setTimeout(() => undefined, 5000)
