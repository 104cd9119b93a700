export { MAX_CPUS, parseCpuList, renderCpuList } from './cpulist.ts'
export { readHostCpus, type HostCpus } from './cpus.ts'
export { readHostPmus, renderHostPmu, type HostPmu } from './pmus.ts'
