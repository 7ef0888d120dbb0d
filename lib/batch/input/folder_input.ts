/** Folders of clips with transcripts, as data sets have them. */
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { ClvpError } from '../../base/errors.js'
import { type FileUse, failIo, readWhole, SourceFile, statIfThere } from '../../base/files.js'
import type { BatchInput, InputIdentity, InputIndex, InputOptions } from './input.js'
import { failed, LineInput, type LineKind, lineKinds } from './line_input.js'
import type { RawRow } from './row.js'

const listUse: FileUse = { what: 'the list of clips', maxBytes: 2 ** 28, code: 'CLVP_INVALID_ARGUMENT' }
const textUse: FileUse = { what: 'a transcript', maxBytes: 2 ** 20, code: 'CLVP_INVALID_ARGUMENT' }
const isClip = /\.(wav|mp3|flac|ogg)$/i

/**
 * LJSpeech's `metadata.csv` with `wavs/`; a `metadata.csv` that names its columns, `file_name` among them; Kaldi's `text` with `wav.scp`;
 * or clips with transcripts of the same name beside them (`a.wav`, `a.txt`).
 */
export async function openFolder(folder: string, options: InputOptions): Promise<BatchInput> {
  const has = async (name: string) => (await statIfThere(join(folder, name), 'a file'))?.isFile() === true
  if (await has('metadata.csv')) return openMetadata(folder, options)
  if (await has('text')) return openKaldi(folder, options, { has })
  return ClipInput.open(folder, options)
}

async function openMetadata(folder: string, options: InputOptions): Promise<BatchInput> {
  const path = join(folder, 'metadata.csv')
  const file = await SourceFile.open(path, 'the input')
  const head = Buffer.alloc(Math.min(4096, file.size))
  await file.read(0, head).finally(() => file.close())
  const names = head.toString().split('\n', 1)[0]!.split(/[,\r]/)
  const kind = names.includes('file_name') ? namedFiles() : ljspeech(folder)
  return LineInput.open(path, 'ljspeech', kind, folder, options)
}

/** `file_name,transcription` and more columns. The id is the file's name. */
function namedFiles(): LineKind {
  const { csv } = lineKinds
  return {
    ...csv,
    parse(text, header) {
      const row = csv.parse(text, header)
      if ('error' in row || header.length === 0) return row
      const { file_name: audio, transcription, text: said, sentence, ...others } = row.fields
      return { fields: { id: audio, ...others, audio, text: said ?? transcription ?? sentence } }
    },
  }
}

/** `id|text|text as spoken`, without quotes. */
function ljspeech(folder: string): LineKind {
  return {
    isQuoted: false,
    hasHeader: false,
    parse(line) {
      const [id = '', text, spoken] = line.split('|')
      if (text === undefined)
        return failed(`Expected id|text but received ${JSON.stringify(line.slice(0, 60))}`)
      const audio = join('wavs', `${id}.wav`)
      if (!isInside(folder, join(folder, audio))) {
        return failed(
          'Expected the name of a clip for id but received a path that leads out of the folder',
          id,
        )
      }
      return { fields: { id, audio, text: spoken || text } }
    },
  }
}

async function openKaldi(
  folder: string,
  options: InputOptions,
  { has }: { has: (name: string) => Promise<boolean> },
): Promise<BatchInput> {
  if (await has('segments')) {
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `Expected whole clips in ${folder} but found a file 'segments', which cuts them: cut the clips first`,
    )
  }
  const clips = new Map<string, string>()
  const list = (await has('wav.scp')) ? (await readWhole(join(folder, 'wav.scp'), listUse)).toString() : ''
  for (const line of list.split(/\r?\n/)) {
    const [, id, clip] = /^(\S+)\s+(.*\S)/.exec(line) ?? []
    if (id !== undefined) clips.set(id, clip!)
  }
  const parse = (line: string): RawRow => {
    const [, id, text] = /^(\S+)\s*(.*)$/.exec(line.trim())!
    const audio = clips.get(id!)
    if (audio?.endsWith('|')) {
      return failed(
        'Expected a path in wav.scp but received a command, which is not run: write the clip to a file',
        id!,
      )
    }
    return { fields: { id, text, ...(audio !== undefined && { audio }) } }
  }
  return LineInput.open(
    join(folder, 'text'),
    'kaldi',
    { isQuoted: false, hasHeader: false, parse },
    folder,
    options,
  )
}

/** All clips of a folder and the folders in it, ordered by path. The id is the path without its extension. */
class ClipInput implements BatchInput {
  readonly identity: InputIdentity
  readonly index: InputIndex = { offsets: [] }
  readonly folder: string
  readonly #clips: readonly string[]

  private constructor(folder: string, clips: readonly string[]) {
    this.folder = folder
    this.#clips = clips
    const [rows, bytes, sha256] = [clips.length, 0, hashOf(clips)]
    this.identity = { kind: 'clips', path: folder, rows, bytes, sha256, modified: 0 }
  }

  static async open(folder: string, _: InputOptions): Promise<ClipInput> {
    const names = await readdir(folder, { recursive: true }).catch((error) => failIo(folder, error))
    const clips = names.filter((name) => isClip.test(name)).map((name) => name.split(sep).join('/'))
    return new ClipInput(folder, clips.sort())
  }

  continues({ kind, rows, sha256 }: InputIdentity): boolean {
    return kind === 'clips' && rows <= this.#clips.length && hashOf(this.#clips.slice(0, rows)) === sha256
  }

  async *rows(first: number, count: number): AsyncGenerator<RawRow> {
    for (const audio of this.#clips.slice(first, first + count)) {
      const id = audio.replace(isClip, '')
      const beside = join(this.folder, `${id}.txt`)
      const text = (await statIfThere(beside, 'a transcript').catch(() => undefined))?.isFile()
        ? (await readWhole(beside, textUse).catch(() => undefined))?.toString().trim()
        : undefined
      yield { fields: { id, audio, ...(text !== undefined && { text }) } }
    }
  }

  async close(): Promise<void> {}
}

function hashOf(clips: readonly string[]): string {
  return createHash('sha256').update(clips.join('\n')).digest('hex')
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '' && !way.startsWith('..') && !isAbsolute(way)
}
