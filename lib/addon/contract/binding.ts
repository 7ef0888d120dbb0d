/** The native contract: what the addon exports. clvp.h documents the meaning of these functions. */
import type { NativeSampling } from './drawing.js'
import type {
  NativeFile,
  NativeNewTensor,
  NativeTensorDifference,
  NativeValue,
  NativeVerification,
  NativeWriter,
} from './files.js'
import type {
  KvType,
  NativeAbortFlag,
  NativeInfo,
  NativeLoadOptions,
  NativeModel,
  NativeSession,
} from './session.js'
import type { NativeMel, NativeMelParams } from './sound.js'
import type { NativeSimilarity } from './towers.js'

interface NativeDevice {
  name: string
  description: string
  kind: string
  memoryFree: number
  memoryTotal: number
}

/** The code that computes on the CPU; Kernels in clvp.h. */
interface NativeKernels {
  variant: string
  /** Empty where the kernels are built into the addon. */
  library: string
  features: string[]
  ggml: string
}

export interface Binding {
  Session: new (model: NativeModel, threads: number, kvType: KvType) => NativeSession
  Writer: new (
    path: string,
    values: Record<string, NativeValue>,
    tensors: NativeNewTensor[],
    threads: number,
  ) => NativeWriter
  AbortFlag: new () => NativeAbortFlag
  devices(): NativeDevice[]
  /** Sets the kernels of the whole process: a later call may not name another variant. Called by addon.ts. */
  loadKernels(folder: string, variant: string): void
  kernels(): NativeKernels
  /** The largest values that calls may request: clvp/limits.h. */
  limits(): Record<string, number>
  inspect(path: string): Promise<NativeFile>
  loadModel(
    path: string,
    options: NativeLoadOptions,
    abortFlag: NativeAbortFlag,
    onProgress?: (fraction: number) => void,
  ): Promise<NativeModel>
  verify(
    path: string,
    threads: number,
    abortFlag: NativeAbortFlag,
    onProgress?: (fraction: number) => void,
  ): Promise<NativeVerification>
  /** Compares the tensors that two files share by name. */
  compareTensors(
    a: string,
    b: string,
    abortFlag: NativeAbortFlag,
    onProgress?: (fraction: number) => void,
  ): Promise<NativeTensorDifference[]>
  decodeAudio(bytes: Uint8Array, maxSeconds: number, sampleRate: number): Promise<Float32Array>
  resample(samples: Float32Array, from: number, to: number): Promise<Float32Array>
  /** Features of `length` samples: longer input is cut, shorter input is padded with silence. */
  melFeatures(samples: Float32Array, params: NativeMelParams, length: number): Promise<NativeMel>
  warpLogits(logits: Float32Array, seen: Int32Array, sampling: NativeSampling): Float32Array
  fixCodes(info: NativeInfo, rows: Int32Array[], stopped: boolean[], padTo: number): Int32Array[]
  /** Normalises embeddings to unit length, and scores all pairs. */
  similarity(info: NativeInfo, text: Float32Array, speech: Float32Array): NativeSimilarity
  /** Stops all work and waits for its threads; afterwards every call rejects. */
  stopWorkers(): void
}
