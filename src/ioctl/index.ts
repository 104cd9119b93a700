/*
 * The KVM interface of arm64 as statements of fact: numbers, layouts, names, and one thin class per
 * kind of fd. Nothing here retries, defaults, logs or chooses.
 */
export * from './capabilities.ts'
export * from './constants.ts'
export * from './device-attribute.ts'
export * from './device-fd.ts'
export * from './fd.ts'
export * from './field-types.ts'
export * from './intid.ts'
export * from './irq-line.ts'
export * from './kvm-fd.ts'
export * from './kvm-run.ts'
export * from './registers.ts'
export * from './request.ts'
export * from './requests.ts'
export * from './struct.ts'
export * from './structs.ts'
export * from './vcpu-attributes.ts'
export * from './vcpu-fd.ts'
export * from './vgic-attributes.ts'
export * from './vm-fd.ts'
