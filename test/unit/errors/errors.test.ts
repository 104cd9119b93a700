import { describe, expect, test } from 'vitest'
import {
  BugError,
  CpuUnsupportedError,
  GuestError,
  HostError,
  ImageError,
  InterruptedError,
  IoctlError,
  LabError,
  PmuError,
  SyscallError,
  TimeoutError,
  TsvmmError,
  UsageError,
} from '../../../src/errors/index.ts'

const one = {
  usage: new UsageError('--mem 0 is no RAM at all'),
  host: new HostError('NO_KVM', 'there is no /dev/kvm'),
  image: new ImageError('EMPTY', 'x.flat is empty'),
  pmu: new PmuError('NO_COMMON', 'no PMU covers CPUs 0-3'),
  syscall: new SyscallError('mmap', 12),
  ioctl: new IoctlError({ request: 'KVM_RUN', on: 'vcpu 0', errno: 22 }),
  guest: new GuestError('the guest crashed'),
  cpu: new CpuUnsupportedError('vcpu 0 was refused on CPU 0'),
  timeout: new TimeoutError('the guest had not ended after 5 s'),
  lab: new LabError('QEMU', 'there is no qemu-system-aarch64'),
  interrupted: new InterruptedError('SIGINT'),
  bug: new BugError('a request has 5 bits of direction'),
}

describe('every kind of error', () => {
  test.each([
    [one.usage, 'UsageError', 'TSVMM_USAGE', 2],
    [one.host, 'HostError', 'TSVMM_HOST_NO_KVM', 120],
    [one.image, 'ImageError', 'TSVMM_IMAGE_EMPTY', 2],
    [one.pmu, 'PmuError', 'TSVMM_PMU_NO_COMMON', 120],
    [one.syscall, 'SyscallError', 'TSVMM_SYSCALL', 121],
    [one.ioctl, 'IoctlError', 'TSVMM_IOCTL', 121],
    [one.guest, 'GuestError', 'TSVMM_GUEST', 122],
    [one.cpu, 'CpuUnsupportedError', 'TSVMM_CPU_UNSUPPORTED', 193],
    [one.timeout, 'TimeoutError', 'TSVMM_TIMEOUT', 124],
    [one.lab, 'LabError', 'TSVMM_LAB_QEMU', 120],
    [one.interrupted, 'InterruptedError', 'TSVMM_INTERRUPTED', 130],
    [one.bug, 'BugError', 'TSVMM_BUG', 123],
  ])('%s is a TsvmmError with its name, code and exit status', (error, name, code, exitStatus) => {
    expect(error).toBeInstanceOf(TsvmmError)
    expect(error).toMatchObject({ name, code, exitStatus })
  })
})

describe('an explanation', () => {
  test('is kept part by part', () => {
    const cause = new Error('EACCES')
    const explanation = { why: 'you are not in group kvm', try: ['newgrp kvm'], see: ['kvm(4)'] }

    const error = new HostError('KVM_ACCESS', 'cannot open /dev/kvm', { ...explanation, cause })

    expect(error).toMatchObject({ ...explanation, cause })
  })

  test('that is missing leaves nothing behind', () => {
    expect(one.usage).toMatchObject({ why: undefined, try: [], see: [] })
    expect('cause' in one.usage).toBe(false)
  })
})

describe('the text of a failed call is made from what it was', () => {
  test('a system call', () => {
    expect(one.syscall.message).toBe('mmap failed: ENOMEM, not enough memory')
    expect(one.syscall).toMatchObject({ syscall: 'mmap', errno: 12, errnoName: 'ENOMEM' })
  })

  test('a system call on something', () => {
    const error = new SyscallError('sched_setaffinity', 22, 'vcpu 0')

    expect(error.message).toBe('vcpu 0: sched_setaffinity failed: EINVAL, invalid argument')
  })

  test('an ioctl', () => {
    expect(one.ioctl.message).toBe('vcpu 0: KVM_RUN failed: EINVAL, invalid argument')
  })

  test('an ioctl on an attribute, with its argument', () => {
    const error = new IoctlError({
      request: 'KVM_SET_DEVICE_ATTR',
      on: 'vcpu 0',
      attribute: 'KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU',
      argument: 'type 9',
      errno: 6,
    })

    expect(error.message).toBe(
      'vcpu 0: KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU (type 9) failed: ' +
        'ENXIO, no such device or address',
    )
    expect(error).toMatchObject({ request: 'KVM_SET_DEVICE_ATTR', errno: 6, errnoName: 'ENXIO' })
  })
})

test.each([
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGPIPE', 141],
  ['SIGTERM', 143],
] as const)('%s ends us with status %i', (signal, exitStatus) => {
  const error = new InterruptedError(signal)

  expect(error).toMatchObject({ message: `ended by ${signal}`, exitStatus })
})
