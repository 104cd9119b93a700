import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { LabError, type LabProblem } from '../errors/index.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The path of a program, or nothing if PATH has none. */
export function findProgram(name: string, env: Environment): string | undefined {
  return (env['PATH'] ?? '')
    .split(':')
    .filter(folder => folder !== '')
    .map(folder => join(folder, name))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** What the tools that fetch assets run with. */
export interface ToolContext {
  readonly env: Environment
  readonly signal: AbortSignal
  progress(line: string): void
}

interface ToolOptions {
  readonly cwd?: string
  /** What the tool was to do, as the object of "cannot …"; for the error. */
  readonly purpose: string
  /** Default: DOWNLOAD, with the advice that goes with it. */
  readonly problem?: LabProblem
  readonly try?: readonly string[]
  /** Gets each line the tool prints on stderr; for tools that take long. */
  readonly onLine?: (line: string) => void
  /** The same for stdout. */
  readonly onOutputLine?: (line: string) => void
}

/**
 * Runs a program to its end and returns its stdout. Throws `LabError` TOOL if it is not installed,
 * `options.problem` with its last line if it fails (of stderr, or of stdout if it said nothing
 * there). The program dies with `context.signal`.
 */
export async function runTool(
  context: ToolContext,
  name: string,
  args: readonly string[],
  options: ToolOptions,
): Promise<string> {
  const program = name.includes('/') ? name : findProgram(name, context.env)
  if (program === undefined) {
    throw new LabError('TOOL', `cannot ${options.purpose}: ${name} is not installed`)
  }
  context.signal.throwIfAborted()
  const env: NodeJS.ProcessEnv = { ...context.env, LC_ALL: 'C' }
  // detached: a process group of its own, so that ending it ends its helpers too.
  const child = spawn(program, args, {
    ...options,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stop = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has just ended by itself.
    }
  }
  context.signal.addEventListener('abort', stop, { once: true })
  try {
    let stdout = ''
    let lastLine = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const lines = text.split('\n').filter(line => line.trim() !== '')
      lastLine = lines.at(-1) ?? lastLine
      for (const line of lines) options.onLine?.(line)
    })
    if (options.onOutputLine !== undefined) {
      createInterface({ input: child.stdout }).on('line', options.onOutputLine)
    }
    const status = await new Promise<number | string | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve(code ?? signal))
    })
    context.signal.throwIfAborted()
    if (status !== 0) throw failure(name, status, lastLine || lastLineOf(stdout), options)
    return stdout
  } finally {
    context.signal.removeEventListener('abort', stop)
  }
}

function lastLineOf(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}

function failure(
  name: string,
  status: number | string | null,
  lastLine: string,
  { purpose, problem = 'DOWNLOAD', ...options }: ToolOptions,
): LabError {
  const advice = ['check the network, then run the same command again']
  return new LabError(problem, `cannot ${purpose}: ${name} ended with ${status}`, {
    ...(lastLine === '' ? {} : { why: lastLine }),
    try: options.try ?? (problem === 'DOWNLOAD' ? advice : []),
  })
}
