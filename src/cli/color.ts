import { styleText } from 'node:util'

/** What `--color` takes. */
export const COLOR_MODES = ['auto', 'always', 'never'] as const

export type ColorMode = (typeof COLOR_MODES)[number]

/** Colour is for verdict words and headings, and never the only thing that tells them apart. */
export type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim'

/**
 * Colours text for the stream it goes to, or returns it as it is where that stream gets no colour.
 * What is to be aligned is aligned first: the escapes count as letters, and `printable()` undoes them.
 */
export interface Paint {
  stdout(style: Style, text: string): string
  stderr(style: Style, text: string): string
  /** Whether a stream gets colour. */
  readonly isOn: Readonly<Record<'stdout' | 'stderr', boolean>>
}

interface Stream {
  readonly isTTY?: boolean
}

/** @param mode is asked for every text: the first error may come before `--color` was read */
export function createPaint(
  streams: Readonly<Record<'stdout' | 'stderr', Stream>>,
  env: Readonly<Record<string, string | undefined>>,
  mode: () => ColorMode,
): Paint {
  const isOn = (stream: Stream) => hasColor(mode(), env, stream)
  // By name: asking the process for a stream makes it.
  const paint = (name: 'stdout' | 'stderr') => (style: Style, text: string) =>
    // Whether there is colour is decided here; styleText would ask the environment itself.
    isOn(streams[name]) ? styleText(style, text, { validateStream: false }) : text
  return {
    stdout: paint('stdout'),
    stderr: paint('stderr'),
    isOn: {
      get stdout() {
        return isOn(streams.stdout)
      },
      get stderr() {
        return isOn(streams.stderr)
      },
    },
  }
}

/**
 * `--color` decides; else NO_COLOR, which nobody sets by accident; else FORCE_COLOR and
 * CLICOLOR_FORCE; else whether the stream is a terminal that knows colours. A variable that is
 * empty is not set.
 *
 * @see https://no-color.org, https://force-color.org, https://bixense.com/clicolors
 */
export function hasColor(
  mode: ColorMode,
  env: Readonly<Record<string, string | undefined>>,
  { isTTY }: Stream,
): boolean {
  if (mode !== 'auto') return mode === 'always'
  const isSet = (name: string) => (env[name] ?? '') !== ''
  if (isSet('NO_COLOR')) return false
  const force = ['FORCE_COLOR', 'CLICOLOR_FORCE'].find(isSet)
  if (force !== undefined) return !['0', 'false'].includes(env[force] ?? '')
  return isTTY === true && env['TERM'] !== 'dumb'
}
