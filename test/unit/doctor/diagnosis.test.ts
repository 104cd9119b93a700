import { describe, expect, it } from 'vitest'
import { CHECKS, type CheckId } from '../../../src/doctor/checks.ts'
import { diagnose } from '../../../src/doctor/conclusion.ts'
import type { DoctorFacts } from '../../../src/doctor/facts.ts'
import { HostError } from '../../../src/errors/index.ts'
import { describeHost } from '../../../src/host/index.ts'
import { APPLE_M1, HOTPLUG, UNCORE_ONLY } from '../host/machines.ts'
import { madeSys } from '../host/made-tree.ts'
import { board, capabilities, facts, gics, kvm, no, probe, vms, yes } from './made-facts.ts'

const check = (from: DoctorFacts, id: CheckId) =>
  diagnose(from).checks.find(checked => checked.id === id)!

const unreadable = new HostError('SYSFS', 'cannot read /some/file', { why: 'EACCES' })

const healthy = facts().device
const device = (changed: Partial<DoctorFacts['device']>) =>
  facts({ device: { ...healthy, ...changed }, kvm: undefined })
const node = (changed: object) => ({ ...healthy.node!, ...changed })
const me = (changed: object) => ({ ...healthy.user, ...changed })
const inDocker = { container: { name: 'docker', from: '/.dockerenv' }, vm: undefined }
const inVm = { container: undefined, vm: { name: 'Amazon EC2', from: 'dmi' } }
const kernel = (changed: object) => ({ ...(facts().kernel as object), ...changed }) as never
const without = { ...healthy, isRegistered: false, node: undefined, opening: 'ENOENT' }

it('ids are unique, and what a check needs comes before it', () => {
  const before = new Set<string>()
  for (const { id, needs } of CHECKS) {
    expect(before).not.toContain(id)
    for (const need of needs) expect(before).toContain(need)
    before.add(id)
  }
})

describe('what all of it comes to', () => {
  it('0 where nothing is wrong, with the PMU', () => {
    const { checks, ...rest } = diagnose(facts())
    expect(checks.filter(({ verdict }) => verdict !== 'PASS')).toEqual([])
    expect(rest).toEqual({
      exitStatus: 0,
      canRunGuests: true,
      conclusion: 'This machine can run guests, with the PMU armv8_pmuv3_0 (type 9, CPUs 0-1)',
      next: 'tsvmm run --pmu IMAGE',
    })
  })

  it('77 where no remedy would help: another architecture, or no KVM', () => {
    const elsewhere = diagnose(facts({ arch: 'x64', kvm: undefined }))
    expect(elsewhere).toMatchObject({ exitStatus: 77, canRunGuests: false })
    expect(elsewhere.conclusion).toBe(
      'There is nothing here to run guests on: this machine is x64, not arm64',
    )
    expect(elsewhere.next).toBe('tsvmm lab -- doctor')
    expect(diagnose(facts({ device: without, kvm: undefined })).exitStatus).toBe(77)
  })

  it('1 where something is to be mended, and what is first', () => {
    const { exitStatus, conclusion, next } = diagnose(
      device({ opening: 'EACCES', user: me({ gids: [1000], listedIn: [] }) }),
    )
    expect(exitStatus).toBe(1)
    expect(conclusion).toBe('No guest runs here until this is mended: kvm.access')
    expect(next).toBe('sudo usermod -aG kvm me    # then log in again')
  })

  it.each<[string, DoctorFacts, string, string]>([
    [
      'two PMUs',
      board(),
      'with the PMU armv8_cortex_a53 (type 8, CPUs 0-3) or armv8_cortex_a72 (type 7, CPUs 4-5)',
      'tsvmm run --pmu IMAGE',
    ],
    [
      'the cycle counter',
      board({ fixedCountersOnly: { is: 'available', answers: [yes] } }),
      'with the cycle counter alone for a PMU',
      'tsvmm run --pmu IMAGE',
    ],
    [
      'no PMU',
      facts({ kvm: kvm({ pmus: probe({ pmuV3: false }) }) }),
      'without a PMU',
      'tsvmm run IMAGE',
    ],
    [
      'no CPU with one',
      facts({ kvm: kvm({ pmus: probe({ unasked: true }) }) }),
      'without a PMU on the CPUs this process may use',
      'tsvmm run IMAGE',
    ],
    [
      'nobody knows',
      facts({ kvm: kvm({ pmus: unreadable }) }),
      'with which PMU is not known',
      'tsvmm probe pmus',
    ],
  ])('0 with %s', (_, from, words, next) => {
    expect(diagnose(from)).toMatchObject({
      exitStatus: 0,
      conclusion: `This machine can run guests, ${words}`,
      next,
    })
  })

  it('names the first thing to mend in whatever could not be judged', () => {
    const { checks } = diagnose(device({ node: undefined, opening: 'ENOENT' }))
    const skipped = checks.filter(({ verdict }) => verdict === 'SKIP')
    expect(skipped.map(({ id }) => id)).toContain('pmu.choice')
    for (const { found, blockedBy } of skipped) {
      expect(blockedBy).toBe('kvm.device')
      expect(found).toBe('needs kvm.device')
    }
  })

  it('never throws, whatever cannot be read', () => {
    const nothing = facts({
      native: unreadable,
      kernel: unreadable,
      level: unreadable,
      surroundings: unreadable,
      host: unreadable,
      kvm: unreadable,
      memory: unreadable,
      settings: unreadable,
      device: { ...healthy, isRegistered: undefined },
    })
    const { checks, exitStatus } = diagnose(nothing)
    expect(exitStatus).toBe(1)
    const found = checks.find(({ id }) => id === 'memory.available')
    expect(found).toMatchObject({
      verdict: 'SKIP',
      found: 'not known: cannot read /some/file',
      why: 'EACCES',
    })
  })
})

