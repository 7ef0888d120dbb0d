import { stageOf } from '../../../quantize/checkpoint/tensor_names.js'
import { stageOptions } from '../../base/checkpoint_files.js'
import { inspectModel, type ModelFile, type ModelFileTensor } from '../../loading/inspect.js'
import type { Command } from '../command.js'
import { modelSource } from '../model.js'
import { megabytes, table } from '../table.js'

export const inspect: Command = {
  args: 'MODEL.gguf',
  examples: ['demo', 'clvp.gguf --tensors'],
  flags: { Output: { tensors: { help: 'list every tensor' } } },
  async run(args) {
    const json = await inspectModel(modelSource(args.positional(0, 'MODEL.gguf')))
    const values = Object.entries(json.values).map(([key, value]) => [key, brief(value)])
    const types = json.types.map(({ type, tensors, bytes }) => [type, String(tensors), megabytes(bytes)])
    const codebook = json.tensors.find(({ name }) => name === 'codebook.weight')
    const parts = [
      `${json.path}: ${megabytes(json.bytes)}, ${json.parameters.toLocaleString('en')} parameters, ${json.bitsPerWeight.toFixed(2)} bits per weight`,
      json.checksum ? `checksum: ${json.checksum} (as stated; 'clvp verify' checks it)` : 'checksum: none',
      ...(codebook ? [`codebook: ${codebook.dims[1]} codes, ${codebook.type}`] : []),
      table([['key', 'value'], ...values]),
      ...stagesOf(json),
      table([['type', 'tensors', 'size'], ...types]),
    ]
    if (args.flag('tensors')) {
      const tensors = json.tensors.map((each) => [
        each.name,
        each.type,
        each.dims.join(' x '),
        megabytes(each.bytes),
        each.bitsPerWeight.toFixed(2),
        each.checksum ?? '-',
      ])
      parts.push(table([['tensor', 'type', 'shape', 'size', 'bits', 'checksum'], ...tensors]))
    }
    return { text: parts.join('\n\n'), json }
  },
}

/** The stages of speech with their sizes; nothing if there are none. */
function stagesOf({ tensors }: ModelFile): string[] {
  const rows = stageOptions.flatMap((option) => {
    const own = tensors.filter(({ name }) => stageOf(name) === option)
    const sum = (count: (tensor: ModelFileTensor) => number) =>
      own.reduce((total, each) => total + count(each), 0)
    const parameters = sum(({ dims }) => dims.reduce((product, n) => product * n, 1))
    const figures = [
      String(own.length),
      parameters.toLocaleString('en'),
      megabytes(sum(({ bytes }) => bytes)),
    ]
    return own.length === 0 ? [] : [[option, ...figures]]
  })
  return rows.length === 0 ? [] : [table([['stage', 'tensors', 'parameters', 'size'], ...rows])]
}

function brief(value: unknown): string {
  if (Array.isArray(value)) {
    const few = value
      .slice(0, 6)
      .map((each) => (typeof each === 'string' ? JSON.stringify(each) : String(each)))
    return value.length > 6 ? `[${few.join(', ')}, ...] (${value.length})` : `[${few.join(', ')}]`
  }
  const text = String(value).replace(/\s+/g, ' ')
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
