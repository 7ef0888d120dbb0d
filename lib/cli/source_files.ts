/** The flags that name the files of a checkpoint. */
import { type SourceFiles, sourceFileOptions } from '../base/checkpoint_files.js'
import type { Arguments, Flag } from './command.js'

export const sourceFileFlags: Record<(typeof sourceFileOptions)[number], Flag> = {
  variant: { value: 'NAME', help: 'variant of the weights: fp16 for model.fp16.safetensors' },
  autoregressive: {
    value: 'FILE',
    help: "tortoise's decoder: a .pth file there, or a path (default: autoregressive.pth)",
  },
  clvp: { value: 'FILE', help: "tortoise's ranking model: the same (default: clvp2.pth)" },
}

export function readSourceFileFlags(args: Arguments): SourceFiles {
  const given = sourceFileOptions.map((name) => [name, args.text(name)] as const)
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}