describe('a kernel without KVM says why, as far as it shows', () => {
  const absent = (changed: Partial<DoctorFacts>) =>
    check(facts({ device: without, kvm: undefined, level: undefined, ...changed }), 'kvm.present')

  it.each<[string, Partial<DoctorFacts>, RegExp, RegExp]>([
    [
      'turned off',
      { kernel: kernel({ commandLine: 'kvm-arm.mode=none quiet' }) },
      /booted with kvm-arm\.mode=none/,
      /take kvm-arm\.mode=none off/,
    ],
    [
      'not built',
      { kernel: kernel({ isBuiltWithKvm: false }) },
      /does not say CONFIG_KVM=y/,
      /CONFIG_KVM=y/,
    ],
    ['a VM', { level: 'el1', surroundings: inVm }, /Amazon EC2\) without nested/, /\.metal/],
    ['firmware', { level: 'el1' }, /started at EL1.*firmware/, /firmware/],
    ['what it said', { kvmMessages: ['HYP mode not available'] }, /started at EL1/, /firmware/],
    [
      'something else',
      { kvmMessages: ['error initializing Hyp mode: -12'] },
      /"error initializing Hyp mode: -12"/,
      /dmesg/,
    ],
    ['nothing', {}, /nothing here tells why/, /dmesg/],
    ['unreadable', { kernel: unreadable, surroundings: unreadable }, /nothing here/, /dmesg/],
  ])('%s', (_, changed, why, remedy) => {
    const { verdict, remedy: remedies, ...rest } = absent(changed)
    expect(verdict).toBe('FAIL')
    expect(rest.why).toMatch(why)
    expect(remedies?.[0]).toMatch(remedy)
    expect(remedies?.at(-1)).toMatch(/^tsvmm lab/)
  })

  it('the device without a driver behind it is no KVM', () => {
    const from = facts({ device: { ...healthy, isRegistered: false, opening: 'ENODEV' } })
    expect(check(from, 'kvm.present').verdict).toBe('FAIL')
  })

  it('nor is a file that has its name', () => {
    const file = { isRegistered: false, node: node({ isKvm: false }), opening: 'ok' }
    expect(diagnose(device(file))).toMatchObject({ exitStatus: 77 })
  })

  it('what /proc hides, the device shows', () => {
    const hidden = { isRegistered: undefined }
    expect(check(device(hidden), 'kvm.present').verdict).toBe('PASS')
    expect(check(device({ ...hidden, opening: 'EPERM' }), 'kvm.present').verdict).toBe('PASS')
    expect(check(device({ ...hidden, opening: 'ENXIO' }), 'kvm.present').verdict).toBe('FAIL')
  })
})

