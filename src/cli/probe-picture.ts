import { UsageError } from '../errors/index.ts'
import { NEEDS, type Probed, type ProbeTopic } from '../look/facts.ts'
import type { CliContext } from './context.ts'
import { OutputFile } from './output-file.ts'

/** Where the picture of `--svg` goes, made sure of before there is one. */
export class PictureFile implements Disposable {
  readonly #stdout: NodeJS.WriteStream
  readonly #file: OutputFile | undefined

  /**
   * @param file `-`: stdout
   * @throws {UsageError} it cannot be written, or there is nothing to draw
   */
  constructor(topic: ProbeTopic, file: string, { stdout }: CliContext) {
    if (!NEEDS[topic].host)
      throw new UsageError(`--svg ${file}: the picture is of CPUs, and ${topic} has none`, {
        try: [`tsvmm probe --svg ${file}`],
      })
    this.#stdout = stdout
    this.#file = file === '-' ? undefined : new OutputFile('--svg', file)
  }

  /** There is no room for anything else on stdout. */
  get isStdout(): boolean {
    return this.#file === undefined
  }

  /** @throws {HostError} `TSVMM_HOST_OUTPUT` */
  async draw(probed: Probed): Promise<void> {
    if (probed.host === undefined) return
    const { renderSvg } = await import('../look/svg.ts')
    const svg = renderSvg(probed, probed.host)
    if (this.#file === undefined) this.#stdout.write(svg)
    else this.#file.commit(svg)
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]()
  }
}

/** @throws {UsageError} see {@link PictureFile}; or JSON is to be there, too */
export function openPicture(
  topic: ProbeTopic,
  { svg }: { readonly svg?: string },
  json: string | true | undefined,
  context: CliContext,
): PictureFile | undefined {
  if (svg === undefined) return undefined
  if (svg === '-' && json === true)
    throw new UsageError('--json and --svg - both want stdout', {
      try: ['--json FILE', '--svg FILE'],
    })
  return new PictureFile(topic, svg, context)
}
