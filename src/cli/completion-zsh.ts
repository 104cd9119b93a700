import { quote } from './completion-bash.ts'
import type { ArgumentRow, CommandLine, OptionRow, Values } from './command-line.ts'

/** Descriptions are a column beside the options: their beginnings do. */
const DESCRIPTION_WIDTH = 60

/** A script for zsh 5, to be sourced, or to be a file called _tsvmm in $fpath. */
export function renderZsh({ name, options, commands }: CommandLine): string {
  const specs = (rows: readonly OptionRow[]) => rows.flatMap(optionSpecs)
  const perCommand = commands.map(
    command => `    ${quote(command.name)})
      _arguments -s -S ${[...specs([...command.options, ...options]), ...command.arguments.map(argumentSpec)].map(spec => `\\\n        ${quote(spec)}`).join(' ')}
      ;;`,
  )
  return `#compdef ${name}
# Completion of ${name} for zsh, made by: ${name} completion zsh

_${name}() {
  local curcontext="$curcontext" state state_descr line ret=1
  local -i dashes=\${words[(i)--]}
  typeset -A opt_args
  # Behind "lab --" all begins anew.
  if (( dashes < CURRENT )) && [[ -n \${(M)words[1,dashes]:#lab} ]]; then
    words=(${name} "\${(@)words[dashes+1,-1]}")
    (( CURRENT -= dashes - 1 ))
  fi
  _arguments -C -s -S ${specs(options)
    .map(spec => `\\\n    ${quote(spec)}`)
    .join(' ')} \\
    '(-): :->command' '(-)*:: :->rest' && ret=0
  case $state in
    command) _${name}_commands && ret=0 ;;
    rest)
      curcontext="\${curcontext%:*:*}:${name}-$words[1]:"
      _${name}_rest && ret=0
      ;;
  esac
  return ret
}

_${name}_commands() {
  local -a commands=(${commands.map(command => `\n    ${quote(`${escapeColons(command.name)}:${command.summary}`)}`).join('')}
  )
  _describe -t commands command commands
}

_${name}_rest() {
  case $words[1] in
${perCommand.join('\n')}
  esac
}

# Sourced, it is announced; as a file of $fpath, it is run.
if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`
}

function optionSpecs({ names, description, placeholder, takes, values }: OptionRow): string[] {
  const note = `[${escape(shorten(description), /[[\]:\\]/g)}]`
  const what = placeholder.replace(/[^a-z-]/g, '')
  return names.map(name => {
    const sign = name.startsWith('--') ? '=' : '+'
    const rest = `:${what}:${action(values)}`
    switch (takes) {
      case 'nothing':
        return `*${name}${note}`
      case 'value':
        return `*${name}${sign}${note}${rest}`
      case 'optional':
        return `*${name}${sign}${note}:${rest}`
      case 'attached':
        return `*${name}${sign}-${note}:${rest}`
    }
  })
}

function argumentSpec({ name, values }: ArgumentRow): string {
  return `*:${escapeColons(name)}:${action(values)}`
}

/** What _arguments does to complete a value. It splits and unquotes the words once more. */
function action({ words, files }: Values): string {
  const own = words.map(word => escape(word, /[^\w.,@%/+=-]/g)).join(' ')
  const theirs = { none: ' ', files: '_files', directories: '_files -/' }[files]
  if (words.length === 0) return theirs
  if (files === 'none') return `(${own})`
  return `{ _alternative ${quote(`words\\:word\\:(${own})`)} ${quote(`files\\:file\\:${theirs}`)} }`
}

function shorten(text: string): string {
  return text.length <= DESCRIPTION_WIDTH
    ? text
    : `${text.slice(0, DESCRIPTION_WIDTH - 4).trimEnd()} ...`
}

function escape(text: string, special: RegExp): string {
  return text.replace(special, '\\$&')
}

function escapeColons(text: string): string {
  return escape(text, /[:\\]/g)
}
