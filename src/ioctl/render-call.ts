import { renderRequest } from '../errors/index.ts'
import type { Asked, Came, ObservedCall } from './observe.ts'

/** `vcpu 0: KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU (type 9)`. */
export function renderAsked(asked: Asked): string {
  return `${asked.on}: ${renderRequest(asked)}`
}

/** `0`, `-1 ENXIO`, `0, 0x80000000`. */
export function renderCame({ result, answer, errno }: Came): string {
  if (errno !== undefined) return `-1 ${errno}`
  return answer === undefined ? String(result) : `${result}, ${answer}`
}

/** A call that was made, in a line: with its result, and in angle brackets the time it took. */
export function renderCall(call: ObservedCall): string {
  const time = call.ns === undefined ? '' : ` <${(call.ns / 1000).toFixed(1)} µs>`
  return `${renderAsked(call)} = ${renderCame(call)}${time}`
}

/** A number or a struct: `0x3fff0000`, `base_event 0, nevents 16, action 1`. */
export function renderValue(value: unknown): string {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([name, field]) => `${name} ${renderValue(field)}`)
    .join(', ')
}