describe('/dev/kvm', () => {
  const gone = { node: undefined, opening: 'ENOENT' }
  const inContainer = (name: string) => ({
    ...device(gone),
    surroundings: { ...inDocker, container: { name, from: '?' } },
  })

  it.each<[string, DoctorFacts, RegExp]>([
    ['removed', device(gone), /^sudo mknod .* c 10 232/],
    ['docker', inContainer('docker'), /^docker run --device \/dev\/kvm/],
    ['podman', inContainer('podman'), /--group-add keep-groups/],
    ['kubernetes', inContainer('kubernetes'), /device plugin/],
    ['another', inContainer('sandbox'), /pass \/dev\/kvm into the container \(sandbox\)/],
    ['a file', device({ node: node({ isKvm: false }) }), /^sudo rm \/dev\/kvm && sudo mknod/],
  ])('is not there: %s', (_, from, remedy) => {
    const found = check(from, 'kvm.device')
    expect(found.verdict).toBe('FAIL')
    expect(found.remedy?.[0]).toMatch(remedy)
  })

  const refused = { opening: 'EACCES' }
  const alone = me({ gids: [1000], listedIn: [] })
  it.each<[string, DoctorFacts, RegExp]>([
    ['no member', device({ ...refused, user: alone }), /^sudo usermod -aG kvm me /],
    ['an old session', device({ ...refused, user: me({ gids: [1000] }) }), /^newgrp kvm /],
    [
      'root alone',
      device({ ...refused, user: alone, node: node({ gid: 0, group: 'root' }) }),
      /^sudo chgrp kvm .*usermod -aG kvm me/,
    ],
    [
      'a group without permission',
      device({ ...refused, node: node({ mode: 0o600 }) }),
      /chmod 660 /,
    ],
    [
      'a user namespace',
      device({ ...refused, user: alone, node: node({ gid: 65534, group: 'nogroup' }) }),
      /keep-groups/,
    ],
    [
      'a device cgroup',
      { ...device({ opening: 'EPERM' }), surroundings: inDocker },
      /^docker run --device/,
    ],
    ['a security module', device({ opening: 'EPERM' }), /dmesg | grep -i denied/],
    [
      'a container despite permission',
      { ...device(refused), surroundings: inDocker },
      /^docker run/,
    ],
    [
      'an owner in a container',
      {
        ...device({
          ...refused,
          user: me({ uid: 7, gids: [7] }),
          node: node({ uid: 7, mode: 0o600 }),
        }),
        surroundings: inDocker,
      },
      /^docker run/,
    ],
    [
      'somebody without a name',
      device({ ...refused, user: me({ name: undefined, gids: [7], listedIn: [] }) }),
      /usermod -aG kvm \$USER/,
    ],
    ['out of files', device({ opening: 'EMFILE' }), /^tsvmm explain EMFILE/],
  ])('may not be used: %s', (_, from, remedy) => {
    const found = check(from, 'kvm.access')
    expect(found.verdict).toBe('FAIL')
    expect(found.remedy?.[0]).toMatch(remedy)
  })

  it.each<[string, object, RegExp]>([
    ['a member', {}, /, as a member of kvm$/],
    ['everybody', { node: node({ mode: 0o666 }), user: alone }, /, as for everybody$/],
    ['an ACL', { user: alone }, /, by an ACL/],
    ['root', { user: me({ uid: 0 }) }, /for root$/],
    ['the owner', { node: node({ uid: 1000 }) }, /groups 1000,104$/],
  ])('may be used: %s', (_, changed, words) => {
    const found = check(facts({ device: { ...healthy, ...changed } }), 'kvm.access')
    expect(found).toMatchObject({ verdict: 'PASS' })
    expect(found.found).toMatch(words)
  })
})

