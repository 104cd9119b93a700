import { Option, type Command } from 'commander'
import { UsageError } from '../errors/index.ts'

/** Lets a command have its options from a file: those of `tsvmm run`. */
export function addConfigFileOption(command: Command): void {
  command
    .addOption(
      new Option(
        '--config-file <file>',
        'options from a JSON object: { "cpus": 4, "pmu": true }; those of the command line win',
      ).argParser((path: string, before?: string) => {
        if (before === undefined) return path
        throw new UsageError(`--config-file ${before} and --config-file ${path}: there can be one`)
      }),
    )
    .hook('preAction', async () => {
      const { configFile } = command.opts<{ configFile?: string }>()
      if (configFile === undefined) return
      const { applyConfigFile } = await import('./config-options.ts')
      const run = command.parent?.commands.find(other => other.name() === 'run')
      applyConfigFile(configFile, command, run ?? command)
    })
}
