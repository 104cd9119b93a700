import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CommandLine } from '../../src/cli/command-line.ts'
import { renderBash } from '../../src/cli/completion-bash.ts'
import { renderFish } from '../../src/cli/completion-fish.ts'
import { renderZsh } from '../../src/cli/completion-zsh.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))
const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

let folder: string
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  fs.mkdirSync(join(folder, 'some dir'))
  fs.writeFileSync(join(folder, 'some image.flat'), '')
  for (const shell of SHELLS) {
    const { status, stdout, stderr } = tsvmm('completion', shell)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    fs.writeFileSync(join(folder, `completion.${shell}`), stdout)
  }
  fs.writeFileSync(join(folder, 'setup.zsh'), ZSH_SETUP)
  fs.writeFileSync(join(folder, 'zpty.zsh'), ZSH)
})
afterAll(() => fs.rmSync(folder, { recursive: true }))

function tsvmm(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args])
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

/** A shell in the folder, without anybody's settings. */
function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, TERM: 'dumb', LC_ALL: 'C.UTF-8' },
  })
  expect(error).toBeUndefined()
  expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' })
  return String(stdout)
}

/** As readline calls it: the words of the line, "=" being one of its own. compopt works only there. */
const BASH = `
source ./completion.bash
compopt() { printf '%s\\n' "$*"; }
complete -p tsvmm >/dev/null || exit 1
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_tsvmm
printf '%s\\n' "\${COMPREPLY[@]}"
`

/** What zsh is to know before: what the completion system is offered is kept. */
const ZSH_SETUP = `
PS1=
autoload -U compinit
compinit -u -d ./zcompdump
source ./completion.zsh
compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then
    builtin compadd "$@"
    return
  fi
  local -a offered
  builtin compadd -O offered "$@"
  (( $#offered )) && print -rl -- $offered >>./offered
  builtin compadd "$@"
}
zle-line-init() { print >./ready }
zle -N zle-line-init
`

/** Types a line and TAB in a terminal of zsh's own: its completion works nowhere else. */
const ZSH = `
rm -f ./ready ./offered ./done
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'source ./setup.zsh'
until [[ -e ./ready ]]; do sleep 0.05; done
zpty -w -n shell "$1"$'\\t'
zpty -w shell $'\\C-uprint >./done'
until [[ -e ./done ]]; do sleep 0.05; done
zpty -d shell
[[ ! -e ./offered ]] || cat ./offered
`

/** What a shell offers at the end of a line. */
const offers: Readonly<Record<Shell, (line: string) => string[]>> = {
  bash: line => {
    const words = line.split(' ').flatMap(word => word.split(/(?<==)|(?==)/))
    return run('bash', '--norc', '-c', BASH, 'bash', ...words)
      .trimEnd()
      .split('\n')
  },
  zsh: line => run('zsh', '-f', './zpty.zsh', line).trimEnd().split('\n'),
  fish: line =>
    run('fish', '--no-config', '-c', 'source ./completion.fish; complete -C "$argv[1]"', line)
      .trimEnd()
      .split('\n')
      .map(row => row.split('\t')[0]!),
}

