import type { CommandLine, OptionRow, Values } from './command-line.ts'

/** A script for bash 4.4 and later. Nothing of what was typed is run or expanded. */
export function renderBash({ name, options, commands }: CommandLine): string {
  const all = [{ name: undefined, options }, ...commands]
  const withValue = all.flatMap(({ name: command, options: own }) =>
    own.filter(({ takes }) => takes === 'value').flatMap(row => patterns(command, row)),
  )
  const optional = all.flatMap(({ name: command, options: own }) =>
    own.filter(({ takes }) => takes === 'optional').flatMap(row => patterns(command, row)),
  )
  const values = all.flatMap(({ name: command, options: own }) =>
    own
      .filter(({ takes }) => takes !== 'nothing')
      .map(row => `    ${patterns(command, row).join(' | ')}) ${offer(name, row.values)} ;;`),
  )
  const places = commands.map(
    ({ name: command, arguments: own }) =>
      `      ${quote(command)}) ${own.map(place => offer(name, place.values)).join('; ') || ':'} ;;`,
  )
  return `# Completion of ${name} for bash, made by: ${name} completion bash

# Offers those of the words that begin with what was typed.
_${name}_words() {
  local word
  for word; do
    [[ $word == "$cur"* ]] && printf -v word %q "$word" && COMPREPLY+=("$word")
  done
}

_${name}() {
  local cur word previous='' command='' option=''
  local -a words=()
  local -i i
  COMPREPLY=()
  # Bash breaks words at "=": put together what belongs together.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $previous == --*= || ($previous == --* && $word == '=') ]]; then
      words[\${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    previous=\${words[\${#words[@]} - 1]}
  done
  cur=$previous previous=''
  # Which command, and whether this is the value of an option. Behind "lab --" all begins anew.
  for word in "\${words[@]:0:\${#words[@]} - 1}"; do
    previous=$word
    if [[ $option != '' ]]; then
      option=''
      continue
    fi
    case $word in
      --) if [[ $command == lab ]]; then command=''; fi ;;
      --*=*) ;;
      -*)
        case "$command $word" in
          ${withValue.join(' | ')}) option=$word ;;
        esac
        ;;
      *) if [[ $command == '' ]]; then command=$word; fi ;;
    esac
  done
  if [[ $cur == --*=* ]]; then
    option=\${cur%%=*} cur=\${cur#*=}
  elif [[ $option == '' && $cur != -* ]]; then
    case "$command $previous" in
      ${optional.join(' | ') || quote('none')}) option=$previous ;;
    esac
  fi

  case "$command $option" in
    *' ') ;;
${values.join('\n')}
  esac
  if [[ $option != '' ]]; then
    return
  elif [[ $cur == -* ]]; then
    _${name}_words ${names(options)}
    case $command in
${commands.map(({ name: command, options: own }) => `      ${quote(command)}) _${name}_words ${names(own)} ;;`).join('\n')}
    esac
  else
    case $command in
      '') _${name}_words ${commands.map(command => quote(command.name)).join(' ')} ;;
${places.join('\n')}
    esac
  fi
}

complete -F _${name} ${name}
`
}

/** What matches `COMMAND OPTION`, for every command if none is given. */
function patterns(command: string | undefined, { names }: OptionRow): string[] {
  return names.map(name =>
    command === undefined ? `*${quote(` ${name}`)}` : quote(`${command} ${name}`),
  )
}

/** Files are left to readline, which knows how to quote them. */
function offer(name: string, { words, files }: Values): string {
  const readline = { none: [], files: ['compopt -o default'], directories: ['compopt -o dirnames'] }
  const ours = words.length > 0 ? [`_${name}_words ${words.map(quote).join(' ')}`] : []
  return [...ours, ...readline[files]].join('; ') || ':'
}

function names(options: readonly OptionRow[]): string {
  return options.flatMap(option => option.names.map(quote)).join(' ')
}

/** A word of a POSIX shell that means exactly this text. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
