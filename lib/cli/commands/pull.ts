import { pullModel, pullTable } from '../../loading/pull.js'
import type { Command } from '../command.js'
import { flagsOf, readFlags } from '../flags.js'
import { megabytes } from '../table.js'

export const pull: Command = {
  args: 'OWNER/NAME',
  details:
    "Nothing is fetched or converted twice. Files go to the hub's own cache (HF_HOME, HF_HUB_CACHE), the converted model to CLVP_CACHE. HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE are respected. Afterwards 'clvp generate OWNER/NAME ...' uses the model.",
  examples: ['susnato/clvp_dev --type q8_0'],
  flags: { Model: flagsOf(pullTable) },
  async run(args, context) {
    const json = await pullModel(args.positional(0, 'OWNER/NAME'), {
      ...readFlags(args, pullTable),
      signal: context.signal,
      onProgress: ({ stage, fraction }) => context.progress(stage, fraction),
    })
    const text =
      `${json.id} at ${json.commit}\n` +
      `snapshot  ${json.snapshot}: ${megabytes(json.snapshotBytes)}\n` +
      `model     ${json.path}: ${json.type}, ${megabytes(json.bytes)}`
    return { text, json }
  },
}
