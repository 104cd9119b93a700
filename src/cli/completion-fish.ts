import type { CommandLine, OptionRow, Values } from './command-line.ts'

/** A script for fish 3. */
export function renderFish({ name, options, commands }: CommandLine): string {
  const withValue = [...options, ...commands.flatMap(command => command.options)]
    .filter(({ takes }) => takes === 'value')
    .flatMap(({ names }) => names)
  const rows = [
    ...options.map(row => optionLine(name, undefined, row)),
    ...commands.map(command =>
      line(
        name,
        atCommand(name, ''),
        `-a ${quote(quote(command.name))} -d ${quote(command.summary)}`,
      ),
    ),
    ...commands.flatMap(command => [
      ...command.options.map(row => optionLine(name, command.name, row)),
      ...command.arguments.flatMap(({ values }) =>
        offer(values).map(what => line(name, atCommand(name, command.name), what)),
      ),
    ]),
  ]
  return `# Completion of ${name} for fish, made by: ${name} completion fish

# Whether this is the command. Behind "lab --" all begins anew.
function __${name}_at
    set -l command ''
    set -l is_value 0
    for word in (commandline -opc)[2..-1]
        if test $is_value = 1
            set is_value 0
            continue
        end
        switch $word
            case --
                test "$command" = lab; and set command ''
            case '-*'
                contains -- $word ${[...new Set(withValue)].map(quote).join(' ')}
                and set is_value 1
            case '*'
                test "$command" = ''; and set command $word
        end
    end
    test "$command" = "$argv[1]"
end

complete -c ${name} -e
complete -c ${name} -f
${[...new Set(rows)].join('\n')}
`
}

function line(name: string, condition: string, rest: string): string {
  return `complete -c ${name}${condition} ${rest}`
}

function atCommand(name: string, command: string): string {
  return ` -n ${quote(`__${name}_at ${quote(command)}`)}`
}

function optionLine(name: string, command: string | undefined, row: OptionRow): string {
  const names = row.names.map(option =>
    option.startsWith('--') ? `-l ${quote(option.slice(2))}` : `-s ${quote(option.slice(1))}`,
  )
  // Exclusive: fish thinks of files by itself.
  const value = row.takes !== 'value' ? [] : row.values.files === 'files' ? ['-r'] : ['-x']
  const condition = command === undefined ? '' : atCommand(name, command)
  const words = [...names, `-d ${quote(row.description)}`, ...value, ...offer(row.values)]
  return line(name, condition, words.join(' '))
}

/** Words are expanded by fish once more, hence the second quotes. */
function offer({ words, files }: Values): string[] {
  const theirs = { none: [], files: ['-F'], directories: ["-a '(__fish_complete_directories)'"] }
  const own = words.length > 0 ? [`-a ${quote(words.map(quote).join(' '))}`] : []
  return [[...own, ...theirs[files]].join(' ')].filter(part => part !== '')
}

/** A word of fish that means exactly this text. */
function quote(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}
