import { verifyModel, verifyTable } from '../../loading/verify.js'
import type { Command } from '../command.js'
import { flagsOf, readFlags } from '../flags.js'
import { modelSource } from '../model.js'
import { megabytes } from '../table.js'

export const verify: Command = {
  args: 'MODEL.gguf',
  details:
    'Checks the structure, the parameters, the shapes and the settings, the checksums of the header and of each tensor, and that no weight is NaN or infinite. Loading checks only the first four. Exits with status 1 if there is a fault.',
  examples: ['clvp.gguf'],
  flags: { Machine: flagsOf(verifyTable) },
  async run(args, context) {
    const json = await verifyModel(modelSource(args.positional(0, 'MODEL.gguf')), {
      ...readFlags(args, verifyTable),
      signal: context.signal,
      onProgress: (fraction) => context.progress('verify', fraction),
    })
    const faults = json.faults.map(
      ({ tensor, what }) => `\n  ${tensor === undefined ? '' : `${tensor}: `}${what}`,
    )
    const checksum = json.checksum
      ? `checksum ${json.checksum}`
      : 'no checksums: damage that leaves finite weights would go unnoticed'
    const verdict = json.isSound
      ? `sound, ${json.tensors} tensors, ${checksum}`
      : `${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}${faults.join('')}`
    return {
      text: `${json.path}: ${megabytes(json.bytes)}, ${verdict}`,
      json,
      status: json.isSound ? 0 : 1,
    }
  },
}
