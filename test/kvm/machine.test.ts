import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emulatedHost, guest, type KvmHost, type Ran } from './host.ts'

/* What a guest finds in its machine beside PMU and GIC, on a host that has all of it. */
let host: KvmHost
beforeAll(async () => {
  host = await emulatedHost({ cpu: 'max', memMib: 4096 })
}, 240_000)
afterAll(() => host[Symbol.asyncDispose]())

const run = (...options: string[]): Promise<Ran> =>
  host.exec('tsvmm', 'run', '--pmu=off', ...options, guest('machine'))

describe('a guest', () => {
  it('has SVE, the time of day, stolen time, and RAM above 4 GiB', async () => {
    const { status, stdout } = await run('--mem', '2304M')
    expect(stdout).toMatch(/^SVE: 1\n.*\nseconds: \d+\nstolen time: 0x1020000\n/)
    expect(stdout).toContain('at 4 GiB: 0x600df00d\n')
    const seconds = Number(/seconds: (\d+)/.exec(stdout)?.[1])
    expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(60)
    expect(status).toBe(0)
  })

  it('has nothing of it that it is not to have', async () => {
    const { status, stdout } = await run('--disable-sve', '--no-pvtime')
    expect(stdout).toMatch(/^SVE: 0\n/)
    expect(stdout).toContain('stolen time: 0xffffffffffffffff\n')
    expect(stdout).toContain('at 4 GiB: 0x0\n')
    expect(status).toBe(0)
  })
})

describe('--hugepages', () => {
  it('says how many there are, takes them, and gives them back', async () => {
    await host.exec('sh', '-c', 'echo 0 >/proc/sys/vm/nr_hugepages')
    const nothing = await run('--hugepages', '--mem', '64M')
    expect(nothing.stderr).toMatch(
      /^error: 64 MiB of guest RAM are 32 huge pages of 2 MiB, and 0 are free \(--hugepages\)$/m,
    )
    const [, remedy = ''] = /^try: {2}(echo 32 .*)$/m.exec(nothing.stderr) ?? []
    expect(nothing.status).toBe(120)

    await host.exec('sh', '-c', remedy.replace('| sudo tee', '>'))
    const some = await run('--hugepages', '--mem', '64M')
    expect(some.stdout).toMatch(/^SVE: 1\n/)
    expect(some.status).toBe(0)
    const { stdout } = await host.exec('grep', 'HugePages_Free', '/proc/meminfo')
    expect(stdout).toMatch(/ 32\n/)
  })
})
