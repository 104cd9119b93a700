import { describe, expect, test } from 'vitest'
import { encodeRequest } from '../../../src/ioctl/request.ts'
import { REQUESTS, requestName, type RequestName } from '../../../src/ioctl/requests.ts'

describe('request numbers', () => {
  // Read off the kernel's documentation and strace, not off our tables.
  test.each<[RequestName, number]>([
    ['KVM_GET_API_VERSION', 0xae00],
    ['KVM_CREATE_VCPU', 0xae41],
    ['KVM_RUN', 0xae80],
    ['KVM_CREATE_DEVICE', 0xc00c_aee0],
    ['KVM_SET_DEVICE_ATTR', 0x4018_aee1],
    ['KVM_ARM_VCPU_INIT', 0x4020_aeae],
    ['KVM_ARM_PREFERRED_TARGET', 0x8020_aeaf],
    ['KVM_SET_SIGNAL_MASK', 0x4004_ae8b],
    ['KVM_GET_REG_LIST', 0xc008_aeb0],
    ['KVM_ARM_VCPU_FINALIZE', 0x4004_aec2],
  ])('%s', (name, number) => {
    expect(REQUESTS[name].number).toBe(number)
  })

  test('the size has 14 bits and the sign bit is no sign', () => {
    expect(encodeRequest('_IOWR', 0xff, 0x3fff)).toBe(0xffff_aeff)
  })
})

describe('requestName', () => {
  test('one number is two requests, on two kinds of fd', () => {
    expect(requestName(0x4010_aeab, 'vcpu')).toBe('KVM_GET_ONE_REG')
    expect(requestName(0x4010_aeab, 'vm')).toBe('KVM_ARM_SET_DEVICE_ADDR')
  })

  test('finds every request on every fd it is for', () => {
    for (const [name, request] of Object.entries(REQUESTS))
      for (const on of request.on) expect(requestName(request.number, on)).toBe(name)
  })

  test('does not find a request where it is not answered', () => {
    expect(requestName(REQUESTS.KVM_RUN.number, 'vm')).toBeUndefined()
    expect(requestName(0xaeff, 'kvm')).toBeUndefined()
  })
})

test('looking numbers up loads no native code', () => {
  expect(REQUESTS.KVM_SET_DEVICE_ATTR.number).toBe(0x4018_aee1)
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] }
  expect(sharedObjects.filter(path => path.includes('-napi'))).toEqual([])
})
