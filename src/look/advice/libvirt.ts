import { renderCpuList } from '../../host/index.ts'
import type { Seat } from './ground.ts'

/**
 * The part of a domain that gives it a PMU. There is nothing in it to be escaped: numbers and lists
 * of CPUs.
 *
 * @see https://libvirt.org/formatdomain.html#cpu-allocation, #cpu-tuning, #hypervisor-features
 */
export function renderDomain(
  { cpus, isPart }: Pick<Seat, 'cpus' | 'isPart'>,
  vcpus: number,
): string {
  const list = renderCpuList(cpus)
  const pins = Array.from(
    { length: vcpus },
    (_, vcpu) => `    <vcpupin vcpu='${vcpu}' cpuset='${list}'/>`,
  )
  return [
    "<domain type='kvm'>",
    ...(isPart
      ? [
          `  <vcpu placement='static' cpuset='${list}'>${vcpus}</vcpu>`,
          '  <cputune>',
          ...pins,
          `    <emulatorpin cpuset='${list}'/>`,
          '  </cputune>',
        ]
      : [`  <vcpu placement='static'>${vcpus}</vcpu>`]),
    '  <features>',
    "    <pmu state='on'/>",
    '  </features>',
    "  <cpu mode='host-passthrough'/>",
    '</domain>',
  ].join('\n')
}