describe('how KVM works here', () => {
  const mode = (changed: Partial<DoctorFacts>) => check(facts(changed), 'kvm.mode')

  it.each<[string, Partial<DoctorFacts>, RegExp]>([
    ['the kernel said VHE', { kvmMessages: ['VHE mode initialized successfully'] }, /^VHE, says/],
    ['an older one nVHE', { kvmMessages: ['Hyp mode initialized successfully'] }, /^nVHE, says/],
    [
      'protected',
      { kvmMessages: ['IPA Size Limit: 48 bits', 'Protected hVHE mode initialized successfully'] },
      /^Protected hVHE, says/,
    ],
    ['the timer says VHE', {}, /^VHE, as the timer .*not nested/],
    ['or not', { level: 'el1-below-el2' }, /^nVHE, hVHE or protected, as the timer/],
    [
      'asked for',
      { level: 'el1-below-el2', kernel: kernel({ commandLine: 'kvm-arm.mode=protected' }) },
      /booted with kvm-arm\.mode=protected/,
    ],
    [
      'only asked for',
      { level: undefined, kernel: kernel({ commandLine: 'x kvm-arm.mode=nvhe' }) },
      /^kvm-arm\.mode=nvhe was asked for/,
    ],
    [
      'nested',
      { kvm: kvm({ capabilities: capabilities({ KVM_CAP_ARM_EL2: 1 }) }) },
      /; nested: guests can have EL2/,
    ],
  ])('%s', (_, changed, words) => {
    expect(mode(changed)).toMatchObject({ verdict: 'PASS' })
    expect(mode(changed).found).toMatch(words)
  })

  it('or it does not show, which is said', () => {
    expect(mode({ level: undefined, kvm: undefined })).toMatchObject({
      verdict: 'SKIP',
      found: 'not known',
    })
    expect(mode({ level: unreadable, kernel: unreadable }).verdict).toBe('SKIP')
  })
})

describe('VMs', () => {
  const of = (id: CheckId, changed: object) => check(facts({ kvm: kvm({ vms: vms(changed) }) }), id)

  it('an interrupt controller', () => {
    expect(of('kvm.gic', { gics: gics('GICv3', 'ITS') })).toMatchObject({ found: 'GICv3, ITS' })
    const gicv2 = of('kvm.gic', { gics: gics('GICv2') })
    expect(gicv2).toMatchObject({ verdict: 'PASS' })
    expect(gicv2.found).toMatch(/^GICv2; no GICv3: 8 vCPUs at most; no ITS/)
    expect(of('kvm.gic', { gics: gics() }).verdict).toBe('FAIL')
    expect(of('kvm.gic', { gics: gics('GICv5') }).found).toMatch(/only GICv5/)
  })

  it('addresses', () => {
    expect(of('kvm.ipa', { ipaBits: 36 })).toMatchObject({ verdict: 'WARN' })
    expect(of('kvm.ipa', { ipaBits: 40 })).toMatchObject({ verdict: 'PASS' })
  })

  it('that cannot be made', () => {
    const from = facts({ kvm: kvm({ vms: unreadable }) })
    expect(check(from, 'kvm.vms')).toMatchObject({ verdict: 'FAIL', why: 'EACCES' })
    expect(check(from, 'kvm.gic')).toMatchObject({ verdict: 'SKIP', blockedBy: 'kvm.vms' })
    expect(diagnose(from).exitStatus).toBe(1)
  })

  it('KVM that does not answer, and native code that does not load', () => {
    expect(check(facts({ kvm: unreadable }), 'kvm.api').verdict).toBe('FAIL')
    const from = facts({ native: unreadable, kvm: undefined })
    expect(check(from, 'tsvmm.native').verdict).toBe('FAIL')
    expect(check(from, 'kvm.api').blockedBy).toBe('tsvmm.native')
  })
})

describe('what the kernel lacks', () => {
  const features = (changed: Partial<DoctorFacts>) => check(facts(changed), 'kvm.features')

  it('came later', () => {
    const { verdict, found } = features({})
    expect(verdict).toBe('PASS')
    expect(found).toMatch(/^12 of 23; came with later kernels: WRITABLE_IMP_ID_REGS \(6\.15\), /)
    expect(found).toMatch(
      /PMU_V3_STRICT \(7\.3\); in no released kernel: FIXED_COUNTERS_ONLY; not on this machine: SVE/,
    )
  })

  it('or is there earlier, as in a kernel with backports', () => {
    const pmus = probe({ strict: yes, fixedCountersOnly: { is: 'available', answers: [] } })
    expect(features({ kvm: kvm({ pmus }) }).found).toMatch(
      /^14 of 23; earlier than in Linux of that version: PMU_V3_STRICT \(7\.3\), FIXED_COUNTERS_ONLY; came/,
    )
  })

  it('or was taken out', () => {
    const less = kvm({ capabilities: capabilities({ KVM_CAP_COUNTER_OFFSET: 0 }) })
    const found = features({ kvm: less })
    expect(found.verdict).toBe('WARN')
    expect(found.found).toMatch(/; missing: COUNTER_OFFSET \(6\.4\)$/)
  })

  it('of a kernel that does not say its version', () => {
    expect(features({ kernel: unreadable }).found).toMatch(
      /^12 of 23; in no released kernel: FIXED_COUNTERS_ONLY; absent: SVE/,
    )
  })

  it('and of what could not be asked nothing is said', () => {
    const found = features({ kvm: kvm({ pmus: unreadable, vms: unreadable }) })
    expect(found.found).not.toMatch(/FILTER|STRICT|VGIC/)
    expect(found.verdict).toBe('PASS')
  })

  it.each<[string, object, string]>([
    ['too old', { release: '5.10.0', version: [5, 10] }, 'WARN'],
    ['no version', { release: 'mine', version: undefined }, 'WARN'],
    ['no release', { release: undefined, version: undefined }, 'SKIP'],
  ])('host.kernel: %s', (_, changed, verdict) => {
    expect(check(facts({ kernel: kernel(changed) }), 'host.kernel').verdict).toBe(verdict)
  })
})

