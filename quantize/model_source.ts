/** Reads tensors from a model file. */
import { binding, native } from '../lib/addon/binding.js'
import type { NativeFile, NativeValue } from '../lib/addon/contract/files.js'
import { type WeightType, weightTypes } from '../lib/addon/weight_types.js'
import { ClvpError } from '../lib/base/errors.js'
import type { SourceFile } from '../lib/base/files.js'
import { tensorKind } from './checkpoint/tensor_names.js'
import type { SourceTensor } from './formats/source_tensor.js'
import type { TypedTensor } from './type_choice.js'

/** One tensor of a model file, and the types that it can have. */
export interface ModelTensor extends TypedTensor {
  readonly type: WeightType
  /** In GGML's order: the contiguous dimension first. */
  readonly dims: number[]
  readonly source: SourceTensor
}

export interface ModelSource {
  readonly values: Readonly<Record<string, NativeValue>>
  readonly tensors: readonly ModelTensor[]
}

/** Keys that are written anew for each file. */
const OWN_KEYS: readonly string[] = ['general.alignment', 'clvp.checksum.header', 'clvp.checksum.tensors']

/** Reads the header of an open, verified file. The file must stay open while its tensors are read. */
export async function readModel(file: SourceFile): Promise<ModelSource> {
  const info = await native(() => binding.inspect(file.path))
  await file.requireUnchanged() // otherwise it is not the file that was verified
  return {
    values: typedValues(info),
    tensors: info.tensors.map((tensor) => modelTensor(tensor, file)),
  }
}

function typedValues({ values, valueTypes }: NativeFile): Record<string, NativeValue> {
  const kept = Object.entries(values).filter(([key]) => !OWN_KEYS.includes(key))
  return Object.fromEntries(
    kept.map(([key, value]) => [key, { type: valueTypes[key], value } as NativeValue]),
  )
}

function modelTensor(
  { name, type, dims, bytes, offset }: NativeFile['tensors'][number],
  file: SourceFile,
): ModelTensor {
  const known = weightTypes.find((each) => each === type)
  if (!known) throw new ClvpError('CLVP_UNSUPPORTED', `The tensor ${name} has the type ${type}`)
  return {
    name,
    type: known,
    dims,
    columns: dims[0]!,
    kind: tensorKind(name),
    source: {
      name,
      path: file.path,
      dtype: type,
      shape: [...dims].reverse(),
      bytes,
      isScattered: false,
      read: (start, target) => file.read(offset + start, target),
    },
  }
}
