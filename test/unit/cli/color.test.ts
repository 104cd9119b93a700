import { describe, expect, it } from 'vitest'
import { createPaint, hasColor, type ColorMode } from '../../../src/cli/color.ts'
import { paintLabels } from '../../../src/cli/print-error.ts'

const terminal = { isTTY: true }
const pipe = {}

describe('hasColor', () => {
  it.each<[Record<string, string>, boolean, boolean]>([
    [{}, true, false],
    [{ TERM: 'xterm' }, true, false],
    [{ TERM: 'dumb' }, false, false],
    [{ NO_COLOR: '1' }, false, false],
    [{ NO_COLOR: '0' }, false, false],
    [{ NO_COLOR: '' }, true, false],
    [{ FORCE_COLOR: '1' }, true, true],
    [{ FORCE_COLOR: '1', TERM: 'dumb' }, true, true],
    [{ FORCE_COLOR: '0' }, false, false],
    [{ FORCE_COLOR: 'false' }, false, false],
    [{ FORCE_COLOR: '' }, true, false],
    [{ CLICOLOR_FORCE: '1' }, true, true],
    [{ CLICOLOR_FORCE: '' }, true, false],
    [{ NO_COLOR: '1', FORCE_COLOR: '1', CLICOLOR_FORCE: '1' }, false, false],
  ])('auto with %j: on a terminal %s, through a pipe %s', (env, onTerminal, throughPipe) => {
    expect(hasColor('auto', env, terminal)).toBe(onTerminal)
    expect(hasColor('auto', env, pipe)).toBe(throughPipe)
  })

  it('--color=always and --color=never ask neither the environment nor the stream', () => {
    for (const env of [{ NO_COLOR: '1' }, { FORCE_COLOR: '1' }, { TERM: 'dumb' }])
      for (const stream of [terminal, pipe]) {
        expect(hasColor('always', env, stream)).toBe(true)
        expect(hasColor('never', env, stream)).toBe(false)
      }
  })
})

describe('createPaint', () => {
  it('decides for every stream, and anew for every text', () => {
    let mode: ColorMode = 'auto'
    const paint = createPaint({ stdout: terminal, stderr: pipe }, {}, () => mode)
    expect(paint.stdout('green', 'PASS')).toBe('\u001b[32mPASS\u001b[39m')
    expect(paint.stderr('green', 'PASS')).toBe('PASS')
    expect(paint.isOn).toEqual({ stdout: true, stderr: false })
    mode = 'never'
    expect(paint.stdout('green', 'PASS')).toBe('PASS')
    expect(paint.isOn).toEqual({ stdout: false, stderr: false })
  })
})

describe('paintLabels', () => {
  it('colours the first word of the lines of an error, nothing else', () => {
    const paint = createPaint({ stdout: pipe, stderr: terminal }, {}, () => 'auto')
    expect(paintLabels('error: an error: no\n  0: why: x\ntry:  y\n', paint)).toBe(
      '\u001b[31merror:\u001b[39m an error: no\n  0: why: x\n\u001b[1mtry:\u001b[22m  y\n',
    )
  })
})
