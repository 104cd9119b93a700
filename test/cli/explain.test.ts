import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))

function explain(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'explain', ...args])
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

describe('tsvmm explain', () => {
  it('narrows a thing and an errno down to why, what to try and where it stands', () => {
    expect(explain('set_pmu', 'ebusy')).toEqual({
      status: 0,
      stderr: '',
      stdout: `EBUSY (16): resource busy or locked

KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU
  why:  the VM has run, or this vCPU's PMU is initialised, or event filters were
        set for another PMU: the choice is frozen
  try:  select the PMU once, before filters, KVM_ARM_VCPU_PMU_V3_INIT and the
        first KVM_RUN
  try:  start again with a new VM: a run that was refused counts as well
  see:  Documentation/virt/kvm/devices/vcpu.rst, 1.4 (v7.3)
  see:  arch/arm64/kvm/pmu-emul.c, kvm_arm_pmu_v3_set_pmu() (v7.3)
`,
    })
  })

  it.each<[string, RegExp[]]>([
    [
      'SET_PMU',
      [/^ {2}number +3$/m, /^ {2}group +\w+_CTRL \(0\)$/m, /^ {2}order +/m, /^ENXIO \(6\)/m],
    ],
    [
      'KVM_SET_DEVICE_ATTR',
      [/0x4018aee1/, /kvm_device_attr/, /^ {2}KVM_ARM_VCPU_PMU_V3_SET_PMU$/m],
    ],
    ['KVM_CAP_ARM_PMU_V3_STRICT', [/^ {2}number +251,/m]],
    ['KVM_ARM_VCPU_PMU_V3_STRICT', [/^ {2}bit +9 /m, /KVM_CAP_ARM_PMU_V3_STRICT/]],
    ['TSVMM_PMU_LOTTERY', [/exit status +120: /]],
    ['193', [/^exit status 193$/m, /TSVMM_CPU_UNSUPPORTED/]],
    ['KVM_EXIT_FAIL_ENTRY', [/^ {2}number +9, /m, /^ {2}see: +arch\/arm64\/kvm\/arm\.c/m]],
  ])('says of %s what there is to know', (name, facts) => {
    const { status, stdout } = explain(name)
    for (const fact of facts) expect(stdout).toMatch(fact)
    expect(status).toBe(0)
  })

  it('says without a name what can be explained', () => {
    const { status, stdout, stderr } = explain()
    expect(stdout).toMatch(/^ {2}KVM exit reason +KVM_EXIT_FAIL_ENTRY, /m)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  it('says the same as JSON', () => {
    const object = JSON.parse(explain('SET_PMU', 'EBUSY', '--json').stdout) as object
    expect(object).toMatchObject({
      schemaVersion: 1,
      command: 'explain',
      topics: [{ kind: 'errno', name: 'EBUSY', errnos: [{ number: 16, errno: 'EBUSY' }] }],
    })
    const all = JSON.parse(explain('--json').stdout) as { kinds: { names: string[] }[] }
    expect(all.kinds.flatMap(({ names }) => names).length).toBeGreaterThan(200)
  })

  it('takes several names in one argument, as they are copied', () => {
    expect(explain('KVM_EXIT_FAIL_ENTRY, CPU_UNSUPPORTED').status).toBe(0)
  })

  it('takes what it does not know for a usage error and suggests what was meant', () => {
    expect(explain('KVM_EXIT_MIMO', '--json')).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'error: there is nothing called KVM_EXIT_MIMO\n' +
        'why:  did you mean KVM_EXIT_MMIO?\n' +
        'try:  tsvmm explain KVM_EXIT_MMIO\n' +
        'try:  tsvmm explain    # what can be explained\n',
    })
    expect(explain('').stderr).toBe('error: no name was given\ntry:  tsvmm explain EBUSY\n')
  })

  it('ends as others do when nobody reads on', () => {
    const script = '{ sleep 0.2; "$0" "$1" explain EINVAL; echo $? >&2; } | true'
    const { stderr } = spawnSync('sh', ['-c', script, process.execPath, bin])
    expect(String(stderr)).toBe('141\n')
  })

  it('loads no native code', () => {
    const load = `
      process.argv[1] = 'tsvmm'
      const { main } = await import(${JSON.stringify(new URL('../../dist/cli/main.js', import.meta.url).href)})
      await main(['explain', 'KVM_SET_DEVICE_ATTR'])
      console.error(process.report.getReport().sharedObjects.filter(path => path.endsWith('.node')).length)`
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', load])
    expect(String(stderr)).toBe('0\n')
  })
})
