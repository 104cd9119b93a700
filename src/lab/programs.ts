import { LabError, type LabProblem } from '../errors/index.ts'
import { type ToolContext, findProgram, runTool } from './tool.ts'

/** A program, and the Debian packages that bring it in working order. */
export interface Program {
  readonly name: string
  readonly packages: readonly string[]
}

interface Need {
  /** What the programs are together, as the object of "installing …". */
  readonly what: string
  /** Completes the error: what they are needed for. */
  readonly why: string
  readonly problem: LabProblem
}

/**
 * The paths of the programs, in their order. Installs those that are missing where apt may, all at
 * once. Throws `LabError` `need.problem` with the command to type.
 */
export async function providePrograms(
  programs: readonly Program[],
  need: Need,
  context: ToolContext,
): Promise<string[]> {
  const missing = programs.filter(({ name }) => findProgram(name, context.env) === undefined)
  const mayInstall = process.geteuid?.() === 0 && findProgram('apt-get', context.env) !== undefined
  if (missing.length > 0 && mayInstall) await install(missing, need, context)
  return pathsOf(programs, need, context)
}

async function install(
  missing: readonly Program[],
  { what }: Need,
  context: ToolContext,
): Promise<void> {
  const args = installArguments(missing)
  context.progress(`lab: installing ${what} (apt-get install ${packagesOf(missing).join(' ')}) …`)
  const onLine = (line: string) => context.progress(`lab: apt-get: ${line}`)
  const options = { purpose: `install ${what}`, onLine, try: [`apt-get ${args.join(' ')}`] }
  await runTool(context, 'apt-get', ['-q', 'update'], options)
  await runTool(context, 'apt-get', ['-q', ...args], options)
}

function pathsOf(programs: readonly Program[], need: Need, { env }: ToolContext): string[] {
  const paths = programs.flatMap(({ name }) => findProgram(name, env) ?? [])
  if (paths.length === programs.length) return paths
  const missing = programs.filter(({ name }) => findProgram(name, env) === undefined)
  const names = missing.map(({ name }) => name).join(', ')
  const sudo = process.geteuid?.() === 0 ? '' : 'sudo '
  throw new LabError(need.problem, `${names} ${missing.length > 1 ? 'are' : 'is'} not installed`, {
    why: need.why,
    try: [`${sudo}apt-get ${installArguments(missing).join(' ')}`],
  })
}

function installArguments(programs: readonly Program[]): string[] {
  return ['install', '-y', '--no-install-recommends', ...packagesOf(programs)]
}

function packagesOf(programs: readonly Program[]): string[] {
  return [...new Set(programs.flatMap(({ packages }) => packages))]
}
