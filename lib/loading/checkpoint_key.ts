/**
 * Keys of checkpoints. A key changes whenever a file that a conversion reads does; other files of a folder do not count. Paths,
 * sizes and times stand for the contents.
 */
import type { Stats } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { openCheckpoint } from '../../quantize/checkpoint/checkpoint.js'
import { type SourceFiles, sourceFileOptions } from '../base/checkpoint_files.js'
import { failIo, statIfThere } from '../base/files.js'

/** Named files with absolute paths, but for those in the folder: then they mean the same in every working directory. */
export async function anchoredFiles(folder: string, files: SourceFiles): Promise<SourceFiles> {
  const found = sourceFileOptions.map(async (name) => {
    const value = files[name]
    const isPath =
      value !== undefined &&
      name !== 'variant' &&
      !(await statIfThere(join(folder, value), `a file for ${name}`)) &&
      (await statIfThere(value, `a file for ${name}`))
    return [name, isPath ? resolve(value) : value]
  })
  return Object.fromEntries(await Promise.all(found))
}

/**
 * The key of a folder. Opens the checkpoint as a conversion does, since only that tells which files it reads.
 *
 * @throws ClvpError as `convertFolder`, for a folder that cannot be converted
 */
export async function folderKey(folder: string, files: SourceFiles): Promise<string> {
  const checkpoint = await openCheckpoint(folder, files)
  await checkpoint.close()
  const paths = [...new Set(checkpoint.paths)].sort()
  const stamps = paths.map(async (path) => `${resolve(path)} ${stamp(await statIfThere(path, 'a file'))}`)
  const given = sourceFileOptions.map((name) => `${name} ${files[name] ?? ''}`)
  return [resolve(folder), ...given, ...(await Promise.all(stamps))].join('\n')
}

/**
 * The key of the files that options name, in a snapshot of the hub or elsewhere. Empty if none is named.
 *
 * @throws ClvpError CLVP_IO
 */
export async function namedFilesKey(snapshot: string, files: SourceFiles): Promise<string> {
  const lines: string[] = []
  for (const name of sourceFileOptions) {
    const value = files[name]
    if (value === undefined) continue
    lines.push(`\n${name} ${value}`)
    if (name === 'variant') continue
    for (const path of [join(snapshot, value), value]) {
      const info = await statIfThere(path, `a file for ${name}`)
      if (info) lines.push(` ${resolve(path)} ${await wholeStamp(path, info)}`)
    }
  }
  return lines.join('')
}

function stamp(info: Stats | undefined): string {
  return info ? `${info.size} ${info.mtimeMs}` : 'none'
}

/** The stamp of a file, or of each file of a folder. */
async function wholeStamp(path: string, info: Stats): Promise<string> {
  if (!info.isDirectory()) return stamp(info)
  const names = await readdir(path).catch((error) => failIo(path, error))
  const stamps = names.sort().map(async (name) => {
    return `${name} ${stamp(await statIfThere(join(path, name), 'a file of the folder'))}`
  })
  return (await Promise.all(stamps)).join(' ')
}
