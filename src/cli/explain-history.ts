import { KERNEL_FEATURES, type KernelFeature } from '../doctor/kernel-features.ts'
import { facts, type Topic } from './explain-topic.ts'

/** A topic with what docs/kernel-features.md knows of it, if it is in that table. */
export function withHistory(topic: Topic): Topic {
  const feature = KERNEL_FEATURES.find(({ symbol }) => symbol === topic.name)
  if (feature === undefined) return topic
  const { since, takes } = feature
  return {
    ...topic,
    facts: [
      ...topic.facts,
      ...facts({
        'since Linux': since?.join('.') ?? 'no release',
        gives: feature.what,
        takes,
        'asked by': askedBy(feature),
      }),
    ],
    see: [...(topic.see ?? []), 'docs/kernel-features.md'],
  }
}

/** How KVM is asked for it, and which command shows the answer. */
function askedBy({ symbol, ask }: KernelFeature): string {
  if ('gic' in ask) return 'KVM_CREATE_DEVICE with KVM_CREATE_DEVICE_TEST: tsvmm probe gic'
  const request = symbol.startsWith('KVM_CAP_')
    ? 'KVM_CHECK_EXTENSION'
    : 'KVM_HAS_DEVICE_ATTR, on a vCPU with a PMU'
  return `${request}: tsvmm probe ${'capability' in ask ? 'caps' : 'pmus'}`
}
