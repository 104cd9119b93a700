import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Channel, type Pipe } from '../../../src/lab/channel.ts'
import {
  type Frame,
  FrameDecoder,
  MAX_CHUNK,
  MAX_PAYLOAD,
  ProtocolError,
  STREAMS,
  WINDOW,
  encodeFrame,
  parseFromAgent,
} from '../../../src/lab/protocol.ts'

const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ stream: fc.constantFrom(...STREAMS), bytes: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ control: fc.jsonValue() }),
)

/** Cuts bytes into pieces at arbitrary places. */
function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [0, ...at.map(n => n % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

function comparable(frame: Frame): unknown {
  // JSON has no -0.
  if ('control' in frame) return JSON.parse(JSON.stringify(frame.control)) as unknown
  return [frame.stream, Buffer.from(frame.bytes).toString('hex')]
}

describe('frames', () => {
  test('survive any cutting of the byte stream', () => {
    fc.assert(
      fc.property(fc.array(anyFrame), fc.array(fc.nat()), (frames, places) => {
        const decoder = new FrameDecoder()
        const pieces = cut(Buffer.concat(frames.map(encodeFrame)), places)

        const decoded = pieces.flatMap(piece => decoder.push(piece))

        expect(decoded.map(comparable)).toEqual(frames.map(comparable))
      }),
    )
  })

  test('keep their bytes when the piece they came in is reused', () => {
    const decoder = new FrameDecoder()
    const piece = Buffer.from(encodeFrame({ stream: 'stdout', bytes: Buffer.from('abc') }))

    const [frame] = decoder.push(piece)
    piece.fill(0)

    expect(frame).toEqual({ stream: 'stdout', bytes: Buffer.from('abc') })
  })

  test.each<[string, Buffer]>([
    ['an unknown type', Buffer.from([STREAMS.length + 1, 0, 0, 0, 0])],
    ['a length above the limit', Buffer.from([1, 1, 0, 0x10, 0])],
    ['a control message that is not JSON', Buffer.from([0, 1, 0, 0, 0, 0x7b])],
  ])('are refused: %s', (_, bytes) => {
    expect(() => new FrameDecoder().push(bytes)).toThrow(ProtocolError)
  })

  test('longer than the limit are not even written', () => {
    const bytes = new Uint8Array(MAX_PAYLOAD + 1)
    expect(() => encodeFrame({ stream: 'file', bytes })).toThrow(ProtocolError)
  })
})

describe('messages of the agent', () => {
  test('that are right pass', () => {
    const message = { kind: 'file', path: '/a', mode: 0o644, size: 3 }
    expect(parseFromAgent(message)).toBe(message)
  })

  test.each<[string, unknown]>([
    ['null', null],
    ['a word', 'ready'],
    ['no kind', {}],
    ['an unknown kind', { kind: 'reboot' }],
    ['a kind of Object.prototype', { kind: 'toString' }],
    ['a path that is none', { kind: 'file', path: 7, mode: 0, size: 0 }],
    ['a negative size', { kind: 'file', path: '/a', mode: 0, size: -1 }],
    ['a status no process has', { kind: 'exit', status: 256, signal: null }],
    ['credit for no stream', { kind: 'credit', stream: 'control', bytes: 1 }],
  ])('that are wrong are refused: %s', (_, message) => {
    expect(() => parseFromAgent(message)).toThrow(ProtocolError)
  })
})

describe('a channel', () => {
  /** Counts what is written and never answers. */
  function silentPipe(): Pipe & { written: number } {
    const pipe = {
      written: 0,
      chunks: nothing(),
      write: (bytes: Uint8Array) => {
        pipe.written += bytes.length
        return Promise.resolve()
      },
    }
    return pipe
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async function* nothing(): AsyncGenerator<Uint8Array> {
    yield* []
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async function* source(bytes: number): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(bytes)
  }

  test('sends a window and not a byte more until the reader takes some', async () => {
    const pipe = silentPipe()
    const channel = new Channel(pipe)

    const done = channel.pump('stdout', source(WINDOW + MAX_CHUNK))
    await new Promise(resolve => setTimeout(resolve, 20))
    const before = pipe.written
    channel.grant('stdout', MAX_CHUNK)
    await done

    expect(before).toBeGreaterThanOrEqual(WINDOW)
    expect(before).toBeLessThan(WINDOW + MAX_CHUNK)
    expect(pipe.written).toBeGreaterThanOrEqual(WINDOW + MAX_CHUNK)
  })

  test('sends nothing more of a command that is over', async () => {
    const pipe = silentPipe()
    const channel = new Channel(pipe)
    async function* slow(): AsyncGenerator<Uint8Array> {
      await Promise.resolve()
      channel.reset()
      yield new Uint8Array(10)
    }

    await channel.pump('stdin', slow())

    expect(pipe.written).toBe(0)
  })

  test('lets one stream go on while the reader of another sleeps', async () => {
    const channel = new Channel(silentPipe())

    void channel.pump('stdout', source(2 * WINDOW))

    await expect(channel.pump('stderr', source(10))).resolves.toBeUndefined()
  })
})
