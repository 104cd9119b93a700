import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { ExitDevice, Pvpanic } from '../../../src/devices/index.ts'

describe('Pvpanic', () => {
  const make = () => {
    const events = { onPanic: vi.fn(), onCrashKernel: vi.fn() }
    return { ...events, device: new Pvpanic(events) }
  }

  it('says which events it understands', () => {
    expect(make().device.read(0)).toBe(3n)
    expect(make().device.read(1)).toBe(0n)
  })

  it.each([
    [1n, 1, 0],
    [2n, 0, 1],
    [3n, 1, 0],
    [0xfcn, 0, 0],
    [0n, 0, 0],
  ])('takes %o', (value, panics, crashKernels) => {
    const { device, onPanic, onCrashKernel } = make()
    device.write(0, 1, value)
    expect(onPanic).toHaveBeenCalledTimes(panics)
    expect(onCrashKernel).toHaveBeenCalledTimes(crashKernels)
  })

  it('has one register', () => {
    const { device, onPanic } = make()
    device.write(1, 1, 1n)
    expect(onPanic).not.toHaveBeenCalled()
  })
})

describe('ExitDevice', () => {
  it('ends with what is written, and never with 0 if that was not written', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), value => {
        const end = vi.fn()
        new ExitDevice(end).write(0, 8, value)
        expect(end).toHaveBeenCalledExactlyOnceWith(value < 256n ? Number(value) : 255)
      }),
    )
  })

  it('has one register, and nothing to be read', () => {
    const end = vi.fn()
    const device = new ExitDevice(end)
    device.write(1, 1, 7n)
    expect(end).not.toHaveBeenCalled()
    expect(device.read()).toBe(0n)
  })
})
