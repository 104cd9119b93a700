import type { Verdict } from '../doctor/check.ts'
import { diagnose } from '../doctor/conclusion.ts'
import { gatherFacts } from '../doctor/facts.ts'
import { renderJson } from '../doctor/json.ts'
import { renderDiagnosis } from '../doctor/render.ts'
import { THIS_HOST } from '../host/index.ts'
import { native } from '../native/index.ts'
import { lookAtKvm } from '../vm/look.ts'
import type { Style } from './color.ts'
import type { CliContext } from './context.ts'
import type { DoctorOptions } from './doctor.ts'
import { OutputFile } from './output-file.ts'

const STYLES: Readonly<Record<Verdict, Style>> = {
  PASS: 'green',
  WARN: 'yellow',
  SKIP: 'yellow',
  FAIL: 'red',
}

/** `tsvmm doctor`, with its options parsed. */
export async function doctor(options: DoctorOptions, context: CliContext): Promise<void> {
  const json = options.json === '-' ? true : options.json
  using file = typeof json === 'string' ? new OutputFile('--json', json) : undefined
  const facts = await gatherFacts({
    tree: THIS_HOST,
    kvmPath: '/dev/kvm',
    env: context.env,
    arch: process.arch,
    nodeVersion: process.versions.node,
    loadNative: native,
    askKvm: lookAtKvm,
  })
  context.log.debug({ facts }, 'looked at')
  const diagnosis = diagnose(facts)
  if (json === true) context.answer(renderJson(diagnosis))
  else
    context.answer(
      renderDiagnosis(diagnosis, {
        quiet: options.quiet === true,
        paint: verdict => context.paint.stdout(STYLES[verdict], verdict),
      }),
    )
  file?.commit(renderJson(diagnosis))
  context.setExitStatus(diagnosis.exitStatus)
}
