import { weightTypes } from '../../addon/weight_types.js'
import { pullModel } from '../../loading/pull.js'
import type { Command } from '../command.js'
import { readSourceFileFlags, sourceFileFlags } from '../source_files.js'
import { megabytes } from '../table.js'

export const pull: Command = {
  name: 'pull',
  args: 'OWNER/NAME',
  summary: 'Fetch a model from the Hugging Face hub and convert it',
  details:
    "Nothing is fetched or converted twice. Files go to the hub's own cache (HF_HOME, HF_HUB_CACHE), the converted\n" +
    'model to CLVP_CACHE. HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE are respected.\n' +
    "Afterwards 'clvp generate OWNER/NAME ...' uses the model.",
  flags: {
    revision: { value: 'R', help: 'branch, tag or commit (default: main)' },
    type: { value: 'TYPE', help: "type of the weights, as 'clvp convert --help' lists them (default: f16)" },
    ...sourceFileFlags,
  },
  async run(args, context) {
    const type = args.choice('type', weightTypes)
    const revision = args.text('revision')
    const json = await pullModel(args.positional(0, 'OWNER/NAME'), {
      ...(type !== undefined && { type }),
      ...(revision !== undefined && { revision }),
      ...readSourceFileFlags(args),
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