describe('where it runs', () => {
  it('is said with where it shows', () => {
    const both = { container: inDocker.container, vm: inVm.vm }
    expect(check(facts({ surroundings: both }), 'host.place').found).toBe(
      'in a container (docker, says /.dockerenv), in a virtual machine (Amazon EC2, says dmi)',
    )
    expect(check(facts(), 'host.place').found).toMatch(/^no sign/)
  })
})

describe('CPUs and their PMUs', () => {
  const machine = (files: Record<string, string>, affinity?: number[]) =>
    facts({ host: describeHost(madeSys(files), affinity), kvm: undefined })

  it('with files that are nonsense, or say what cannot be', () => {
    expect(check(machine(HOTPLUG), 'cpu.files').verdict).toBe('PASS')
    const cpu = 'devices/system/cpu'
    const odd = machine({
      ...HOTPLUG,
      [`${cpu}/present`]: '0-8',
      [`${cpu}/cpu0/cpu_capacity`]: '?',
    })
    expect(check(odd, 'cpu.files')).toMatchObject({
      verdict: 'WARN',
      found: 'CPU 8 is present, but not possible; and 1 more',
      remedy: ['tsvmm probe'],
    })
  })

  it('offline, not there, not ours', () => {
    const down = check(machine(HOTPLUG), 'cpu.online')
    expect(down).toMatchObject({ verdict: 'WARN', remedy: ['sudo chcpu -e 3-4'] })
    expect(down.found).toBe('CPUs 0-2,5; offline: 3-4')
    expect(check(machine(HOTPLUG), 'cpu.allowed').verdict).toBe('SKIP')
    expect(check(machine(HOTPLUG, [1]), 'cpu.allowed').found).toBe(
      'this process may use CPU 1 of 0-2,5',
    )
  })

  it('none at all', () => {
    expect(check(machine(UNCORE_ONLY), 'pmu.host').verdict).toBe('WARN')
    expect(check(machine(UNCORE_ONLY), 'pmu.cpus').verdict).toBe('SKIP')
    expect(check(machine(APPLE_M1), 'pmu.host').found).toMatch(/^apple_icestorm_pmu .*, apple_fire/)
  })

  it('some without one', () => {
    const some = check(machine(HOTPLUG, [5]), 'pmu.cpus')
    expect(some.verdict).toBe('WARN')
    expect(some.found).toBe('none on CPU 5, and this process may use no other')
    expect(some.remedy?.[0]).toMatch(/^taskset -c 0-2 tsvmm run --pmu/)
  })

  it('not for guests', () => {
    const without = capabilities({ KVM_CAP_ARM_PMU_V3: 0 })
    const none = facts({ kvm: kvm({ pmus: probe({ pmuV3: false }), capabilities: without }) })
    expect(check(none, 'pmu.kvm').found).toMatch(/not KVM_CAP_ARM_PMU_V3$/)
    expect(check(none, 'pmu.attributes').verdict).toBe('SKIP')
    expect(check(none, 'pmu.accepted').verdict).toBe('SKIP')
    expect(check(none, 'pmu.choice').verdict).toBe('SKIP')
    const old = kvm({ capabilities: capabilities({ KVM_CAP_VCPU_ATTRIBUTES: 0 }) })
    expect(check(facts({ kvm: old }), 'pmu.kvm').found).toMatch(/not KVM_CAP_VCPU_ATTRIBUTES$/)
  })

  it('not asked, where this process may not be', () => {
    const unasked = facts({ kvm: kvm({ pmus: probe({ unasked: true }) }) })
    expect(check(unasked, 'pmu.kvm').verdict).toBe('PASS')
    for (const id of ['pmu.attributes', 'pmu.accepted'] as const)
      expect(check(unasked, id)).toMatchObject({
        verdict: 'SKIP',
        found: expect.stringMatching(/may use no CPU that has a PMU/) as unknown,
      })
    const none = facts({ kvm: kvm({ pmus: probe({ unasked: true, pmus: [] }) }) })
    expect(check(none, 'pmu.accepted').found).toBe('not judged: guests have no PMU here')
    expect(diagnose(none).conclusion).toMatch(/, without a PMU$/)
  })

  it('refused by KVM', () => {
    const { pmus } = probe()
    const from = facts({ kvm: kvm({ pmus: probe({ pmus: [{ ...pmus[0]!, setPmu: no }] }) }) })
    expect(check(from, 'pmu.accepted')).toMatchObject({
      verdict: 'WARN',
      found: 'refused: armv8_pmuv3_0',
      why: 'asked → ENXIO, it does not',
    })
  })

  it('a kernel without SET_PMU', () => {
    const old = { setPmu: no, filter: no }
    expect(check(board(old), 'pmu.attributes').verdict).toBe('WARN')
    const one = facts({
      kvm: kvm({ pmus: probe({ ...old, pmus: [{ ...probe().pmus[0]!, setPmu: no }] }) }),
    })
    expect(check(one, 'pmu.attributes').verdict).toBe('PASS')
    expect(check(one, 'pmu.accepted').verdict).toBe('PASS')
  })

  it('several kinds of core, and the commands to choose', () => {
    expect(check(board(), 'pmu.choice')).toMatchObject({
      verdict: 'WARN',
      found: '--pmu keeps guests to CPUs 0-3, those of armv8_cortex_a53',
      remedy: [
        'tsvmm run --pmu --vcpu-affinity 0-3 IMAGE    # armv8_cortex_a53',
        'tsvmm run --pmu --vcpu-affinity 4-5 IMAGE    # armv8_cortex_a72',
      ],
    })
  })

  it.each<[string, string, number | undefined, string]>([
    ['quiet', 'quiet', 1, 'PASS'],
    ['pseudo-NMIs', 'irqchip.gicv3_pseudo_nmi=1', 1, 'WARN'],
    ['pseudo-NMIs, no watchdog', 'irqchip.gicv3_pseudo_nmi=1', 0, 'PASS'],
  ])('the watchdog: %s', (_, commandLine, nmiWatchdog, verdict) => {
    const settings = { perfEventParanoid: 2, nmiWatchdog, perfUserAccess: 1, openFiles: 1024 }
    const from = facts({ settings, kernel: kernel({ commandLine }) })
    expect(check(from, 'pmu.perf').verdict).toBe(verdict)
  })
})