describe.each(SHELLS)('completion of %s', shell => {
  it.each<[string, string[], string[]]>([
    ['tsvmm pro', ['probe'], ['run']],
    ['tsvmm ', ['probe', 'run', 'lab', 'explain', 'help', 'completion'], ['pmus']],
    ['tsvmm -v --color never pr', ['probe'], []],
    ['tsvmm probe ', ['pmus', 'cpus', 'caps', 'gic', 'all'], ['run']],
    ['tsvmm probe --json ', ['pmus'], []],
    ['tsvmm probe --for ', ['qemu', 'nfd'], ['pmus']],
    ['tsvmm probe --sys', ['--sysroot'], ['--pmu']],
    ['tsvmm run --pmu-f', ['--pmu-fallback', '--pmu-filter'], ['--json', '--topology']],
    ['tsvmm run --pmu-fallback ', ['pin', 'none', 'fail'], ['probe']],
    ['tsvmm run --log-f', ['--log-format', '--log-file'], []],
    ['tsvmm --color ', ['auto', 'always', 'never'], ['probe']],
    ['tsvmm lab --topology b', ['biglittle'], ['uniform']],
    ['tsvmm lab --smp 4 -- pro', ['probe'], []],
    ['tsvmm lab -- probe ', ['pmus'], ['lab']],
    ['tsvmm lab --host-kernel f', ['fco'], ['6.1']],
    ['tsvmm help exit', ['exit-codes'], []],
    ['tsvmm help com', ['completion'], []],
    ['tsvmm explain KVM_ARM_VCPU_IN', ['KVM_ARM_VCPU_INIT'], ['EBUSY']],
    ['tsvmm completion ', ['bash', 'zsh', 'fish'], []],
  ])('%j', (line, offered, others) => {
    const found = offers[shell](line)
    expect(found).toEqual(expect.arrayContaining(offered))
    for (const other of others) expect(found).not.toContain(other)
  })

  it.each([
    ['tsvmm --color=al', 'always'],
    ['tsvmm run --pmu=fi', 'fixed'],
    ['tsvmm run --pmu-strict=of', 'off'],
  ])('behind an equals sign: %j', (line, value) => {
    const found = offers[shell](line)
    expect(found.map(word => word.replace(/^.*=/, ''))).toEqual([value])
  })

  it.each(['tsvmm run some', 'tsvmm run --json some', 'tsvmm --log-file some'])(
    'files: %j',
    line => {
      const found = offers[shell](line)
      if (shell === 'bash') expect(found).toContain('-o default')
      else expect(found.join('\n')).toMatch(/^some\\? ?image\.flat/m)
    },
  )

  it('runs nothing of what was typed', () => {
    offers[shell]('tsvmm run --pmu-fallback $(touch${IFS}pwned)`touch${IFS}pwned`')
    expect(fs.existsSync(join(folder, 'pwned'))).toBe(false)
  })
})

describe('words that mean something to a shell', () => {
  const WORDS = [
    'a b',
    "it's",
    '$(touch pwned)',
    '`touch pwned`',
    'x;y',
    'co:lon',
    '(z)',
    '[q]',
    '\\back',
  ]
  const nasty: CommandLine = {
    name: 'tsvmm',
    description: '',
    options: [],
    examples: [],
    commands: [
      {
        name: 'do',
        summary: "it's [a] $(touch pwned): `test`",
        description: '',
        usage: '',
        options: [
          {
            names: ['--what'],
            placeholder: '<what>',
            description: "it's [a] $(touch pwned): `test`",
            takes: 'value',
            values: { words: WORDS, files: 'none' },
          },
        ],
        arguments: [],
        examples: [],
      },
    ],
  }

  it.each(SHELLS)('are offered as they are by %s, quoted where it wants that', shell => {
    const file = join(folder, `completion.${shell}`)
    const script = fs.readFileSync(file)
    fs.writeFileSync(file, { bash: renderBash, zsh: renderZsh, fish: renderFish }[shell](nasty))
    const found = offers[shell]('tsvmm do --what ')
    offers[shell]('tsvmm do --')
    fs.writeFileSync(file, script)
    // What the shell would make of it on its command line.
    const meant =
      shell === 'bash' ? found.map(word => run('bash', '-c', `printf %s ${word}`)) : found
    expect(meant.sort()).toEqual([...WORDS].sort())
    expect(fs.existsSync(join(folder, 'pwned'))).toBe(false)
  })
})

it('bash in a terminal completes to the end of the word', () => {
  fs.writeFileSync(
    join(folder, 'rc'),
    'PS1=\'$ \'\nsource ./completion.bash\ntsvmm() { echo "<$*>"; }\n',
  )
  const { stdout } = spawnSync('script', ['-qc', 'bash --rcfile ./rc -i', '/dev/null'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, TERM: 'dumb' },
    input: 'tsvmm pro\tpm\t --sysr\t some\\ d\t\nexit\n',
  })
  expect(String(stdout)).toContain('<probe pmus --sysroot some dir/>')
})

it.each<[string[], RegExp]>([
  [
    ['bsh'],
    /^error: tsvmm completion bsh: there is none for such a shell; did you mean bash\?\ntry: {2}tsvmm completion bash\n$/,
  ],
  [['powershell'], /such a shell\ntry: {2}one of bash, zsh, fish\n$/],
  [[''], /such a shell\ntry/],
  [[], /missing required argument 'shell'\ntry: {2}tsvmm completion --help\n$/],
])('completion %j is refused', (args, message) => {
  const { status, stdout, stderr } = tsvmm('completion', ...args)
  expect(stderr).toMatch(message)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
})