describe('memory and limits', () => {
  const memory = (changed: object) =>
    facts({ memory: { ...(facts().memory as object), ...changed } as never })

  it('little memory', () => {
    expect(check(memory({ availableMib: 200 }), 'memory.available').verdict).toBe('WARN')
    expect(check(memory({ availableMib: undefined }), 'memory.available').verdict).toBe('SKIP')
    expect(check(memory({ limitMib: 512 }), 'memory.available').found).toBe(
      '4000 MiB available of 512 MiB, the limit of the cgroup',
    )
  })

  it('huge pages', () => {
    const hugePages = { total: 8, free: 3, sizeKib: 2048 }
    expect(check(memory({ hugePages, transparent: undefined }), 'memory.hugepages').found).toBe(
      'transparent: not in this kernel; 3 of 8 reserved ones free, of 2048 KiB',
    )
  })

  it('few files', () => {
    const files = (openFiles: number | undefined) =>
      check(
        facts({
          settings: { ...(facts().settings as object), openFiles } as never,
          kvm: kvm({ vms: vms({ recommendedVcpus: 128 }) }),
        }),
        'limits.files',
      )
    expect(files(256)).toMatchObject({
      verdict: 'WARN',
      found: '256 open files, enough for 96 vCPUs',
      remedy: ['ulimit -n 320'],
    })
    expect(files(1024).verdict).toBe('PASS')
    expect(files(Infinity).found).toBe('any number open files')
    expect(files(undefined).verdict).toBe('SKIP')
  })
})
